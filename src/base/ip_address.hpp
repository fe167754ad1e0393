// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An IPv4 or IPv6 address as a value: read, written, compared with a network.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cas {

class IpAddress {
 public:
  using V4Octets = std::array<std::uint8_t, 4>;
  using V6Octets = std::array<std::uint8_t, 16>;

  /// 0.0.0.0
  IpAddress() = default;
  explicit IpAddress(const V4Octets& octets);
  explicit IpAddress(const V6Octets& octets);

  /// Either family. An IPv4 address mapped into IPv6 (::ffff:192.0.2.1) is the IPv4 address that it stands for: a
  /// client is the same client whichever socket it came through. Refuses zones ("%eth0"), leading zeros, blanks.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  /// One family; a mapped address stays IPv6.
  [[nodiscard]] static std::optional<IpAddress> parse_v4(std::string_view text);
  [[nodiscard]] static std::optional<IpAddress> parse_v6(std::string_view text);

  [[nodiscard]] bool is_v4() const { return v4_; }
  /// Four or sixteen, as on the wire.
  [[nodiscard]] std::span<const std::uint8_t> octets() const { return {octets_.data(), v4_ ? 4U : 16U}; }
  /// "192.0.2.1", "2001:db8::1" (RFC 5952).
  [[nodiscard]] std::string text() const;
  /// The IPv4 address for a mapped one; every other address as it is.
  [[nodiscard]] IpAddress unmapped() const;
  /// Whether its first `bits` bits are those of `network`; 0 bits: every address of the family. Never across families.
  [[nodiscard]] bool is_within(const IpAddress& network, unsigned bits) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v4_ = true;
  V6Octets octets_{};  // an IPv4 address fills the first four
};

/// A port in decimal digits; 0 is one too. None: anything else.
[[nodiscard]] std::optional<std::uint16_t> parse_port(std::string_view digits);

}  // namespace cas
