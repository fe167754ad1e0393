// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See schedule.hpp.
#include "queue/schedule.hpp"

#include <algorithm>

namespace cas::queue {

GroupKey group_of(const store::QueueId& id, const store::Recipient& recipient) {
  const Mailbox& address = recipient.address;
  return {.id = id,
          .route = recipient.route,
          .domain = address.domain() ? address.domain()->text() : '[' + address.literal()->text + ']'};
}

std::strong_ordering Schedule::Turn::operator<=>(const Turn& other) const {
  if (const auto order = next <=> other.next; order != 0) return order;
  return *group <=> *other.group;
}

TimePoint Schedule::earliest(const Group& group) {
  return std::ranges::min(group.waiting, {}, &Slot::next).next;
}

void Schedule::enter(Groups::const_iterator at) {
  const auto& [key, group] = *at;
  if (!group.leased && !group.waiting.empty()) turns(key).insert({.next = earliest(group), .group = &key});
}

void Schedule::leave(Groups::const_iterator at) {
  const auto& [key, group] = *at;
  if (!group.leased && !group.waiting.empty()) turns(key).erase({.next = earliest(group), .group = &key});
}

void Schedule::add(const GroupKey& key, std::uint32_t recipient, TimePoint next, bool recovered) {
  const auto at = groups_.try_emplace(key).first;
  leave(at);
  at->second.waiting.push_back({.next = next, .recipient = recipient});
  at->second.recovered = at->second.recovered || recovered;
  enter(at);
}

std::optional<Schedule::Lease> Schedule::take(store::Route route, TimePoint now) {
  const auto& waiting = turns_[static_cast<std::size_t>(route)];
  if (waiting.empty() || waiting.begin()->next > now) return std::nullopt;
  const auto at = groups_.find(*waiting.begin()->group);
  leave(at);
  auto& [key, group] = *at;
  Lease lease{.group = key, .recipients = {}, .recovered = std::exchange(group.recovered, false)};
  std::erase_if(group.waiting, [&](const Slot& slot) {
    if (slot.next > now) return false;
    lease.recipients.push_back(slot.recipient);
    return true;
  });
  std::ranges::sort(lease.recipients);
  group.leased = true;
  return lease;
}

void Schedule::end(const GroupKey& key) {
  const auto at = groups_.find(key);
  if (at == groups_.end() || !at->second.leased) return;
  at->second.leased = false;
  if (at->second.waiting.empty()) {
    groups_.erase(at);
  } else {
    enter(at);
  }
}

std::optional<TimePoint> Schedule::next_due(store::Route route) const {
  const auto& waiting = turns_[static_cast<std::size_t>(route)];
  return waiting.empty() ? std::nullopt : std::optional(waiting.begin()->next);
}

std::size_t Schedule::make_due(Groups::iterator at, TimePoint now) {
  leave(at);
  for (Slot& slot : at->second.waiting) slot.next = std::min(slot.next, now);
  enter(at);
  return at->second.waiting.size();
}

std::size_t Schedule::make_due(const store::QueueId& id, TimePoint now) {
  std::size_t count = 0;
  auto at = groups_.lower_bound({.id = id, .route = {}, .domain = {}});
  for (; at != groups_.end() && (id.empty() || at->first.id == id); ++at) count += make_due(at, now);
  return count;
}

std::optional<TimePoint> Schedule::next_attempt(const GroupKey& key, std::uint32_t recipient) const {
  const auto at = groups_.find(key);
  if (at == groups_.end()) return std::nullopt;
  const auto slot = std::ranges::find(at->second.waiting, recipient, &Slot::recipient);
  return slot == at->second.waiting.end() ? std::nullopt : std::optional(slot->next);
}

}  // namespace cas::queue
