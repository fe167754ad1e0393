// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Authentication-Results read, RFC 8601 §2.2 and its appendix B.
#include "auth/authentication_results_parse.hpp"

#include <gmock/gmock.h>

namespace cas::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

AuthenticationResults read(std::string_view value) {
  const auto results = parse_authentication_results(value);
  EXPECT_TRUE(results) << value;
  return results.value_or(AuthenticationResults{});
}

/// "spf=pass dkim=fail"
std::string words(std::string_view value) {
  std::string out;
  for (const auto& result : read(value).results) out += (out.empty() ? "" : " ") + result.method + '=' + result.result;
  return out;
}

TEST(ParseAuthenticationResults, ReadsNoResultRfc8601AppendixB2) {
  EXPECT_EQ(read(" example.org 1; none").authserv_id, "example.org");
  EXPECT_THAT(read(" example.org 1; none").results, IsEmpty());
  EXPECT_THAT(read("example.org;none;").results, IsEmpty());
}

TEST(ParseAuthenticationResults, ReadsSeveralResultsRfc8601AppendixB4) {
  const auto results = read(
      " example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n"
      " spf=pass smtp.mailfrom=example.net");
  ASSERT_EQ(results.results.size(), 2U);
  EXPECT_EQ(results.results[0].method, "auth");
  EXPECT_THAT(results.results[0].properties, ElementsAre(Pair("smtp.auth", "sender@example.net")));
  EXPECT_EQ(results.results[1].result, "pass");
}

TEST(ParseAuthenticationResults, ReadsCommentsEverywhereRfc8601AppendixB7) {
  const auto results = read(
      " foo.example.net (foobar) 1 (baz);\r\n"
      "    dkim (Because I like it) / 1 (One yay) = (wait for it) fail\r\n"
      "      policy (A dot can go here) . (like that) expired\r\n"
      "      (this surprised me) = (as I wasn't expecting it) 1362471462");
  EXPECT_EQ(results.authserv_id, "foo.example.net");
  ASSERT_EQ(results.results.size(), 1U);
  EXPECT_EQ(results.results[0].method, "dkim");
  EXPECT_EQ(results.results[0].result, "fail");
  EXPECT_THAT(results.results[0].properties, ElementsAre(Pair("policy.expired", "1362471462")));
}

TEST(ParseAuthenticationResults, ReadsReasonsAndQuotedValues) {
  const auto results =
      read("\"mx \\\"1\\\"\"; dkim=fail reason=\"bad; \\\"x\\\"\r\n y\" header.i=\"a b\"@x.example header.b=\"a/b=\"");
  EXPECT_EQ(results.authserv_id, "mx \"1\"");
  ASSERT_EQ(results.results.size(), 1U);
  EXPECT_EQ(results.results[0].reason, "bad; \"x\" y");
  EXPECT_THAT(results.results[0].properties, ElementsAre(Pair("header.i", "a b@x.example"), Pair("header.b", "a/b=")));
}

TEST(ParseAuthenticationResults, FoldsCaseOfWordsOnly) {
  const auto results = read("MX; DMARC=Pass Header.From=Example.COM");
  EXPECT_EQ(results.authserv_id, "MX");
  EXPECT_EQ(results.results[0].method, "dmarc");
  EXPECT_EQ(results.results[0].result, "pass");
  EXPECT_THAT(results.results[0].properties, ElementsAre(Pair("header.from", "Example.COM")));
}

TEST(ParseAuthenticationResults, ReadsWhatLargeProvidersWrite) {
  EXPECT_EQ(words(" mx.google.com;\r\n       dkim=pass header.i=@a.example header.s=s1 header.b=Ab/+cD1x;\r\n"
                  "       spf=pass (google.com: domain of x@a.example designates 192.0.2.1 as permitted sender) "
                  "smtp.mailfrom=x@a.example;\r\n"
                  "       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=a.example"),
            "dkim=pass spf=pass dmarc=pass");
  EXPECT_EQ(
      words(" mx.microsoft.com 1; spf=pass smtp.mailfrom=a.example; dmarc=pass action=none header.from=a.example; "
            "dkim=pass header.d=a.example; arc=none"),
      "spf=pass dmarc=pass dkim=pass arc=none");
}

TEST(ParseAuthenticationResults, LeavesOutOtherVersionsOfAMethodRfc8601Section22) {
  EXPECT_EQ(words("mx; dkim/2=pass; spf/1=fail"), "spf=fail");
}

TEST(ParseAuthenticationResults, RefusesWhatIsNotTheGrammar) {
  for (const char* value : {"",
                            "mx",
                            "mx;",
                            ";",
                            "mx; ;spf=pass",
                            "mx 2; spf=pass",
                            "mx 1 1; spf=pass",
                            "mx spf=pass",
                            "mx; spf",
                            "mx; spf=",
                            "mx; =pass",
                            "mx; spf=pass dkim",
                            "mx; spf=pass smtp.=x",
                            "mx; spf=pass .mailfrom=x",
                            "mx; spf=pass smtp.mailfrom=",
                            "mx; spf=pass (x",
                            "mx; spf=pass reason=\"x",
                            "mx; spf=pass smtp.mailfrom=\"x",
                            "mx; none; spf=pass",
                            "mx; spf/=pass",
                            "mx; spf/x=pass",
                            "mx; spf=pass reason=a reason=b",
                            "mx; spf=pass smtp.mailfrom=a\"b",
                            "\"\"; spf=pass"}) {
    EXPECT_FALSE(parse_authentication_results(value)) << value;
  }
}

TEST(ParseAuthenticationResults, IsBounded) {
  const auto repeated = [](std::string head, const std::string& what, int count) {
    for (int n = 0; n < count; ++n) head += what;
    return parse_authentication_results(head).has_value();
  };
  EXPECT_TRUE(repeated("mx", "; spf=pass", 64));
  EXPECT_FALSE(repeated("mx", "; spf=pass", 65));
  EXPECT_TRUE(repeated("mx; spf=pass", " smtp.x=y", 64));
  EXPECT_FALSE(repeated("mx; spf=pass", " smtp.x=y", 65));
  EXPECT_TRUE(repeated("mx; spf=pass", "(", 0));
  EXPECT_FALSE(repeated("mx; spf=pass ", "()", 40'000)) << "too long";
}

TEST(ParseAuthenticationResults, ReadsWhatWeWrite) {
  const std::vector<MethodResult> written{
      {"dkim", "fail", "the \"body\" was changed", {{"header.d", "a.example"}, {"header.b", "ab/+=c"}}},
      {"dmarc", "pass", "", {{"header.from", "a.example"}}}};
  const std::string field = format_authentication_results("mx.b.example", written);
  const auto results = read(parse_header(field).value().front().value);
  ASSERT_EQ(results.results.size(), 2U);
  EXPECT_EQ(results.results[0].reason, written[0].reason);
  EXPECT_EQ(results.results[0].properties, written[0].properties);
  EXPECT_EQ(results.results[1].properties, written[1].properties);
}

}  // namespace
}  // namespace cas::auth
