// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "queue/pace.hpp"

#include <gtest/gtest.h>

namespace cas::queue {
namespace {

constexpr TimePoint start{milliseconds(1'000'000)};

/// As many attempts as it allows at once.
std::size_t begin_all(Pace& pace, TimePoint now) {
  std::size_t begun = 0;
  for (; pace.open(now) && begun < 1000; ++begun) pace.begun(now);
  return begun;
}

TEST(Pace, GrowsByOneForEachSuccessUpToItsMost) {
  Pace pace({.initial = 2, .most = 4});
  EXPECT_EQ(begin_all(pace, start), 2U);
  for (int n = 0; n < 2; ++n) pace.ended(Feedback::Good, start, 0);
  EXPECT_EQ(begin_all(pace, start), 4U);
  for (int n = 0; n < 4; ++n) pace.ended(Feedback::Good, start, 0);
  EXPECT_EQ(begin_all(pace, start), 4U);
}

TEST(Pace, HalvesAndRestsAMomentWhenAskedForLess) {
  Pace pace({.initial = 8, .most = 8, .first_rest = milliseconds(12'000)});
  pace.begun(start);
  pace.ended(Feedback::Slow, start, 0);
  EXPECT_FALSE(pace.open(start));
  EXPECT_FALSE(pace.resting(start)) << "it works; what is known of it stays";
  EXPECT_EQ(pace.opens_at(start), start + milliseconds(1000));
  EXPECT_EQ(begin_all(pace, start + milliseconds(1000)), 4U);
}

TEST(Pace, RestsWhenUnreachableAndThenTriesOnceWithDoublingRests) {
  Pace pace({.initial = 5, .most = 9, .first_rest = milliseconds(1000), .longest_rest = milliseconds(3500)});
  TimePoint now = start;
  for (const int expected : {1000, 2000, 3500, 3500}) {
    EXPECT_GE(begin_all(pace, now), 1U);
    pace.ended(Feedback::Unreachable, now, 0);
    EXPECT_TRUE(pace.resting(now));
    EXPECT_EQ(pace.opens_at(now), now + milliseconds(expected));
    while (pace.in_flight() > 0) pace.ended(Feedback::Unreachable, now, 0);
    EXPECT_EQ(pace.opens_at(now), now + milliseconds(expected)) << "those beside the first one add nothing";
    now += milliseconds(expected);
    EXPECT_EQ(pace.window(), 1U);
  }
  pace.begun(now);
  pace.ended(Feedback::Good, now, 0);
  EXPECT_FALSE(pace.failed());
  EXPECT_EQ(begin_all(pace, now), 5U);
}

TEST(Pace, SpreadsRestsByATenth) {
  Pace pace({.first_rest = milliseconds(1000)});
  pace.begun(start);
  pace.ended(Feedback::Unreachable, start, 1099);
  EXPECT_EQ(pace.opens_at(start), start + milliseconds(1099));
}

TEST(Pace, WakeEndsARestAndKeepsTheProbeAlone) {
  Pace pace({.initial = 5, .most = 9, .first_rest = milliseconds(1000)});
  pace.begun(start);
  pace.ended(Feedback::Unreachable, start, 0);
  pace.wake();
  EXPECT_EQ(begin_all(pace, start), 1U);
}

TEST(Pace, ARateSpacesAttempts) {
  Pace pace({.initial = 10, .most = 10, .per_minute = 60});
  EXPECT_EQ(begin_all(pace, start), 1U);
  EXPECT_EQ(pace.opens_at(start), start + milliseconds(1000));
  EXPECT_EQ(begin_all(pace, start + milliseconds(1000)), 1U);
  EXPECT_FALSE(pace.resting(start));
}

}  // namespace
}  // namespace cas::queue
