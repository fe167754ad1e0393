// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a user may submit in an hour.
#include "policy/quotas.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

constexpr TimePoint begin{milliseconds(1'000'000'000)};
using std::chrono::minutes;

TEST(UserQuotas, WithoutLimitsEverythingIsAllowed) {
  UserQuotas quotas;
  for (int n = 0; n < 10000; ++n)
    ASSERT_TRUE(quotas.allow_message("joe", begin) && quotas.allow_recipient("joe", begin));
}

TEST(UserQuotas, AnHoursWorthAtOnceThenAsItComesBack) {
  UserQuotas quotas;
  quotas.set_limits({.messages_per_hour = 60, .recipients_per_hour = 0});
  for (int n = 0; n < 60; ++n) ASSERT_TRUE(quotas.allow_message("joe", begin)) << n;
  EXPECT_FALSE(quotas.allow_message("joe", begin));
  EXPECT_TRUE(quotas.allow_message("suzie", begin)) << "each has his own";
  EXPECT_TRUE(quotas.allow_recipient("joe", begin));
  EXPECT_TRUE(quotas.allow_message("joe", begin + minutes(1)));
  EXPECT_FALSE(quotas.allow_message("joe", begin + minutes(1)));
}

TEST(UserQuotas, AReloadWithTheSameLimitsForgivesNothing) {
  UserQuotas quotas;
  const QuotaLimits one{.messages_per_hour = 0, .recipients_per_hour = 1};
  quotas.set_limits(one);
  EXPECT_TRUE(quotas.allow_recipient("joe", begin));
  quotas.set_limits(one);
  EXPECT_FALSE(quotas.allow_recipient("joe", begin));
  quotas.set_limits({});
  EXPECT_TRUE(quotas.allow_recipient("joe", begin));
}

}  // namespace
}  // namespace cas::policy
