// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 6376 §3.4.3 and §3.4.4 over a stream. Three things wait for what follows them: a CR (it may open a CRLF), white
// space (it may end a line) and empty lines (they may end the body).
#include <algorithm>
#include <cstring>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas {
namespace {

constexpr std::size_t kBuffer = 8192;
constexpr std::size_t kLargeRun = kBuffer / 2;  // handed over without a copy

/// True for text that relaxed leaves as it is: no HTAB, no two SP in a row. Most lines are so; a loop without a branch
/// tells it sixteen octets at a time.
bool is_squeezed(std::string_view octets) {
  const char* const at = octets.data();
  unsigned char found = 0;
  for (std::size_t i = 0; i + 1 < octets.size(); ++i) {
    const auto tab = static_cast<unsigned char>(at[i] == '\t');
    const auto two = static_cast<unsigned char>((at[i] == ' ') & (at[i + 1] == ' '));
    found = static_cast<unsigned char>(found | tab | two);
  }
  return found == 0;
}

}  // namespace

BodyCanonicalizer::BodyCanonicalizer(Form form, Sink sink) : form_(form), sink_(std::move(sink)), buffer_(kBuffer) {}

void BodyCanonicalizer::update(std::string_view octets) {
  while (!octets.empty()) {
    if (cr_pending_) {
      cr_pending_ = false;
      if (octets.front() == '\n') {
        end_line();
        octets.remove_prefix(1);
        continue;
      }
      line_octets("\r");
    }
    const std::string_view run = octets.substr(0, octets.find('\r'));
    if (!run.empty()) line_octets(run);
    octets.remove_prefix(run.size());
    if (octets.empty()) break;
    cr_pending_ = true;
    octets.remove_prefix(1);
  }
}

void BodyCanonicalizer::finish() {
  if (cr_pending_) line_octets("\r");
  cr_pending_ = false;
  if (line_has_octets_) end_line();
  if (form_ == Form::Simple && !wrote_) put("\r\n");  // RFC 6376 §3.4.3
  flush();
}

void BodyCanonicalizer::line_octets(std::string_view octets) {
  if (form_ == Form::Simple) {
    open_line();
    put(octets);
    return;
  }
  const std::string_view text = octets.substr(0, octets.find_last_not_of(" \t") + 1);
  if (!text.empty() && !wsp_pending_ && is_squeezed(text)) {
    open_line();
    put(text);
    wsp_pending_ = text.size() < octets.size();
    return;
  }
  while (!octets.empty()) {
    if (!line_has_octets_) {
      // The white space that opens a line may be all of it: then the line is empty.
      const std::size_t first = std::min(octets.find_first_not_of(" \t"), octets.size());
      wsp_pending_ = wsp_pending_ || first > 0;
      octets.remove_prefix(first);
      if (octets.empty()) return;
      open_line();
    }
    if (buffer_.size() - used_ < 2) flush();
    const std::string_view piece = octets.substr(0, buffer_.size() - used_ - 1);  // one for a blank that waits
    squeeze(piece);
    octets.remove_prefix(piece.size());
  }
}

void BodyCanonicalizer::squeeze(std::string_view octets) {
  char* out = buffer_.data() + used_;
  bool blank = wsp_pending_;
  for (const char c : octets) {
    if (is_wsp(c)) {
      blank = true;
      continue;
    }
    if (blank) *out++ = ' ';
    blank = false;
    *out++ = c;
  }
  wsp_pending_ = blank;
  used_ = static_cast<std::size_t>(out - buffer_.data());
}

void BodyCanonicalizer::open_line() {
  for (; empty_lines_ > 0; --empty_lines_) put("\r\n");
  line_has_octets_ = true;
}

void BodyCanonicalizer::end_line() {
  wsp_pending_ = false;
  if (line_has_octets_) {
    put("\r\n");
  } else {
    ++empty_lines_;
  }
  line_has_octets_ = false;
}

void BodyCanonicalizer::put(std::string_view octets) {
  wrote_ = true;
  if (octets.size() > buffer_.size() - used_) flush();
  if (octets.size() >= kLargeRun) {
    flush();
    sink_(octets);
    return;
  }
  std::memcpy(buffer_.data() + used_, octets.data(), octets.size());
  used_ += octets.size();
}

void BodyCanonicalizer::flush() {
  if (used_ > 0) sink_(std::string_view(buffer_.data(), used_));
  used_ = 0;
}

}  // namespace cas
