// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "inbound/load.hpp"

#include <gtest/gtest.h>

namespace cas::inbound {
namespace {

TEST(MemoryAccountTest, IsScarceBeforeItIsFullAndGetsBackWhatWasHeld) {
  MemoryAccount account(100);
  {
    MemoryAccount::Share one(account);
    MemoryAccount::Share other(account);
    one.hold(75);
    EXPECT_FALSE(account.scarce());
    other.hold(1);
    EXPECT_TRUE(account.scarce());
    EXPECT_FALSE(account.full());
    other.hold(26);
    EXPECT_TRUE(account.full());
    one.hold(10);
    EXPECT_EQ(account.used(), 36U);
  }
  EXPECT_EQ(account.used(), 0U);
}

TEST(RoomTest, IsWhatWasSeenLastAndEnoughWhereNobodyLooked) {
  Room room;
  const Domain known = *Domain::parse("north.example");
  EXPECT_TRUE(policy::has_room(room.state(), 1000, 1000));
  Room::Seen seen;
  seen.state.octets = 10;
  seen.mail[known].octets = 5;
  room.see(seen);
  EXPECT_FALSE(policy::has_room(room.state(), 0, 11));
  EXPECT_EQ(room.mail(known).octets, 5U);
  EXPECT_TRUE(policy::has_room(room.mail(*Domain::parse("other.example")), 1000, 1000));
}

}  // namespace
}  // namespace cas::inbound
