// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 7208 §9.1, folded as RFC 5322 §2.2.3 has it.
#include "auth/received_spf.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "message/folding.hpp"

namespace cas::auth {

namespace {

constexpr std::size_t max_value = 255;
constexpr std::size_t max_comment = 500;

bool is_shown(char c) {
  return c >= ' ' && c <= '~';
}

/// Printable ASCII; each other octet becomes "?".
std::string harmless(std::string_view text, std::size_t limit) {
  std::string out(text.substr(0, limit));
  std::ranges::replace_if(out, [](char c) { return !is_shown(c); }, '?');
  return out;
}

std::string escaped(std::string_view text, std::string_view specials) {
  std::string out;
  for (const char c : text) {
    if (specials.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

/// RFC 5322 §3.2.3
bool is_dot_atom(std::string_view text) {
  const auto is_octet = [](char c) { return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").contains(c); };
  return !text.empty() && !text.starts_with('.') && !text.ends_with('.') && !text.contains("..") &&
         std::ranges::all_of(text, is_octet);
}

std::string value_of(std::string_view text) {
  const std::string clean = harmless(text, max_value);
  return is_dot_atom(clean) ? clean : '"' + escaped(clean, "\"\\") + '"';
}

}  // namespace

std::string format_received_spf(const SpfOutcome& outcome, const SpfQuery& query) {
  FoldedField field("Received-SPF");
  field.word(to_string(outcome.result));
  const std::string receiver = query.receiver.empty() ? "unknown" : query.receiver;
  field.words('(' + escaped(harmless(receiver + ": " + outcome.reason, max_comment), "()\\") + ')');
  const auto pair = [&field](std::string_view key, std::string_view value, std::string_view end = ";") {
    field.word(std::string(key) + '=' + value_of(value) + std::string(end));
  };
  pair("client-ip", query.ip.unmapped().text());
  pair("envelope-from", query.mail_from);
  pair("helo", query.helo);
  pair("identity", outcome.identity == SpfIdentity::Helo ? "helo" : "mailfrom");
  pair("receiver", receiver);
  const bool error = outcome.result == SpfResult::TempError || outcome.result == SpfResult::PermError;
  if (error) pair("problem", outcome.reason);
  pair("mechanism", outcome.term.empty() ? "default" : outcome.term, "");
  return field.finish();
}

}  // namespace cas::auth
