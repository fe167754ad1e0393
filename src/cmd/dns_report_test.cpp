// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cmd/dns.hpp"

namespace cas::cmd {
namespace {

using setup::Finding;
using setup::Need;
using setup::Verdict;
using ::testing::HasSubstr;
using ::testing::Not;

DnsReport report() {
  return {.domain = "b.example",
          .findings = {{.id = "mx", .name = "b.example", .type = "MX", .problem = "It is led.", .found = "10 mx."},
                       {.id = "dmarc.none",
                        .name = "_dmarc.b.example",
                        .type = "TXT",
                        .verdict = Verdict::Weak,
                        .need = Need::Optional,
                        .problem = "It lets pass."},
                       {.id = "spf.several",
                        .name = "b.example",
                        .type = "TXT",
                        .verdict = Verdict::Wrong,
                        .problem = "There are several.",
                        .found = "v=spf1 \x1b[2J",
                        .mend = "Put one in their place.",
                        .line = "b.example. IN TXT \"v=spf1 -all\""}}};
}

TEST(DnsText, ShowsWhatNeedsDoingAndCountsTheRest) {
  const auto text = dns_text(report(), false, false);
  EXPECT_THAT(text, HasSubstr("b.example: 1 error, 1 note\n"));
  EXPECT_THAT(text, HasSubstr("ERROR  b.example TXT  [spf.several]\n"));
  EXPECT_THAT(text, HasSubstr("  line:      b.example. IN TXT \"v=spf1 -all\"\n"));
  EXPECT_THAT(text, Not(HasSubstr("dmarc.none")));
  EXPECT_THAT(text, HasSubstr("--all"));
}

TEST(DnsText, ShowsAllOnRequestTheWorstFirst) {
  const auto text = dns_text(report(), true, false);
  EXPECT_LT(text.find("spf.several"), text.find("dmarc.none"));
  EXPECT_LT(text.find("dmarc.none"), text.find("OK  b.example MX  [mx]"));
}

TEST(DnsText, EscapesWhatStrangersWroteAlsoInColours) {
  EXPECT_THAT(dns_text(report(), true, false), Not(HasSubstr("\x1b")));
  EXPECT_THAT(dns_text(report(), true, true), Not(HasSubstr("\x1b[2J")));
  EXPECT_THAT(dns_json(std::vector{report()}), Not(HasSubstr("\x1b")));
}

TEST(DnsJson, HoldsEveryFindingWithItsLines) {
  const auto value = boost::json::parse(dns_json(std::vector{report()}));
  const auto& domain = value.at("domains").at(0);
  EXPECT_EQ(domain.at("status"), 1);
  EXPECT_EQ(domain.at("findings").as_array().size(), 3U);
  EXPECT_EQ(domain.at("findings").at(0).at("id"), "spf.several");
  EXPECT_EQ(domain.at("findings").at(0).at("lines").at(0), "b.example. IN TXT \"v=spf1 -all\"");
}

}  // namespace
}  // namespace cas::cmd
