// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Step by step. A receiver stops at the first failure, and so its reply is that of the first; the checks behind it are
// made all the same where they do not need what failed.
#include "cmd/intent_steps.hpp"

#include <algorithm>
#include <utility>

#include "auth/public_suffix.hpp"
#include "base/encoding.hpp"
#include "cmd/intent_text.hpp"
#include "policy/judge.hpp"

namespace cas::cmd {

namespace {

using confirm::Intent;
using confirm::Reason;
using Result = Step::Result;

constexpr const char* server_knows = "only a server knows";
constexpr const char* not_reached = "not reached: a check before it fails";

/// Gathers steps, and the first refusal of CONFIRM.
struct Draft {
  Report report;
  std::optional<Reason> confirm_refused;
  std::optional<confirm::KeyVerdict> key;

  void add(std::string number, std::string check, Result result, std::string why) {
    report.steps.push_back({std::move(number), std::move(check), result, std::move(why)});
  }
  void refuse(Reason reason) {
    if (!confirm_refused) confirm_refused = reason;
  }
  [[nodiscard]] bool confirmed() const { return !confirm_refused && key == confirm::KeyVerdict::Ok; }
};

// ---- Steps 2 and 3 ----

std::string times_text(const Intent& intent, TimePoint now) {
  return "issued " + relative_time(intent.issued, to_unix(now)) + ", lives " +
         relative_time(intent.expires, intent.issued).substr(3);
}

std::string why_of(Reason reason, const Intent& intent, const TransactionFacts& facts) {
  switch (reason) {
    case Reason::Future:
      return "issued " + relative_time(intent.issued, to_unix(facts.now)) + "; five minutes ahead is the most";
    case Reason::Lifetime:
      return "x - t is " + std::to_string((intent.expires - intent.issued).count()) + " s; " +
             std::string(class_name(intent.klass)) + " mail has 0 to " +
             std::to_string(confirm::max_lifetime(intent.klass).count());
    case Reason::Envelope:
      return "f is " + sender_text(intent.envelope_from) + ", MAIL says " +
             sender_text(facts.mail_from ? facts.mail_from->mailbox() : intent.envelope_from);
    case Reason::Alignment:
      return auth::is_public_suffix(intent.signing_domain) ? "d is a public suffix"
                                                           : "the author " + printable(intent.author.wire()) +
                                                                 " is not at or below " + intent.signing_domain.text();
    default: return "the name of the key has more than 253 octets";
  }
}

/// check_statement finds one fault, in this order.
void add_statement(Draft& draft, const Intent& intent, const TransactionFacts& facts) {
  const confirm::StatementFacts statement{
      .now = facts.now,
      .mail_from = facts.mail_from.value_or(intent.envelope_from ? ReversePath(*intent.envelope_from) : ReversePath()),
      .recipient_domain_is_local = true,
      .signing_domain_is_public_suffix = auth::is_public_suffix(intent.signing_domain)};
  const auto stated = confirm::check_statement(intent, statement);
  if (!stated) draft.refuse(stated.error());
  const Result envelope = facts.mail_from ? Result::Ok : Result::NotChecked;
  const std::string served = "; that " + intent.recipient_domain.text() + " is served, " + server_knows;
  const std::vector<Step> rows{
      {"2", "times", Result::Ok, times_text(intent, facts.now)},
      {"3", "envelope", envelope, (facts.mail_from ? "f is what MAIL says" : "say --mail-from") + served},
      {"3", "alignment", Result::Ok,
       intent.forwarded ? "waived: w=fwd" : "the author is at or below " + intent.signing_domain.text()}};
  std::size_t broken = rows.size();
  if (!stated) {
    const bool times = stated.error() == Reason::Future || stated.error() == Reason::Lifetime;
    broken = times ? 0 : stated.error() == Reason::Envelope ? 1 : 2;
  }
  for (std::size_t n = 0; n < rows.size(); ++n) {
    Step row = rows[n];
    if (n == broken) row = {row.number, row.check, Result::Fails, why_of(stated.error(), intent, facts)};
    if (n > broken) row = {row.number, row.check, Result::NotChecked, not_reached};
    draft.report.steps.push_back(std::move(row));
  }
}

// ---- Steps 6 and 7 ----

std::string answer_text(const dns::Answer& answer) {
  switch (answer.status) {
    case dns::Status::Failed:
      return "the DNS gave no answer" + (answer.private_reason.empty() ? "" : ": " + printable(answer.private_reason));
    case dns::Status::NxDomain: return "the name does not exist";
    case dns::Status::NoData: return "there is no TXT record";
    case dns::Status::Ok: break;
  }
  const auto count = std::ranges::count_if(
      answer.records, [](const dns::Record& record) { return std::holds_alternative<dns::Txt>(record); });
  return count == 1 ? "the TXT record is no usable key for it" : "there are " + std::to_string(count) + " TXT records";
}

void add_key(Draft& draft, const Intent& intent, std::string_view line, const TransactionFacts& facts) {
  const std::string where = auth::dkim_key_name(intent.selector, intent.signing_domain);
  if (!facts.key) {
    draft.add("6", "key", Result::NotChecked, where + " was not asked for");
    draft.add("7", "signature", Result::NotChecked, "needs the key");
    return;
  }
  const auto verdict = confirm::check_key(intent, line, *facts.key);
  if (verdict) {
    draft.key = *verdict;
    const bool testing = *verdict == confirm::KeyVerdict::Testing;
    draft.add("6", "key", Result::Ok, testing ? where + " is for testing (t=y)" : where);
    draft.add("7", "signature", testing ? Result::NotChecked : Result::Ok,
              testing ? "under a testing key it is not looked at" : "verifies");
    return;
  }
  draft.refuse(verdict.error());
  if (verdict.error() == Reason::Signature) {
    draft.add("6", "key", Result::Ok, where);
    draft.add("7", "signature", Result::Fails, "does not verify under that key");
    return;
  }
  std::string why = where + ": " + answer_text(*facts.key);
  if (verdict.error() == Reason::KeyRevoked) why = where + " is revoked (p= is empty)";
  if (verdict.error() == Reason::Alignment) why = where + " is for " + intent.signing_domain.text() + " alone (t=s)";
  draft.add("6", "key", Result::Fails, std::move(why));
  draft.add("7", "signature", Result::NotChecked, not_reached);
}

// ---- Step 8, and the reply to CONFIRM ----

/// A server's own words (inbound/confirm_check.cpp); the tests of the whole hold the two together.
smtp::Reply confirm_reply(const Draft& draft) {
  constexpr smtp::EnhancedCode goes_on{2, 0, 0};
  if (draft.confirm_refused) return confirm::reply_for(*draft.confirm_refused);
  if (draft.key == confirm::KeyVerdict::Testing) {
    return {250, goes_on, "[CAS:testing] the key is for testing: go on as without CONFIRM"};
  }
  if (draft.key == confirm::KeyVerdict::Forwarded) {
    return {250, goes_on, "[CAS:forwarded] the forwarder is none that the recipient trusts: go on as without CONFIRM"};
  }
  return {250, {2, 7, 0}, "[CAS:ok] intent accepted"};
}

void add_expiry(Draft& draft, const Intent& intent, const TransactionFacts& facts) {
  const UnixTime now = to_unix(facts.now);
  const bool expired = confirm::is_expired(intent, facts.now);
  std::string why = (intent.expires < now ? "expired " : "expires ") + relative_time(intent.expires, now);
  if (expired) {
    draft.refuse(Reason::Expired);
    why += "; only what was committed before is taken still";
  }
  draft.add("8", "expiry", expired ? Result::Fails : Result::Ok, std::move(why));
  draft.add("8", "ledger", Result::NotChecked, server_knows);
  if (draft.key || draft.confirm_refused) draft.report.answers.push_back({"CONFIRM", confirm_reply(draft)});
}

// ---- Steps 9 to 14 ----

void add_recipients(Draft& draft, const Intent& intent, const TransactionFacts& facts) {
  if (facts.recipients.empty()) draft.add("9", "recipients", Result::NotChecked, "say --rcpt");
  for (const Mailbox& recipient : facts.recipients) {
    const bool listed = intent.lists(recipient);
    draft.add("9", "recipient " + printable(recipient.wire()), listed ? Result::Ok : Result::Fails,
              listed ? "listed" : "is not listed in r at q");
    if (!draft.confirmed()) continue;
    policy::RecipientFacts judged{
        .recipient = recipient, .intent = policy::IntentStatus::Valid, .mailbox = policy::MailboxStatus::Exists};
    judged.domain_is_local = true;
    judged.mode = confirm::Mode::Required;
    judged.listed_in_intent = listed;
    const auto verdict = std::get<policy::Verdict>(policy::judge(judged));  // nothing is left to ask
    draft.report.answers.push_back({"RCPT TO:<" + printable(recipient.wire()) + ">", verdict.reply});
  }
  draft.add("10-14", "mailbox and policy", Result::NotChecked, server_knows);
}

// ---- Steps 15 to 17 ----

std::string shown_text(const confirm::MessageFacts& message) {
  if (message.from_fields != 1) return "there are " + std::to_string(message.from_fields) + " From fields";
  if (message.from_is_malformed) return "From cannot be read";
  if (message.from.size() != 1) return "From shows " + std::to_string(message.from.size()) + " mailboxes";
  return "From shows " + printable(message.from.front().wire());
}

std::string digest_text(const confirm::MessageFacts& message) {
  if (message.date_fields != 1) return "there are " + std::to_string(message.date_fields) + " Date fields";
  if (message.message_id_fields != 1)
    return "there are " + std::to_string(message.message_id_fields) + " Message-ID fields";
  return "the message is not the one that was signed";
}

void add_message(Draft& draft, const Intent& intent, const TransactionFacts& facts) {
  if (!facts.message) {
    draft.add("15-17", "message", Result::NotChecked, "say --message");
    return;
  }
  const confirm::MessageFacts& message = *facts.message;
  const auto checked = confirm::check_message(intent, message);
  const std::vector<std::pair<Step, std::pair<Reason, std::string>>> rows{
      {{"15", "author", Result::Ok, shown_text(message)},
       {Reason::FromMismatch, shown_text(message) + ", o is " + printable(intent.author.wire())}},
      {{"16", "digest", Result::Ok, "is that of the message"}, {Reason::Digest, digest_text(message)}},
      {{"17", "class", Result::Ok, "the message may be " + std::string(class_name(intent.klass))},
       {Reason::Class, "the message shows itself as " + std::string(class_name(message.klass.klass)) + ", k says " +
                           std::string(class_name(intent.klass))}}};
  bool reached = true;
  for (const auto& [good, bad] : rows) {
    Step row = good;
    const bool fails = reached && !checked && checked.error() == bad.first;
    if (fails) row = {row.number, row.check, Result::Fails, bad.second};
    if (!reached) row = {row.number, row.check, Result::NotChecked, not_reached};
    if (fails) reached = false;
    draft.report.steps.push_back(std::move(row));
  }
  if (!draft.confirmed()) return;
  const smtp::Reply taken(250, {2, 0, 0}, "queued");
  draft.report.answers.push_back({"the message", checked ? taken : confirm::reply_for(checked.error())});
}

}  // namespace

std::string_view to_string(Step::Result result) {
  switch (result) {
    case Result::Ok: return "ok";
    case Result::Fails: return "fails";
    case Result::NotChecked: return "not checked";
  }
  std::unreachable();
}

bool Report::holds() const {
  return std::ranges::none_of(steps, [](const Step& step) { return step.result == Result::Fails; });
}

Report report_on(std::string_view line, const TransactionFacts& facts) {
  Draft draft;
  const auto intent = confirm::read_intent(line);
  if (!intent) {
    const auto fault = confirm::explain(line);
    const std::string why =
        fault ? fault->tag + (fault->tag.empty() ? "" : ": ") + fault->what : "m=- is for preflights";
    draft.add("1", "length and grammar", Result::Fails, why);
    draft.add("2-17", "all else", Result::NotChecked, "there is no intent");
    draft.report.answers.push_back({"CONFIRM", confirm::reply_for(intent.error())});
    return std::move(draft.report);
  }
  draft.add("1", "length and grammar", Result::Ok, std::to_string(line.size()) + " octets");
  add_statement(draft, *intent, facts);
  draft.add("4-5", "rates and blocks", Result::NotChecked, server_knows);
  add_key(draft, *intent, line, facts);
  add_expiry(draft, *intent, facts);
  add_recipients(draft, *intent, facts);
  add_message(draft, *intent, facts);
  const auto failures = std::ranges::count(draft.report.steps, Result::Fails, &Step::result);
  draft.report.key_lookup_failed = failures == 1 && facts.key && facts.key->status == dns::Status::Failed;
  return std::move(draft.report);
}

}  // namespace cas::cmd
