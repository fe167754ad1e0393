// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading a network.
#include "base/ip_network.hpp"

#include <charconv>

namespace cas {

namespace {

bool has_bits_behind(const IpAddress& address, unsigned bits) {
  const auto octets = address.octets();
  for (unsigned n = bits; n < octets.size() * 8; ++n) {
    if ((octets[n / 8] >> (7 - n % 8) & 1) != 0) return true;
  }
  return false;
}

std::optional<unsigned> parse_bits(std::string_view digits, unsigned most) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
  unsigned bits = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  if (fault != std::errc{} || end != digits.data() + digits.size() || bits > most) return std::nullopt;
  return bits;
}

}  // namespace

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto digits = text.substr(0, slash);
  auto address = IpAddress::parse_v4(digits);
  if (!address) address = IpAddress::parse_v6(digits);
  if (!address || address->unmapped() != *address) return std::nullopt;
  const auto most = static_cast<unsigned>(address->octets().size()) * 8;
  if (slash == std::string_view::npos) return IpNetwork{.address = *address, .bits = most};
  const auto bits = parse_bits(text.substr(slash + 1), most);
  if (!bits || has_bits_behind(*address, *bits)) return std::nullopt;
  return IpNetwork{.address = *address, .bits = *bits};
}

bool is_private(const IpAddress& address) {
  static const std::vector<IpNetwork> networks = [] {
    std::vector<IpNetwork> all;
    for (const std::string_view text : {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
                                        "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/4", "240.0.0.0/4", "::/128",
                                        "::1/128", "fc00::/7", "fe80::/10", "ff00::/8", "fec0::/10", "100::/64"}) {
      all.push_back(IpNetwork::parse(text).value());
    }
    return all;
  }();
  return is_within_any(address, networks);
}

bool is_loopback(const IpAddress& address) {
  static const IpNetwork v4 = IpNetwork::parse("127.0.0.0/8").value(), v6 = IpNetwork::parse("::1").value();
  return v4.contains(address) || v6.contains(address);
}

}  // namespace cas
