// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Times as people write them.
#include "base/utc.hpp"

#include <gtest/gtest.h>

namespace cas {
namespace {

TEST(Utc, IsReadAndWritten) {
  const std::pair<std::string_view, std::int64_t> cases[] = {{"1970-01-01", 0},
                                                             {"2026-11-23T19:00:00Z", 1795460400},
                                                             {"2026-11-23T19:00Z", 1795460400},
                                                             {"2026-11-23 19:00:00Z", 1795460400},
                                                             {"2024-02-29", 1709164800},
                                                             {"9999-12-31T23:59:59Z", 253402300799}};
  for (const auto& [text, time] : cases) {
    ASSERT_TRUE(read_utc(text)) << text;
    EXPECT_EQ(read_utc(text)->time_since_epoch().count(), time) << text;
    EXPECT_EQ(read_utc(utc_text(*read_utc(text))), read_utc(text));
  }
  EXPECT_EQ(utc_text(UnixTime(seconds(1795460461))), "2026-11-23T19:01:01Z");
}

TEST(Utc, RefusesWhatIsNoTime) {
  for (const std::string_view text :
       {"", "2026", "2026-13-01", "2025-02-29", "2026-1-1", "1969-12-31", "2026-11-23T24:00:00Z", "2026-11-23T19:00:00",
        "2026-11-23T19:00:00+01:00", "2026-11-23T19:0:00Z", "2026-11-23T", "2026-11-23T19:00:00Zx",
        "2026-11-23x19:00:00Z", "soon"}) {
    EXPECT_FALSE(read_utc(text)) << text;
  }
}

}  // namespace
}  // namespace cas
