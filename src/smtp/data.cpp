// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Dots undone and doubled, chunks put together. Both directions work on runs between line ends, found by memchr; the
// sink is called once for all lines up to the next one that begins with a dot.
#include "smtp/data.hpp"

#include <algorithm>

namespace cas::smtp {
namespace {

std::size_t take(std::uint64_t& left, std::size_t offered) {
  const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left, offered));
  left -= taken;
  return taken;
}

/// RFC 5321 §2.3.8: whether every CR and LF is part of a CRLF, and no octet is NUL.
bool is_clean(std::string_view octets) {
  if (octets.find('\0') != octets.npos) return false;
  while (!octets.empty()) {
    const std::size_t lf = octets.find('\n');
    std::string_view line = octets.substr(0, lf);
    if (lf != octets.npos) {
      if (!line.ends_with('\r')) return false;
      line.remove_suffix(1);
    }
    if (line.find('\r') != line.npos) return false;
    octets.remove_prefix(lf == octets.npos ? octets.size() : lf + 1);
  }
  return true;
}

}  // namespace

std::size_t DataDecoder::feed(std::string_view octets) {
  std::size_t at = 0;
  while (at < octets.size() && state_ != State::Done) {
    const char c = octets[at];
    switch (state_) {
      case State::LineStart:
        at += c == '.';
        state_ = c == '.' ? State::Dot : State::Text;
        break;
      case State::Dot:  // RFC 5321 §4.5.2: alone it ends the data, else it is dropped
        at += c == '\r';
        state_ = c == '\r' ? State::DotCr : State::Text;
        break;
      case State::DotCr:
        if (c == '\n') {
          ++at;
          state_ = State::Done;
        } else {
          malformed_ = true;
          state_ = State::Text;
        }
        break;
      case State::Cr:
        if (c == '\n') {
          ++at;
          emit("\r\n");
          state_ = State::LineStart;
        } else {
          malformed_ = true;
          state_ = State::Text;
        }
        break;
      case State::Text: at = feed_text(octets, at); break;
      case State::Done: break;
    }
  }
  return at;
}

/// From inside a line up to a line that begins with a dot, or the end of `octets`. A CR at the very end is held back.
std::size_t DataDecoder::feed_text(std::string_view octets, const std::size_t begin) {
  std::size_t at = begin;
  while (true) {
    const std::size_t lf = octets.find('\n', at);
    const bool complete = lf != octets.npos;
    std::string_view line = octets.substr(at, complete ? lf - at : octets.npos);
    const bool ends_with_cr = line.ends_with('\r');
    if (ends_with_cr) line.remove_suffix(1);
    if (line.find('\r') != line.npos || line.find('\0') != line.npos) malformed_ = true;
    if (!complete) {
      if (ends_with_cr) state_ = State::Cr;
      emit(octets.substr(begin, octets.size() - begin - (ends_with_cr ? 1 : 0)));
      return octets.size();
    }
    at = lf + 1;
    if (!ends_with_cr) {  // RFC 5321 §2.3.8: a bare LF ends no line
      malformed_ = true;
      continue;
    }
    if (at == octets.size() || octets[at] == '.') {
      state_ = State::LineStart;
      emit(octets.substr(begin, at - begin));
      return at;
    }
  }
}

void DataDecoder::emit(std::string_view octets) {
  size_ += octets.size();
  if (!malformed_ && !octets.empty()) sink_(octets);
}

std::size_t ChunkDecoder::feed(std::string_view octets) {
  const std::size_t taken = take(left_, octets.size());
  if (taken > 0) judge(octets.substr(0, taken));
  return taken;
}

void ChunkDecoder::judge(std::string_view octets) {
  if (last_cr_) {
    if (octets.front() == '\n') {
      emit("\r\n");
      octets.remove_prefix(1);
    } else {
      malformed_ = true;
    }
    last_cr_ = false;
  }
  if (octets.ends_with('\r')) {
    last_cr_ = true;
    octets.remove_suffix(1);
  }
  malformed_ = malformed_ || !is_clean(octets);
  emit(octets);
}

void ChunkDecoder::end() {
  malformed_ = malformed_ || last_cr_;
  if (!line_start_) emit("\r\n");
}

void ChunkDecoder::emit(std::string_view octets) {
  if (octets.empty()) return;
  size_ += octets.size();
  line_start_ = octets.ends_with('\n');
  if (!malformed_) sink_(octets);
}

std::size_t ChunkSkipper::feed(std::string_view octets) {
  return take(left_, octets.size());
}

void DataEncoder::encode(std::string_view octets, std::string& out) {
  while (!octets.empty()) {
    if (last_cr_) {  // RFC 5321 §2.3.8: whatever stood here, what goes out is CRLF
      last_cr_ = false;
      line_start_ = true;
      out += "\r\n";
      if (octets.front() == '\n') octets.remove_prefix(1);
      continue;
    }
    if (line_start_ && octets.front() == '.') out += '.';
    const std::string_view before_lf = octets.substr(0, octets.find('\n'));
    const std::string_view line = before_lf.substr(0, before_lf.find('\r'));
    out += line;
    line_start_ = line_start_ && line.empty();
    octets.remove_prefix(line.size());
    if (octets.empty()) return;
    last_cr_ = true;
    if (octets.front() == '\r') octets.remove_prefix(1);
  }
}

void DataEncoder::finish(std::string& out) {
  if (last_cr_ || !line_start_) out += "\r\n";
  out += ".\r\n";
  last_cr_ = false;
  line_start_ = true;
}

}  // namespace cas::smtp
