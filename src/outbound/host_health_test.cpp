// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "outbound/host_health.hpp"

#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

using std::chrono::seconds;

const smtp::Reply refused(451, {4, 4, 1}, "refused");

TimePoint at(int second) {
  return TimePoint{seconds{1795460400 + second}};
}

TEST(HostHealth, RestsDoubleFromFirstToLongest) {
  HostHealth health({.first = seconds{30}, .longest = seconds{100}});
  int now = 0;
  for (const int length : {30, 60, 100, 100}) {
    ASSERT_FALSE(health.resting("a", at(now)));
    health.failed("a", refused, at(now));
    EXPECT_EQ(health.resting("a", at(now + length - 1))->summary(), "451 4.4.1 refused");
    EXPECT_FALSE(health.resting("a", at(now + length)));
    now += length;
  }
}

TEST(HostHealth, WhatWasUnderWayWhileItRestsDoublesNothing) {
  HostHealth health({.first = seconds{30}});
  health.failed("a", refused, at(0));
  for (int n = 1; n < 20; ++n) health.failed("a", refused, at(n));
  EXPECT_FALSE(health.resting("a", at(30)));
}

TEST(HostHealth, AClockThatIsSetBackMakesNoRestLonger) {
  HostHealth health({.first = seconds{30}});
  health.failed("a", refused, at(1'000'000));
  health.refused_chunks("a", at(1'000'000));
  EXPECT_FALSE(health.resting("a", at(0)));
  EXPECT_TRUE(health.takes_chunks("a", at(0)));
  health.failed("a", refused, at(0));
  EXPECT_TRUE(health.resting("a", at(10)));
}

TEST(HostHealth, WhoWorksBeginsAnewAndOthersAreNotConcerned) {
  HostHealth health({.first = seconds{30}});
  health.failed("a", refused, at(0));
  EXPECT_FALSE(health.resting("b", at(1)));
  health.failed("a", refused, at(30));
  health.worked("a");
  EXPECT_FALSE(health.resting("a", at(31)));
  health.failed("a", refused, at(40));
  EXPECT_FALSE(health.resting("a", at(70)));
}

TEST(HostHealth, IsBoundedAndForgetsTheRestThatEndsFirst) {
  HostHealth health({.first = seconds{30}, .places = 2});
  health.failed("a", refused, at(0));
  health.failed("b", refused, at(1));
  health.failed("c", refused, at(2));
  EXPECT_EQ(health.size(), 2U);
  EXPECT_FALSE(health.resting("a", at(3)));
  EXPECT_TRUE(health.resting("b", at(3)));
  EXPECT_TRUE(health.resting("c", at(3)));
}

TEST(HostHealth, WithoutARestNobodyIsPassedOver) {
  HostHealth health({.first = seconds{0}});
  health.failed("a", refused, at(0));
  EXPECT_FALSE(health.resting("a", at(0)));
  EXPECT_EQ(health.size(), 0U);
}

TEST(HostHealth, AHostThatDoesNotKnowBdatIsRememberedForAWhile) {
  HostHealth health({.first = {}, .longest = {}, .places = 2, .without_chunks = seconds(60)});
  const TimePoint begin(milliseconds(0));
  EXPECT_TRUE(health.takes_chunks("a", begin));
  health.refused_chunks("a", begin);
  EXPECT_FALSE(health.takes_chunks("a", begin + seconds(59)));
  EXPECT_TRUE(health.takes_chunks("b", begin));
  EXPECT_TRUE(health.takes_chunks("a", begin + seconds(60)));
  health.refused_chunks("b", begin + seconds(1));
  health.refused_chunks("c", begin + seconds(2));
  EXPECT_TRUE(health.takes_chunks("a", begin + seconds(2))) << "the oldest made room";
  EXPECT_FALSE(health.takes_chunks("b", begin + seconds(2)));
  EXPECT_FALSE(health.takes_chunks("c", begin + seconds(2)));
}

TEST(HostHealth, WhoIsWokenIsTriedAndBeginsAnew) {
  HostHealth health({.first = seconds{30}});
  health.failed("a", refused, at(0));
  health.failed("a", refused, at(30));
  health.refused_chunks("a", at(30));
  health.wake_all();
  EXPECT_FALSE(health.resting("a", at(31)));
  EXPECT_FALSE(health.takes_chunks("a", at(31))) << "what it can do is another matter";
  health.failed("a", refused, at(31));
  EXPECT_FALSE(health.resting("a", at(61)));
}

}  // namespace
}  // namespace cas::outbound
