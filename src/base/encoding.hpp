// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Octets as text: base64 (RFC 4648 §4), base64url without padding (§5), hexadecimal; and ASCII helpers that do not
// look at the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cas {

using Octets = std::vector<std::uint8_t>;

[[nodiscard]] std::span<const std::uint8_t> as_octets(std::string_view text);

[[nodiscard]] std::string base64(std::span<const std::uint8_t> octets);
/// Refuses anything outside the alphabet, missing padding and non-zero unused bits.
[[nodiscard]] std::optional<Octets> from_base64(std::string_view text);

/// base64 as signatures and key records may be written (RFC 6376 §3.5: FWS is ignored): SP, HTAB, CR and LF anywhere,
/// padding whole or missing, unused bits of any value. Refuses everything else outside the alphabet.
[[nodiscard]] std::optional<Octets> from_base64_folded(std::string_view text);

[[nodiscard]] std::string base64url(std::span<const std::uint8_t> octets);
/// Refuses padding, anything outside the alphabet and non-zero unused bits: one spelling for each value.
[[nodiscard]] std::optional<Octets> from_base64url(std::string_view text);

/// Lower-case hexadecimal.
[[nodiscard]] std::string hex(std::span<const std::uint8_t> octets);

[[nodiscard]] constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
[[nodiscard]] constexpr bool is_alnum(char c) {
  return is_alpha(c) || is_digit(c);
}
[[nodiscard]] constexpr bool is_wsp(char c) {
  return c == ' ' || c == '\t';
}
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// ASCII letters only; other octets stay.
[[nodiscard]] std::string to_lower(std::string_view text);
[[nodiscard]] std::string to_upper(std::string_view text);
[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
/// Without leading and trailing SP and HTAB.
[[nodiscard]] std::string_view trim_wsp(std::string_view text);

/// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] bool is_ascii(std::string_view text);

/// Text from a peer made safe for a log line or a terminal: control characters (C1 too), DEL, backslash, Unicode's line
/// separators and direction overrides, and octets that are not UTF-8 become \xHH; cut to `limit` octets with "..."
/// where longer.
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 512);

}  // namespace cas
