// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 6376 §3.4.3 and §3.4.4 over a stream. Three things wait for what follows them: a CR (it may open a CRLF), white
// space (it may end a line) and empty lines (they may end the body). Most of a body stays as it is: it is searched for
// what does not, many octets at a time, and handed on in stretches of whole lines.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas {
namespace {

constexpr std::size_t kBuffer = 8192;
constexpr std::size_t kLargeRun = kBuffer / 2;  // handed over without a copy

/// Octets side by side; a comparison gives 0xFF where it holds. The compiler makes of it what the machine has.
using Block = unsigned char __attribute__((vector_size(16)));

Block load(const char* at) {
  Block block;
  std::memcpy(&block, at, sizeof block);
  return block;
}

/// The index of the first octet that is not 0; none: the size of a block.
std::size_t first_set(Block block) {
  const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(block);
  const auto index = [](std::uint64_t half) {
    return static_cast<std::size_t>(std::endian::native == std::endian::little ? std::countr_zero(half)
                                                                               : std::countl_zero(half)) /
           8;
  };
  return halves[0] != 0 ? index(halves[0]) : 8 + index(halves[1]);
}

/// Whether something at `here` has to be looked at, given the octet that follows: an LF before a CR, as between empty
/// lines; and where blanks count, HTAB, and SP before a blank or a CR. For an octet or a block of them.
template <bool relaxed, class Octets>
auto is_special(Octets here, Octets next) {
  const auto line_end = (here == '\n') & (next == '\r');
  if constexpr (!relaxed) return line_end;
  return line_end | (here == '\t') | ((here == ' ') & ((next == ' ') | (next == '\t') | (next == '\r')));
}

/// Where the first special octet is; the last octet of all is one, as nobody knows what follows it.
template <bool relaxed>
std::size_t find_special(std::string_view octets) {
  const char* const at = octets.data();
  const std::size_t last = octets.size() - 1;
  std::size_t i = 0;
  for (; i + sizeof(Block) <= last; i += sizeof(Block)) {
    const auto found = first_set(reinterpret_cast<Block>(is_special<relaxed>(load(at + i), load(at + i + 1))));
    if (found < sizeof(Block)) return i + found;
  }
  while (i < last && !is_special<relaxed>(at[i], at[i + 1])) ++i;
  return i;
}

}  // namespace

BodyCanonicalizer::BodyCanonicalizer(Form form, Sink sink)
    : form_(form), sink_(std::move(sink)), buffer_(std::make_unique_for_overwrite<char[]>(kBuffer)) {}

void BodyCanonicalizer::update(std::string_view octets) {
  while (!octets.empty()) {
    std::size_t used = 0;
    if (cr_pending_) {
      used = after_cr(octets);
    } else if (wsp_pending_ || !line_has_octets_) {
      used = before_text(octets);
    } else {
      used = in_text(octets);
    }
    octets.remove_prefix(used);
  }
}

void BodyCanonicalizer::finish() {
  if (cr_pending_) after_cr({});
  if (line_has_octets_) end_line();
  if (form_ == Form::Simple && !wrote_) put("\r\n");  // RFC 6376 §3.4.3
  flush();
}

std::size_t BodyCanonicalizer::after_cr(std::string_view octets) {
  cr_pending_ = false;
  if (octets.starts_with('\n')) {
    end_line();
    return 1;
  }
  open_text();
  put("\r");
  return 0;
}

std::size_t BodyCanonicalizer::before_text(std::string_view octets) {
  const std::size_t blanks =
      form_ == Form::Relaxed ? std::min(octets.find_first_not_of(" \t"), octets.size()) : std::size_t{0};
  if (blanks > 0) {
    wsp_pending_ = true;
    return blanks;
  }
  if (octets.front() == '\r') {
    cr_pending_ = true;
    return 1;
  }
  open_text();
  return 0;
}

std::size_t BodyCanonicalizer::in_text(std::string_view octets) {
  const bool relaxed = form_ == Form::Relaxed;
  const std::size_t at = relaxed ? find_special<true>(octets) : find_special<false>(octets);
  const char special = octets[at];
  if (special == '\r') {  // only as the last octet
    put_text(octets.substr(0, at));
    cr_pending_ = true;
  } else if (relaxed && is_wsp(special)) {
    put_text(octets.substr(0, at));
    wsp_pending_ = true;
  } else {
    put_text(octets.substr(0, at + 1));
  }
  return at + 1;
}

void BodyCanonicalizer::put_text(std::string_view octets) {
  if (octets.empty()) return;
  put(octets);
  line_has_octets_ = !octets.ends_with("\r\n");
}

void BodyCanonicalizer::open_text() {
  for (; empty_lines_ > 0; --empty_lines_) put("\r\n");
  if (wsp_pending_) put(" ");
  wsp_pending_ = false;
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
  if (octets.size() > kBuffer - used_) flush();
  if (octets.size() >= kLargeRun) {
    flush();
    sink_(octets);
    return;
  }
  std::memcpy(buffer_.get() + used_, octets.data(), octets.size());
  used_ += octets.size();
}

void BodyCanonicalizer::flush() {
  if (used_ > 0) sink_(std::string_view(buffer_.get(), used_));
  used_ = 0;
}

}  // namespace cas
