// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The grammar of SPF records (RFC 7208 §4.5, §4.6, §5, §6, §12).
#include "auth/spf_record.hpp"

#include <gmock/gmock.h>

namespace cas::auth {
namespace {

using ::testing::HasSubstr;

TEST(SpfRecord, BeginsWithItsVersionSection45) {
  for (const std::string_view yes : {"v=spf1", "v=spf1 ", "v=spf1 -all", "V=SpF1 -all", "v=spf1  "})
    EXPECT_TRUE(is_spf_record(yes)) << yes;
  for (const std::string_view no : {"", "v=spf", "v=spf10", "v=spf1-all", "v=spf1\t-all", " v=spf1 -all",
                                    "v=spf2.0/pra -all", "v = spf1", "\"v=spf1\""})
    EXPECT_FALSE(is_spf_record(no)) << no;
}

std::string fault_of(const std::string& terms) {
  const std::string text = "v=spf1 " + terms;
  const auto record = parse_spf_record(text);
  return record ? "none" : record.error().term + ": " + record.error().why;
}

constexpr const char* allowed[] = {"",
                                   "   ",
                                   "a",
                                   "all",
                                   "ALL",
                                   "+all",
                                   "-a",
                                   "~mx",
                                   "?ptr",
                                   "a  -all  ",
                                   "a/24",
                                   "a//64",
                                   "a/24//64",
                                   "a/0",
                                   "a//0",
                                   "a/32//128",
                                   "a:b.example",
                                   "a:b.example/24",
                                   "a:b.example//64",
                                   "a:b.example/24//64",
                                   "A:b.example",
                                   "mx/24",
                                   "mx:b.example/24//64",
                                   "ptr:b.example",
                                   "Ip4:192.0.2.0/24",
                                   "ip4:192.0.2.1",
                                   "ip4:192.0.2.1/0",
                                   "ip6:::",
                                   "ip6:2001:db8::1",
                                   "ip6:2001:DB8::/32",
                                   "ip6:::ffff:192.0.2.1/128",
                                   "ip6:::/0",
                                   "include:b.example",
                                   "exists:%{i}.b.example",
                                   "exists:%{d1/}.b.example",
                                   "redirect=b.example",
                                   "REDIRECT=b.example",
                                   "exp=b.example",
                                   "exp=%{d}",
                                   "moo=",
                                   "moo=cow",
                                   "moo.cow-far_out=man:dog/cat",
                                   "m00=%{c}%{r}%{t}",
                                   "moo=a moo=b",
                                   "a=b",
                                   "all=b",
                                   "ip4=192.0.2.1",
                                   "a:foo:bar/baz.example",
                                   "-all exp=b.example redirect=b.example a"};

TEST(SpfRecord, WhatTheGrammarAllows) {
  for (const std::string terms : allowed) EXPECT_EQ(fault_of(terms), "none") << terms;
}

constexpr const char* forbidden[] = {"moo",
                                     "-",
                                     "+",
                                     "--all",
                                     "+-all",
                                     "all.",
                                     "all:",
                                     "all:b.example",
                                     "all/8",
                                     "include",
                                     "include:",
                                     "include/24",
                                     "include:b.example/24",
                                     "a:",
                                     "a/",
                                     "a:/24",
                                     "a/33",
                                     "a/024",
                                     "a/00",
                                     "a//",
                                     "a//129",
                                     "a//064",
                                     "a///64",
                                     "a/24/64",
                                     "a/24//64//64",
                                     "a/-1",
                                     "a/+1",
                                     "a/1000",
                                     "a//1000",
                                     "a:b.example/",
                                     "a:b.example//",
                                     "a:b.example/33",
                                     "a:b",
                                     "a:b.example:25",
                                     "a:192.0.2.1",
                                     "a24",
                                     "a/24x",
                                     "mx:",
                                     "mx/33",
                                     "mx//129",
                                     "ptr:",
                                     "ptr/0",
                                     "ptr:b.example/24",
                                     "ip4",
                                     "ip4:",
                                     "ip4/24",
                                     "ip4:192.0.2",
                                     "ip4:192.0.2.0/",
                                     "ip4:192.0.2.0/33",
                                     "ip4:192.0.2.0/032",
                                     "ip4:192.0.2.0//32",
                                     "ip4:192.0.2.0:25",
                                     "ip4:192.0.2.256",
                                     "ip4:192.0.02.1",
                                     "ip4:2001:db8::1",
                                     "ip4:b.example",
                                     "ip6",
                                     "ip6:",
                                     "ip6:192.0.2.1",
                                     "ip6:2001:db8::1/129",
                                     "ip6:2001:db8::1//64",
                                     "ip6:2001:db8:::1",
                                     "ip6::CAFE::1",
                                     "ip6:[2001:db8::1]",
                                     "ip6:2001:db8::1%eth0",
                                     "exists",
                                     "exists:",
                                     "exists/24",
                                     "exists:b.example/24",
                                     "redirect:b.example",
                                     "redirect",
                                     "redirect=",
                                     "redirect=b",
                                     "redirect=-all",
                                     "exp:b.example",
                                     "exp=",
                                     "exp=b",
                                     "exp=-all",
                                     "-redirect=b.example",
                                     "-moo=cow",
                                     "1up=foo",
                                     "=all",
                                     "_a=b",
                                     "moo=%",
                                     "moo=%a",
                                     "moo.cow/far=man",
                                     "moo:cow=man",
                                     "redirect=b.example redirect=b.example",
                                     "redirect=b.example a Redirect=c.example",
                                     "exp=b.example exp=b.example",
                                     "a:%{x}.example",
                                     "a:%{c}.example",
                                     "exp=%{r}.example",
                                     "redirect=%{t}.example",
                                     "a\t-all",
                                     "a\r\n-all",
                                     "a,-all",
                                     "a;-all",
                                     "a:b.ex\xc3\xa4mple",
                                     "moo\x80",
                                     "moo=\xff",
                                     "a \x0b"};

TEST(SpfRecord, WhatItForbids) {
  for (const std::string terms : forbidden) EXPECT_NE(fault_of(terms), "none") << terms;
  EXPECT_NE(fault_of(std::string("a:b.example\0", 12)), "none");
}

TEST(SpfRecord, SaysWhichTermIsWrongAndWhy) {
  EXPECT_EQ(fault_of("a ip4:192.0.2.0/33 moo"), "ip4:192.0.2.0/33: \"/33\" is no prefix length; 0 to 32 are");
  EXPECT_THAT(fault_of("a:192.0.2.1"), HasSubstr("ip4: and ip6: take one"));
  EXPECT_THAT(fault_of("redirect:b.example"), HasSubstr("\"=\" follows"));
  EXPECT_THAT(fault_of("exp=b.example Exp=b.example"), HasSubstr("only once"));
  EXPECT_THAT(fault_of("ip4:192.0.2"), HasSubstr("\"192.0.2\" is no IPv4 address"));
  EXPECT_THAT(fault_of("include"), HasSubstr("domain is missing"));
}

TEST(SpfRecord, WhatIsWrongIsMadePrintable) {
  const auto record = parse_spf_record("v=spf1 \x1b[31m");
  ASSERT_FALSE(record);
  EXPECT_THAT(record.error().why, HasSubstr("\\x1B"));
}

TEST(SpfRecord, IsReadIntoItsTerms) {
  const std::string text =
      "v=spf1 a -mx:b.example/24//64 ~ip4:192.0.2.0/25 ?ip6:2001:db8::/33 redirect=c.example moo=x";
  const auto record = parse_spf_record(text);
  ASSERT_TRUE(record);
  ASSERT_EQ(record->directives.size(), 4U);
  const auto& [a, mx, ip4, ip6] =
      std::tie(record->directives[0], record->directives[1], record->directives[2], record->directives[3]);
  EXPECT_EQ(a.result, SpfResult::Pass);
  EXPECT_FALSE(a.domain);
  EXPECT_EQ(a.v4_bits, 32U);
  EXPECT_EQ(a.v6_bits, 128U);
  EXPECT_EQ(mx.result, SpfResult::Fail);
  EXPECT_EQ(mx.term, "-mx:b.example/24//64");
  EXPECT_EQ(mx.v4_bits, 24U);
  EXPECT_EQ(mx.v6_bits, 64U);
  EXPECT_EQ(ip4.result, SpfResult::SoftFail);
  EXPECT_EQ(ip4.network.text(), "192.0.2.0");
  EXPECT_EQ(ip4.v4_bits, 25U);
  EXPECT_EQ(ip6.result, SpfResult::Neutral);
  EXPECT_EQ(ip6.v6_bits, 33U);
  ASSERT_TRUE(record->redirect);
  EXPECT_EQ(record->redirect->term, "redirect=c.example");
  EXPECT_FALSE(record->exp);
}

TEST(SpfRecord, HasALength) {
  std::string text = "v=spf1 ";
  text.append(max_spf_record - text.size() - 4, ' ');
  EXPECT_TRUE(parse_spf_record(text + "-all"));
  const std::string longer = text + " -all";
  ASSERT_FALSE(parse_spf_record(longer));
  EXPECT_THAT(parse_spf_record(longer).error().why, HasSubstr("8192"));
}

}  // namespace
}  // namespace cas::auth
