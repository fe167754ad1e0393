// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Octets in, lines out, strictly: a line ends with CRLF and nothing else. A bare CR or a bare LF is an error, never a
// line end: that is what smuggling is made of (RFC 5321 §2.3.8).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace cas::smtp {

/// No complete line yet.
struct NeedMore {};
/// A complete line without its CRLF; valid until the next call.
struct Line {
  std::string_view text;
};
/// The line is longer than allowed: it was dropped through its CRLF. `beginning` is what it began with, enough to know
/// its verb by; valid until the next call.
struct TooLong {
  static constexpr std::size_t kept = 16;
  std::string_view beginning;
};
/// The line held a bare CR or LF, or NUL: it was dropped through its CRLF. Said also of lines that are too long.
struct Malformed {};

using LineEvent = std::variant<NeedMore, Line, TooLong, Malformed>;

/// Holds what was received and not yet consumed. Memory is bounded by the limit and the size of one feed.
class LineReader {
 public:
  void feed(std::string_view octets);
  /// The next line. `limit` is its greatest length in octets, CRLF included. While a line longer than the limit is
  /// still incomplete, its octets are thrown away as they come.
  [[nodiscard]] LineEvent next(std::size_t limit);

  /// Received, not consumed. Data phases take their octets from here first.
  [[nodiscard]] std::string_view pending() const;
  void consume(std::size_t octets);
  /// Forgets everything that was received (after STARTTLS: RFC 3207 §4.2).
  void clear();

 private:
  void discard_scanned();
  void keep_beginning(std::string_view text);

  std::string buffer_;
  std::string beginning_;             // of the line that is being thrown away, or was last
  std::size_t begin_ = 0;             // of what is not consumed
  std::size_t scanned_ = 0;           // no CRLF begins between begin_ and here
  bool discarding_ = false;           // the beginning of an incomplete line was thrown away...
  bool discarded_malformed_ = false;  // ...and held what no line may hold
};

}  // namespace cas::smtp
