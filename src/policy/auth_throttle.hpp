// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How often a password may be guessed. Failures are counted, and forgotten as time goes by: those of a client's network
// (/24, /48), whatever names it gave, and those of a name, wherever they came from. A name that does not exist counts
// like any other, so that nobody learns from this who does. Whoever is locked out is told so before his password is
// looked at.
//
// Strangers cannot lock somebody out of where he usually is: a network from which a name has logged in has a count of
// its own for that name. Bounded; in memory: a restart forgets it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "policy/buckets.hpp"
#include "policy/network.hpp"

namespace cas::policy {

/// Failures in an hour; 0: as many as they like.
struct AuthLimits {
  std::size_t per_network = 100;
  std::size_t per_account = 20;
  std::vector<Network> exempt{};  // from per_network: a webmail server logs in for everybody
  bool operator==(const AuthLimits&) const = default;
};

enum class AuthLock { None, Network, Account };

/// Thread-safe.
class AuthThrottle {
 public:
  AuthThrottle() { begin_anew(AuthLimits()); }

  /// New limits begin anew for everybody; the same ones change nothing.
  void set_limits(AuthLimits limits);
  /// `address`: of the client, "192.0.2.1" or "2001:db8::1"; anything else is a network of its own.
  [[nodiscard]] AuthLock lock_of(const std::string& account, std::string_view address, TimePoint now) const;
  void count_failure(const std::string& account, std::string_view address, TimePoint now);
  /// What was mistyped there before is forgiven to the account, not to the network.
  void count_success(const std::string& account, std::string_view address, TimePoint now);

 private:
  struct State {
    explicit State(const AuthLimits& given);
    [[nodiscard]] bool knows(const std::string& place, TimePoint now) const;
    [[nodiscard]] bool exempts(std::string_view address) const;
    AuthLimits limits;
    Buckets networks, accounts, places;  // a place: an account in a network it has logged in from
    std::unordered_map<std::string, TimePoint> known_places;
  };
  void begin_anew(AuthLimits limits);
  Guarded<std::optional<State>> state_;
};

}  // namespace cas::policy
