// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Rests and their doubling.
#include "outbound/host_health.hpp"

#include <algorithm>

namespace cas::outbound {

bool HostHealth::rests(const Rest& rest, TimePoint now) {
  return is_within(rest.until - rest.length, now, rest.length);
}

void HostHealth::failed(const std::string& place, const smtp::Reply& reply, TimePoint now) {
  if (limits_.first.count() <= 0) return;
  const auto known = places_.find(place);
  if (known != places_.end()) {
    Rest& rest = known->second;
    if (rests(rest, now)) return;
    rest.length = std::min(rest.length * 2, limits_.longest);
    rest.until = now + rest.length;
    rest.reply = reply;
    return;
  }
  if (places_.size() >= limits_.places) {
    places_.erase(std::ranges::min_element(places_, {}, [](const auto& entry) { return entry.second.until; }));
  }
  const auto length = std::min(limits_.first, limits_.longest);
  places_.emplace(place, Rest{.length = length, .until = now + length, .reply = reply});
}

std::optional<smtp::Reply> HostHealth::resting(const std::string& place, TimePoint now) const {
  const auto known = places_.find(place);
  if (known == places_.end() || !rests(known->second, now)) return std::nullopt;
  return known->second.reply;
}

void HostHealth::refused_chunks(const std::string& place, TimePoint now) {
  if (without_chunks_.size() >= limits_.places && !without_chunks_.contains(place)) {
    without_chunks_.erase(
        std::ranges::min_element(without_chunks_, {}, [](const auto& entry) { return entry.second; }));
  }
  without_chunks_.insert_or_assign(place, now + limits_.without_chunks);
}

bool HostHealth::takes_chunks(const std::string& place, TimePoint now) const {
  const auto known = without_chunks_.find(place);
  return known == without_chunks_.end() ||
         !is_within(known->second - limits_.without_chunks, now, limits_.without_chunks);
}

}  // namespace cas::outbound
