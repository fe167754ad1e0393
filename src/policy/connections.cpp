// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Counting connections.
#include "policy/connections.hpp"

#include <algorithm>

namespace cas::policy {

namespace {

constexpr std::size_t max_told = 10000;
constexpr std::chrono::minutes telling_pause{1};
constexpr milliseconds sweeping_pause{1000};  // going through all of them costs more than the refusal
constexpr int failed_handshake_cost = 10;

// Who holds a /64 has as many addresses as he likes.
IpAddress client_of(const IpAddress& address) {
  return masked(address, address.is_v4() ? 32 : 64);
}

std::optional<IpAddress> parse_client(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return std::nullopt;
  return client_of(*parsed);
}

// One whom the limits concern.
std::optional<IpAddress> limited_client(const ConnectionLimits& limits, std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  if (!parsed) return std::nullopt;
  if (std::ranges::any_of(limits.exempt, [&](const Network& network) { return network.holds(*parsed); })) return {};
  return client_of(*parsed);
}

std::string key_of(const IpAddress& client) {
  const auto octets = client.octets();
  return {octets.begin(), octets.end()};
}

std::size_t count(const std::map<IpAddress, std::size_t>& counts, const IpAddress& who) {
  const auto found = counts.find(who);
  return found == counts.end() ? 0 : found->second;
}

void take_off(std::map<IpAddress, std::size_t>& counts, const IpAddress& who) {
  const auto found = counts.find(who);
  if (found != counts.end() && --found->second == 0) counts.erase(found);
}

BucketOptions rate_options(const ConnectionLimits& limits) {
  const auto number = static_cast<double>(limits.per_minute);
  return BucketOptions{.per_minute = number, .burst = number, .max_keys = 100000};
}

}  // namespace

std::size_t share_under_pressure(std::size_t limit, std::size_t open, std::size_t total) {
  const std::size_t reserve = total / 4;
  const std::size_t free = total > open ? total - open : 0;
  if (free >= reserve) return limit;
  return std::max<std::size_t>(limit * free / reserve, 1);
}

bool is_busy(std::size_t open, std::size_t total) {
  return open >= total - total / 4;
}

std::string_view word(Crowd crowd) {
  switch (crowd) {
    case Crowd::Server: return "server";
    case Crowd::Client: return "client";
    case Crowd::Network: return "network";
    case Crowd::Rate: return "rate";
  }
  return "unknown";
}

Connections::Place::~Place() {
  if (table_ != nullptr) table_->leave(client_);
}

Connections::Handshake::~Handshake() {
  if (table_ != nullptr) table_->end_handshake(client_);
}

Connections::Connections(ConnectionLimits limits)
    : state_(State{.limits = limits,
                   .open = 0,
                   .handshakes = 0,
                   .clients = {},
                   .networks = {},
                   .shaking = {},
                   .rate = Buckets(rate_options(limits)),
                   .told = {},
                   .swept = {}}) {}

std::optional<Crowd> Connections::crowd_of(State& state, const std::optional<IpAddress>& client, TimePoint now) {
  const auto& limits = state.limits;
  if (client && !state.rate.take(key_of(*client), now)) return Crowd::Rate;
  if (state.open >= limits.total) return Crowd::Server;
  if (!client) return std::nullopt;
  const auto share = [&](std::size_t limit) { return share_under_pressure(limit, state.open, limits.total); };
  if (count(state.clients, *client) >= share(limits.per_client)) return Crowd::Client;
  // The neighbours of a flooder are not flooders: the network's share does not shrink to nothing.
  const std::size_t network = std::max(share(limits.per_network), std::min(limits.per_client, limits.per_network));
  if (count(state.networks, client_network(*client).address) >= network) return Crowd::Network;
  return std::nullopt;
}

Connections::Entered Connections::enter(std::string_view address, TimePoint now) {
  return state_.with([&](State& state) {
    const auto client = limited_client(state.limits, address);
    if (const auto crowd = crowd_of(state, client, now)) {
      const auto who = client ? client : parse_client(address);
      return Entered{.place = {}, .refused = {.crowd = *crowd, .tell = to_tell(state, who.value_or(IpAddress()), now)}};
    }
    ++state.open;
    if (client) {
      ++state.clients[*client];
      ++state.networks[client_network(*client).address];
    }
    return Entered{.place = Place(*this, client), .refused = {}};
  });
}

// The first refusal at once, then the number of those in between.
std::size_t Connections::to_tell(State& state, const IpAddress& client, TimePoint now) {
  auto& told = state.told;
  if (told.size() >= max_told && !told.contains(client)) {
    if (is_within(state.swept, now, sweeping_pause)) return 0;
    state.swept = now;
    std::erase_if(told, [&](const auto& entry) { return !is_within(entry.second.at, now, telling_pause); });
    if (told.size() >= max_told) return 0;
  }
  const auto [place, fresh] = told.try_emplace(client, Told{.at = now, .since = 0});
  if (fresh) return 1;
  ++place->second.since;
  if (is_within(place->second.at, now, telling_pause)) return 0;
  place->second.at = now;
  return std::exchange(place->second.since, 0);
}

void Connections::leave(const std::optional<IpAddress>& client) {
  state_.with([&](State& state) {
    --state.open;
    if (!client) return;
    take_off(state.clients, *client);
    take_off(state.networks, client_network(*client).address);
  });
}

std::optional<Connections::Handshake> Connections::begin_handshake(std::string_view address) {
  return state_.with([&](State& state) -> std::optional<Handshake> {
    const std::size_t most = state.limits.handshakes;
    if (state.handshakes >= most) return std::nullopt;
    const auto client = limited_client(state.limits, address);
    if (client) {
      const std::size_t share = share_under_pressure(state.limits.per_client, state.handshakes, most);
      if (count(state.shaking, *client) >= share) return std::nullopt;
      ++state.shaking[*client];
    }
    ++state.handshakes;
    return Handshake(*this, client);
  });
}

void Connections::end_handshake(const std::optional<IpAddress>& client) {
  state_.with([&](State& state) {
    --state.handshakes;
    if (client) take_off(state.shaking, *client);
  });
}

void Connections::count_failed_handshake(std::string_view address, TimePoint now) {
  state_.with([&](State& state) {
    const auto client = limited_client(state.limits, address);
    for (int n = 0; client && n < failed_handshake_cost; ++n) (void)state.rate.take(key_of(*client), now);
  });
}

bool Connections::busy() const {
  return state_.with([](const State& state) { return is_busy(state.open, state.limits.total); });
}

std::size_t Connections::open() const {
  return state_.with([](const State& state) { return state.open; });
}

std::size_t Connections::remembered() const {
  return state_.with([](const State& state) {
    return state.clients.size() + state.networks.size() + state.shaking.size() + state.rate.size() + state.told.size();
  });
}

void Connections::set_limits(ConnectionLimits limits) {
  state_.with([&](State& state) {
    if (limits.per_minute != state.limits.per_minute) state.rate = Buckets(rate_options(limits));
    state.limits = std::move(limits);
  });
}

}  // namespace cas::policy
