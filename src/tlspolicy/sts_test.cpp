// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Records, policy files and hosts as RFC 8461 has them.
#include "tlspolicy/sts.hpp"

#include <gtest/gtest.h>

namespace cas::tlspolicy {
namespace {

const std::string whole = "version: STSv1\nmode: enforce\nmx: mx1.b.example\nmx: *.B.example\nmax_age: 86400\n";

dns::Answer txt(std::vector<std::string> texts) {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  for (auto& text : texts) answer.records.emplace_back(dns::Txt{std::move(text)});
  return answer;
}

TEST(StsRecord, ReadsItsIdRfc8461Section31) {
  EXPECT_EQ(parse_sts_record("v=STSv1; id=20160831085700Z;"), "20160831085700Z");
  EXPECT_EQ(parse_sts_record("v=STSv1;id=1"), "1");
  EXPECT_EQ(parse_sts_record("v=STSv1; extra=x; id=a1 ; id=b2"), "a1");
}

TEST(StsRecord, RefusesWhatIsNone) {
  for (const std::string text : {"", "v=STSv1", "v=STSv1;", "v=stsv1; id=1", "v=STSv2; id=1", "id=1; v=STSv1",
                                 "v=STSv1; id=", "v=STSv1; id=a-b", "v=STSv1; id=123456789012345678901234567890123"}) {
    EXPECT_FALSE(parse_sts_record(text)) << text;
  }
}

TEST(StsRecord, SeveralAreNone) {
  EXPECT_EQ(find_sts_record(txt({"v=spf1 -all", "v=STSv1; id=1"})), "1");
  EXPECT_FALSE(find_sts_record(txt({"v=STSv1; id=1", "v=STSv1; id=2"})));
  EXPECT_FALSE(find_sts_record(txt({"v=spf1 -all"})));
}

TEST(StsPolicy, ReadsTheFileRfc8461Section32) {
  const StsPolicy expected{
      .mode = StsMode::Enforce, .max_age = std::chrono::seconds(86400), .mx = {"mx1.b.example", "*.b.example"}};
  EXPECT_EQ(parse_sts_policy(whole).value(), expected);
  std::string crlf;
  for (const char c : whole) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_EQ(parse_sts_policy(crlf).value(), expected);
  std::string again;
  for (const auto& line : sts_policy_lines(expected)) again += line + "\n";
  EXPECT_EQ(parse_sts_policy(again).value(), expected);
}

TEST(StsPolicy, NoneNeedsNoHostsAndTheFirstOfTwoCounts) {
  EXPECT_EQ(parse_sts_policy("version: STSv1\nmode: none\nmax_age: 1").value().mode, StsMode::None);
  const auto twice =
      parse_sts_policy("version: STSv1\nmode:testing\nmode: enforce\nmx: a.b\nmax_age: 99999999\nnew: x\n");
  EXPECT_EQ(twice.value().mode, StsMode::Testing);
  EXPECT_EQ(twice.value().max_age, std::chrono::seconds(31557600)) << "a year and a little is the most";
}

TEST(StsPolicy, RefusesWhatIsNoPolicy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "version is not STSv1"},
      {"<html>\n", "a line without a colon"},
      {"version: STSv2\nmode: none\nmax_age: 1", "version is not STSv1"},
      {"version: STSv1\nmax_age: 1\nmx: a.b", "mode is none of enforce, testing and none"},
      {"version: STSv1\nmode: strict\nmax_age: 1\nmx: a.b", "mode is none of enforce, testing and none"},
      {"version: STSv1\nmode: enforce\nmx: a.b", "max_age is missing"},
      {"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: -1", "max_age is no number"},
      {"version: STSv1\nmode: enforce\nmx: a.b\nmax_age: 12345678901", "max_age is no number"},
      {"version: STSv1\nmode: enforce\nmax_age: 1", "mx is missing"},
      {"version: STSv1\nmode: enforce\nmx: *\nmax_age: 1", "an mx that is no host name"},
      {"version: STSv1\nmode: enforce\nmx: a.*.b\nmax_age: 1", "an mx that is no host name"},
      {std::string(max_sts_policy + 1, 'a'), "larger than 64 KiB"},
  };
  for (const auto& [text, why] : cases) {
    const auto policy = parse_sts_policy(text);
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().private_reason, "MTA-STS policy: " + why);
  }
  std::string many = "version: STSv1\nmode: enforce\nmax_age: 1\n";
  for (int n = 0; n < 257; ++n) many += "mx: a.b\n";
  EXPECT_EQ(parse_sts_policy(many).error().private_reason, "MTA-STS policy: too many mx fields");
}

TEST(StsPolicy, AWildcardStandsForOneLabelRfc8461Section41) {
  const StsPolicy policy{.mode = StsMode::Enforce, .max_age = {}, .mx = {"mx.a.example", "*.b.example"}};
  for (const auto* host : {"mx.a.example", "x.b.example", "mx.b.example"})
    EXPECT_TRUE(sts_allows(policy, host)) << host;
  for (const auto* host : {"a.example", "b.example", ".b.example", "x.y.b.example", "xb.example", ""})
    EXPECT_FALSE(sts_allows(policy, host)) << host;
}

TEST(StsEntry, SurvivesBeingSavedAndDamageIsSeen) {
  const StsEntry entry{.policy = parse_sts_policy(whole).value(),
                       .id = "20160831085700Z",
                       .fetched = UnixTime(std::chrono::seconds(12345))};
  const auto saved = save_sts_entry(entry);
  EXPECT_EQ(load_sts_entry(saved), entry);
  for (std::size_t cut = 0; cut < saved.size() - 1; ++cut) {
    const auto part = load_sts_entry(saved.substr(0, cut));
    EXPECT_TRUE(!part || part->policy.mx == entry.policy.mx) << cut;
  }
  EXPECT_FALSE(load_sts_entry("id: -\n" + saved));
  EXPECT_FALSE(load_sts_entry(whole));
}

TEST(StsEntry, WhatARememberedPolicyIsWorth) {
  const UnixTime then(std::chrono::seconds(1'000'000));
  const StsEntry entry{.policy = {.mode = StsMode::Enforce, .max_age = std::chrono::hours(48), .mx = {"a.b"}},
                       .id = "1",
                       .fetched = then};
  struct Case {
    std::string what;
    const StsEntry* entry;
    StsLookup lookup;
    std::chrono::hours later;
    bool apply, fetch;
  };
  const Case cases[] = {
      {"nothing anywhere", nullptr, {true, {}}, std::chrono::hours(0), false, false},
      {"a record and no entry", nullptr, {true, "1"}, std::chrono::hours(0), false, true},
      {"the DNS fails, no entry", nullptr, {false, {}}, std::chrono::hours(0), false, false},
      {"the same id", &entry, {true, "1"}, std::chrono::hours(1), true, false},
      {"the same id, a day later", &entry, {true, "1"}, std::chrono::hours(24), true, true},
      {"another id", &entry, {true, "2"}, std::chrono::hours(1), true, true},
      {"the DNS fails", &entry, {false, {}}, std::chrono::hours(47), true, false},
      {"the record is gone", &entry, {true, {}}, std::chrono::hours(47), true, false},
      {"over, and the DNS fails", &entry, {false, {}}, std::chrono::hours(48), false, false},
      {"over, the same id", &entry, {true, "1"}, std::chrono::hours(48), false, true},
  };
  for (const auto& c : cases) {
    const auto use = judge_sts_entry(c.entry, c.lookup, then + c.later);
    EXPECT_EQ(use.apply, c.apply) << c.what;
    EXPECT_EQ(use.fetch, c.fetch) << c.what;
  }
  EXPECT_FALSE(judge_sts_entry(&entry, {false, {}}, then - std::chrono::hours(24 * 400)).apply)
      << "the clock went back";
}

TEST(StsEntry, IsRefreshedEachDayWhileItIsInForceAndInUse) {
  using std::chrono::hours;
  const UnixTime then(std::chrono::seconds(10'000'000));
  const StsEntry entry{
      .policy = {.mode = StsMode::Enforce, .max_age = hours(24 * 60), .mx = {"a.b"}}, .id = "1", .fetched = then};
  EXPECT_FALSE(is_refresh_due(entry, then, then + hours(23)));
  EXPECT_TRUE(is_refresh_due(entry, then, then + hours(24)));
  EXPECT_TRUE(is_refresh_due(entry, then, then + hours(24 * 30 - 1)));
  EXPECT_FALSE(is_refresh_due(entry, then, then + hours(24 * 30))) << "nobody has written there for 30 days";
  EXPECT_TRUE(is_refresh_due(entry, then + hours(24 * 10), then + hours(24 * 30)));
  EXPECT_FALSE(is_refresh_due(entry, then + hours(24 * 60), then + hours(24 * 60))) << "it is over";
}

}  // namespace
}  // namespace cas::tlspolicy
