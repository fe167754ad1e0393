// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Mail from outside, judged: the steps that are the same whichever way it comes, by SMTP (inbound/session) or shown by
// an MTA in front (milter/session). Facts are gathered here for policy/, and what it found is told and remembered.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/authentication_results.hpp"
#include "auth/spf.hpp"
#include "inbound/authentication.hpp"
#include "inbound/incoming.hpp"
#include "inbound/services.hpp"
#include "net/task.hpp"
#include "policy/authentication.hpp"
#include "policy/judge.hpp"

namespace cas::inbound {

using EventFields = std::vector<std::pair<std::string_view, std::string>>;

// ---- Who sends it ----

/// SPF speaks for the envelope sender.
[[nodiscard]] bool is_spf_pass(const auth::SpfOutcome& spf);
/// Adds what the message shows, and what is proven of that.
void show_message(policy::SenderIdentity& sender, const IncomingMessage& message,
                  const std::optional<AuthenticationOutcomes>& outcomes);
/// For people: who signs, or what the envelope claims. The same at RCPT and at the end of the message.
[[nodiscard]] std::string domain_of(const policy::SenderIdentity& sender);

// ---- One recipient ----

/// Long enough for most, and short enough for a client that waits for the reply to RCPT.
inline constexpr milliseconds patience_at_rcpt{5000};

/// What the recipient's domain wants.
void add_domain(const Services& services, policy::RecipientFacts& facts);
/// How `sender` stands to the mailbox. What cannot be found out is not known of the mailbox either: 451.
[[nodiscard]] net::Task<void> find_relation(const Services& services, policy::SenderIdentity sender,
                                            policy::RecipientFacts& facts);
/// What DNS lists say of a client: asked once for each, and not about those that nobody reaches from elsewhere.
[[nodiscard]] net::Task<policy::Listing> ask_lists(const Services& services, std::optional<IpAddress> client);
/// What is logged of it.
[[nodiscard]] EventFields listing_fields(const policy::Listing& listing, const std::string& client);
/// By which of them it is listed, where they weigh enough; "" otherwise.
[[nodiscard]] std::string listed_by(const Services& services, const policy::Listing& listing);
/// Whether it must come again, and when; it waits from now on.
[[nodiscard]] std::chrono::seconds wait_of(const Services& services, const policy::SenderIdentity& sender);
/// At the end of the message: whether somebody speaks for its sender.
void add_vouchers(const std::optional<AuthenticationOutcomes>& outcomes, policy::RecipientFacts& facts);
/// Asks policy::judge, and `find_out` for each fact that it wants, until there is a verdict: provisional where only the
/// end of the message can tell.
using FindOut = std::function<net::Task<void>(policy::Question)>;
struct JudgedRecipient {
  policy::Verdict verdict;
  bool alone = false;  // such a message is for this recipient only
};
[[nodiscard]] net::Task<JudgedRecipient> judge_with(policy::RecipientFacts& facts, const FindOut& find_out);
/// The end of the message changes nothing for this recipient.
[[nodiscard]] bool is_final(const policy::RecipientFacts& facts, const policy::Verdict& verdict);
/// The message is here: only what it newly proves can still be too much.
void look_for_excess_again(const Services& services, const policy::SenderIdentity& sender,
                           policy::RecipientFacts& facts);
/// What is logged of a verdict. The entry that decided is counted.
[[nodiscard]] EventFields verdict_fields(const Services& services, const policy::RecipientFacts& facts,
                                         const policy::Verdict& verdict, const ReversePath& from,
                                         const std::string& client);
/// Remembers and reports it. `before`: what it is in place of.
void note_verdict(const Services& services, const policy::SenderIdentity& sender, const policy::RecipientFacts& facts,
                  const policy::Verdict& verdict, const policy::Verdict* before);

// ---- SPF, DKIM, DMARC, ARC ----

/// Where nothing depends on what is found: it is told to whoever reads Authentication-Results, and nobody waits for a
/// slow DNS.
inline constexpr milliseconds patience_for_reports{1000};

/// Whether what authentication found decides about this recipient: where nothing else says who may write. Intents and
/// exemptions do.
[[nodiscard]] bool hangs_on_authentication(policy::IntentStatus intent, const policy::Verdict& verdict);
[[nodiscard]] policy::AuthenticationVerdict judge_outcomes(const Services& services,
                                                           const AuthenticationOutcomes& found, bool null_sender,
                                                           bool from_a_list);
/// What is logged of it.
[[nodiscard]] EventFields authentication_event(const AuthenticationOutcomes& found,
                                               const policy::AuthenticationVerdict& verdict,
                                               const policy::Handling& handling);
/// Reports what became of a recipient by it, or would have where its domain observes.
void note_handling(const Services& services, const policy::SenderIdentity& sender, const Mailbox& recipient,
                   policy::Verdict verdict, const policy::AuthenticationVerdict& found,
                   const policy::Handling& handling, policy::Enforcement mode);

/// "cas=pass" or "cas=none" (CAS §16). `admission` where all recipients have the same.
[[nodiscard]] auth::MethodResult confirmation_result(bool pass, std::optional<policy::Admission> admission,
                                                     const Mailbox* author, const ReversePath& from);
/// Authentication-Results with `confirmation` first, and Received-SPF where it is wanted.
[[nodiscard]] std::string authentication_fields(const Services& services, auth::MethodResult confirmation,
                                                const AuthenticationOutcomes* found, const auth::SpfQuery* query,
                                                bool null_sender, const std::string& client);

}  // namespace cas::inbound
