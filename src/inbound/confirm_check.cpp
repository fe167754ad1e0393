// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Facts for a CONFIRM.
#include "inbound/confirm_check.hpp"

#include "auth/public_suffix.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

namespace {

using confirm::Reason;
using LedgerRows = std::vector<std::optional<confirm::LedgerRow>>;

ConfirmFindings refuse(Reason reason) {
  ConfirmFindings findings;
  findings.reply = confirm::reply_for(reason);
  findings.refused = reason;
  return findings;
}

// Who is answerable for an intent that verified.
policy::SenderIdentity signer_of(const confirm::Intent& intent) {
  policy::SenderIdentity sender;
  sender.signer = intent.signing_domain;
  return sender;
}

// CAS §5.2: a CONFIRM that confirms nothing.
ConfirmFindings without_confirm(std::string_view word, std::string_view why) {
  ConfirmFindings findings;
  findings.unconfirmed = word;
  findings.reply = smtp::Reply(250, smtp::EnhancedCode{2, 0, 0},
                               "[CAS:" + std::string(word) + "] " + std::string(why) + ": go on as without CONFIRM");
  return findings;
}

// CAS §4.7: those whom a forwarder can confirm to. The name that the intent lists is what an entry is for: what an
// alias leads to is not known yet.
std::vector<LocalPart> who_trusts(const Services& services, const confirm::Intent& intent) {
  std::vector<LocalPart> trusting;
  for (const auto& local : intent.recipients) {
    const Mailbox recipient(local, intent.recipient_domain);
    if (services.exceptions.find(signer_of(intent), recipient).forward) trusting.push_back(local);
  }
  return trusting;
}

// Step 8: what was committed with this digest; a row with another one is a replay with other content. `recipients`: of
// the intent, those for whom it counts.
std::expected<std::set<LocalPart>, Reason> committed_recipients(const confirm::Intent& intent,
                                                                const std::vector<LocalPart>& recipients,
                                                                const LedgerRows& rows, TimePoint now) {
  const auto m = *intent.digest;
  std::set<LocalPart> committed;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    const auto state = rows[n] ? confirm::LedgerState::Committed : confirm::LedgerState::Absent;
    const auto verdict = confirm::judge_ledger(state, rows[n], m);
    if (verdict == confirm::LedgerVerdict::Conflict) return std::unexpected(Reason::Replay);
    if (verdict == confirm::LedgerVerdict::Swallow) committed.insert(recipients[n]);
  }
  if (confirm::is_expired(intent, now) && committed.size() < recipients.size()) {
    return std::unexpected(Reason::Expired);
  }
  return committed;
}

}  // namespace

net::Task<ConfirmFindings> check_confirm(const Services& services, std::string line, ConfirmContext context) {
  auto intent = confirm::read_intent(line);
  if (!intent) co_return refuse(intent.error());
  if (!intent->digest) co_return refuse(Reason::Syntax);  // "-" is for preflights (CAS §8.1, step 1)

  confirm::StatementFacts facts;
  facts.now = services.clock.now();
  facts.mail_from = context.mail_from;
  const DomainSettings* const recipient_domain = services.directory.find(intent->recipient_domain);
  facts.recipient_domain_is_local = recipient_domain != nullptr;
  facts.signing_domain_is_public_suffix = auth::is_public_suffix(intent->signing_domain);
  if (auto statement = confirm::check_statement(*intent, facts); !statement) co_return refuse(statement.error());
  // CAS §8.1: such a domain looks at no intent, so nothing is asked of the DNS for one.
  if (recipient_domain->mode == confirm::Mode::Off) co_return without_confirm("off", "this domain does not use CAS");

  const std::string key_name = auth::dkim_key_name(intent->selector, intent->signing_domain);
  const bool exempt = services.buckets.exempts(context.peer_address);
  if (!exempt && (!services.buckets.allow_confirm(context.peer_address, facts.now) ||
                  !services.buckets.allow_key_lookup(context.peer_address, key_name, facts.now))) {
    co_return refuse(Reason::Rate);
  }

  dns::Question question;
  question.name = key_name;
  question.type = dns::Type::TXT;
  const dns::Answer answer = co_await services.resolver.ask(std::move(question));
  const auto key = confirm::check_key(*intent, line, answer);
  if (!key) co_return refuse(key.error());

  ConfirmFindings findings;
  if (*key == confirm::KeyVerdict::Testing) co_return without_confirm("testing", "the key is for testing");
  // Only what verified counts for d: anybody could empty its bucket otherwise.
  if (!exempt && !services.buckets.allow_domain(intent->signing_domain.text(), facts.now)) {
    co_return refuse(Reason::Rate);
  }
  const bool forwarded = *key == confirm::KeyVerdict::Forwarded;
  const std::vector<LocalPart> recipients = forwarded ? who_trusts(services, *intent) : intent->recipients;
  if (recipients.empty()) {
    co_return without_confirm("forwarded", "the forwarder is none that the recipient trusts");
  }

  std::vector<confirm::LedgerKey> keys;
  for (const auto& recipient : recipients) keys.push_back(confirm::ledger_key(*intent, recipient));
  auto start = [&services, &keys](auto done) { services.queue.ledger(std::move(keys), std::move(done)); };
  const auto rows = co_await net::completion<Result<LedgerRows>>(std::move(start));
  if (!rows) co_return refuse(Reason::LedgerDown);  // CAS §21, I8: never confirmed without the ledger
  auto committed = committed_recipients(*intent, recipients, *rows, facts.now);
  if (!committed) {
    if (committed.error() == Reason::Replay) services.conduct.misbehaved(signer_of(*intent), facts.now);
    co_return refuse(committed.error());
  }

  findings.reply = smtp::Reply(250, smtp::EnhancedCode{2, 7, 0}, "[CAS:ok] intent accepted");
  findings.committed = std::move(*committed);
  findings.intent = std::move(*intent);
  co_return findings;
}

}  // namespace cas::inbound
