// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Guessing: who is locked out, for how long, and who is not.
#include "policy/auth_throttle.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr TimePoint begin{milliseconds(1'000'000'000'000)};
constexpr const char* home = "192.0.2.1";

class Guessing : public ::testing::Test {
 protected:
  Guessing() { throttle_.set_limits({.per_network = 6, .per_account = 3}); }
  void fail(const std::string& account, const std::string& address, int times, TimePoint now = begin) {
    for (int n = 0; n < times; ++n) throttle_.count_failure(account, address, now);
  }
  AuthThrottle throttle_;
};

TEST_F(Guessing, ANameIsLockedWhereverItIsGuessedFrom) {
  fail("joe", "198.51.100.1", 1);
  fail("joe", "203.0.113.1", 1);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
  fail("joe", "2001:db8::1", 1);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Account);
  EXPECT_EQ(throttle_.lock_of("suzie", home, begin), AuthLock::None);
}

TEST_F(Guessing, ANetworkIsLockedWhateverNamesItGives) {
  for (int n = 0; n < 6; ++n) fail("name" + std::to_string(n), "198.51.100." + std::to_string(n), 1);
  EXPECT_EQ(throttle_.lock_of("joe", "198.51.100.77", begin), AuthLock::Network);
  EXPECT_EQ(throttle_.lock_of("joe", "198.51.101.77", begin), AuthLock::None);
  for (int n = 0; n < 6; ++n) fail("more" + std::to_string(n), "2001:db8:1:" + std::to_string(n) + "::1", 1);
  EXPECT_EQ(throttle_.lock_of("joe", "2001:db8:1:ffff::1", begin), AuthLock::Network);
  EXPECT_EQ(throttle_.lock_of("joe", "2001:db8:2::1", begin), AuthLock::None);
}

TEST_F(Guessing, IsForgottenByAndBy) {
  fail("joe", home, 3);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin + minutes(19)), AuthLock::Account);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin + minutes(20)), AuthLock::None) << "one of three in an hour";
  fail("joe", home, 1, begin + minutes(20));
  EXPECT_EQ(throttle_.lock_of("joe", home, begin + minutes(20)), AuthLock::Account);
}

TEST_F(Guessing, SuccessesCostNothing) {
  for (int n = 0; n < 1000; ++n) throttle_.count_success("joe", home, begin);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
  EXPECT_EQ(throttle_.lock_of("joe", "198.51.100.1", begin), AuthLock::None);
}

TEST_F(Guessing, StrangersLockNobodyOutOfWhereHeHasLoggedInFrom) {
  throttle_.count_success("joe", home, begin);
  fail("joe", "198.51.100.1", 6);
  fail("joe", "203.0.113.1", 6);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
  EXPECT_EQ(throttle_.lock_of("joe", "192.0.2.200", begin), AuthLock::None) << "the same network";
  EXPECT_EQ(throttle_.lock_of("joe", "198.51.101.1", begin), AuthLock::Account);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin + hours(31 * 24)), AuthLock::None) << "all of it is forgotten";
}

TEST_F(Guessing, WhereHeHasLoggedInFromGuessesAreCountedToo) {
  throttle_.count_success("joe", home, begin);
  fail("joe", home, 3);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Account);
  EXPECT_EQ(throttle_.lock_of("joe", "198.51.100.1", begin), AuthLock::None) << "two counts";
}

TEST_F(Guessing, SuccessForgivesTheNameThereButNotTheNetwork) {
  throttle_.count_success("joe", home, begin);
  fail("joe", home, 2);
  throttle_.count_success("joe", home, begin);
  fail("joe", home, 2);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
  fail("suzie", home, 2);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Network) << "who has an account guesses no other's";
}

TEST_F(Guessing, AnExemptNetworkIsNotLockedButNamesAre) {
  throttle_.set_limits({.per_network = 6, .per_account = 3, .exempt = {*Network::parse("192.0.2.0/28")}});
  for (int n = 0; n < 100; ++n) fail("name" + std::to_string(n), home, 1);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
  fail("joe", home, 3);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Account);
}

TEST_F(Guessing, ZeroIsNoLimit) {
  throttle_.set_limits({.per_network = 0, .per_account = 0});
  fail("joe", home, 1000);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
}

TEST_F(Guessing, AReloadWithTheSameLimitsForgivesNothing) {
  fail("joe", home, 3);
  throttle_.set_limits({.per_network = 6, .per_account = 3});
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Account);
  throttle_.set_limits({.per_network = 6, .per_account = 4});
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::None);
}

TEST_F(Guessing, AFloodOfNamesForgetsNobodyWhoIsLocked) {
  fail("joe", "198.51.100.1", 3);
  for (int n = 0; n < 60000; ++n) fail("n" + std::to_string(n), "10." + std::to_string(n % 250) + ".0.1", 1);
  EXPECT_EQ(throttle_.lock_of("joe", home, begin), AuthLock::Account);
}

}  // namespace
}  // namespace cas::policy
