// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 5322 dates.
#include "message/date.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace cas {
namespace {

UnixTime at(std::int64_t unix_seconds) {
  return UnixTime(seconds(unix_seconds));
}

TEST(FormatDate, IsAlwaysUtc) {
  EXPECT_EQ(format_date(at(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(format_date(at(1795460400)), "Mon, 23 Nov 2026 19:00:00 +0000");
  EXPECT_EQ(format_date(at(951827696)), "Tue, 29 Feb 2000 12:34:56 +0000");
}

TEST(ParseDate, ReadsTheExamplesOfRfc5322AppendixA) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"Fri, 21 Nov 1997 09:55:06 -0600", "Fri, 21 Nov 1997 15:55:06 +0000"},
      {" Tue, 1 Jul 2003 10:52:37 +0200", "Tue, 01 Jul 2003 08:52:37 +0000"},
      {"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 "
       "(Newfoundland Time)",
       "Fri, 14 Feb 1969 03:02:00 +0000"},
      {"21 Nov 97 09:55:06 GMT", "Fri, 21 Nov 1997 09:55:06 +0000"},
      {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "Fri, 21 Nov 1997 15:55:06 +0000"},
  };
  for (const auto& [given, expected] : cases) {
    const auto parsed = parse_date(given);
    ASSERT_TRUE(parsed) << given;
    EXPECT_EQ(format_date(*parsed), expected);
  }
}

TEST(ParseDate, ReadsTheObsoleteFormsOfSection4_3) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"1 Jan 49 00:00 UT", "Fri, 01 Jan 2049 00:00:00 +0000"},
      {"1 Jan 50 00:00 UT", "Sun, 01 Jan 1950 00:00:00 +0000"},
      {"1 Jan 126 00:00 UT", "Thu, 01 Jan 2026 00:00:00 +0000"},
      {"1 jan 2026 00:00 EST", "Thu, 01 Jan 2026 05:00:00 +0000"},
      {"1 JAN 2026 00:00 PDT", "Thu, 01 Jan 2026 07:00:00 +0000"},
      {"1 Jan 2026 00:00 A", "Thu, 01 Jan 2026 00:00:00 +0000"},
      {"1 Jan 2026 00:00 CEST", "Thu, 01 Jan 2026 00:00:00 +0000"},
      {"Mon, 1 Jan 2026 00:00 -0000", "Thu, 01 Jan 2026 00:00:00 +0000"},  // a wrong day name
      {"31 Dec 2016 23:59:60 +0000", "Sat, 31 Dec 2016 23:59:59 +0000"},
  };
  for (const auto& [given, expected] : cases) {
    const auto parsed = parse_date(given);
    ASSERT_TRUE(parsed) << given;
    EXPECT_EQ(format_date(*parsed), expected);
  }
}

TEST(ParseDate, RefusesTheRest) {
  for (const std::string_view text : {"",
                                      "now",
                                      "Fri 21 Nov 1997 09:55:06 -0600",
                                      "Xyz, 21 Nov 1997 09:55:06 -0600",
                                      "32 Nov 1997 09:55:06 -0600",
                                      "31 Nov 1997 09:55:06 +0000",
                                      "29 Feb 2023 00:00:00 +0000",
                                      "0 Nov 1997 09:55:06 +0000",
                                      "21 Nov 1997 24:00:00 +0000",
                                      "21 Nov 1997 09:60:00 +0000",
                                      "21 Nov 1997 09:55:61 +0000",
                                      "21 Nov 1997 09:55:06",
                                      "21 Nov 1997 09:55:06 +06",
                                      "21 Nov 1997 09:55:06 +0060",
                                      "21 Nov 1997 09:55:06 +0000 x",
                                      "21 Nov 1997 9:55:06 +0000",
                                      "21 Nov 7 09:55:06 +0000",
                                      "21 Nov 1899 09:55:06 +0000",
                                      "21 Nov 99999 09:55:06 +0000",
                                      "21 Foo 1997 09:55:06 +0000",
                                      "21 Nov 1997 09:55:06 GMT+1",
                                      "21 Nov 1997 09:55:06 +0000\r\n",
                                      "2026-11-23T19:00:00Z"}) {
    const auto parsed = parse_date(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().lasting, Lasting::Permanent);
  }
}

TEST(ParseDate, ReadsWhatFormatDateWrites) {
  for (std::int64_t t = -2'000'000'000; t < 200'000'000'000; t += 987'654'321) {
    EXPECT_EQ(parse_date(format_date(at(t))), at(t)) << t;
  }
}

}  // namespace
}  // namespace cas
