// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The rules, in order. Whatever is answered before the line "the mailbox" must not depend on whether it exists: nobody
// learns that without a signature where one is required (CAS §8.5).
#include "policy/judge.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"

namespace cas::policy {
namespace {

using confirm::Mode;
using confirm::Reason;

Verdict accept(Admission admission, std::string text, std::string rule) {
  return {admission, smtp::Reply(250, {2, 1, 5}, std::move(text)), std::move(rule)};
}

Verdict turn_away(smtp::Reply reply, std::string rule) {
  const Admission admission = reply.transient() ? Admission::Deferred : Admission::Refused;
  return {admission, std::move(reply), std::move(rule)};
}

Verdict turn_away(Reason reason, std::string rule) {
  return turn_away(confirm::reply_for(reason), std::move(rule));
}

Verdict lookup_failed() {
  return turn_away(smtp::Reply(451, {4, 3, 0}, "the mailbox cannot be looked up now"), "mailbox-lookup-failed");
}

Verdict no_such_mailbox() {
  return turn_away(smtp::Reply(550, {5, 1, 1}, "no such mailbox here"), "mailbox-unknown");
}

bool is_local_part(const Mailbox& mailbox, std::string_view name) {
  return iequals(mailbox.local().value(), name);
}

/// RFC 5321 §4.5.1: postmaster is always there; RFC 2142 §2 adds abuse. CAS §8.2 exempts both.
bool is_postmaster(const Mailbox& mailbox) {
  return is_local_part(mailbox, "postmaster");
}
bool is_role(const Mailbox& mailbox) {
  return is_postmaster(mailbox) || is_local_part(mailbox, "abuse");
}

MailboxStatus mailbox_of(const RecipientFacts& facts) {
  const bool missing = facts.mailbox == MailboxStatus::Unknown;
  return missing && is_postmaster(facts.recipient) ? MailboxStatus::Exists : facts.mailbox;
}

/// Without CONFIRM, or where it does not count.
Verdict judge_mailbox(const RecipientFacts& facts, Admission admission, std::string text, std::string rule) {
  switch (mailbox_of(facts)) {
    case MailboxStatus::Exists: return accept(admission, std::move(text), std::move(rule));
    case MailboxStatus::Unknown: return no_such_mailbox();
    case MailboxStatus::LookupFailed: return lookup_failed();
  }
  std::unreachable();
}

Verdict judge_submission(const RecipientFacts& facts) {
  if (!facts.domain_is_local) return accept(Admission::Submitted, "ok", "submitted");
  return judge_mailbox(facts, Admission::Submitted, "ok", "submitted");
}

Verdict judge_exempt(const RecipientFacts& facts) {
  return judge_mailbox(facts, Admission::Exempt, "[CAS:exempt] ok",
                       is_postmaster(facts.recipient) ? "postmaster" : "abuse");
}

/// A signature that verified, where it counts. The signer has earned an answer about the mailbox.
Verdict judge_confirmed(const RecipientFacts& facts) {
  if (!facts.listed_in_intent) {
    return is_role(facts.recipient) ? judge_exempt(facts)
                                    : turn_away(Reason::NotListed, "not-listed");  // CAS §8.2, step 9
  }
  if (!facts.ledger_available) return turn_away(Reason::LedgerDown, "ledger-down");  // CAS §21, I8
  if (facts.ledger_in_progress) return turn_away(Reason::InProgress, "in-progress");
  switch (mailbox_of(facts)) {
    case MailboxStatus::Exists: return accept(Admission::Confirmed, "[CAS:confirmed] ok", "listed");
    case MailboxStatus::Unknown: return turn_away(Reason::NoSuchUser, "mailbox-unknown");
    case MailboxStatus::LookupFailed: return lookup_failed();
  }
  std::unreachable();
}

smtp::Reply not_yours(std::string_view what, std::string_view address) {
  return {550, {5, 7, 1}, std::string(what) + ' ' + printable(address) + " is not yours to send as"};
}

}  // namespace

std::string_view to_string(Admission admission) {
  switch (admission) {
    case Admission::Confirmed: return "confirmed";
    case Admission::Exempt: return "exempt";
    case Admission::Unconfirmed: return "unconfirmed";
    case Admission::Submitted: return "submitted";
    case Admission::Refused: return "refused";
    case Admission::Deferred: return "deferred";
  }
  std::unreachable();
}

Verdict judge(const RecipientFacts& facts) {
  if (facts.user || facts.own_network) return judge_submission(facts);
  if (!facts.domain_is_local) return turn_away(smtp::Reply(550, {5, 7, 1}, "relaying denied"), "relay-denied");
  // First: who shows an intent for one domain learns nothing of the mailboxes of another, whatever its mode.
  // CAS §6.1: under a testing key the transaction goes on as without CONFIRM.
  if (facts.intent == IntentStatus::Valid) return judge_confirmed(facts);
  if (facts.mode == Mode::Off) return judge_mailbox(facts, Admission::Unconfirmed, "ok", "mode-off");
  if (is_role(facts.recipient)) return judge_exempt(facts);
  // Deliberate omission: a null-sender DSN that answers own recent mail (CAS §8.2) is not recognised yet, so facts of
  // the sender do not matter here.
  if (facts.mode == Mode::Required) return turn_away(Reason::Required, "required");
  // The mailbox.
  return judge_mailbox(facts, Admission::Unconfirmed, "ok", "optional");
}

std::optional<smtp::Reply> refuse_sender(const SenderFacts& facts) {
  const auto is_allowed = [&](const Mailbox& mailbox) { return covers(facts.allowed, mailbox); };
  // The null path claims nobody's name (RFC 5321 §4.5.5: notifications that a mail program sends).
  if (const auto& sender = facts.envelope_from.mailbox(); sender && !is_allowed(*sender)) {
    return not_yours("the sender", sender->wire());
  }
  if (!facts.header_from) return std::nullopt;
  if (facts.header_from->empty()) return smtp::Reply(550, {5, 7, 1}, "the message names no author in From");
  const auto foreign = std::ranges::find_if_not(*facts.header_from, is_allowed);
  if (foreign == facts.header_from->end()) return std::nullopt;
  return not_yours("the author", foreign->wire());
}

}  // namespace cas::policy
