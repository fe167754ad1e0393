// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Token buckets: shares, refill, bounded memory.
#include "policy/buckets.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using std::chrono::minutes;

TimePoint at(std::chrono::milliseconds since) {
  return TimePoint(since);
}

TEST(Buckets, GivesTheBurstThenRefusesUntilRefilled) {
  Buckets buckets(BucketOptions{.per_minute = 2, .burst = 3, .max_keys = 10});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(buckets.take("a", at(minutes(1))));
  EXPECT_FALSE(buckets.take("a", at(minutes(1))));
  EXPECT_TRUE(buckets.take("b", at(minutes(1)))) << "another key has a share of its own";
  EXPECT_TRUE(buckets.take("a", at(minutes(2))));
  EXPECT_TRUE(buckets.take("a", at(minutes(2))));
  EXPECT_FALSE(buckets.take("a", at(minutes(2))));
}

TEST(Buckets, AClockThatGoesBackwardsGivesNothing) {
  Buckets buckets(BucketOptions{.per_minute = 1, .burst = 1, .max_keys = 10});
  EXPECT_TRUE(buckets.take("a", at(minutes(10))));
  EXPECT_FALSE(buckets.take("a", at(minutes(5))));
}

TEST(Buckets, MemoryIsBoundedAndAFlooderIsNotForgotten) {
  Buckets buckets(BucketOptions{.per_minute = 1, .burst = 5, .max_keys = 100});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(buckets.take("flooder", at(minutes(1))));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(buckets.take("peer" + std::to_string(i), at(minutes(1))));
    EXPECT_LE(buckets.size(), 100U);
  }
  EXPECT_FALSE(buckets.take("flooder", at(minutes(1))));
}

TEST(ConfirmBuckets, ANetworkSharesOneBucket) {
  const BucketOptions tight{.per_minute = 1, .burst = 1, .max_keys = 10};
  const BucketOptions wide{.per_minute = 100, .burst = 100, .max_keys = 10};
  ConfirmBuckets buckets(tight, wide, wide);
  EXPECT_TRUE(buckets.allow_confirm("192.0.2.1", at(minutes(1))));
  EXPECT_FALSE(buckets.allow_confirm("192.0.2.99", at(minutes(1))));
  EXPECT_TRUE(buckets.allow_confirm("198.51.100.1", at(minutes(1))));
}

TEST(ConfirmBuckets, AKnownKeyCostsNothingForADay) {
  const BucketOptions tight{.per_minute = 0.0001, .burst = 1, .max_keys = 10};
  ConfirmBuckets buckets(tight, tight, tight);
  EXPECT_TRUE(buckets.allow_key_lookup("192.0.2.1", "s._domainkey.a.example", at(minutes(1))));
  EXPECT_TRUE(buckets.allow_key_lookup("192.0.2.1", "s._domainkey.a.example", at(minutes(2))));
  EXPECT_FALSE(buckets.allow_key_lookup("192.0.2.1", "s._domainkey.b.example", at(minutes(2))));
}

TEST(ConfirmBuckets, ADomainHasAShareOfItsOwn) {
  const BucketOptions tight{.per_minute = 1, .burst = 1, .max_keys = 10};
  ConfirmBuckets buckets(tight, tight, tight);
  EXPECT_TRUE(buckets.allow_confirm("192.0.2.1", at(minutes(1))));
  EXPECT_TRUE(buckets.allow_domain("a.example", at(minutes(1))));
  EXPECT_FALSE(buckets.allow_domain("a.example", at(minutes(1))));
  EXPECT_TRUE(buckets.allow_domain("b.example", at(minutes(1))));
}

TEST(ConfirmBuckets, LimitsAreAMinutesWorthAndZeroIsAnyNumber) {
  ConfirmBuckets buckets;
  buckets.set_limits({.per_minute = 2, .exempt = {}});
  const auto taken = [&] {
    int count = 0;
    while (count < 10 && buckets.allow_confirm("192.0.2.1", at(minutes(1))) &&
           buckets.allow_domain("a.example", at(minutes(1)))) {
      ++count;
    }
    return count;
  };
  EXPECT_EQ(taken(), 2);
  buckets.set_limits({.per_minute = 2, .exempt = {}});
  EXPECT_EQ(taken(), 0);
  buckets.set_limits({.per_minute = 0, .exempt = {}});
  EXPECT_EQ(taken(), 10);
}

TEST(ConfirmBuckets, OwnNetworksAreExempt) {
  ConfirmBuckets buckets;
  EXPECT_FALSE(buckets.exempts("192.0.2.1"));
  buckets.set_limits({.per_minute = 1, .exempt = {*Network::parse("192.0.2.0/24")}});
  EXPECT_TRUE(buckets.exempts("192.0.2.1"));
  EXPECT_FALSE(buckets.exempts("198.51.100.1"));
  EXPECT_FALSE(buckets.exempts("unix"));
}

TEST(NetworkOf, Takes24BitsOfIPv4And48OfIPv6) {
  EXPECT_EQ(network_of("192.0.2.17"), network_of("192.0.2.200"));
  EXPECT_NE(network_of("192.0.2.17"), network_of("192.0.3.17"));
  EXPECT_EQ(network_of("2001:db8::1"), network_of("2001:db8:0:1::1"));
  EXPECT_NE(network_of("2001:db8:1::1"), network_of("2001:db8:2::1"));
  EXPECT_EQ(network_of("unix"), "unix");
}

}  // namespace
}  // namespace cas::policy
