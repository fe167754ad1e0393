// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MX selection (RFC 5321 §5.1, RFC 7505).
#include "outbound/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

using testing::ElementsAre;

class Counting : public Random {
 public:
  explicit Counting(std::uint8_t first, int step) : next_(first), step_(step) {}
  void fill(std::span<std::uint8_t> out) override {
    for (auto& octet : out) {
      octet = next_;
      next_ = static_cast<std::uint8_t>(next_ + step_);
    }
  }

 private:
  std::uint8_t next_;
  int step_;
};

const Domain b = *Domain::parse("b.example");

dns::Answer mx(std::vector<std::pair<std::uint16_t, std::string>> hosts) {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  for (auto& [preference, host] : hosts) answer.records.emplace_back(dns::Mx{preference, host});
  return answer;
}

dns::Answer empty(dns::Status status) {
  dns::Answer answer;
  answer.status = status;
  return answer;
}

TEST(Route, LowerPreferenceComesFirst) {
  Counting random(0, 1);
  EXPECT_THAT(judge_mx(b, mx({{20, "second"}, {10, "first"}, {30, "third"}}), random).value(),
              ElementsAre("first", "second", "third"));
}

TEST(Route, EqualsComeInTheOrderOfTheDraw) {
  Counting up(0, 1);
  EXPECT_THAT(judge_mx(b, mx({{10, "x"}, {10, "y"}}), up).value(), ElementsAre("x", "y"));
  Counting down(200, -1);
  EXPECT_THAT(judge_mx(b, mx({{10, "x"}, {10, "y"}}), down).value(), ElementsAre("y", "x"));
}

TEST(Route, WithoutMxTheDomainItselfIsTheHost) {
  Counting random(0, 1);
  EXPECT_THAT(judge_mx(b, empty(dns::Status::NoData), random).value(), ElementsAre("b.example"));
}

TEST(Route, WhereWeAreAnMxOnlyBetterHostsAreTriedRfc5321Section5_1) {
  Counting random(0, 1);
  const auto us = *Domain::parse("us.example");
  EXPECT_THAT(judge_mx(b, mx({{10, "better"}, {20, "US.example"}, {20, "equal"}, {30, "worse"}}), random, us).value(),
              ElementsAre("better"));
  EXPECT_EQ(judge_mx(b, mx({{10, "us.example"}, {30, "worse"}}), random, us).error().summary(),
            "554 5.4.6 mail for b.example loops back to this server");
  EXPECT_EQ(judge_mx(us, empty(dns::Status::NoData), random, us).error().code, 554);
  EXPECT_THAT(judge_mx(b, mx({{10, "other"}, {20, "worse"}}), random, us).value(), ElementsAre("other", "worse"));
}

TEST(Route, TheFamiliesTakeTurnsRfc8305Section4) {
  dns::Answer a;
  dns::Answer aaaa;
  a.status = aaaa.status = dns::Status::Ok;
  for (std::uint8_t n = 1; n <= 3; ++n) a.records.emplace_back(dns::A{{192, 0, 2, n}});
  aaaa.records.emplace_back(dns::Aaaa{{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}});
  EXPECT_THAT(judge_addresses("h", a, aaaa).value(), ElementsAre("2001:db8::1", "192.0.2.1", "192.0.2.2", "192.0.2.3"));
}

TEST(Route, ANullMxRefusesForGood) {
  Counting random(0, 1);
  const auto hosts = judge_mx(b, mx({{0, ""}}), random);
  EXPECT_EQ(hosts.error().enhanced, (smtp::EnhancedCode{5, 1, 10}));
}

TEST(Route, ServfailIsNotAbsence) {
  Counting random(0, 1);
  EXPECT_TRUE(judge_mx(b, empty(dns::Status::Failed), random).error().transient());
  EXPECT_TRUE(judge_mx(b, empty(dns::Status::NxDomain), random).error().permanent());
}

TEST(Route, IPv6ComesBeforeIPv4AndOneFailedQuestionDoesNotHideTheOther) {
  dns::Answer a = empty(dns::Status::Ok);
  a.records.emplace_back(dns::A{{192, 0, 2, 1}});
  dns::Answer aaaa = empty(dns::Status::Ok);
  aaaa.records.emplace_back(dns::Aaaa{{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}});
  EXPECT_THAT(judge_addresses("h", a, aaaa).value(), ElementsAre("2001:db8::1", "192.0.2.1"));
  EXPECT_THAT(judge_addresses("h", a, empty(dns::Status::Failed)).value(), ElementsAre("192.0.2.1"));
  EXPECT_TRUE(judge_addresses("h", empty(dns::Status::NoData), empty(dns::Status::Failed)).error().transient());
  EXPECT_TRUE(judge_addresses("h", empty(dns::Status::NoData), empty(dns::Status::NxDomain)).error().permanent());
}

}  // namespace
}  // namespace cas::outbound
