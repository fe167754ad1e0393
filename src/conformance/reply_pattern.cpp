// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Patterns of codes.
#include "conformance/reply_pattern.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "confirm/reason.hpp"

namespace cas::conformance {
namespace {

constexpr std::string_view alternative = " or ";
constexpr std::size_t max_retry_digits = 9;

bool fits(std::string_view code, std::string_view pattern) {
  return std::ranges::equal(code, pattern, [](char c, char p) { return p == 'x' || p == c; });
}

bool matches_one(const smtp::Reply& reply, std::string_view pattern) {
  const auto blank = pattern.find(' ');
  if (!fits(std::to_string(reply.code), pattern.substr(0, blank))) return false;
  if (blank == std::string_view::npos) return true;
  return reply.enhanced.klass != 0 && reply.enhanced.text() == pattern.substr(blank + 1);
}

bool is_retry(std::string_view text) {
  constexpr std::string_view name = "retry=";
  if (!text.starts_with(name)) return false;
  const auto digits = text.substr(name.size());
  return !digits.empty() && digits.size() <= max_retry_digits && std::ranges::all_of(digits, is_digit);
}

// What stands between the brackets.
bool is_cas_text(std::string_view content) {
  const auto blank = content.find(' ');
  const auto word = content.substr(0, blank);
  const bool is_word =
      !word.empty() && std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  if (!is_word) return false;
  return blank == std::string_view::npos || (word == "pending" && is_retry(content.substr(blank + 1)));
}

}  // namespace

std::unexpected<Fault> fails(std::string text) {
  return std::unexpected(Fault{.kind = Fault::Kind::Fails, .text = std::move(text)});
}

std::unexpected<Fault> not_checked(std::string text) {
  return std::unexpected(Fault{.kind = Fault::Kind::NotChecked, .text = std::move(text)});
}

bool matches(const smtp::Reply& reply, std::string_view pattern) {
  while (true) {
    const auto end = pattern.find(alternative);
    if (matches_one(reply, pattern.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    pattern.remove_prefix(end + alternative.size());
  }
}

Outcome expect(const smtp::Reply& reply, std::string_view asked, std::string_view pattern) {
  if (matches(reply, pattern)) return {};
  if (matches(reply, "451 4.7.28")) {  // CAS §15.2: rate
    return std::unexpected(Fault{.kind = Fault::Kind::Rate, .text = "the target limits rates: " + shown(reply)});
  }
  if (reply.code == 451 && confirm::word_in(reply) == "pending") {  // CAS §11
    return not_checked("the recipient would have to approve the author first: " + shown(reply));
  }
  return fails(std::string(asked) + ": expected " + std::string(pattern) + ", came " + shown(reply));
}

Outcome expect_word(const smtp::Reply& reply, std::string_view asked, std::string_view pattern) {
  auto outcome = expect(reply, asked, pattern);
  if (!outcome || has_word(reply)) return outcome;
  return fails(std::string(asked) + ": expected a [CAS:word], came " + shown(reply));
}

bool has_word(const smtp::Reply& reply) {
  return confirm::word_in(reply).has_value();
}

bool text_is_well_formed(const smtp::Reply& reply) {
  constexpr std::string_view opening = "[CAS:";
  for (const std::string_view line : reply.lines) {
    const auto begin = line.find(opening);
    if (begin == std::string_view::npos) continue;
    const auto end = line.find(']', begin);
    if (begin != 0 || end == std::string_view::npos || reply.enhanced.klass == 0) return false;
    if (!is_cas_text(line.substr(opening.size(), end - opening.size()))) return false;
    if (end + 1 < line.size() && line[end + 1] != ' ') return false;
  }
  return true;
}

std::string shown(const smtp::Reply& reply) {
  return printable(reply.summary(), 300);
}

}  // namespace cas::conformance
