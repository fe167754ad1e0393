// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A network of IP addresses as a value: an address and how many of its bits count.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"

namespace cas {

struct IpNetwork {
  IpAddress address;
  unsigned bits = 32;

  /// "10.0.0.0/8", "2001:db8::/32", or an address alone, which is a network of one. Refuses bits set behind the prefix
  /// ("10.1.2.3/8": which of the two is meant?) and IPv4 addresses mapped into IPv6.
  [[nodiscard]] static std::optional<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& host) const { return host.is_within(address, bits); }
  /// As parse() takes it, always with its bits.
  [[nodiscard]] std::string text() const { return address.text() + "/" + std::to_string(bits); }

  bool operator==(const IpNetwork&) const = default;
};

[[nodiscard]] inline bool is_within_any(const IpAddress& host, const std::vector<IpNetwork>& networks) {
  return std::ranges::any_of(networks, [&](const IpNetwork& network) { return network.contains(host); });
}

/// In a network that nobody reaches from elsewhere (RFC 6890): private, shared, loopback, link-local, multicast, none.
[[nodiscard]] bool is_private(const IpAddress& address);

/// Of this machine alone (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3).
[[nodiscard]] bool is_loopback(const IpAddress& address);

}  // namespace cas
