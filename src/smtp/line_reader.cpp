// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines end with CRLF. What a line may hold is judged when its end is known, so the answer does not depend on how the
// octets were cut.
#include "smtp/line_reader.hpp"

#include <algorithm>
#include <utility>

namespace cas::smtp {
namespace {

/// Anything that another server might take for a line end, or for the end of a string.
bool has_forbidden(std::string_view text) {
  return text.find('\r') != text.npos || text.find('\n') != text.npos || text.find('\0') != text.npos;
}

}  // namespace

void LineReader::feed(std::string_view octets) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += octets;
}

LineEvent LineReader::next(std::size_t limit) {
  const std::size_t end = buffer_.find("\r\n", scanned_);
  if (end == buffer_.npos) {
    scanned_ = buffer_.size();
    const bool half_end = scanned_ > begin_ && buffer_.back() == '\r';
    if (half_end) --scanned_;
    if (discarding_ || buffer_.size() - begin_ >= limit) discard_scanned();
    return NeedMore{};
  }
  const std::string_view text = std::string_view{buffer_}.substr(begin_, end - begin_);
  begin_ = scanned_ = end + 2;
  if (!discarding_) beginning_.clear();
  const bool too_long = std::exchange(discarding_, false) || text.size() + 2 > limit;
  const bool malformed = std::exchange(discarded_malformed_, false) || has_forbidden(text);
  if (malformed) return Malformed{};
  if (!too_long) return Line{text};
  keep_beginning(text);
  return TooLong{.beginning = beginning_};
}

void LineReader::discard_scanned() {
  const std::string_view text = std::string_view{buffer_}.substr(begin_, scanned_ - begin_);
  if (!std::exchange(discarding_, true)) beginning_.clear();
  keep_beginning(text);
  if (has_forbidden(text)) discarded_malformed_ = true;
  buffer_.erase(0, scanned_);
  begin_ = scanned_ = 0;
}

void LineReader::keep_beginning(std::string_view text) {
  beginning_ += text.substr(0, TooLong::kept - std::min(beginning_.size(), TooLong::kept));
}

std::string_view LineReader::pending() const {
  return std::string_view{buffer_}.substr(begin_);
}

void LineReader::consume(std::size_t octets) {
  begin_ = scanned_ = begin_ + std::min(octets, pending().size());
}

void LineReader::clear() {
  *this = LineReader{};
}

}  // namespace cas::smtp
