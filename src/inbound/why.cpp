// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See why.hpp.
#include "inbound/why.hpp"

#include <algorithm>
#include <iterator>

#include "inbound/judging.hpp"
#include "inbound/recipient_facts.hpp"
#include "net/completion.hpp"

namespace cas::inbound {

namespace {

policy::RecipientFacts facts_of(const Services& services, const policy::WhyQuestion& question) {
  policy::RecipientFacts facts{.recipient = question.recipient};
  facts.intent = question.intent;
  facts.listed_in_intent = question.intent != policy::IntentStatus::None;
  facts.null_sender = question.sender.envelope.is_null();
  facts.klass = question.klass;
  facts.spf_known = facts.message_known = true;
  const DomainSettings* domain =
      question.recipient.domain() ? services.directory.find(*question.recipient.domain()) : nullptr;
  if (domain == nullptr) return facts;
  facts.domain_is_local = true;
  facts.mode = domain->mode;
  facts.observe = domain->observe;
  return facts;
}

net::Task<void> find_mailbox(const Services& services, policy::Why& why) {
  const DomainSettings* domain = services.directory.find(*why.facts.recipient.domain());
  if (domain != nullptr && domain->elsewhere) {
    why.facts.mailbox = policy::MailboxStatus::Exists;
    why.facts.owner = why.facts.recipient;
    why.found = "milter";
    co_return;
  }
  auto found = co_await services.recipients.resolve(why.facts.recipient);
  if (!found) {
    why.facts.mailbox = policy::MailboxStatus::LookupFailed;
    why.found = found.error().private_reason;
    co_return;
  }
  why.facts.mailbox = found->known() ? policy::MailboxStatus::Exists : policy::MailboxStatus::Unknown;
  why.found = found->rule;
  why.facts.owner = owner_of(services.directory, *found);
}

net::Task<void> find_relation(const Services& services, const policy::WhyQuestion& question, policy::Why& why) {
  why.facts.relation = policy::Relation();
  auto names = policy::relation_names(question.sender, question.klass);
  if (!names) co_return;
  why.relation_key = names->key;
  const std::string mailbox = policy::relation_mailbox(why.facts.owner.value_or(why.facts.recipient));
  auto start = [&](auto done) { services.relationships.find(mailbox, *std::move(names), std::move(done)); };
  const auto relation = co_await net::completion<Result<policy::Relation>>(std::move(start));
  if (relation) why.facts.relation = *relation;
}

/// What would be found of the client, where the question names one. Nobody begins to wait by being asked about.
net::Task<void> find_stranger(const Services& services, const policy::WhyQuestion& question, policy::Why& why) {
  const auto& sender = question.sender;
  auto& stranger = why.facts.stranger;
  if (!sender.client) co_return;
  stranger.has_lists = !services.strangers.lists.empty();
  if (stranger.has_lists) {
    const auto listing = co_await ask_lists(services, sender.client);
    stranger.listed_by = listed_by(services, listing);
  }
  const auto delay = services.strangers.greylist;
  const auto now = services.clock.now();
  stranger.greylists = delay.count() > 0;
  stranger.vouched_for = sender.spf_pass || sender.author_proven;
  const bool known = services.conduct.has_sent_well(sender, now);
  const auto wait = services.greylist.peek(*sender.client, sender.envelope, delay, now);
  stranger.must_wait = known ? std::chrono::seconds(0) : wait.value_or(std::chrono::seconds(0));
}

}  // namespace

net::Task<policy::Why> explain(const Services& services, policy::WhyQuestion question) {
  policy::Why why{.facts = facts_of(services, question),
                  .entries = {},
                  .relation_key = {},
                  .found = {},
                  .verdict = {},
                  .steps = {}};
  if (why.facts.domain_is_local) {
    co_await find_mailbox(services, why);
    const Mailbox owner = why.facts.owner.value_or(why.facts.recipient);
    why.facts.screening = screening_of(services, owner);
    why.facts.exceptions = find_exceptions(services, question.sender, why.facts.recipient, why.facts.owner);
    why.entries = services.exceptions.explain(question.sender, why.facts.recipient);
    if (owner != why.facts.recipient) {
      std::ranges::move(services.exceptions.explain(question.sender, owner), std::back_inserter(why.entries));
    }
    co_await find_relation(services, question, why);
    co_await find_stranger(services, question, why);
  }
  if (!why.facts.mailbox) why.facts.mailbox = policy::MailboxStatus::Unknown;
  auto judgement = policy::judge(why.facts);
  if (auto* verdict = std::get_if<policy::Verdict>(&judgement)) why.verdict = *std::move(verdict);
  policy::take_apart(why, question);
  co_return why;
}

}  // namespace cas::inbound
