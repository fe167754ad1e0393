// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "outbound/address_race.hpp"

#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

constexpr AddressRace::Time at(int ms) {
  return AddressRace::Time(milliseconds(ms));
}

using Address = std::optional<std::size_t>;

TEST(AddressRace, TheFirstBeginsAtOnceAndTheNextAfterTheDelay) {  // RFC 8305 §5
  AddressRace race(3);
  EXPECT_EQ(race.start(at(0)), Address(0));
  EXPECT_EQ(race.start(at(0)), std::nullopt);
  EXPECT_EQ(race.next_start(), at(250));
  EXPECT_EQ(race.start(at(249)), std::nullopt);
  EXPECT_EQ(race.start(at(250)), Address(1));
  EXPECT_EQ(race.start(at(499)), std::nullopt);
  EXPECT_EQ(race.start(at(510)), Address(2));
  EXPECT_EQ(race.next_start(), std::nullopt);
  EXPECT_FALSE(race.over());
}

TEST(AddressRace, AfterAFailureTheNextBeginsAtOnce) {
  AddressRace race(2);
  EXPECT_EQ(race.start(at(0)), Address(0));
  EXPECT_TRUE(race.failed(0));
  EXPECT_EQ(race.start(at(1)), Address(1));
}

TEST(AddressRace, TheFailureOfAnEarlierOneHurriesNobody) {
  AddressRace race(3);
  (void)race.start(at(0));
  (void)race.start(at(250));
  EXPECT_TRUE(race.failed(0));
  EXPECT_EQ(race.start(at(260)), std::nullopt);
  EXPECT_EQ(race.next_start(), at(500));
}

TEST(AddressRace, TheFirstThatConnectsWinsAndNothingBeginsAfterwards) {
  AddressRace race(3);
  (void)race.start(at(0));
  (void)race.start(at(250));
  EXPECT_TRUE(race.connected(1));
  EXPECT_TRUE(race.over());
  EXPECT_EQ(race.winner(), Address(1));
  EXPECT_EQ(race.start(at(1000)), std::nullopt);
  EXPECT_EQ(race.next_start(), std::nullopt);
}

TEST(AddressRace, WhatComesAfterTheWinnerCountsForNothing) {
  AddressRace race(3);
  (void)race.start(at(0));
  (void)race.start(at(250));
  (void)race.connected(1);
  EXPECT_FALSE(race.connected(0));
  EXPECT_FALSE(race.failed(0));
  EXPECT_EQ(race.winner(), Address(1));
}

TEST(AddressRace, ItIsOverWithoutAWinnerWhenAllHaveFailed) {
  AddressRace race(2);
  (void)race.start(at(0));
  (void)race.failed(0);
  EXPECT_FALSE(race.over());
  (void)race.start(at(0));
  EXPECT_TRUE(race.failed(1));
  EXPECT_TRUE(race.over());
  EXPECT_EQ(race.winner(), std::nullopt);
}

TEST(AddressRace, NobodyRacesForNothing) {
  AddressRace race(0);
  EXPECT_TRUE(race.over());
  EXPECT_EQ(race.start(at(0)), std::nullopt);
}

}  // namespace
}  // namespace cas::outbound
