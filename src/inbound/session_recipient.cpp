// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Recipients: facts are gathered as the rules ask for them (policy/judge), at RCPT and again at the end of the message.
#include <algorithm>

#include "inbound/judging.hpp"
#include "inbound/recipient_facts.hpp"
#include "inbound/session.hpp"
#include "policy/ending.hpp"

namespace cas::inbound {

using smtp::Reply;

// ---- RCPT ----

net::Task<Reply> Session::on_rcpt(smtp::RcptCommand asked) {
  const Mailbox recipient = services_.directory.meant_by(asked.to, services_.host);
  const auto known = std::ranges::find(work_.admitted, recipient, &Admitted::address);
  if (known != work_.admitted.end()) co_return known->reply;  // CAS §5.5

  auto facts = recipient_facts(recipient);
  const bool counted = facts.listed_in_intent && policy::intent_counts(facts);
  const bool swallowed = counted && work_.committed.contains(recipient.local());
  std::optional<Reservations::Lease> lease;
  if (counted && !swallowed) {
    if (auto free = services_.reservations.reserve(confirm::ledger_key(*work_.intent, recipient.local()))) {
      lease.emplace(std::move(*free));
    }
    facts.ledger_in_progress = !lease;
  }
  // What was committed before stays confirmed, whatever became of the mailbox since (CAS §8.2, step 10).
  if (swallowed) {
    facts.mailbox = policy::MailboxStatus::Exists;
    facts.screening = policy::Screening::Off;
    facts.excess = {};
  }

  auto judged = co_await judge_recipient(facts);
  auto& verdict = judged.verdict;
  if (!facts.domain_is_local) judged.found.targets.push_back(recipient);
  const bool crowded = !work_.admitted.empty() && (judged.alone || work_.admitted.front().alone);
  if (verdict.rule == policy::provisional_rule) {
    const auto before = services_.turns.passed_over(attempt_for(recipient), services_.clock.now());
    if (before) verdict = *before;
  }
  if (verdict.reply.positive() && crowded) {
    verdict.reply = policy::one_at_a_time();
    work_.put_off = true;
  }
  tell_verdict(judged, facts);
  if (!verdict.reply.positive()) co_return verdict.reply;
  if (auto refusal = no_place_for(facts)) co_return *std::move(refusal);
  const bool signed_for = counted && verdict.admission != policy::Admission::Exempt;
  if (!signed_for) lease.reset();
  work_.admitted.push_back(Admitted{.address = recipient,
                                    .facts = std::move(facts),
                                    .verdict = verdict,
                                    .reply = verdict.reply,
                                    .lease = std::move(lease),
                                    .swallowed = swallowed,
                                    .alone = judged.alone,
                                    .notify = asked.notify,
                                    .orcpt = asked.orcpt,
                                    .targets = std::move(judged.found.targets)});
  co_return verdict.reply;
}

std::optional<Reply> Session::no_place_for(const policy::RecipientFacts& facts) {
  const auto& user = protocol_.user();
  if (origin() == policy::Origin::User &&
      !services_.load.users.allow_recipient(user.value_or(""), services_.clock.now())) {
    return over_quota("recipients");
  }
  const auto& domain = facts.recipient.domain();
  if (facts.domain_is_local &&
      !policy::has_room(services_.load.room.mail(*domain), protocol_.mail()->size.value_or(0), options_.disk_reserve)) {
    return insufficient_storage();
  }
  return std::nullopt;
}

void Session::tell_verdict(const Judged& judged, const policy::RecipientFacts& facts,
                           const policy::Verdict* before) const {
  if (origin() == policy::Origin::Outside) {
    note_verdict(services_, identity_towards(facts), facts, judged.verdict, before);
  }
  auto fields = verdict_fields(services_, facts, judged.verdict, protocol_.mail()->from, stream_.peer().text());
  if (!judged.found.rule.empty()) fields.emplace_back("found", judged.found.rule);
  event("rcpt", std::move(fields));
}

// ---- Facts ----

policy::RecipientFacts Session::recipient_facts(const Mailbox& recipient) const {
  policy::RecipientFacts facts{.recipient = recipient};
  facts.user = protocol_.user();
  facts.own_network = origin() == policy::Origin::OwnNetwork;
  facts.null_sender = protocol_.mail()->from.is_null();
  facts.intent = work_.status;
  facts.listed_in_intent = work_.intent && work_.intent->lists(recipient);
  if (facts.intent == policy::IntentStatus::Valid) facts.klass = work_.intent->klass;
  add_domain(services_, facts);
  if (!facts.domain_is_local) return facts;
  if (bounced_to(recipient)) {
    // It answers mail that went out of here a short while ago, and is for nobody here (CAS §8.2).
    if (facts.mode == confirm::Mode::Required) facts.mode = confirm::Mode::Optional;
    facts.screening = policy::Screening::Off;
  }
  look_for_exceptions(facts);
  look_for_excess(facts);
  return facts;
}

/// As far as it is known now.
policy::SenderIdentity Session::sender_identity() const {
  policy::SenderIdentity sender;
  sender.client = IpAddress::parse(stream_.peer().address);
  sender.envelope = protocol_.mail()->from;
  sender.certificate = client_names_;
  sender.spf_pass = work_.spf && is_spf_pass(*work_.spf);
  if (work_.status == policy::IntentStatus::Valid) {
    sender.author = work_.intent->author;
    sender.author_proven = true;
    sender.signer = work_.intent->signing_domain;
    sender.list_id = work_.intent->list_id.value_or("");
    sender.list_proven = policy::proves_list(sender.list_id, *sender.signer);
  }
  if (work_.message != nullptr && !sender.author_proven) show_message(sender, *work_.message, work_.outcomes);
  return sender;
}

/// Nothing is proven but who forwards (CAS §4.7).
policy::SenderIdentity Session::forwarder_identity() const {
  policy::SenderIdentity sender = sender_identity();
  sender.author = work_.intent->author;
  sender.list_id = work_.intent->list_id.value_or("");
  sender.author_proven = sender.list_proven = false;
  sender.signer = work_.intent->signing_domain;
  sender.forwarded = true;
  return sender;
}

policy::SenderIdentity Session::identity_towards(const policy::RecipientFacts& facts) const {
  const bool by_forwarder = facts.intent == policy::IntentStatus::Forwarded && policy::intent_counts(facts);
  return by_forwarder ? forwarder_identity() : sender_identity();
}

bool Session::is_confirmed() const {
  if (work_.status == policy::IntentStatus::Valid) return true;
  const auto counts = [](const Admitted& admitted) { return policy::intent_counts(admitted.facts); };
  return std::ranges::any_of(work_.admitted, counts);
}

void Session::look_for_exceptions(policy::RecipientFacts& facts) const {
  if (origin() != policy::Origin::Outside || !facts.domain_is_local) return;
  facts.exceptions = find_exceptions(services_, sender_identity(), facts.recipient, facts.owner);
  if (facts.intent == policy::IntentStatus::Forwarded && facts.listed_in_intent) look_for_forwarder(facts);
}

/// Only an entry for the address that the intent lists: CONFIRM was answered by those.
void Session::look_for_forwarder(policy::RecipientFacts& facts) const {
  const auto sender = forwarder_identity();
  auto found = services_.exceptions.find(sender, facts.recipient);
  if (!found.forward) return;
  const bool open = !found.decided || found.decided->action == policy::ExceptionAction::Forward;
  if (open && facts.owner) found.decided = services_.exceptions.find(sender, *facts.owner).decided;
  facts.exceptions = std::move(found);
}

std::optional<policy::RelationNames> Session::relation_names(confirm::Class klass) const {
  return policy::relation_names(sender_identity(), klass);
}

// ---- Judging ----

net::Task<Session::Judged> Session::judge_recipient(policy::RecipientFacts& facts) {
  recipients::Resolution found;
  const FindOut ask = [&](policy::Question question) { return find_out(question, facts, found); };
  auto judged = co_await judge_with(facts, ask);
  co_return Judged(std::move(judged.verdict), judged.alone, std::move(found));
}

net::Task<void> Session::find_out(policy::Question question, policy::RecipientFacts& facts,
                                  recipients::Resolution& found) {
  switch (question) {
    case policy::Question::Spf:
      if (work_.authentication && !work_.spf) work_.spf = co_await work_.authentication->spf(patience_at_rcpt);
      facts.spf_known = true;
      look_for_exceptions(facts);
      break;
    case policy::Question::Relation: co_await find_relation(services_, identity_towards(facts), facts); break;
    case policy::Question::Mailbox:
      found = co_await resolve(facts);
      if (facts.owner && *facts.owner != facts.recipient) {
        facts.screening = screening_of(services_, *facts.owner);
        look_for_exceptions(facts);
      }
      break;
    case policy::Question::Listing: facts.stranger.listed_by = co_await listed_by_whom(); break;
    case policy::Question::Greylist: facts.stranger.must_wait = wait_of(services_, sender_identity()); break;
    case policy::Question::Message: break;  // nobody can
  }
}

net::Task<std::string> Session::listed_by_whom() {
  if (!listing_) {
    listing_ = co_await ask_lists(services_, IpAddress::parse(stream_.peer().address));
    event("dnsbl", listing_fields(*listing_, stream_.peer().text()));
  }
  co_return listed_by(services_, *listing_);
}

// ---- The end of the message ----

/// Those whom the message can change something for are judged again, with all that is known now.
net::Task<std::optional<Reply>> Session::judge_again(const IncomingMessage& message) {
  work_.message = &message;
  if (work_.outcomes) work_.spf = work_.outcomes->spf;
  for (auto& admitted : work_.admitted) {
    if (is_final(admitted.facts, admitted.verdict)) continue;
    admitted.facts.spf_known = admitted.facts.message_known = true;
    if (work_.status != policy::IntentStatus::Valid) admitted.facts.klass = message.facts().klass.klass;
    add_vouchers(work_.outcomes, admitted.facts);
    look_for_exceptions(admitted.facts);
    look_for_excess_again(services_, identity_towards(admitted.facts), admitted.facts);
    auto judged = co_await judge_recipient(admitted.facts);
    if (judged.found.known()) admitted.targets = std::move(judged.found.targets);
    if (judged.verdict.rule == admitted.verdict.rule) continue;
    tell_verdict(judged, admitted.facts, &admitted.verdict);
    admitted.verdict = std::move(judged.verdict);
  }
  std::vector<policy::Verdict> verdicts;
  verdicts.reserve(work_.admitted.size());
  for (const auto& admitted : work_.admitted) verdicts.push_back(admitted.verdict);
  const auto ending = policy::end_message(verdicts);
  if (ending.refusal) {
    if (work_.put_off) let_others_come_first();
    co_return ending.refusal;
  }
  for (std::size_t n = 0; n < work_.admitted.size(); ++n) work_.admitted[n].fate = ending.fates[n];
  co_return std::nullopt;
}

policy::Turns::Attempt Session::attempt_for(const Mailbox& recipient) const {
  return {.recipient = recipient, .client = stream_.peer().address, .sender = protocol_.mail()->from.path()};
}

/// A sender that tries again names the same recipients in the same order.
void Session::let_others_come_first() const {
  for (const auto& admitted : work_.admitted) {
    if (!admitted.verdict.reply.transient()) continue;
    services_.turns.stood_in_the_way(attempt_for(admitted.address), admitted.verdict, services_.clock.now());
  }
}

}  // namespace cas::inbound
