// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Authentication-Results, RFC 8601: what we write, and whose a field claims to be.
#include "auth/authentication_results.hpp"

#include <gtest/gtest.h>

namespace cas::auth {
namespace {

TEST(FormatAuthenticationResults, WritesMethodsAndPropertiesFolded) {
  const std::vector<MethodResult> results{
      {"cas",
       "pass",
       "",
       {{"policy.cas", "confirmed"}, {"header.from", "joe@a.example"}, {"smtp.mailfrom", "joe@a.example"}}},
      {"spf", "none", "no record", {{"smtp.mailfrom", "a.example"}}}};
  EXPECT_EQ(format_authentication_results("mx.b.example", results),
            "Authentication-Results: mx.b.example;\r\n"
            " cas=pass policy.cas=confirmed header.from=joe@a.example\r\n"
            " smtp.mailfrom=joe@a.example;\r\n"
            " spf=none reason=\"no record\" smtp.mailfrom=a.example\r\n");
}

TEST(FormatAuthenticationResults, SaysNoneWithoutResultsRfc8601Section22) {
  EXPECT_EQ(format_authentication_results("mx.b.example", {}), "Authentication-Results: mx.b.example; none\r\n");
}

TEST(FormatAuthenticationResults, QuotesWhatIsNoTokenAndNoPlainAddress) {
  const auto value_for = [](std::string value) {
    std::string field = format_authentication_results("h", {{"cas", "pass", "", {{"header.from", std::move(value)}}}});
    const auto at = field.find("header.from=") + 12;
    return field.substr(at, field.size() - at - 2);
  };
  EXPECT_EQ(value_for("o'hara+x@a.example"), "o'hara+x@a.example");
  EXPECT_EQ(value_for("@a.example"), "@a.example");
  EXPECT_EQ(value_for("a b@a.example"), "\"a b@a.example\"");
  EXPECT_EQ(value_for("a..b@a.example"), "\"a..b@a.example\"");
  EXPECT_EQ(value_for("\"x\\\"@a.example"), "\"\\\"x\\\\\\\"@a.example\"");
  EXPECT_EQ(value_for("x;dkim=pass"), "\"x;dkim=pass\"");
  EXPECT_EQ(value_for(""), "\"\"");
}

TEST(FormatAuthenticationResults, LetsNothingBreakOut) {
  const std::string hostile =
      "x\r\nBcc: a@b\r\n\r\nbody\0\x7f\x1b[0m\"; dkim=pass" + std::string(3000, 'y') + "\xff\xc3";
  const std::string field = format_authentication_results(
      hostile, {{"cas\r\n=", hostile, hostile, {{hostile, hostile}, {"header.from", hostile}}}});
  EXPECT_TRUE(field.ends_with("\r\n"));
  for (std::size_t at = field.find('\n'); at + 1 < field.size(); at = field.find('\n', at + 1)) {
    EXPECT_EQ(field[at - 1], '\r');
    EXPECT_EQ(field[at + 1], ' ');
  }
  EXPECT_EQ(field.find('\0'), std::string::npos);
  EXPECT_EQ(field.find('\x1b'), std::string::npos);
}

TEST(FormatAuthenticationResults, HasNoLineAbove998OctetsRfc5322Section211) {
  const std::string quotes(5000, '"');
  const std::string field =
      format_authentication_results(quotes, {{"dkim", "fail", quotes, {{"header.i", quotes}, {"header.s", quotes}}}});
  for (std::size_t at = 0; at < field.size(); at = field.find('\n', at) + 1) {
    EXPECT_LE(field.find('\r', at) - at, 998);
  }
}

TEST(FormatAuthenticationResults, IsRecognisedAsOurs) {
  const std::string field = format_authentication_results("mx.b.example", {{"cas", "pass", "", {}}});
  const auto fields = parse_header(field).value();
  EXPECT_TRUE(is_forged_result(fields.at(0), "mx.b.example"));
  EXPECT_FALSE(is_forged_result(fields.at(0), "mx.c.example"));
}

bool forged(std::string_view value, std::string_view name = "Authentication-Results") {
  return is_forged_result(HeaderField{.raw = "", .name = name, .value = value}, "mx.b.example");
}

TEST(IsForgedResult, FindsOurNameInEveryDisguiseRfc8601Section5) {
  for (const std::string_view value :
       {"mx.b.example; cas=pass", " mx.b.example; none", "MX.B.Example;cas=pass", "mx.b.example",
        "mx.b.example 1; none", "(a comment) mx.b.example; none",
        " (nested (deeper) \\) still) mx.b.example (x) 1 (y); none", "\r\n mx.b.example;\r\n cas=pass",
        "\"mx.b.example\"; none", "\"mx.b\\.example\"; none", "\"MX.b.example\" ; none", "mx.b.example.; none",
        "\" mx.b.example\"; none", "\xef\xbd\x8d\xef\xbd\x98.b.example; none"}) {
    EXPECT_TRUE(forged(value)) << value;
  }
  EXPECT_TRUE(forged("mx.b.example; none", "authentication-RESULTS"));
  EXPECT_TRUE(forged("mx.b.example; none", "Authentication-Results "));
}

TEST(IsForgedResult, TakesWhatCannotBeParsedForForged) {
  for (const std::string_view value :
       {"", " ", ";", "; none", "(unfinished mx.b.example; none", "(a) (b", "\"mx.b.example; none", "\"mx\\",
        "=?utf-8?q?mx.b.example?=; none", "a@mx.b.example; none", "other.example mx.b.example; none",
        "other.example (x; none", "other.example/1; none", "other.example 1 2; none", "\x01; none", "caf\xc3; none"}) {
    EXPECT_TRUE(forged(value)) << value;
  }
}

TEST(IsForgedResult, LeavesOthersAlone) {
  for (const std::string_view value :
       {"mx.c.example; cas=pass", "mx.b.example1 ", "b.example; none", "x.mx.b.example; none",
        "other.example 1; mx.b.example; none", "(mx.b.example) mx.c.example; none", "\"some id\"; none"}) {
    EXPECT_FALSE(forged(value)) << value;
  }
  EXPECT_FALSE(forged("mx.b.example; cas=pass", "ARC-Authentication-Results"));
  EXPECT_FALSE(forged("mx.b.example; cas=pass", "Subject"));
}

}  // namespace
}  // namespace cas::auth
