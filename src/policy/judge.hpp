// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// judge(Facts) -> Verdict: one recipient of one message, everything known, nothing looked up. Total: every combination
// of facts has a verdict. Rules are added here, never in the drivers.
#pragma once

#include <optional>
#include <string>

#include "confirm/discovery.hpp"
#include "confirm/reason.hpp"
#include "message/address.hpp"
#include "policy/send_as.hpp"
#include "smtp/reply.hpp"

namespace cas::policy {

enum class MailboxStatus { Exists, Unknown, LookupFailed };

/// What CONFIRM said in this transaction.
enum class IntentStatus { None, Valid, Testing };

struct RecipientFacts {
  Mailbox recipient;
  bool domain_is_local = false;
  confirm::Mode mode = confirm::Mode::Optional;  // of the recipient's domain
  IntentStatus intent = IntentStatus::None;
  bool listed_in_intent = false;    // CAS §8.2, step 9
  bool ledger_in_progress = false;  // reserved by another session
  bool ledger_available = true;
  MailboxStatus mailbox = MailboxStatus::Unknown;
  bool null_sender = false;
  std::optional<std::string> user{};  // who authenticated; none on the MX port
  bool own_network = false;           // the client is in a network that the listener trusts
};

/// How a recipient is admitted; the word that Authentication-Results and logs use.
enum class Admission { Confirmed, Exempt, Unconfirmed, Submitted, Refused, Deferred };
[[nodiscard]] std::string_view to_string(Admission admission);

struct Verdict {
  Admission admission = Admission::Refused;
  smtp::Reply reply;  // what RCPT is answered
  std::string rule;   // which rule decided, for `cas trace`: "mailbox-unknown", "listed", "postmaster"...
};

/// In this order: authenticated senders and own networks may send anywhere; relaying is denied; a valid intent is
/// answered for this recipient (listed, ledger, mailbox); `off` takes ordinary mail; postmaster and abuse are exempt;
/// `required` refuses, whatever mailboxes there are; the rest is ordinary mail. postmaster always exists (RFC 5321
/// §4.5.1).
[[nodiscard]] Verdict judge(const RecipientFacts& facts);

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
