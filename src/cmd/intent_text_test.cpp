// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas intent inspect` says.
#include "cmd/intent_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "testing/intent_generator.hpp"

namespace cas::cmd {
namespace {

// CAS §A.1
constexpr std::string_view line =
    "v=CAS1;i=AAECAwQFBgcICQoLDA0ODw;d=football.example.com;s=brisbane;a=ed25519-sha256;t=1795460400;x=1795546800;"
    "f=joe@football.example.com;q=shopping.example.net;r=a%20b,suzie;o=joe@football.example.com;k=b;l=list.example;w="
    "fwd;"
    "m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI;b=AAAA";
constexpr UnixTime now{seconds(1795460400 + 3661)};

std::string value_of(const std::vector<TagText>& rows, std::string_view tag) {
  const auto row = std::ranges::find(rows, tag, &TagText::tag);
  return row == rows.end() ? "(absent)" : row->value;
}

TEST(RelativeTime, shows_two_units_at_most) {
  const auto said = [](std::int64_t offset) { return relative_time(now + seconds(offset), now); };
  EXPECT_EQ(said(0), "now");
  EXPECT_EQ(said(-59), "59 s ago");
  EXPECT_EQ(said(3661), "in 1 h 1 min");
  EXPECT_EQ(said(-86400), "1 d ago");
  EXPECT_EQ(said(86400 * 3 + 60), "in 3 d 1 min");
}

TEST(DateText, knows_the_epoch_and_gives_up_behind_the_year_9999) {
  EXPECT_EQ(date_text(UnixTime{}), "1970-01-01 00:00:00 UTC");
  EXPECT_EQ(date_text(UnixTime{seconds(1795460400)}), "2026-11-23 19:00:00 UTC");
  EXPECT_EQ(date_text(UnixTime{seconds(253402300799)}), "9999-12-31 23:59:59 UTC");
  EXPECT_EQ(date_text(UnixTime{seconds(999999999999)}), "999999999999 s after 1970");
}

TEST(DescribeIntent, says_each_tag_in_words) {
  const auto rows = describe_intent(confirm::parse_intent(line).value(), now);
  EXPECT_EQ(value_of(rows, "i"), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(value_of(rows, "s"), "brisbane, the key stands at brisbane._domainkey.football.example.com");
  EXPECT_EQ(value_of(rows, "t"), "2026-11-23 19:00:00 UTC, 1 h 1 min ago");
  EXPECT_EQ(value_of(rows, "x"), "2026-11-24 19:00:00 UTC, in 22 h 58 min");
  EXPECT_EQ(value_of(rows, "f"), "joe@football.example.com");
  EXPECT_EQ(value_of(rows, "r"), "\"a b\", suzie");
  EXPECT_EQ(value_of(rows, "k"), "bulk");
  EXPECT_EQ(value_of(rows, "l"), "list.example");
  EXPECT_EQ(value_of(rows, "w"), "forwarded: the signer passes on somebody else's message");
  EXPECT_EQ(value_of(rows, "b"), "3 octets");
}

TEST(DescribeIntent, holds_no_control_character_whatever_the_intent) {
  testing::IntentGenerator generator(11);
  for (int round = 0; round < 200; ++round) {
    for (const auto& row : describe_intent(generator.next(), now)) {
      EXPECT_TRUE(is_utf8(row.value) &&
                  std::ranges::none_of(row.value, [](char c) { return (c >= 0 && c < 0x20) || c == 0x7f; }))
          << row.tag;
    }
  }
}

TEST(FaultText, marks_the_place_and_counts_octets_from_one) {
  const std::string_view broken = "v=CAS1;i=A;";
  EXPECT_EQ(fault_text(broken, confirm::explain(broken).value()),
            "the line ends in \";\" (octet 12)\n  v=CAS1;i=A;\n             ^\n"
            "  write one \";\" between two tags, and none at the end\n");
  const std::string_view hostile = "v=CAS1;i=\x01\x1b";
  EXPECT_TRUE(fault_text(hostile, confirm::explain(hostile).value()).contains("v=CAS1;i=\\x01\\x1B\n"));
}

}  // namespace
}  // namespace cas::cmd
