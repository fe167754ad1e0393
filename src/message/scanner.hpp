// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The tokens of structured header fields (RFC 5322 §3.2), read from left to right: white space, comments and folding,
// atoms, quoted strings. Addresses and dates are read with it. Internal to message/.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.hpp"

namespace cas {

/// RFC 5322 §3.2.3, with every octet of non-ASCII characters (RFC 6532 §3.2). Well-formed UTF-8 is the business of
/// those who keep the value.
[[nodiscard]] constexpr bool is_atext(char c) {
  constexpr std::string_view kSpecials = "!#$%&'*+-/=?^_`{|}~";
  return is_alnum(c) || static_cast<unsigned char>(c) >= 0x80 || kSpecials.find(c) != std::string_view::npos;
}

/// NUL to 31 and DEL.
[[nodiscard]] constexpr bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// Never goes back, never calls itself: linear in the text. Control characters other than HTAB and folding CRLF are
/// refused also where §4.1 once permitted them (obs-NO-WS-CTL, obs-qp); octets above 127 are let through.
class Scanner {
 public:
  static constexpr std::size_t kMaxCommentDepth = 64;

  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  /// The next octet, NUL at the end.
  [[nodiscard]] char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  /// Takes `c` where it is next.
  bool take(char c);

  /// Comments, folding and white space (§3.2.2, §4.2); also none. False for a comment that does not end or nests
  /// too deep, and for a CR or LF that does not fold.
  [[nodiscard]] bool skip_cfws();
  /// Folding and white space only; also none.
  [[nodiscard]] bool skip_fws();

  /// The longest run of atext; may be empty.
  std::string_view atom();
  /// The longest run of digits; may be empty.
  std::string_view digits();
  /// The value of the quoted string that is next, quoted pairs resolved, folding undone (§3.2.4).
  std::optional<std::string> quoted_string();
  /// What stands between "[" and "]" without its white space (§3.4.1); a quoted pair is refused.
  std::optional<std::string> domain_literal();

 private:
  bool skip_comment();
  /// True when CRLF and white space are next: the CRLF is taken.
  bool take_fold();

  std::string_view rest_;
};

}  // namespace cas
