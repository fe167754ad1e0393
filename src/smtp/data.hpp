// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The DATA phase (RFC 5321 §4.1.1.4, §4.5.2): dots doubled on the way out, undone on the way in, CRLF "." CRLF found
// and nothing that merely looks like it. Streaming: memory does not grow with the message.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace cas::smtp {

/// Undoes dot-stuffing. A bare CR or LF makes the message malformed; it is still read to its end, so that the session
/// can answer and go on.
class DataDecoder {
 public:
  using Sink = std::function<void(std::string_view)>;

  /// `sink` receives the message's octets with CRLF line ends; after a fault it receives nothing more.
  explicit DataDecoder(Sink sink) : sink_(std::move(sink)) {}

  /// How many of `octets` belonged to the data: all of them, or those through the final CRLF.
  [[nodiscard]] std::size_t feed(std::string_view octets);
  [[nodiscard]] bool finished() const { return state_ == State::Done; }
  /// A bare CR, a bare LF or a NUL was seen.
  [[nodiscard]] bool malformed() const { return malformed_; }
  /// Octets of the message so far, dots undone.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  enum class State { LineStart, Dot, DotCr, Text, Cr, Done };
  std::size_t feed_text(std::string_view octets, std::size_t begin);
  void emit(std::string_view octets);

  Sink sink_;
  State state_ = State::LineStart;
  bool malformed_ = false;
  std::size_t size_ = 0;
};

/// Doubles leading dots and writes the end of data. Input is a message with CRLF line ends, cut anywhere. A bare CR or
/// LF, which no stored message should hold, goes out as CRLF: what leaves here cannot smuggle (RFC 5321 §2.3.8).
class DataEncoder {
 public:
  /// Appends the encoded octets to `out`.
  void encode(std::string_view octets, std::string& out);
  /// Appends "." CRLF, with a CRLF before it where the message did not end with one. The encoder is then as new.
  void finish(std::string& out);

 private:
  bool line_start_ = true;
  bool last_cr_ = false;
};

}  // namespace cas::smtp
