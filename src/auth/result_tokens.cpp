// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads them.
#include "auth/result_tokens.hpp"

#include "base/encoding.hpp"

namespace cas::auth {

bool is_control_char(char c) {
  const auto octet = static_cast<unsigned char>(c);
  return octet < 0x20 || octet == 0x7f;
}

bool is_token_char(char c) {
  constexpr std::string_view tspecials = "()<>@,;:\\\"/[]?=";
  return c != ' ' && !is_control_char(c) && tspecials.find(c) == std::string_view::npos;
}

bool skip_cfws(std::string_view& text) {
  std::size_t depth = 0;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '(') {
      ++depth;
    } else if (depth == 0) {
      if (!is_wsp(c) && c != '\r' && c != '\n') return true;
    } else if (c == ')') {
      --depth;
    } else if (c == '\\') {
      if (text.size() < 2) return false;
      text.remove_prefix(1);
    }
    text.remove_prefix(1);
  }
  return depth == 0;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::string> take_value(std::string_view& text) {
  std::string out;
  if (!take(text, '"')) {
    while (!text.empty() && is_token_char(text.front())) {
      out += text.front();
      text.remove_prefix(1);
    }
    return out.empty() ? std::nullopt : std::optional(out);
  }
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\') text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    if (text.front() != '\r' && text.front() != '\n') out += text.front();  // folding inside quotes
    text.remove_prefix(1);
  }
  return take(text, '"') ? std::optional(out) : std::nullopt;
}

std::string take_keyword(std::string_view& text) {
  std::string out;
  while (!text.empty() && (is_alnum(text.front()) || text.front() == '-' || text.front() == '_')) {
    out += to_lower(text.front());
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace cas::auth
