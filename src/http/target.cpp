// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Request targets (RFC 9112 §3.2.1: origin-form alone).
#include "base/encoding.hpp"
#include "http/message.hpp"

namespace cas::http {

namespace {

constexpr std::size_t max_parameters = 32;

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> decode(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    char c = text[n];
    if (c == '%') {
      if (n + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[n + 1]);
      const int low = hex_value(text[n + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      n += 2;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  if (!is_utf8(out)) return std::nullopt;
  return out;
}

// RFC 3986 §2.3: unreserved characters stay.
void encode(std::string_view text, bool keep_slash, std::string& out) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || (keep_slash && c == '/');
    if (plain) {
      out += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    out += '%';
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
}

}  // namespace

bool read_target(std::string_view target, Request& request) {
  if (target.empty() || target.front() != '/') return false;
  const auto mark = target.find('?');
  auto path = decode(target.substr(0, mark));
  if (!path) return false;
  request.path = *std::move(path);
  auto rest = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
  for (std::size_t count = 0; !rest.empty(); ++count) {
    if (count == max_parameters) return false;
    const auto end = rest.find('&');
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    const auto name = decode(pair.substr(0, equals));
    const auto value = decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return false;
    if (!name->empty()) request.query.emplace(*name, *value);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return true;
}

std::string write_target(const Request& request) {
  std::string out;
  encode(request.path, true, out);
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    out += separator;
    encode(name, false, out);
    out += '=';
    encode(value, false, out);
    separator = '&';
  }
  return out;
}

}  // namespace cas::http
