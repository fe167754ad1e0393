// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 2045 §6.7.
#include "message/quoted_printable.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxEncodedLine = 76;
constexpr std::size_t kMaxPlainLine = 998;  // RFC 5322 §2.1.1

/// One line, without its CRLF.
void append_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool last = i + 1 == line.size();
    const bool plain = (c > 32 && c < 127 && c != '=') || (is_wsp(c) && !last);
    const std::string shown = plain ? std::string(1, c) : '=' + to_upper(hex(as_octets(line.substr(i, 1))));
    if (column + shown.size() > kMaxEncodedLine - (last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    out += shown;
    column += shown.size();
  }
}

/// True for text without NUL and 8-bit octets.
bool is_plain_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0; });
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (true) {
    const std::size_t end = text.find("\r\n");
    append_line(out, text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += "\r\n";
    text.remove_prefix(end + 2);
  }
}

bool is_seven_bit(std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find("\r\n");
    const std::string_view line = text.substr(0, end);
    if (line.size() > kMaxPlainLine || line.find_first_of("\r\n") != std::string_view::npos) return false;
    if (!is_plain_ascii(line)) return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return true;
}

}  // namespace cas
