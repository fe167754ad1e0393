// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Discovery records, CAS §7.
#include "confirm/discovery.hpp"

#include <gtest/gtest.h>

namespace cas::confirm {
namespace {

TEST(Discovery, ReadsEveryTag) {
  const auto record = parse_discovery(
      "v=CAS1; m=required; e=MX.b.example; p=strict; rua=mailto:a@b.example, https://x.example/,MAILTO:c@b.example;");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->mode, Mode::Required);
  EXPECT_EQ(record->endpoint, Domain::parse("mx.b.example").value());
  EXPECT_EQ(record->promise, Promise::Strict);
  EXPECT_EQ(record->rua, (std::vector<std::string>{"mailto:a@b.example", "MAILTO:c@b.example"}));
}

TEST(Discovery, HasDefaultsAndIgnoresUnknownTags) {
  const auto record = parse_discovery(" v = CAS1 ; zz=later");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->mode, Mode::Optional);
  EXPECT_EQ(record->promise, Promise::None);
  EXPECT_FALSE(record->endpoint);
  EXPECT_TRUE(record->rua.empty());
}

TEST(Discovery, ReadsAllModesAndPromises) {
  EXPECT_EQ(parse_discovery("v=CAS1; m=off")->mode, Mode::Off);
  EXPECT_EQ(parse_discovery("v=CAS1; m=optional")->mode, Mode::Optional);
  EXPECT_EQ(parse_discovery("v=CAS1; p=some")->promise, Promise::Some);
  EXPECT_EQ(parse_discovery("v=CAS1; p=all")->promise, Promise::All);
  for (const Mode mode : {Mode::Off, Mode::Optional, Mode::Required}) EXPECT_EQ(parse_mode(to_string(mode)), mode);
  EXPECT_EQ(parse_mode("Required"), std::nullopt);
}

TEST(Discovery, IsNoneWhenMalformedOrOfAnotherKind) {
  for (const std::string_view text :
       {"", "v=CAS1x; m=off", "v=cas1; m=off", "v=CAS2; m=off", "m=off; v=CAS1", "v=spf1 -all", "v=CAS1; m=maybe",
        "v=CAS1; m=", "v=CAS1; p=yes", "v=CAS1; e=", "v=CAS1; e=a..b", "v=CAS1; m=off; m=required", "v=CAS1; =x",
        "v=CAS1; m=off; x"}) {
    EXPECT_FALSE(parse_discovery(text)) << text;
  }
  EXPECT_FALSE(parse_discovery("v=CAS1; z=" + std::string(5000, 'x')));
}

TEST(Discovery, KeepsAtMostTenReportAddresses) {
  std::string text = "v=CAS1; rua=mailto:a@b";
  for (int i = 0; i < 50; ++i) text += ",mailto:a@b";
  EXPECT_EQ(parse_discovery(text)->rua.size(), 10U);
}

dns::Answer answer(std::vector<dns::Record> records) {
  return {.status = dns::Status::Ok, .secure = false, .ttl = {}, .records = std::move(records), .private_reason = {}};
}

TEST(FindDiscovery, WantsExactlyOneRecordCasSection72) {
  const dns::Txt off{"v=CAS1; m=off"};
  const dns::Txt other{"v=spf1 -all"};
  EXPECT_EQ(find_discovery(answer({other, off}))->mode, Mode::Off);
  EXPECT_FALSE(find_discovery(answer({off, off})));
  EXPECT_FALSE(find_discovery(answer({off, dns::Txt{"v=CAS1; m=nonsense"}})));
  EXPECT_FALSE(find_discovery(answer({other})));
  EXPECT_FALSE(find_discovery(answer({})));
  auto failed = answer({off});
  failed.status = dns::Status::Failed;
  EXPECT_FALSE(find_discovery(failed));
}

TEST(DiscoveryName, StandsBelowTheDomain) {
  EXPECT_EQ(discovery_name(Domain::parse("b.example").value()), "_cas.b.example");
}

}  // namespace
}  // namespace cas::confirm
