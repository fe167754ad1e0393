// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See fields.hpp.
#include "base/fields.hpp"

#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"

namespace cas {
namespace {

constexpr std::string_view special{"\t\n\r\0%", 5};

void escape_into(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (special.contains(c)) {
      const auto octet = static_cast<std::uint8_t>(c);
      out += '%' + to_upper(hex(std::span(&octet, 1)));
    } else {
      out += c;
    }
  }
}

std::optional<std::string> unescape(std::string_view text) {
  if (!text.contains('%')) return std::string(text);
  std::string value;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '%') {
      value += text[n];
      continue;
    }
    unsigned octet = 0;
    const char* digits = text.data() + n + 1;
    if (text.size() - n < 3 || std::from_chars(digits, digits + 2, octet, 16).ptr != digits + 2) return {};
    value += static_cast<char>(octet);
    n += 2;
  }
  return value;
}

bool is_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

}  // namespace

std::optional<Fields> Fields::parse(std::string_view text) {
  Fields fields;
  while (!text.empty()) {
    const std::string_view part = text.substr(0, text.find('\t'));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::size_t sign = part.find('=');
    if (sign == part.npos || !is_name(part.substr(0, sign))) return {};
    auto value = unescape(part.substr(sign + 1));
    const std::string_view name = part.substr(0, sign);
    const bool twice = std::ranges::any_of(fields.fields_, [&](const auto& field) { return field.first == name; });
    if (!value || twice) return {};
    fields.fields_.emplace_back(name, *std::move(value));
  }
  return fields;
}

void Fields::set(std::string_view name, std::string_view value) {
  for (auto& field : fields_) {
    if (field.first != name) continue;
    field.second = value;
    return;
  }
  fields_.emplace_back(name, value);
}

std::string_view Fields::get(std::string_view name) const {
  for (const auto& field : fields_) {
    if (field.first == name) return field.second;
  }
  return {};
}

std::string Fields::text() const {
  std::string out;
  for (const auto& [name, value] : fields_) {
    if (!out.empty()) out += '\t';
    out += name + '=';
    escape_into(out, value);
  }
  return out;
}

}  // namespace cas
