// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Authentication-Results: whatever the values, what we write is one header field that we recognise as ours; and foreign
// fields are read without harm, with our name in front always for forged. What was read, written and read again is the
// same.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/authentication_results.hpp"
#include "auth/authentication_results_parse.hpp"

namespace {

using namespace cas;

constexpr std::string_view ours = "mx.b.example";

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "mx.bexampl()\\\"; \t\r\n=1aMX";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check_written(std::string_view text) {
  const std::string value(text);
  const auto cut = text.size() / 2;
  const std::string field = auth::format_authentication_results(
      ours, {{value, value, value, {{value, value}, {"header.from", value.substr(cut)}}}});
  const auto fields = parse_header(field);
  require(fields && fields->size() == 1);
  require(auth::is_forged_result(fields->front(), ours));
  require(!auth::is_forged_result(fields->front(), "mx.other.example"));
  require(field.find('\0') == std::string::npos);
  (void)auth::parse_authentication_results(fields->front().value);
  (void)auth::format_authentication_results(text, {});
}

void check_read(std::string_view value) {
  HeaderField field{.raw = {}, .name = "Authentication-Results", .value = value};
  const bool forged = auth::is_forged_result(field, ours);
  const bool forged_elsewhere = auth::is_forged_result(field, "mx.other.example");
  require(!(forged && forged_elsewhere) || auth::is_forged_result(field, "third.example"));  // cannot be parsed
  for (const std::string_view start : {"mx.b.example;", " MX.B.EXAMPLE ;", "(x) \"mx.b.example\" 1;"}) {
    const std::string claimed = std::string(start) + std::string(value);
    field.value = claimed;
    require(auth::is_forged_result(field, ours));
  }
}

bool is_printable(std::string_view text) {
  for (const char c : text) {
    if (c < 0x20 || c == 0x7f) return false;
  }
  return true;
}

/// Whether the writer keeps every text of it as it is.
bool is_kept(const auth::AuthenticationResults& results) {
  const auto kept = [](std::string_view text) { return text.size() <= auth::max_result_text && is_printable(text); };
  if (!kept(results.authserv_id)) return false;
  for (const auto& result : results.results) {
    if (!kept(result.reason)) return false;
    for (const auto& [name, value] : result.properties) {
      if (!kept(value)) return false;
    }
  }
  return true;
}

void check_parsed(std::string_view value) {
  const auto results = auth::parse_authentication_results(value);
  if (!results) return;
  require(!results->authserv_id.empty() && results->results.size() <= 64);
  for (const auto& result : results->results) {
    require(!result.method.empty() && !result.result.empty() && result.properties.size() <= 64);
  }
  if (!is_kept(*results)) return;
  const auto field = auth::format_authentication_results(results->authserv_id, results->results);
  const auto again = auth::parse_authentication_results(parse_header(field).value().front().value);
  require(again && again->authserv_id == results->authserv_id && again->results.size() == results->results.size());
  for (std::size_t n = 0; n < again->results.size(); ++n) {
    const auto& before = results->results[n];
    const auto& after = again->results[n];
    require(before.method == after.method && before.result == after.result && before.reason == after.reason);
    require(before.properties == after.properties);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_written(text);
  check_read(text);
  check_read(folded(text));
  check_parsed(text);
  check_parsed("mx; " + folded(text));
  return 0;
}
