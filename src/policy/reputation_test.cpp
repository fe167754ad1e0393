// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A memory that fades, forgets who has least to say, and is restored as it was.
#include "policy/reputation.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace cas::policy {
namespace {

using std::chrono::hours;

const TimePoint start{hours(24 * 20000)};

double good_of(const Reputation& table, std::string_view name, TimePoint now) {
  const auto history = table.find(name, now);
  return history ? history->good : -1;
}

TEST(Reputation, GoodAndBadHalveInAWeekAndMissesFadeInADay) {
  Reputation table({});
  for (int n = 0; n < 8; ++n) {
    for (const auto deed : {Deed::Good, Deed::Bad, Deed::Miss}) table.note("a.example", deed, start);
  }
  const auto later = table.find("a.example", start + hours(7 * 24));
  ASSERT_TRUE(later);
  EXPECT_NEAR(later->good, 4, 0.001);
  EXPECT_NEAR(later->bad, 4, 0.001);
  EXPECT_LT(later->misses, 0.01);
  EXPECT_EQ(later->first, start);
}

TEST(Reputation, ASteadyRateOfMissesReadsAsThatRate) {
  Reputation table({});
  TimePoint now = start;
  for (int n = 0; n < 24 * 30; ++n) table.note("a.example", Deed::Miss, now += hours(1));
  EXPECT_NEAR(table.find("a.example", now)->misses, 24, 1);
}

TEST(Reputation, TellsHowMuchOfTheLastWeeksIsADaysShare) {
  Reputation table({});
  TimePoint now = start;
  for (int n = 0; n < 24 * 100; ++n) table.note("a.example", Deed::Good, now += hours(1));
  EXPECT_NEAR(table.good_in(*table.find("a.example", now), hours(24)), 24, 1);
}

TEST(Reputation, AClockThatIsSetBackFadesNothingAndKeepsNothingForTheFuture) {
  Reputation table({});
  table.note("a.example", Deed::Good, start + hours(24 * 365));
  table.note("a.example", Deed::Good, start);
  EXPECT_NEAR(good_of(table, "a.example", start), 2, 0.001);
  EXPECT_EQ(table.find("a.example", start)->first, start);
  EXPECT_NEAR(good_of(table, "a.example", start + hours(7 * 24)), 1, 0.001);
}

TEST(Reputation, AFullTableForgetsThoseWithLeastToSay) {
  Reputation table({.capacity = 64});
  for (int n = 0; n < 32; ++n) {
    for (int m = 0; m < 5; ++m) table.note("known" + std::to_string(n), Deed::Good, start);
  }
  for (int n = 0; n < 10000; ++n) {
    table.note("passing" + std::to_string(n), Deed::Miss, start);
    ASSERT_LE(table.size(), 64U);
  }
  for (int n = 0; n < 32; ++n) EXPECT_EQ(good_of(table, "known" + std::to_string(n), start), 5) << n;
  EXPECT_TRUE(table.find("passing9999", start));
  EXPECT_FALSE(table.find("passing0", start));
}

TEST(Reputation, KnowsNobodyWithoutANameOrWithOneThatIsTooLong) {
  Reputation table({});
  table.note("", Deed::Good, start);
  table.note(std::string(256, 'a'), Deed::Good, start);
  EXPECT_EQ(table.size(), 0U);
}

TEST(Reputation, IsRestoredAsItWasAndTakesNoNonsense) {
  Reputation before({});
  before.note("a.example", Deed::Good, start);
  before.note("a.example", Deed::Miss, start + hours(1));
  Reputation after({}, 7);
  const TimePoint now = start + hours(30);
  before.for_each([&](std::string_view name, const History& history) { after.restore(name, history, now); });
  EXPECT_NEAR(after.find("a.example", now)->misses, before.find("a.example", now)->misses, 1e-9);
  EXPECT_NEAR(good_of(after, "a.example", now), good_of(before, "a.example", now), 1e-9);
  EXPECT_EQ(after.find("a.example", now)->first, start);

  const double nan = std::numeric_limits<double>::quiet_NaN();
  after.restore("b.example",
                {.good = nan,
                 .bad = -3,
                 .misses = std::numeric_limits<double>::infinity(),
                 .first = now + hours(9),
                 .at = now + hours(9)},
                now);
  const auto odd = after.find("b.example", now);
  EXPECT_EQ(odd->good + odd->bad + odd->misses, 0);
  EXPECT_EQ(odd->first, now);
}

}  // namespace
}  // namespace cas::policy
