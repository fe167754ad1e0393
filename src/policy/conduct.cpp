// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See conduct.hpp.
#include "policy/conduct.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/relationship.hpp"

namespace cas::policy {
namespace {

using std::chrono::hours;

constexpr hours a_day{24};
constexpr std::size_t most_names = 50000;
constexpr std::size_t most_buckets = 50000;
constexpr double signer_share = 0.05;   // CAS §8.5: of what it gets to mailboxes in a day
constexpr double network_share = 0.20;  // of all recipients that it names in an hour

Buckets buckets_of(std::size_t share, hours span) {
  const auto burst = static_cast<double>(share);
  const std::chrono::duration<double, std::ratio<60>> minutes = span;
  return Buckets({.per_minute = burst / minutes.count(), .burst = burst, .max_keys = most_buckets});
}

bool is_exempt(const ConductLimits& limits, const SenderIdentity& sender) {
  return sender.client &&
         std::ranges::any_of(limits.exempt, [&](const Network& network) { return network.holds(*sender.client); });
}

/// "192.0.2.0/24"; empty: no IP address.
std::string network_name(const SenderIdentity& sender) {
  if (!sender.client) return {};
  const auto network = client_network(*sender.client);
  return network.address.text() + '/' + std::to_string(network.bits);
}

/// Who is answerable for the message, by proof; none: nobody.
std::optional<Domain> answerable(const SenderIdentity& sender) {
  if (sender.signer) return organizational_domain(*sender.signer);
  if (sender.author_proven && sender.author && sender.author->domain()) {
    return organizational_domain(*sender.author->domain());
  }
  return {};
}

/// Whether one miss more would be one too many.
bool is_used_up(const History& history, std::size_t allowed, double more) {
  return history.misses > static_cast<double>(allowed) - 1 + more;
}

}  // namespace

Conduct::Conduct(std::uint64_t seed)
    : state_(State{.limits = {},
                   .domains = Reputation({.capacity = most_names}, seed),
                   .networks = Reputation({.capacity = most_names, .miss_memory = hours(1)}, seed),
                   .network_messages = Buckets({}),
                   .mailbox_messages = Buckets({}),
                   .new_messages = Buckets({}),
                   .new_recipients = Buckets({})}) {
  state_.with([](State& state) { renew_rates(state); });
}

void Conduct::renew_rates(State& state) {
  const auto& limits = state.limits;
  state.network_messages = buckets_of(limits.network_messages_per_hour, hours(1));
  state.mailbox_messages = buckets_of(limits.mailbox_messages_per_hour, hours(1));
  state.new_messages = buckets_of(limits.new_domain_messages_per_day, a_day);
  state.new_recipients = buckets_of(limits.new_domain_recipients_per_day, a_day);
}

void Conduct::set_limits(ConductLimits limits) {
  state_.with([&](State& state) {
    if (state.limits == limits) return;
    state.limits = std::move(limits);
    renew_rates(state);
  });
}

// A server that is new itself knows nobody, and calls nobody new. Who does more harm than good is never known for long.
bool Conduct::is_new(const State& state, const Domain& organization, TimePoint now) {
  const auto span = state.limits.new_domain;
  if (span <= std::chrono::seconds{0} || now - state.began < span || is_public_provider(organization)) return false;
  const auto history = state.domains.find(organization.text(), now);
  if (!history || history->bad > history->good) return true;
  return history->first - state.began >= span && is_within(history->first, now, span);
}

Excess Conduct::excess(const SenderIdentity& sender, const Mailbox& recipient, TimePoint now) const {
  const std::string network = network_name(sender);
  const auto domain = answerable(sender);
  const std::string mailbox = relation_mailbox(recipient);
  return state_.with([&](const State& state) {
    Excess excess;
    const auto& limits = state.limits;
    if (is_exempt(limits, sender)) return excess;
    if (limits.mailbox_messages_per_hour > 0) excess.mailbox = !state.mailbox_messages.has(mailbox, now);
    if (!network.empty() && limits.network_messages_per_hour > 0) {
      excess.network_messages = !state.network_messages.has(network, now);
    }
    if (const auto history = state.networks.find(network, now); history && limits.network_unknown_per_hour > 0) {
      const double hit = state.networks.good_in(*history, hours(1));
      excess.network_unknown = is_used_up(*history, limits.network_unknown_per_hour, 0) &&
                               history->misses >= network_share * (history->misses + hit);
    }
    if (!domain) return excess;
    if (const auto history = state.domains.find(domain->text(), now); history && limits.signer_unknown_per_day > 0) {
      const double hit = state.domains.good_in(*history, a_day);
      excess.signer_unknown = sender.signer && is_used_up(*history, limits.signer_unknown_per_day, signer_share * hit);
    }
    if (!is_new(state, *domain, now)) return excess;
    const bool messages = limits.new_domain_messages_per_day == 0 || state.new_messages.has(domain->text(), now);
    const bool recipients = limits.new_domain_recipients_per_day == 0 || state.new_recipients.has(domain->text(), now);
    excess.new_domain = !messages || !recipients;
    return excess;
  });
}

bool Conduct::has_sent_well(const SenderIdentity& sender, TimePoint now) const {
  constexpr double lately = 0.5;  // of one message, a week ago
  const std::string network = network_name(sender);
  return state_.with([&](const State& state) {
    if (is_exempt(state.limits, sender)) return true;
    const auto history = state.networks.find(network, now);
    return history && history->good >= lately && history->good > history->bad + history->misses;
  });
}

void Conduct::accepted(const SenderIdentity& sender, std::span<const Mailbox> recipients, TimePoint now) {
  const std::string network = network_name(sender);
  const auto domain = answerable(sender);
  std::vector<std::string> mailboxes;
  mailboxes.reserve(recipients.size());
  for (const auto& recipient : recipients) mailboxes.push_back(relation_mailbox(recipient));
  state_.with([&](State& state) {
    if (is_exempt(state.limits, sender)) return;
    if (state.limits.mailbox_messages_per_hour > 0) {
      for (const auto& mailbox : mailboxes) state.mailbox_messages.spend(mailbox, now);
    }
    if (!network.empty() && state.limits.network_messages_per_hour > 0) state.network_messages.spend(network, now);
    for (std::size_t n = 0; n < mailboxes.size(); ++n) state.networks.note(network, Deed::Good, now);
    if (!domain) return;
    if (is_new(state, *domain, now)) {
      state.new_messages.spend(domain->text(), now);
      state.new_recipients.spend(domain->text(), now, mailboxes.size());
    }
    for (std::size_t n = 0; n < mailboxes.size(); ++n) state.domains.note(domain->text(), Deed::Good, now);
  });
}

void Conduct::told_unknown(const SenderIdentity& sender, TimePoint now) {
  const std::string network = network_name(sender);
  const auto domain = answerable(sender);
  state_.with([&](State& state) {
    if (is_exempt(state.limits, sender)) return;
    state.networks.note(network, Deed::Miss, now);
    if (domain) state.domains.note(domain->text(), Deed::Miss, now);
  });
}

void Conduct::misbehaved(const SenderIdentity& sender, TimePoint now) {
  const std::string network = network_name(sender);
  const auto domain = answerable(sender);
  state_.with([&](State& state) {
    if (is_exempt(state.limits, sender)) return;
    state.networks.note(network, Deed::Bad, now);
    if (domain) state.domains.note(domain->text(), Deed::Bad, now);
  });
}

std::vector<Conduct::Remembered> Conduct::remembered() const {
  return state_.with([](const State& state) {
    std::vector<Remembered> all;
    all.reserve(state.domains.size() + state.networks.size());
    const auto add = [&](std::string_view kind, const Reputation& table) {
      table.for_each([&](std::string_view name, const History& history) {
        all.push_back({.name = std::string(kind) + std::string(name), .history = history});
      });
    };
    add("o:", state.domains);
    add("n:", state.networks);
    return all;
  });
}

std::size_t Conduct::size() const {
  return state_.with([](const State& state) {
    return state.domains.size() + state.networks.size() + state.network_messages.size() +
           state.mailbox_messages.size() + state.new_messages.size() + state.new_recipients.size();
  });
}

TimePoint Conduct::began() const {
  return state_.with([](const State& state) { return state.began; });
}

void Conduct::restore(const std::vector<Remembered>& all, TimePoint began, TimePoint now) {
  state_.with([&](State& state) {
    state.began = std::min(began, now);
    for (const auto& one : all) {
      const std::string_view name = one.name;
      if (name.starts_with("o:")) state.domains.restore(name.substr(2), one.history, now);
      if (name.starts_with("n:")) state.networks.restore(name.substr(2), one.history, now);
    }
  });
}

}  // namespace cas::policy
