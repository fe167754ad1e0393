// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See auth_throttle.hpp.
#include "policy/auth_throttle.hpp"

#include <algorithm>

namespace cas::policy {

namespace {

constexpr std::size_t max_keys = 50000;
constexpr std::size_t max_places = 50000;
constexpr std::chrono::hours place_memory{30 * 24};

// An hour's worth at once, then as it comes back.
BucketOptions hourly(std::size_t failures) {
  const auto share = static_cast<double>(failures);
  return {.per_minute = share / 60, .burst = share, .max_keys = max_keys};
}

// Names hold no NUL.
std::string place_of(const std::string& account, const std::string& network) {
  return account + '\0' + network;
}

}  // namespace

AuthThrottle::State::State(const AuthLimits& given)
    : limits(given),
      networks(hourly(given.per_network)),
      accounts(hourly(given.per_account)),
      places(hourly(given.per_account)) {}

bool AuthThrottle::State::knows(const std::string& place, TimePoint now) const {
  const auto found = known_places.find(place);
  return found != known_places.end() && is_within(found->second, now, place_memory);
}

bool AuthThrottle::State::exempts(std::string_view address) const {
  if (limits.per_network == 0) return true;
  const auto parsed = IpAddress::parse(address);
  return parsed && std::ranges::any_of(limits.exempt, [&](const Network& network) { return network.holds(*parsed); });
}

void AuthThrottle::set_limits(AuthLimits limits) {
  const bool same = state_.with([&](const auto& state) { return state->limits == limits; });
  if (!same) begin_anew(std::move(limits));
}

void AuthThrottle::begin_anew(AuthLimits limits) {
  state_.with([&](auto& state) {
    auto known = state ? std::move(state->known_places) : std::unordered_map<std::string, TimePoint>();
    state.emplace(limits);
    state->known_places = std::move(known);
  });
}

AuthLock AuthThrottle::lock_of(const std::string& account, std::string_view address, TimePoint now) const {
  const std::string network = network_of(address);
  const std::string place = place_of(account, network);
  return state_.with([&](const auto& state) {
    if (!state->exempts(address) && !state->networks.has(network, now)) return AuthLock::Network;
    if (state->limits.per_account == 0) return AuthLock::None;
    const bool open = state->knows(place, now) ? state->places.has(place, now) : state->accounts.has(account, now);
    return open ? AuthLock::None : AuthLock::Account;
  });
}

void AuthThrottle::count_failure(const std::string& account, std::string_view address, TimePoint now) {
  const std::string network = network_of(address);
  const std::string place = place_of(account, network);
  state_.with([&](auto& state) {
    if (!state->exempts(address)) (void)state->networks.take(network, now);
    if (state->limits.per_account == 0) return;
    if (state->knows(place, now)) {
      (void)state->places.take(place, now);
    } else {
      (void)state->accounts.take(account, now);
    }
  });
}

void AuthThrottle::count_success(const std::string& account, std::string_view address, TimePoint now) {
  const std::string place = place_of(account, network_of(address));
  state_.with([&](auto& state) {
    state->places.forget(place);
    auto& known = state->known_places;
    if (known.size() >= max_places && !known.contains(place)) {
      std::erase_if(known, [&](const auto& entry) { return !is_within(entry.second, now, place_memory); });
      if (known.size() >= max_places) known.clear();
    }
    known.insert_or_assign(place, now);
  });
}

}  // namespace cas::policy
