// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The tokens of RFC 5322 §3.2.
#include "message/scanner.hpp"

#include <algorithm>

namespace cas {

bool Scanner::take(char c) {
  if (peek() != c || at_end()) return false;
  rest_.remove_prefix(1);
  return true;
}

bool Scanner::take_fold() {
  if (rest_.size() < 3 || !rest_.starts_with("\r\n") || !is_wsp(rest_[2])) return false;
  rest_.remove_prefix(2);
  return true;
}

bool Scanner::skip_fws() {
  while (!at_end()) {
    if (is_wsp(peek())) {
      rest_.remove_prefix(1);
    } else if (peek() == '\r' || peek() == '\n') {
      if (!take_fold()) return false;
    } else {
      break;
    }
  }
  return true;
}

bool Scanner::skip_cfws() {
  while (skip_fws()) {
    if (peek() != '(') return true;
    if (!skip_comment()) return false;
  }
  return false;
}

bool Scanner::skip_comment() {
  std::size_t depth = 0;
  do {
    if (!skip_fws() || at_end()) return false;
    const char c = peek();
    rest_.remove_prefix(1);
    if (c == '(' && ++depth > kMaxCommentDepth) return false;
    if (c == ')') --depth;
    if (c == '\\') {
      if (at_end() || (is_control(peek()) && peek() != '\t')) return false;
      rest_.remove_prefix(1);
    } else if (is_control(c)) {
      return false;
    }
  } while (depth > 0);
  return true;
}

std::string_view Scanner::atom() {
  const auto end = std::ranges::find_if_not(rest_, is_atext);
  const std::string_view run = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  rest_.remove_prefix(run.size());
  return run;
}

std::string_view Scanner::digits() {
  const auto end = std::ranges::find_if_not(rest_, is_digit);
  const std::string_view run = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
  rest_.remove_prefix(run.size());
  return run;
}

std::optional<std::string> Scanner::quoted_string() {
  if (!take('"')) return std::nullopt;
  std::string value;
  while (!at_end()) {
    if (take_fold()) continue;
    char c = peek();
    rest_.remove_prefix(1);
    if (c == '"') return value;
    if (c == '\\') {
      if (at_end()) return std::nullopt;
      c = peek();
      rest_.remove_prefix(1);
    }
    if (is_control(c) && c != '\t') return std::nullopt;
    value += c;
  }
  return std::nullopt;
}

std::optional<std::string> Scanner::domain_literal() {
  if (!take('[')) return std::nullopt;
  std::string text;
  while (skip_fws() && !at_end()) {
    const char c = peek();
    rest_.remove_prefix(1);
    if (c == ']') return text;
    if (is_control(c) || c == '[' || c == '\\') return std::nullopt;
    text += c;
  }
  return std::nullopt;
}

}  // namespace cas
