// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses through inet_pton and inet_ntop, which look at nothing but their arguments.
#include "base/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace cas {

namespace {

template <class Octets>
std::optional<IpAddress> parsed(int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.size() >= terminated.size() || text.contains('\0')) return std::nullopt;
  std::ranges::copy(text, terminated.begin());
  Octets octets{};
  if (inet_pton(family, terminated.data(), octets.data()) != 1) return std::nullopt;
  return IpAddress(octets);
}

}  // namespace

IpAddress::IpAddress(const V4Octets& octets) {
  std::ranges::copy(octets, octets_.begin());
}

IpAddress::IpAddress(const V6Octets& octets) : v4_(false), octets_(octets) {}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const auto v4 = parse_v4(text);
  if (v4) return v4;
  const auto v6 = parse_v6(text);
  return v6 ? std::optional(v6->unmapped()) : std::nullopt;
}

std::optional<IpAddress> IpAddress::parse_v4(std::string_view text) {
  return parsed<V4Octets>(AF_INET, text);
}

std::optional<IpAddress> IpAddress::parse_v6(std::string_view text) {
  return parsed<V6Octets>(AF_INET6, text);
}

std::string IpAddress::text() const {
  std::array<char, INET6_ADDRSTRLEN> printed{};
  inet_ntop(v4_ ? AF_INET : AF_INET6, octets_.data(), printed.data(), printed.size());
  return printed.data();
}

IpAddress IpAddress::unmapped() const {
  constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // RFC 4291 §2.5.5.2
  if (v4_ || !std::ranges::equal(prefix, std::span(octets_).first<12>())) return *this;
  return IpAddress(V4Octets{octets_[12], octets_[13], octets_[14], octets_[15]});
}

bool IpAddress::is_within(const IpAddress& network, unsigned bits) const {
  const auto mine = octets();
  const auto theirs = network.octets();
  if (v4_ != network.v4_ || bits > mine.size() * 8) return false;
  const unsigned whole = bits / 8;
  if (!std::ranges::equal(mine.first(whole), theirs.first(whole))) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || (mine[whole] ^ theirs[whole]) >> (8 - rest) == 0;
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return fault == std::errc{} && end == digits.data() + digits.size() ? std::optional(port) : std::nullopt;
}

}  // namespace cas
