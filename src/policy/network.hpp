// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A range of IP addresses: "192.0.2.0/24", "2001:db8::/32", or one address.
#pragma once

#include <optional>
#include <string_view>

#include "base/ip_address.hpp"

namespace cas::policy {

struct Network {
  IpAddress address;
  unsigned bits = 32;

  /// None for anything that is no address, or has more bits than its family.
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);
  bool operator==(const Network&) const = default;
  [[nodiscard]] bool holds(const IpAddress& client) const { return client.is_within(address, bits); }
};

/// The address with all but its first `bits` bits cleared.
[[nodiscard]] IpAddress masked(const IpAddress& address, unsigned bits);

/// With whom a client is counted: its IPv4 /24, its IPv6 /48.
[[nodiscard]] Network client_network(const IpAddress& client);

}  // namespace cas::policy
