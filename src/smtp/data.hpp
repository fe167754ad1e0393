// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How a message is transferred. DATA (RFC 5321 §4.1.1.4, §4.5.2): dots doubled on the way out, undone on the way in,
// CRLF "." CRLF found and nothing that merely looks like it. BDAT (RFC 3030): as many octets as were announced, judged
// by the same rules, so that a message is the same one whichever way it came (CAS §4.4). Streaming: memory grows
// neither with the message nor with a chunk.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// Puts the chunks of one message together. What makes the message malformed is what does in DataDecoder; a CRLF may
/// stand on both sides of a border between chunks. A last line that is not ended gets its CRLF.
class ChunkDecoder {
 public:
  using Sink = DataDecoder::Sink;

  /// `sink` receives the message's octets with CRLF line ends; after a fault it receives nothing more.
  explicit ChunkDecoder(Sink sink) : sink_(std::move(sink)) {}

  /// The next chunk has so many octets; the one before is finished().
  void begin(std::uint64_t octets) { left_ = octets; }
  /// How many of `octets` belonged to the chunk.
  [[nodiscard]] std::size_t feed(std::string_view octets);
  /// The chunk is complete.
  [[nodiscard]] bool finished() const { return left_ == 0; }
  /// The last chunk was complete: the message is.
  void end();
  /// A bare CR, a bare LF or a NUL was seen. A CR at the end of a chunk is not bare yet; at end() it is.
  [[nodiscard]] bool malformed() const { return malformed_; }
  /// Octets of the message so far, after end() with the CRLF that was added.
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  void judge(std::string_view octets);
  void emit(std::string_view octets);

  Sink sink_;
  std::uint64_t left_ = 0;  // of the chunk
  bool last_cr_ = false;    // held back: LF may follow
  bool line_start_ = true;
  bool malformed_ = false;
  std::size_t size_ = 0;
};

/// Drops a chunk that nobody wants, so that the session can go on behind it.
class ChunkSkipper {
 public:
  explicit ChunkSkipper(std::uint64_t octets) : left_(octets) {}
  /// How many of `octets` belonged to the chunk.
  [[nodiscard]] std::size_t feed(std::string_view octets);
  [[nodiscard]] bool finished() const { return left_ == 0; }

 private:
  std::uint64_t left_;
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
