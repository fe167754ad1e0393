// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of clients in the DNS.
#include "policy/dnsbl.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using testing::ElementsAre;

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}
DnsList list(std::string_view zone, int weight = 1, std::vector<IpNetwork> answers = {}) {
  return {.zone = domain(zone), .name = std::string(zone), .answers = std::move(answers), .weight = weight};
}

struct Says {
  std::string zone;
  std::string answer;  // "": nothing; "?": the look-up failed
};

Listing check(const std::vector<DnsList>& lists, const std::vector<Says>& all) {
  dns::Answers answers;
  EXPECT_EQ(check_lists(address("192.0.2.9"), lists, answers), std::nullopt);
  EXPECT_EQ(answers.take_open().size(), lists.size());  // all are asked at once
  for (const auto& [zone, text] : all) {
    dns::Answer answer;
    answer.status = dns::Status::NxDomain;
    if (text == "?") answer.status = dns::Status::Failed;
    if (const auto parsed = IpAddress::parse(text)) {
      answer.status = dns::Status::Ok;
      dns::A a;
      std::ranges::copy(parsed->octets(), a.octets.begin());
      answer.records.emplace_back(a);
    }
    answers.add({.name = "9.2.0.192." + zone, .type = dns::Type::A}, std::move(answer));
  }
  return check_lists(address("192.0.2.9"), lists, answers).value();
}

TEST(Dnsbl, AClientIsAskedForByItsReversedAddress_Rfc5782) {
  EXPECT_EQ(dnsbl_name(address("192.0.2.9"), domain("bl.example")), "9.2.0.192.bl.example");
  EXPECT_EQ(dnsbl_name(address("::ffff:192.0.2.9"), domain("bl.example")), "9.2.0.192.bl.example");
  EXPECT_EQ(dnsbl_name(address("2001:db8::1"), domain("bl.example")),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.example");
}

TEST(Dnsbl, WhatAListSaysCounts) {
  const auto named = check({list("bl.example")}, {{"bl.example", "127.0.0.2"}});
  EXPECT_EQ(named.score, 1);
  EXPECT_EQ(named.by, "bl.example");
  EXPECT_EQ(check({list("bl.example")}, {{"bl.example", ""}}).score, 0);
}

TEST(Dnsbl, WhatIsNoListingCountsForNothing) {
  // The last three: "you may not ask me", what no list says, and a domain that answers everything with its web server.
  for (const auto* answer : {"127.255.255.254", "127.0.0.1", "203.0.113.7"}) {
    EXPECT_EQ(check({list("bl.example")}, {{"bl.example", answer}}).score, 0) << answer;
  }
}

TEST(Dnsbl, AListThatFailsSaysNothing) {
  const auto found = check({list("a.example"), list("b.example", 2)}, {{"a.example", "?"}, {"b.example", "127.0.0.2"}});
  EXPECT_EQ(found.score, 2);
  EXPECT_EQ(found.by, "b.example");
  EXPECT_THAT(found.failed, ElementsAre("a.example"));
}

TEST(Dnsbl, OnlyTheAnswersThatWereChosenCount) {
  const auto only = list("bl.example", 1, {IpNetwork::parse("127.0.0.4/30").value()});
  EXPECT_EQ(check({only}, {{"bl.example", "127.0.0.2"}}).score, 0);
  EXPECT_EQ(check({only}, {{"bl.example", "127.0.0.5"}}).score, 1);
}

TEST(Dnsbl, WelcomeClientsWeighAgainstTheOthers) {
  const auto found =
      check({list("bl.example"), list("wl.example", -2)}, {{"bl.example", "127.0.0.2"}, {"wl.example", "127.0.5.1"}});
  EXPECT_EQ(found.score, -1);
  EXPECT_EQ(found.by, "bl.example");
}

}  // namespace
}  // namespace cas::policy
