// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may connect: how many at once in all, from one client, from its network, and how often. One table for the whole
// server. Bounded: it counts what is open, and remembers a bounded number of clients for a minute.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "policy/buckets.hpp"
#include "policy/network.hpp"

namespace cas::policy {

struct ConnectionLimits {
  std::size_t total = 2000;
  std::size_t per_client = 50;    // an IPv4 address, an IPv6 /64
  std::size_t per_network = 200;  // an IPv4 /24, an IPv6 /48
  std::size_t per_minute = 600;   // new ones from one client
  std::size_t handshakes = 200;   // TLS handshakes under way
  std::vector<Network> exempt{};  // bounded by `total` alone
};

/// How many of `limit` one client may hold while `open` of `total` places are taken: all of it while a quarter of the
/// places is free, then less and less; the last places are for those who have none.
[[nodiscard]] std::size_t share_under_pressure(std::size_t limit, std::size_t open, std::size_t total);

/// A quarter of the places, or less, is free.
[[nodiscard]] bool is_busy(std::size_t open, std::size_t total);

/// Why a client has to go.
enum class Crowd { Server, Client, Network, Rate };
/// "server", "client", "network", "rate".
[[nodiscard]] std::string_view word(Crowd crowd);

/// Thread-safe.
class Connections {
 public:
  /// An open connection; gives its place back when it goes. The table outlives it.
  class Place {
   public:
    Place(Place&& other) noexcept : table_(std::exchange(other.table_, nullptr)), client_(other.client_) {}
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class Connections;
    Place(Connections& table, std::optional<IpAddress> client) : table_(&table), client_(client) {}
    Connections* table_;
    std::optional<IpAddress> client_;
  };
  /// A TLS handshake under way.
  class Handshake {
   public:
    Handshake(Handshake&& other) noexcept : table_(std::exchange(other.table_, nullptr)), client_(other.client_) {}
    Handshake& operator=(Handshake&&) = delete;
    ~Handshake();

   private:
    friend class Connections;
    Handshake(Connections& table, std::optional<IpAddress> client) : table_(&table), client_(client) {}
    Connections* table_;
    std::optional<IpAddress> client_;
  };
  struct Refused {
    Crowd crowd = Crowd::Server;
    std::size_t tell = 0;  // not 0: so many refusals of this client since the last that was told; at most one a minute
  };
  struct Entered {
    std::optional<Place> place;  // none: refused
    Refused refused;
  };

  explicit Connections(ConnectionLimits limits);

  /// `address`: of the peer; anything that is no IP address is counted in `total` alone.
  [[nodiscard]] Entered enter(std::string_view address, TimePoint now);
  /// None: too many are under way; of this client, where the places get few.
  [[nodiscard]] std::optional<Handshake> begin_handshake(std::string_view address);
  /// A handshake that failed costs the client as much as ten connections: each cost us a signature.
  void count_failed_handshake(std::string_view address, TimePoint now);
  /// Time-outs get short.
  [[nodiscard]] bool busy() const;
  [[nodiscard]] std::size_t open() const;
  /// How many clients are remembered, in all.
  [[nodiscard]] std::size_t remembered() const;
  /// For the connections to come; those that are open stay.
  void set_limits(ConnectionLimits limits);

 private:
  struct Told {
    TimePoint at;
    std::size_t since = 0;
  };
  struct State {
    ConnectionLimits limits;
    std::size_t open = 0;
    std::size_t handshakes = 0;
    std::map<IpAddress, std::size_t> clients, networks, shaking;
    Buckets rate;
    std::map<IpAddress, Told> told;
    TimePoint swept{};  // when `told` was last gone through
  };
  static std::optional<Crowd> crowd_of(State& state, const std::optional<IpAddress>& client, TimePoint now);
  static std::size_t to_tell(State& state, const IpAddress& client, TimePoint now);
  void leave(const std::optional<IpAddress>& client);
  void end_handshake(const std::optional<IpAddress>& client);

  Guarded<State> state_;
};

}  // namespace cas::policy
