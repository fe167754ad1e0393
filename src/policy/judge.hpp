// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// judge(Facts) -> Verdict: one recipient of one message, nothing looked up. The rules stand in one table, in the order
// in which they are asked; docs/decision-table.md is that table. Total: all facts have a verdict, or a question whose
// answer is one more fact. Rules are added here, never in the drivers.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "confirm/discovery.hpp"
#include "confirm/intent.hpp"
#include "confirm/reason.hpp"
#include "message/address.hpp"
#include "policy/exceptions.hpp"
#include "policy/excess.hpp"
#include "policy/relationship.hpp"
#include "policy/send_as.hpp"
#include "policy/strangers.hpp"
#include "smtp/reply.hpp"

namespace cas::policy {

enum class MailboxStatus { Exists, Unknown, LookupFailed };

/// What CONFIRM said in this transaction. Forwarded: w=fwd, and the signature verified; nothing but an entry of the
/// recipient's makes it count (CAS §12).
enum class IntentStatus { None, Valid, Testing, Forwarded };

/// What is not known yet is asked for with a Question, and only when a rule needs it.
struct RecipientFacts {
  Mailbox recipient;               // as it was named
  std::optional<Mailbox> owner{};  // whose mailbox that is, once it was looked up and is one
  bool domain_is_local = false;
  confirm::Mode mode = confirm::Mode::Optional;  // of the recipient's domain
  bool observe = false;                          // the domain only looks at what its rules would do
  IntentStatus intent = IntentStatus::None;
  bool listed_in_intent = false;    // CAS §8.2, step 9
  bool ledger_in_progress = false;  // reserved by another session
  bool ledger_available = true;
  std::optional<MailboxStatus> mailbox{};
  bool null_sender = false;
  std::optional<std::string> user{};  // who authenticated; none on the MX port
  bool own_network = false;           // the client is in a network that the listener trusts
  ExceptionFindings exceptions{};     // by what is known so far
  bool spf_known = false;             // what SPF says is among what `exceptions` went by
  bool message_known = false;         // the end of data: so is what the message shows
  Screening screening = Screening::Off;
  std::optional<Relation> relation{};  // of who sends it to this mailbox
  confirm::Class klass = confirm::Class::Personal;
  Excess excess{};
  StrangerFacts stranger{};
};

/// What has to be found out before a verdict. Message: nothing more can be; at RCPT the recipient is admitted for now
/// (provisionally()), and judged again with what the end of data shows. Listing: what lists in the DNS say of the
/// client. Greylist: whether it has come before; asking lets it begin to wait.
enum class Question { Mailbox, Spf, Relation, Message, Listing, Greylist };

/// How a recipient is admitted; the word that Authentication-Results and logs use.
enum class Admission { Confirmed, Exempt, Unconfirmed, Held, Submitted, Refused, Deferred };
[[nodiscard]] std::string_view to_string(Admission admission);

struct Verdict {
  Admission admission = Admission::Refused;
  /// What RCPT is answered; at the end of data, what the message would be for this recipient alone. One that turns the
  /// mail away ends in "(rule ID)".
  smtp::Reply reply;
  std::string rule;      // the id of the rule that decided
  std::string observed;  // in a domain that observes: the id of the rule that would have
};

/// The intent counts for this recipient: as it is, or since the recipient trusts the forwarder that signed it.
[[nodiscard]] bool intent_counts(const RecipientFacts& facts);

using Judgement = std::variant<Verdict, Question>;
[[nodiscard]] Judgement judge(const RecipientFacts& facts);

/// The entry that the verdict goes by; null: by none.
[[nodiscard]] const ExceptionMatch* deciding_entry(const RecipientFacts& facts, const Verdict& verdict);

/// One line of the decision table.
struct RuleText {
  std::string_view id;
  std::string_view when;
  std::string_view then;   // "550 5.7.1 [CAS:refused]", "accepted", "held"
  bool is_policy = false;  // a domain that observes passes over it
  /// The id that a reply shows, where its own would tell what the sender must not learn.
  std::string_view shown{};
};
[[nodiscard]] std::vector<RuleText> rules();
/// The ids of the rules that were asked before the one that decided, or before the question: for `cas why`.
[[nodiscard]] std::vector<std::string_view> passed_rules(const RecipientFacts& facts);

/// A question that only the end of data answers. `alone`: such a message must be for one recipient, since its reply
/// will be this one's (CAS §8.2).
struct Provisional {
  Verdict verdict;
  bool alone = false;
};
[[nodiscard]] Provisional provisionally(const RecipientFacts& facts);
inline constexpr std::string_view provisional_rule = "provisional";
/// What a recipient beside one that is alone is told.
[[nodiscard]] smtp::Reply one_at_a_time();

/// Who may write as whom (submission): the envelope sender and every From mailbox must be covered by what the user may
/// send as. The null path is anybody's; a From without a mailbox is nobody's.
struct SenderFacts {
  std::vector<SendAs> allowed;
  ReversePath envelope_from;
  std::optional<std::vector<Mailbox>> header_from;  // known at the end of data
};
/// None: allowed. Otherwise the reply, 550 5.7.1, that names the address.
[[nodiscard]] std::optional<smtp::Reply> refuse_sender(const SenderFacts& facts);

}  // namespace cas::policy
