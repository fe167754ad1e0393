// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who asks for reports, and what is counted for them.
#include "tlspolicy/tlsrpt.hpp"

#include <gtest/gtest.h>

namespace cas::tlspolicy {
namespace {

using Uris = std::vector<std::string>;

TEST(TlsrptRecord, NamesItsUrisRfc8460Section3) {
  EXPECT_EQ(parse_tlsrpt_record("v=TLSRPTv1; rua=mailto:r@b.example"), Uris{"mailto:r@b.example"});
  EXPECT_EQ(parse_tlsrpt_record("v=TLSRPTv1;rua=https://b.example/r , mailto:r@b.example;x=y"),
            (Uris{"https://b.example/r", "mailto:r@b.example"}));
  EXPECT_EQ(parse_tlsrpt_record("v=TLSRPTv1; rua=ftp://b.example,MAILTO:r@b.example"), Uris{"MAILTO:r@b.example"});
}

TEST(TlsrptRecord, RefusesWhatIsNone) {
  for (const std::string text : {"", "v=TLSRPTv1", "v=TLSRPTv1;", "v=TLSRPTv2; rua=mailto:a@b", "rua=mailto:a@b",
                                 "v=TLSRPTv1; rua=", "v=TLSRPTv1; rua=http://b.example",
                                 "v=TLSRPTv1; rua=mailto:", "v=TLSRPTv1; rua=mailto:a\r\nb@c"}) {
    EXPECT_FALSE(parse_tlsrpt_record(text)) << text;
  }
  dns::Answer two;
  two.records = {dns::Txt{"v=TLSRPTv1; rua=mailto:a@b"}, dns::Txt{"v=TLSRPTv1; rua=mailto:c@d"}};
  EXPECT_FALSE(find_tlsrpt_record(two));
}

SessionResult result(std::string domain, std::optional<TlsFailure> failure = {}) {
  return {.domain = std::move(domain),
          .policy = {.type = "sts", .lines = {"version: STSv1", "mode: enforce"}},
          .mx = "mx.b.example",
          .address = "192.0.2.1",
          .failure = failure};
}

TEST(DayCounters, CountsSessionsAndFailures) {
  DayCounters day;
  day.add(result("b.example"));
  day.add(result("b.example"));
  day.add(result("b.example", TlsFailure::CertificateExpired));
  day.add(result("b.example", TlsFailure::CertificateExpired));
  ASSERT_EQ(day.domains().size(), 1U);
  const auto& counters = day.domains().at("b.example").begin()->second;
  EXPECT_EQ(counters.successes, 2U);
  EXPECT_EQ(counters.failures, 2U);
  EXPECT_EQ(counters.details.begin()->second, 2U);
}

TEST(DayCounters, SurviveBeingSaved) {
  DayCounters day;
  day.add(result("b.example"));
  day.add(result("b.example", TlsFailure::TlsaInvalid));
  auto other = result("c.example", TlsFailure::StartTlsNotSupported);
  other.policy = {};
  day.add(other);
  const auto again = DayCounters::load(day.save());
  EXPECT_EQ(again.save(), day.save());
  EXPECT_EQ(again.domains().at("b.example").begin()->second.details.size(), 1U);
  EXPECT_EQ(DayCounters::load("P\tx\nC\nF\t\nnonsense").domains().at("x").begin()->second.failures, 0U);
}

TEST(DayCounters, AreBoundedAndSayWhatTheyLeftOut) {
  DayCounters day;
  for (std::size_t n = 0; n <= DayCounters::max_domains; ++n) day.add(result(std::to_string(n) + ".example"));
  EXPECT_EQ(day.domains().size(), DayCounters::max_domains);
  EXPECT_EQ(day.left_out(), 1U);
  for (std::size_t n = 0; n < 2 * DayCounters::max_details; ++n) {
    auto failed = result("1.example", TlsFailure::CertificateExpired);
    failed.address = std::to_string(n);
    day.add(failed);
  }
  const auto& counters = day.domains().at("1.example").begin()->second;
  EXPECT_EQ(counters.details.size(), DayCounters::max_details);
  EXPECT_EQ(counters.failures, 2 * DayCounters::max_details) << "the sum is right all the same";
}

}  // namespace
}  // namespace cas::tlspolicy
