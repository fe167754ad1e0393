// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 6376 §3.2, read strictly: tag names are words, values printable ASCII, blanks only where the grammar has them.
#include "auth/tag_list.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::size_t max_tags = 64;

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// CR and LF only as CRLF before a blank: folding white space (RFC 6376 §2.8).
bool folds_properly(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\r' && text[at] != '\n') continue;
    if (!text.substr(at).starts_with("\r\n") || at + 2 >= text.size() || !is_wsp(text[at + 2])) return false;
    at += 2;
  }
  return true;
}

bool is_tag_name(std::string_view name) {
  return !name.empty() && is_alpha(name.front()) &&
         std::ranges::all_of(name, [](char c) { return is_alnum(c) || c == '_'; });
}

/// VALCHAR is %x21-7E without ";", which cannot be here any more.
bool is_tag_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) { return (c >= '!' && c <= '~') || is_blank(c); });
}

}  // namespace

std::optional<TagList> parse_tag_list(std::string_view text) {
  if (!folds_properly(text)) return std::nullopt;
  TagList tags;
  tags.reserve(16);
  while (true) {
    const auto end = text.find(';');
    const std::string_view spec = text.substr(0, end);
    const auto equals = spec.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view name = trim(spec.substr(0, equals));
    const std::string_view value = trim(spec.substr(equals + 1));
    if (!is_tag_name(name) || !is_tag_value(value) || find_tag(tags, name) || tags.size() == max_tags) {
      return std::nullopt;
    }
    tags.emplace_back(name, value);
    if (end == std::string_view::npos) return tags;
    text.remove_prefix(end + 1);
    if (trim(text).empty()) return tags;  // the final ";"
  }
}

std::string without_blanks(std::string_view text) {
  std::string out;
  out.resize_and_overwrite(text.size(), [&](char* to, std::size_t) {
    std::size_t size = 0;
    for (const char c : text) {
      to[size] = c;
      size += is_blank(c) ? 0 : 1;
    }
    return size;
  });
  return out;
}

std::optional<std::string_view> find_tag(const TagList& tags, std::string_view name) {
  const auto found = std::ranges::find(tags, name, &TagList::value_type::first);
  if (found == tags.end()) return std::nullopt;
  return found->second;
}

}  // namespace cas::auth
