// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The limits of an evaluation (RFC 7208 §4.6.4).
#include "auth/spf_case_test.hpp"

namespace cas::auth {
namespace {

using test::check;
using test::Client;
using test::result_of;
using ::testing::HasSubstr;

std::string repeated(const std::string& term, int times) {
  std::string out;
  for (int n = 0; n < times; ++n) out += " " + term;
  return out;
}

TEST(SpfLimits, TenTermsMayAskTheDns) {
  const std::string zone =
      "a.example A 203.0.113.1\na.example MX 10 a.example\n1.2.0.192.in-addr.arpa PTR x.example\nx.example A "
      "203.0.113.1\nthere.example MX 1 a.example\n";
  for (const std::string term : {"a", "mx", "ptr", "a:a.example", "mx:there.example"}) {
    EXPECT_EQ(result_of(check("a.example TXT v=spf1" + repeated(term, 10) + " ip4:192.0.2.1 -all\n" + zone)), "pass")
        << term;
    const auto over = check("a.example TXT v=spf1" + repeated(term, 11) + " ip4:192.0.2.1 -all\n" + zone);
    EXPECT_EQ(result_of(over), "permerror") << term;
    EXPECT_EQ(over.term, term);
    EXPECT_THAT(over.reason, HasSubstr("10 terms"));
  }
}

TEST(SpfLimits, OtherTermsDoNotCount) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1" + repeated("ip4:203.0.113.1", 50) + repeated("ip6:::1", 50) +
                            repeated("moo=x", 50) + " exp=b.example +all")),
            "pass");
}

TEST(SpfLimits, TermsThatAreNotReachedDoNotCount) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 ip4:192.0.2.1" + repeated("a", 20))), "pass");
}

TEST(SpfLimits, TermsOfIncludedAndRedirectedRecordsCountTogether) {
  const auto zone = [](int own, int included) {
    return "a.example TXT v=spf1 include:b.example" + repeated("a", own) + " ip4:192.0.2.1\nb.example TXT v=spf1" +
           repeated("a", included) + "\na.example A 203.0.113.1\nb.example A 203.0.113.1";
  };
  EXPECT_EQ(result_of(check(zone(4, 5))), "pass");
  EXPECT_EQ(result_of(check(zone(5, 5))), "permerror");
  const auto redirected = [](int own, int other) {
    return "a.example TXT v=spf1 redirect=b.example" + repeated("a", own) + "\nb.example TXT v=spf1" +
           repeated("a", other) + " ip4:192.0.2.1\na.example A 203.0.113.1\nb.example A 203.0.113.1";
  };
  EXPECT_EQ(result_of(check(redirected(4, 5))), "pass");
  EXPECT_EQ(result_of(check(redirected(4, 6))), "permerror");
}

TEST(SpfLimits, LoopsEnd) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:a.example +all")), "permerror");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 redirect=a.example")), "permerror");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:b.example\nb.example TXT v=spf1 redirect=a.example")),
            "permerror");
}

TEST(SpfLimits, TwoLookUpsMayFindNothing) {
  const std::string zone = "none.example NXDOMAIN\nempty.example TXT x\na.example A 203.0.113.1\n";
  for (const std::string term : {"a:none.example", "a:empty.example", "mx:none.example", "mx:empty.example",
                                 "exists:none.example", "exists:empty.example"}) {
    EXPECT_EQ(result_of(check("a.example TXT v=spf1 a" + repeated(term, 2) + " ~all\n" + zone)), "softfail") << term;
    const auto over = check("a.example TXT v=spf1 a" + repeated(term, 3) + " ~all\n" + zone);
    EXPECT_EQ(result_of(over), "permerror") << term;
    EXPECT_THAT(over.reason, HasSubstr("void"));
  }
}

TEST(SpfLimits, VoidLookUpsCountAcrossRecords) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 a:n.example include:b.example a:n.example -all\n"
                            "b.example TXT v=spf1 a:n.example\nn.example NXDOMAIN")),
            "permerror");
}

TEST(SpfLimits, WhatTheClientIsCalledIsNoVoidLookUpOfTheDomain) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 ptr ptr ptr exists:%{p}.b.example ~all\n"
                            "1.2.0.192.in-addr.arpa NXDOMAIN\nunknown.b.example A 127.0.0.2")),
            "pass");
}

TEST(SpfLimits, DeadHostsBehindMxAreNoVoidLookUpsOfTheirOwn) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 mx -all\na.example MX 1 n1.example\na.example MX 2 n2.example\n"
                            "a.example MX 3 n3.example\na.example MX 4 m.example\nm.example A 192.0.2.1\n"
                            "n1.example NXDOMAIN\nn2.example NXDOMAIN\nn3.example AAAA ::1")),
            "pass");
}

std::string exchanges(int count) {
  std::string zone = "a.example TXT v=spf1 mx -all\n";
  for (int n = 0; n < count; ++n)
    zone += "a.example MX " + std::to_string(n) + " m" + std::to_string(n) + ".example\nm" + std::to_string(n) +
            ".example A 192.0.2." + std::to_string(n + 1) + "\n";
  return zone;
}

TEST(SpfLimits, MoreThanTenExchangesAreAnErrorAndNotLookedUp) {
  EXPECT_EQ(result_of(check(exchanges(10), Client{.ip = "192.0.2.10"})), "pass");
  testing::Zone zone(exchanges(11));
  EXPECT_EQ(result_of(check(zone)), "permerror");
  EXPECT_EQ(zone.asked().size(), 2U) << "TXT and MX";
}

TEST(SpfLimits, OfMoreThanTenNamesOfAClientTheFirstTenCount) {
  std::string zone = "a.example TXT v=spf1 ptr -all\n";
  for (int n = 0; n < 12; ++n) {
    const std::string name = "h" + std::to_string(n) + ".a.example";
    zone += "1.2.0.192.in-addr.arpa PTR " + name + "\n" + name + (n == 9 ? " A 192.0.2.1\n" : " A 203.0.113.1\n");
  }
  testing::Zone names(zone);
  EXPECT_EQ(result_of(check(names)), "pass");
  EXPECT_EQ(names.asked().size(), 12U) << "TXT, PTR, ten times A";
}

TEST(SpfLimits, ARoundAsksForNoMoreThanTenNames) {
  testing::Zone zone(exchanges(10));
  const SpfQuery query = test::query_of({});
  dns::Answers answers;
  std::size_t most = 0;
  while (!check_spf(query, answers)) {
    const auto open = answers.take_open();
    ASSERT_FALSE(open.empty());
    most = std::max(most, open.size());
    for (const auto& question : open) answers.add(question, zone.answer(question));
  }
  EXPECT_EQ(most, 10U);
}

}  // namespace
}  // namespace cas::auth
