// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Prefixes.
#include "policy/network.hpp"

#include <algorithm>
#include <charconv>

namespace cas::policy {

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned most = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return Network{.address = *address, .bits = most};
  const auto digits = text.substr(slash + 1);
  unsigned bits = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  const bool whole = fault == std::errc{} && end == digits.data() + digits.size() && digits.size() <= 3;
  if (!whole || bits > most) return std::nullopt;
  return Network{.address = *address, .bits = bits};
}

IpAddress masked(const IpAddress& address, unsigned bits) {
  const auto clear = [bits](auto octets) {
    for (unsigned n = 0; n < octets.size(); ++n) {
      const unsigned kept = std::clamp<int>(static_cast<int>(bits) - static_cast<int>(n * 8), 0, 8);
      octets[n] = static_cast<std::uint8_t>(octets[n] & (0xff00U >> kept));
    }
    return IpAddress(octets);
  };
  if (address.is_v4()) {
    IpAddress::V4Octets octets{};
    std::ranges::copy(address.octets(), octets.begin());
    return clear(octets);
  }
  IpAddress::V6Octets octets{};
  std::ranges::copy(address.octets(), octets.begin());
  return clear(octets);
}

Network client_network(const IpAddress& client) {
  const unsigned bits = client.is_v4() ? 24 : 48;
  return {.address = masked(client, bits), .bits = bits};
}

}  // namespace cas::policy
