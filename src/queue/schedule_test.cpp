// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "queue/schedule.hpp"

#include <gmock/gmock.h>

namespace cas::queue {
namespace {

using store::Route;
using testing::ElementsAre;

TimePoint at(std::int64_t ms) {
  return TimePoint(milliseconds(ms));
}
GroupKey group(const char* id, const char* domain = "b.example", Route route = Route::Remote) {
  return {.id = id, .route = route, .domain = domain};
}

TEST(Schedule, GivesTheGroupThatWaitsLongest) {
  Schedule schedule;
  schedule.add(group("B"), 0, at(20));
  schedule.add(group("A"), 0, at(30));
  schedule.add(group("C"), 0, at(10));
  EXPECT_EQ(schedule.next_due(Route::Remote), at(10));
  EXPECT_FALSE(schedule.take(Route::Remote, at(9)));
  EXPECT_EQ(schedule.take(Route::Remote, at(40))->group, group("C"));
  EXPECT_EQ(schedule.take(Route::Remote, at(40))->group, group("B"));
  EXPECT_EQ(schedule.take(Route::Remote, at(40))->group, group("A"));
  EXPECT_FALSE(schedule.take(Route::Remote, at(40)));
  EXPECT_EQ(schedule.next_due(Route::Remote), std::nullopt);
}

TEST(Schedule, ALeaseHoldsTheDueRecipientsOfOneMessageRouteAndDomain) {
  Schedule schedule;
  schedule.add(group("A"), 4, at(5));
  schedule.add(group("A"), 1, at(7));
  schedule.add(group("A"), 2, at(11));
  schedule.add(group("A", "c.example"), 0, at(6));
  schedule.add(group("A", "b.example", Route::Local), 3, at(6));
  const auto lease = schedule.take(Route::Remote, at(10));
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease->group, group("A"));
  EXPECT_THAT(lease->recipients, ElementsAre(1, 4));
  EXPECT_EQ(schedule.take(Route::Remote, at(10))->group.domain, "c.example");
  EXPECT_EQ(schedule.take(Route::Local, at(10))->recipients, std::vector<std::uint32_t>{3});
}

TEST(Schedule, ALeasedGroupGivesNoSecondLeaseUntilItsEnd) {
  Schedule schedule;
  schedule.add(group("A"), 0, at(5));
  schedule.add(group("A"), 1, at(20));
  const auto lease = schedule.take(Route::Remote, at(10));
  ASSERT_TRUE(lease);
  EXPECT_FALSE(schedule.take(Route::Remote, at(30)));
  schedule.add(group("A"), 0, at(40));
  schedule.end(lease->group);
  EXPECT_EQ(schedule.next_due(Route::Remote), at(20));
  EXPECT_THAT(schedule.take(Route::Remote, at(50))->recipients, ElementsAre(0, 1));
}

TEST(Schedule, RecoveredIsToldOnce) {
  Schedule schedule;
  schedule.add(group("A"), 0, at(5), true);
  const auto first = schedule.take(Route::Remote, at(5));
  EXPECT_TRUE(first->recovered);
  schedule.add(group("A"), 0, at(6));
  schedule.end(first->group);
  EXPECT_FALSE(schedule.take(Route::Remote, at(6))->recovered);
}

TEST(Schedule, MakeDueTakesAMessageOrAllAndNeverDelays) {
  Schedule schedule;
  schedule.add(group("A"), 0, at(100));
  schedule.add(group("A", "c.example"), 1, at(5));
  schedule.add(group("AB"), 0, at(100));
  EXPECT_EQ(schedule.make_due("A", at(10)), 2U);
  EXPECT_EQ(schedule.next_attempt(group("A"), 0), at(10));
  EXPECT_EQ(schedule.next_attempt(group("A", "c.example"), 1), at(5));
  EXPECT_EQ(schedule.next_attempt(group("AB"), 0), at(100));
  EXPECT_EQ(schedule.make_due("none", at(10)), 0U);
  EXPECT_EQ(schedule.make_due("", at(10)), 3U);
  EXPECT_EQ(schedule.next_attempt(group("AB"), 0), at(10));
}

}  // namespace
}  // namespace cas::queue
