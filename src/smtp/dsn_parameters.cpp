// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See dsn_parameters.hpp.
#include "smtp/dsn_parameters.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/encoding.hpp"

namespace cas::smtp {
namespace {

constexpr std::size_t max_orcpt = 500;
constexpr std::size_t max_envid = 100;
constexpr std::string_view hex_digits = "0123456789ABCDEF";

bool is_xchar(char c) {
  return c >= 33 && c <= 126 && c != '+' && c != '=';
}

/// RFC 5322 §3.2.3: what an addr-type is made of.
bool is_atom(std::string_view text) {
  constexpr std::string_view marks = "!#$%&'*+-/=?^_`{|}~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) { return is_alnum(c) || marks.contains(c); });
}

/// RFC 6533 §3 EmbeddedUnicodeChar at the start of `text`: its length, 0 where there is none. No surrogate, nothing
/// that can stand for itself.
std::size_t embedded_length(std::string_view text) {
  if (!text.starts_with("\\x{")) return 0;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos) return 0;
  const std::string_view digits = text.substr(3, end - 3);
  if (digits.size() < 2 || digits.size() > 6 || (digits.size() > 2 && digits.front() == '0')) return 0;
  std::uint32_t value = 0;
  for (const char c : digits) {
    const std::size_t digit = hex_digits.find(c);
    if (digit == std::string_view::npos) return 0;
    value = value << 4U | static_cast<std::uint32_t>(digit);
  }
  const bool stands_for_itself = value < 0x80 && is_xchar(static_cast<char>(value)) && value != '\\';
  const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
  return value == 0 || value > 0x10FFFF || surrogate || stands_for_itself ? 0 : end + 1;
}

/// RFC 6533 §3: utf-8-addr-xtext, or with `unicode` utf-8-addr-unitext.
bool is_utf8_address(std::string_view text, bool unicode) {
  if (text.empty() || !is_utf8(text)) return false;
  while (!text.empty()) {
    const bool bare = (is_xchar(text.front()) && text.front() != '\\') ||
                      (unicode && static_cast<unsigned char>(text.front()) >= 0x80);
    const std::size_t length = bare ? 1 : embedded_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

/// Marks the word in `notify`; false where it is none, or stands there already.
bool add_word(std::string_view word, DsnNotify& notify) {
  const auto set = [](bool& flag) { return !std::exchange(flag, true); };
  if (iequals(word, "NEVER")) return set(notify.never);
  if (iequals(word, "SUCCESS")) return set(notify.success);
  if (iequals(word, "FAILURE")) return set(notify.failure);
  if (iequals(word, "DELAY")) return set(notify.delay);
  return false;
}

}  // namespace

std::optional<std::string> from_xtext(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return {};
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (is_xchar(text[n])) {
      out += text[n];
      continue;
    }
    if (text[n] != '+' || text.size() - n < 3) return {};
    const std::size_t high = hex_digits.find(text[n + 1]);
    const std::size_t low = hex_digits.find(text[n + 2]);
    if (high == std::string_view::npos || low == std::string_view::npos) return {};
    out += static_cast<char>(high << 4U | low);
    n += 2;
  }
  return out;
}

std::string xtext(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_xchar(c)) {
      out += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      out += {'+', hex_digits[octet >> 4U], hex_digits[octet & 0xFU]};
    }
  }
  return out;
}

std::optional<std::string> parse_envid(std::string_view value) {
  auto envid = from_xtext(value, max_envid * 3);
  if (!envid || envid->empty() || envid->size() > max_envid) return {};
  if (!std::ranges::all_of(*envid, [](char c) { return c >= 32 && c <= 126; })) return {};
  return envid;
}

std::optional<DsnReturn> parse_ret(std::string_view value) {
  if (iequals(value, "FULL")) return DsnReturn::Full;
  if (iequals(value, "HDRS")) return DsnReturn::Headers;
  return {};
}

std::optional<DsnNotify> parse_notify(std::string_view value) {
  DsnNotify notify;
  for (bool more = true; more;) {
    const std::size_t comma = value.find(',');
    if (!add_word(value.substr(0, comma), notify)) return {};
    more = comma != std::string_view::npos;
    if (more) value.remove_prefix(comma + 1);
  }
  if (notify.never && (notify.success || notify.failure || notify.delay)) return {};
  return notify;
}

bool is_orcpt(std::string_view value, bool smtputf8) {
  const std::size_t semicolon = value.find(';');
  if (value.size() > max_orcpt || semicolon == std::string_view::npos) return false;
  const std::string_view type = value.substr(0, semicolon);
  const std::string_view address = value.substr(semicolon + 1);
  if (iequals(type, "utf-8")) return is_utf8_address(address, smtputf8);
  return is_atom(type) && !address.empty() && from_xtext(address, max_orcpt).has_value();
}

std::string notify_text(DsnNotify notify) {
  if (notify.never) return "NEVER";
  std::string text;
  const auto add = [&text](bool wanted, std::string_view word) {
    if (!wanted) return;
    if (!text.empty()) text += ',';
    text += word;
  };
  add(notify.success, "SUCCESS");
  add(notify.failure, "FAILURE");
  add(notify.delay, "DELAY");
  return text;
}

}  // namespace cas::smtp
