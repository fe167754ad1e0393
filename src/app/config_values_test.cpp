// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Durations and suggestions.
#include "app/config_values.hpp"

#include <gtest/gtest.h>

#include <array>

namespace cas::app {
namespace {

using std::chrono::seconds;

TEST(ParseDuration, understands_one_number_and_one_unit) {
  EXPECT_EQ(parse_duration("30s"), seconds(30));
  EXPECT_EQ(parse_duration("5m"), seconds(300));
  EXPECT_EQ(parse_duration("4h"), seconds(14400));
  EXPECT_EQ(parse_duration("5d"), seconds(432000));
  EXPECT_EQ(parse_duration("0s"), seconds(0));
}

TEST(ParseDuration, refuses_everything_else) {
  for (const auto* text : {"", "5", "m", "5 m", " 5m", "5m ", "+5m", "-5m", "5M", "5ms", "1h30m", "5.5h", "5w", "0x5m",
                           "99999999999999999999s", "4000d"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
}

TEST(DurationText, is_what_parse_duration_reads) {
  for (const auto n : {1, 59, 60, 90, 3600, 5400, 86400, 432000}) {
    EXPECT_EQ(parse_duration(duration_text(seconds(n))), seconds(n)) << n;
  }
  EXPECT_EQ(duration_text(seconds(432000)), "5d");
}

TEST(EditDistance, counts_insertions_deletions_replacements_and_swaps) {
  EXPECT_EQ(edit_distance("", ""), 0U);
  EXPECT_EQ(edit_distance("mode", "mode"), 0U);
  EXPECT_EQ(edit_distance("", "mode"), 4U);
  EXPECT_EQ(edit_distance("mde", "mode"), 1U);
  EXPECT_EQ(edit_distance("modee", "mode"), 1U);
  EXPECT_EQ(edit_distance("made", "mode"), 1U);
  EXPECT_EQ(edit_distance("moed", "mode"), 1U);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3U);
}

TEST(Nearest, suggests_what_was_probably_meant_and_nothing_far_off) {
  constexpr std::array<std::string_view, 3> known{"certificate", "key", "mode"};
  EXPECT_EQ(nearest("certifcate", known), "certificate");
  EXPECT_EQ(nearest("moed", known), "mode");
  EXPECT_EQ(nearest("kye", known), "key");
  EXPECT_EQ(nearest("frobnicate_all", known), std::nullopt);
  EXPECT_EQ(nearest("xyz", known), std::nullopt);
  EXPECT_EQ(nearest(std::string(100000, 'k'), known), std::nullopt);
}

TEST(OneOf, reads_like_a_sentence) {
  EXPECT_EQ(one_of(std::array<std::string_view, 3>{"off", "optional", "required"}), "off, optional or required");
  EXPECT_EQ(one_of(std::array<std::string_view, 1>{"text"}), "text");
}

}  // namespace
}  // namespace cas::app
