// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is used stays, what is not goes, and memory is bounded.
#include "base/generations.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <unordered_map>

namespace cas {
namespace {

template <class Map>
class GenerationsTest : public testing::Test {};
using Maps = testing::Types<std::map<int, std::string>, std::unordered_map<int, std::string>>;
TYPED_TEST_SUITE(GenerationsTest, Maps);

TYPED_TEST(GenerationsTest, KeepsWhatIsUsedAndForgetsTheRest) {
  Generations<TypeParam> cache(3);
  cache.keep(0, "used");
  cache.keep(1, "unused");
  for (int n = 2; n < 100; ++n) {
    cache.keep(n, "passing");
    ASSERT_NE(cache.find(0), nullptr) << n;
    EXPECT_LE(cache.size(), 6U);
  }
  EXPECT_EQ(*cache.find(0), "used");
  EXPECT_EQ(cache.find(1), nullptr);
}

TYPED_TEST(GenerationsTest, TheLastValueCountsInWhicheverGenerationTheFirstWas) {
  Generations<TypeParam> cache(2);
  cache.keep(1, "first");
  cache.keep(2, "");
  cache.keep(3, "");  // 1 is old now
  cache.keep(1, "second");
  EXPECT_EQ(*cache.find(1), "second");
  cache.keep(4, "");
  EXPECT_EQ(*cache.find(1), "second");
}

TYPED_TEST(GenerationsTest, WhatIsForgottenIsGoneFromBoth) {
  Generations<TypeParam> cache(1);
  cache.keep(1, "old");
  cache.keep(2, "young");
  cache.forget(1);
  cache.forget(2);
  EXPECT_EQ(cache.size(), 0U);
}

}  // namespace
}  // namespace cas
