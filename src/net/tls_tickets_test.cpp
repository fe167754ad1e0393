// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "net/tls_state.hpp"

namespace cas::net {
namespace {

using std::chrono::minutes;
const TicketKeys::Time start{std::chrono::hours(100)};

TEST(TicketKeysTest, AKeyIsUsedForAnHourAndKnownForTwo) {
  TicketKeys keys;
  const auto first = keys.current(start);
  ASSERT_TRUE(first);
  EXPECT_EQ(keys.current(start + minutes(59))->name, first->name);
  const auto second = keys.current(start + minutes(60));
  EXPECT_NE(second->name, first->name);
  EXPECT_NE(second->cipher, first->cipher);
  const auto found = keys.find(first->name, start + minutes(119));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->old);
  EXPECT_FALSE(keys.find(second->name, start + minutes(119))->old);
  EXPECT_FALSE(keys.find(first->name, start + minutes(120)));
}

TEST(TicketKeysTest, AfterALongSilenceNoOldKeyIsKnown) {
  TicketKeys keys;
  const auto first = keys.current(start);
  EXPECT_FALSE(keys.find(first->name, start + minutes(121)));
}

TEST(TicketKeysTest, AnUnknownNameIsNotFound) {
  TicketKeys keys;
  EXPECT_FALSE(keys.find(std::array<unsigned char, 16>{}, start));
}

}  // namespace
}  // namespace cas::net
