// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "queue/known_intents.hpp"

#include <gtest/gtest.h>

#include "crypto/hash.hpp"

namespace cas::queue {
namespace {

confirm::IntentId id_of(int n) {
  const auto digest = crypto::sha256(std::to_string(n));
  confirm::IntentId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

int wrong(const KnownIntents& known, int from, int until) {
  int count = 0;
  for (int n = from; n < until; ++n) count += known.perhaps(id_of(n)) ? 1 : 0;
  return count;
}

TEST(KnownIntents, EverythingIsPerhapsUntilTheLedgerWasLoaded) {
  KnownIntents known;
  EXPECT_TRUE(known.perhaps(id_of(1)));
  EXPECT_TRUE(known.begin_load());
  EXPECT_FALSE(known.begin_load());
  EXPECT_TRUE(known.perhaps(id_of(1)));
  known.loaded();
  EXPECT_FALSE(known.perhaps(id_of(1)));
  EXPECT_FALSE(known.begin_load());
}

TEST(KnownIntents, WhatWasAddedIsPerhapsForEver) {
  KnownIntents known;
  ASSERT_TRUE(known.begin_load());
  for (int n = 0; n < 1000; ++n) known.add(id_of(n));
  known.loaded();
  EXPECT_EQ(wrong(known, 0, 1000), 1000);
  EXPECT_LT(wrong(known, 1000, 11000), 100);
}

TEST(KnownIntents, WhenItBecomesTooSmallItIsLoadedAgainAndTwiceAsLarge) {
  KnownIntents known(1024);
  ASSERT_TRUE(known.begin_load());
  known.loaded();
  for (int n = 0; n < 110; ++n) known.add(id_of(n));
  ASSERT_TRUE(known.begin_load());
  EXPECT_TRUE(known.perhaps(id_of(5000)));
  known.add(id_of(110));  // of a commit meanwhile
  for (int n = 0; n < 110; ++n) known.add(id_of(n));
  known.loaded();
  EXPECT_EQ(wrong(known, 0, 111), 111);
  EXPECT_LT(wrong(known, 1000, 2000), 30);
}

TEST(KnownIntents, IsBounded) {
  KnownIntents known(64, 128);
  for (int round = 0; round < 10 && known.begin_load(); ++round) {
    known.loaded();
    for (int n = 0; n < 1000; ++n) known.add(id_of(1000 * round + n));
  }
  EXPECT_FALSE(known.begin_load());
  EXPECT_TRUE(known.perhaps(id_of(1)));
}

}  // namespace
}  // namespace cas::queue
