// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SMTP replies (RFC 5321 §4.2) with enhanced status codes (RFC 2034, RFC 3463).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace cas::smtp {

/// "2.1.5". `klass` 0 means: none.
struct EnhancedCode {
  int klass = 0;
  int subject = 0;
  int detail = 0;
  auto operator<=>(const EnhancedCode&) const = default;
  [[nodiscard]] std::string text() const;
};

/// One reply. `lines` are texts without code, enhanced code and CRLF; at least one (it may be empty).
struct Reply {
  int code = 0;
  EnhancedCode enhanced{};
  std::vector<std::string> lines;

  Reply() = default;
  Reply(int reply_code, EnhancedCode enhanced_code, std::string text)
      : code(reply_code), enhanced(enhanced_code), lines{std::move(text)} {}

  [[nodiscard]] bool positive() const { return code >= 200 && code < 400; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500; }

  /// As sent: every line with code and enhanced code (RFC 2034 §4), CRLF each, no line above 512 octets; control
  /// characters and octets outside ASCII in the texts become "?".
  [[nodiscard]] std::string wire() const;
  /// One line for logs, bounces and people: "550 5.1.1 no such user"; lines joined by one space.
  [[nodiscard]] std::string summary() const;
  /// The same with at most `most` octets of text, line ends counted; what was cut (between two characters of UTF-8)
  /// ends in " [cut]", which comes on top.
  [[nodiscard]] Reply shortened(std::size_t most) const;

  auto operator<=>(const Reply&) const = default;
};

/// The only place where an Error becomes a reply: 451 4.3.0 or 554 5.3.0 with the public text. The private reason is
/// not shown.
[[nodiscard]] Reply reply_for(const Error& error);

/// Assembles the lines of one reply. Bounded: at most 128 lines, line length is the LineReader's business.
class ReplyParser {
 public:
  /// A line without CRLF. A Reply when it was the last line; none when more follow. A line that is no reply line, or
  /// whose code differs from the lines before, is a transient error: the connection is of no further use.
  [[nodiscard]] Result<std::optional<Reply>> on_line(std::string_view line);

 private:
  Reply partial_;
};

}  // namespace cas::smtp
