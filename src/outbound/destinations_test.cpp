// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which rule a domain has, and under which name the queue paces it.
#include "outbound/destinations.hpp"

#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}

const DestinationRules rules({{.domain = domain("b.example"), .fallback = confirm::Fallback::Hold, .concurrency = 3},
                              {.domain = domain("b.example"),
                               .with_subdomains = true,
                               .fallback = confirm::Fallback::Bounce,
                               .messages_per_minute = 60}});
const queue::PaceLimits usual{.initial = 5, .most = 20};

TEST(Destinations, TheRuleIsThatOfTheDomainElseOfTheNearestAbove) {
  EXPECT_EQ(rules.fallback(domain("b.example")), confirm::Fallback::Hold);
  EXPECT_EQ(rules.fallback(domain("x.y.b.example")), confirm::Fallback::Bounce);
  EXPECT_EQ(rules.fallback(domain("c.example")), std::nullopt);
}

TEST(Destinations, ADomainIsItsOwnDestinationWithTheLimitsOfItsRule) {
  const auto own = describe("b.example", Routes(), rules, usual);
  EXPECT_EQ(own.name, "b.example");
  EXPECT_EQ(own.limits.most, 3U);
  EXPECT_EQ(own.limits.per_minute, 0U);
  EXPECT_EQ(describe("x.b.example", Routes(), rules, usual).limits.per_minute, 60U);
  EXPECT_EQ(describe("x.b.example", Routes(), rules, usual).limits.most, 20U);
  EXPECT_EQ(describe("[192.0.2.1]", Routes(), rules, usual).name, "[192.0.2.1]");
}

TEST(Destinations, AllThatOneNextHopTakesSharesOnePace) {
  const Routes routes(NextHop::parse("mail.isp.example:587").value(),
                      {{.domain = domain("x.example"), .next_hop = NextHop::parse("[2001:db8::1]:25").value()}});
  for (const std::string name : {"b.example", "c.example", "[192.0.2.1]"}) {
    const auto found = describe(name, routes, rules, usual);
    EXPECT_EQ(found.name, "mail.isp.example:587");
    EXPECT_EQ(found.limits.most, 20U) << "the pace of a hop is nobody's rule";
  }
  EXPECT_EQ(describe("x.example", routes, rules, usual).name, "[2001:db8::1]:25");
}

}  // namespace
}  // namespace cas::outbound
