// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SPF's macros (RFC 7208 §7): text that is read once, with all its errors, and expanded when its values are known.
// Internal to SPF.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/time.hpp"

namespace cas::auth {

/// What the letters stand for (§7.2).
struct SpfMacroValues {
  std::string local;          // l
  std::string sender_domain;  // o
  std::string domain;         // d: of the record at hand
  IpAddress ip;               // i, c, v
  std::string validated;      // p
  std::string helo;           // h
  std::string receiver;       // r; "unknown" when empty
  UnixTime now;               // t
};

/// Views into the text that it was read from.
class SpfMacroString {
 public:
  /// domain-spec (§7.1): ends in a macro, or in "." and a top label. The error says what is wrong, for people.
  [[nodiscard]] static std::expected<SpfMacroString, std::string> parse_domain_spec(std::string_view text);
  /// macro-string: the value of an unknown modifier, whose letters may be any.
  [[nodiscard]] static std::expected<SpfMacroString, std::string> parse_macro_string(std::string_view text);
  /// explain-string (§6.2): blanks too, and the letters c, r and t.
  [[nodiscard]] static std::expected<SpfMacroString, std::string> parse_explain_string(std::string_view text);

  /// Whether a macro of this letter (lower case) is in it.
  [[nodiscard]] bool uses(char letter) const;
  /// For a look-up: whole labels are dropped from the left until 253 octets are not exceeded (§7.3).
  [[nodiscard]] std::string expand_name(const SpfMacroValues& values) const;
  /// None when it would be longer than `limit`.
  [[nodiscard]] std::optional<std::string> expand_text(const SpfMacroValues& values, std::size_t limit) const;

 private:
  struct Piece {
    std::string_view literal;
    char letter = 0;  // of a macro, lower case; 0 for a literal
    bool url_escaped = false;
    bool reversed = false;
    unsigned keep = 0;  // parts from the right; 0: all
    std::string_view delimiters;
  };
  struct Rules {
    bool blanks = false;
    bool all_letters = false;
  };
  static std::expected<SpfMacroString, std::string> parse(std::string_view text, Rules rules);
  static std::expected<Piece, std::string> parse_macro(std::string_view& rest, Rules rules);
  static std::string expanded(const Piece& piece, const SpfMacroValues& values);

  std::vector<Piece> pieces_;
};

/// "1.2.0.192", and nibbles for IPv6, last first: what stands before in-addr.arpa and ip6.arpa.
[[nodiscard]] std::string spf_reverse_name(const IpAddress& ip);

}  // namespace cas::auth
