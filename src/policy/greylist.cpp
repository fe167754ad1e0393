// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See greylist.hpp.
#include "policy/greylist.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "policy/network.hpp"

namespace cas::policy {
namespace {

/// An envelope sender that differs each time (VERP, SRS) is another one each time; such senders have SPF.
std::string key_of(const IpAddress& client, const ReversePath& sender) {
  const auto network = client_network(client);
  return network.address.text() + ' ' + to_lower(sender.path());
}

std::optional<std::chrono::seconds> left_of(TimePoint first, std::chrono::seconds delay, TimePoint now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(first + delay - now);
  return left.count() > 0 ? std::optional(std::min(left, delay)) : std::nullopt;
}

}  // namespace

std::optional<std::chrono::seconds> Greylist::ask(const IpAddress& client, const ReversePath& sender,
                                                  std::chrono::seconds delay, TimePoint now) {
  return state_.with([&](State& state) -> std::optional<std::chrono::seconds> {
    forget_old(state, now);
    auto key = key_of(client, sender);
    const auto known = state.first.find(key);
    if (known == state.first.end()) {
      if (state.first.size() >= options_.most) return std::nullopt;
      state.order.push_back(key);
      state.first.emplace(std::move(key), now);
      return delay;
    }
    return left_of(known->second, delay, now);
  });
}

// A clock that was set back makes nobody wait longer than once more.
bool Greylist::is_remembered(TimePoint first, TimePoint now) const {
  return now - first < options_.remembered && now >= first;
}

void Greylist::forget_old(State& state, TimePoint now) const {
  while (!state.order.empty()) {
    const auto oldest = state.first.find(state.order.front());
    if (is_remembered(oldest->second, now)) return;
    state.first.erase(oldest);
    state.order.pop_front();
  }
}

std::optional<std::chrono::seconds> Greylist::peek(const IpAddress& client, const ReversePath& sender,
                                                   std::chrono::seconds delay, TimePoint now) const {
  return state_.with([&](const State& state) {
    const auto known = state.first.find(key_of(client, sender));
    const bool waits = known != state.first.end() && is_remembered(known->second, now);
    return waits ? left_of(known->second, delay, now) : std::optional(delay);
  });
}

std::size_t Greylist::size() const {
  return state_.with([](const State& state) { return state.first.size(); });
}

}  // namespace cas::policy
