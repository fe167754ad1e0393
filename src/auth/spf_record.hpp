// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The SPF record (RFC 7208 §4.5, §4.6, §5, §6, §12). Internal to SPF.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/spf_macro.hpp"
#include "auth/spf_result.hpp"

namespace cas::auth {

/// One mechanism with its qualifier.
struct SpfDirective {
  enum class Mechanism { All, Include, A, Mx, Ptr, Ip4, Ip6, Exists };

  Mechanism mechanism = Mechanism::All;
  SpfResult result = SpfResult::Pass;    // when it matches
  std::string_view term;                 // as written
  std::optional<SpfMacroString> domain;  // a, mx, ptr: none means the current domain
  IpAddress network;                     // ip4, ip6
  unsigned v4_bits = 32, v6_bits = 128;  // a, mx, and ip4 or ip6
};

struct SpfModifier {
  std::string_view term;
  SpfMacroString domain;
};

/// Views into the text that it was read from.
struct SpfRecord {
  std::vector<SpfDirective> directives;
  std::optional<SpfModifier> redirect, exp;
};

struct SpfSyntaxError {
  std::string term;  // as written; empty when it is the record as a whole
  std::string why;   // for people; what strangers wrote is made printable
};

/// RFC 7208 §3.4 asks for records that fit into 512 octets with all else; some are a few thousand long.
inline constexpr std::size_t max_spf_record = 8192;

/// §4.5: begins with "v=spf1", any case, which a blank or the end follows.
[[nodiscard]] bool is_spf_record(std::string_view text);

/// `text` is one. The first syntax error, wherever it stands (§4.6); a record above max_spf_record is one.
[[nodiscard]] std::expected<SpfRecord, SpfSyntaxError> parse_spf_record(std::string_view text);

}  // namespace cas::auth
