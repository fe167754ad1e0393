// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Octets as text, written out by hand: one strict spelling for each value.
#include "base/encoding.hpp"

#include <algorithm>
#include <array>

namespace cas {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::uint8_t kNotInAlphabet = 0xFF;

using DecodeTable = std::array<std::uint8_t, 256>;

constexpr DecodeTable decode_table(std::string_view alphabet) {
  DecodeTable table{};
  table.fill(kNotInAlphabet);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr DecodeTable kFromStandard = decode_table(kStandard);
constexpr DecodeTable kFromUrlSafe = decode_table(kUrlSafe);

std::string encode(std::span<const std::uint8_t> octets, std::string_view alphabet) {
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t octet : octets) {
    bits = (bits << 8 | octet) & 0xFFFFU;
    held += 8;
    while (held >= 6) {
      held -= 6;
      out += alphabet[bits >> held & 0x3FU];
    }
  }
  if (held > 0) out += alphabet[bits << (6 - held) & 0x3FU];
  return out;
}

enum class SpareBits { Zero, Any };

/// `text` without padding.
std::optional<Octets> decode(std::string_view text, const DecodeTable& table, SpareBits spare = SpareBits::Zero) {
  if (text.size() % 4 == 1) return std::nullopt;
  Octets out(text.size() * 3 / 4);
  auto to = out.begin();
  std::uint32_t bits = 0;
  std::uint32_t wrong = 0;
  unsigned held = 0;
  for (const char c : text) {
    const std::uint32_t value = table[static_cast<unsigned char>(c)];
    wrong |= value;
    bits = bits << 6 | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      *to++ = static_cast<std::uint8_t>(bits >> held);
    }
  }
  if (wrong > 0x3F) return std::nullopt;
  if (spare == SpareBits::Zero && (bits & ((1U << held) - 1U)) != 0) return std::nullopt;  // RFC 4648 §3.5
  return out;
}

/// Length of the well-formed UTF-8 sequence that opens `text`, 0 when there is none (RFC 3629 §4).
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  if (text.empty()) return 0;
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool second = tail(1, lead == 0xE0 ? 0xA0U : 0x80U, lead == 0xED ? 0x9FU : 0xBFU);
    return second && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool second = tail(1, lead == 0xF0 ? 0x90U : 0x80U, lead == 0xF4 ? 0x8FU : 0xBFU);
    return second && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// U+2028 to U+202E and U+2066 to U+2069: line and paragraph separators, and what turns the direction of the text.
bool breaks_or_turns_lines(std::string_view sequence) {
  if (!sequence.starts_with("\xE2\x80") && !sequence.starts_with("\xE2\x81")) return false;
  const auto last = static_cast<unsigned char>(sequence[2]);
  return sequence[1] == '\x80' ? last >= 0xA8 && last <= 0xAE : last >= 0xA6 && last <= 0xA9;
}

/// Shown as it stands: printable ASCII but the backslash, and UTF-8 outside the C1 controls that keeps its line.
bool is_safe(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead >= 0x20 && lead < 0x7F && lead != '\\';
  if (breaks_or_turns_lines(sequence)) return false;
  return !(lead == 0xC2 && static_cast<unsigned char>(sequence[1]) < 0xA0);
}

}  // namespace

std::span<const std::uint8_t> as_octets(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string base64(std::span<const std::uint8_t> octets) {
  std::string out = encode(octets, kStandard);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<Octets> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  return decode(text, kFromStandard);
}

std::optional<Octets> from_base64_folded(std::string_view text) {
  std::string digits;
  digits.resize_and_overwrite(text.size(), [&](char* to, std::size_t) {
    std::size_t size = 0;
    for (const char c : text) {
      to[size] = c;
      size += is_wsp(c) || c == '\r' || c == '\n' ? 0 : 1;
    }
    return size;
  });
  const std::size_t end = digits.find('=');
  if (end != std::string::npos) {
    const std::string_view padding = std::string_view(digits).substr(end);
    if (digits.size() % 4 != 0 || (padding != "=" && padding != "==")) return std::nullopt;
    digits.resize(end);
  }
  return decode(digits, kFromStandard, SpareBits::Any);
}

std::string base64url(std::span<const std::uint8_t> octets) {
  return encode(octets, kUrlSafe);
}

std::optional<Octets> from_base64url(std::string_view text) {
  return decode(text, kFromUrlSafe);
}

std::string hex(std::span<const std::uint8_t> octets) {
  std::string out;
  out.reserve(octets.size() * 2);
  for (const std::uint8_t octet : octets) {
    out += kHexDigits[octet >> 4];
    out += kHexDigits[octet & 0x0F];
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return out;
}

bool iequals(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

std::string_view trim_wsp(std::string_view text) {
  while (!text.empty() && is_wsp(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_wsp(text.back())) text.remove_suffix(1);
  return text;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_ascii(std::string_view text) {
  // Whole bodies are looked at: in blocks without a way out, which the compiler does with wide registers.
  constexpr std::size_t block = 256;
  const auto has_high_bit = [](std::string_view octets) {
    unsigned char seen = 0;
    for (const char c : octets) seen |= static_cast<unsigned char>(c);
    return seen >= 0x80;
  };
  for (; text.size() > block; text.remove_prefix(block)) {
    if (has_high_bit(text.substr(0, block))) return false;
  }
  return !has_high_bit(text);
}

std::string printable(std::string_view text, std::size_t limit) {
  constexpr std::string_view kCut = "...";
  std::string out;
  std::size_t keep = 0;  // as much of `out` as still leaves room for the dots
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view piece = text.substr(0, std::max<std::size_t>(length, 1));
    text.remove_prefix(piece.size());
    const bool safe = length > 0 && is_safe(piece);
    const std::string shown = safe ? std::string(piece) : [&] {
      std::string escaped;
      for (const char c : piece) escaped += "\\x" + to_upper(hex(as_octets(std::string_view(&c, 1))));
      return escaped;
    }();
    if (out.size() + shown.size() > limit) {
      out.resize(keep);
      out += kCut.substr(0, limit);
      return out;
    }
    out += shown;
    if (out.size() + kCut.size() <= limit) keep = out.size();
  }
  return out;
}

}  // namespace cas
