// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a server announces (RFC 5321 §4.1.1.1).
#include <algorithm>
#include <charconv>

#include "base/encoding.hpp"
#include "smtp/client_session.hpp"

namespace cas::smtp {
namespace {

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (line = trim_wsp(line); !line.empty(); line = trim_wsp(line)) {
    words.push_back(line.substr(0, line.find_first_of(" \t")));
    line.remove_prefix(words.back().size());
  }
  return words;
}

/// RFC 1870 §4: no number, or one that is none, announces no bound.
std::uint64_t size_of(const std::vector<std::string_view>& words) {
  std::uint64_t size = 0;
  if (words.size() < 2) return 0;
  const auto result = std::from_chars(words[1].data(), words[1].data() + words[1].size(), size);
  return result.ec == std::errc{} && result.ptr == words[1].data() + words[1].size() ? size : 0;
}

/// RFC 9422 §3: NAME=VALUE; values are decimal and not 0, what is not known is skipped.
void add_limits(const std::vector<std::string_view>& words, Features& features) {
  for (std::size_t n = 1; n < words.size(); ++n) {
    const auto equals = words[n].find('=');
    if (equals == std::string_view::npos) continue;
    const auto digits = words[n].substr(equals + 1);
    std::uint64_t value = 0;
    const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (fault != std::errc{} || end != digits.data() + digits.size() || value == 0) continue;
    const std::string name = to_upper(words[n].substr(0, equals));
    if (name == "RCPTMAX") features.rcpt_max = value;
    if (name == "MAILMAX") features.mail_max = value;
  }
}

void add_feature(const std::vector<std::string_view>& words, bool tls, Features& features) {
  const std::string keyword = to_upper(words.front());
  if (keyword == "STARTTLS") features.starttls = true;
  if (keyword == "PIPELINING") features.pipelining = true;
  if (keyword == "8BITMIME") features.eight_bit_mime = true;
  if (keyword == "SMTPUTF8") features.smtputf8 = true;
  if (keyword == "CHUNKING") features.chunking = true;
  if (keyword == "ENHANCEDSTATUSCODES") features.enhanced_codes = true;
  if (keyword == "REQUIRETLS") features.requiretls = tls;  // RFC 8689 §2: not to be offered before TLS
  if (keyword == "DSN") features.dsn = true;
  if (keyword == "SIZE") features.size = size_of(words);
  if (keyword == "CAS" && tls && std::ranges::find(words, "1") != words.end()) features.cas = true;  // CAS §5.8
  if (keyword == "LIMITS") add_limits(words, features);
  if (keyword == "XCLIENT") {
    for (std::size_t n = 1; n < words.size(); ++n) features.xclient.push_back(to_upper(words[n]));
  }
  if (keyword == "AUTH") {
    for (std::size_t n = 1; n < words.size(); ++n) features.auth.push_back(to_upper(words[n]));
  }
}

}  // namespace

Features parse_features(const Reply& ehlo, bool tls) {
  Features features;
  for (std::size_t n = 1; n < ehlo.lines.size(); ++n) {
    const auto words = words_of(ehlo.lines[n]);
    if (!words.empty()) add_feature(words, tls, features);
  }
  return features;
}

}  // namespace cas::smtp
