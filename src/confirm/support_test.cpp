// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §7.2, §7.3: what counts as known, what as missing.
#include "confirm/support.hpp"

#include <gtest/gtest.h>

namespace cas::confirm {
namespace {

using std::chrono::hours;

const UnixTime now(std::chrono::seconds(1'795'460'400));
const Support nothing;
const Support spoke{.spoke = now + hours(1), .required = {}};
const Support required{.spoke = {}, .required = now + hours(1)};

dns::Answer record(std::string text, bool secure) {
  return {.status = dns::Status::Ok,
          .secure = secure,
          .ttl = {},
          .records = {dns::Txt{std::move(text)}},
          .private_reason = {}};
}
dns::Answer absent(bool secure) {
  return {.status = dns::Status::NxDomain, .secure = secure, .ttl = {}, .records = {}, .private_reason = {}};
}
const dns::Answer failure;

TEST(Support, IsRememberedForSevenDays_CAS7_3) {
  const auto learnt = learn(nothing, record("v=CAS1; m=required", true), now);
  EXPECT_EQ(learnt.required, now + hours(7 * 24));
  EXPECT_TRUE(is_missing(learnt, failure, false, now + hours(7 * 24) - std::chrono::seconds(1)));
  EXPECT_FALSE(is_missing(learnt, failure, false, now + hours(7 * 24)));
  EXPECT_EQ(learn_spoken(nothing, true, now).spoke, now + hours(7 * 24));
}

TEST(Support, AClockThatWasSetBackMakesNoMemoryLast) {
  const auto learnt = learn_spoken(nothing, true, now);
  EXPECT_TRUE(is_missing(learnt, failure, false, now - hours(24))) << "a day is no reason to forget";
  EXPECT_FALSE(is_missing(learnt, failure, false, now - hours(24 * 365)));
}

TEST(Support, IsLearntOnlyWhereNobodyCanForgeIt_CAS7_3) {
  EXPECT_EQ(learn(nothing, record("v=CAS1; m=required", false), now), nothing);
  EXPECT_EQ(learn_spoken(nothing, false, now), nothing);
  EXPECT_EQ(learn_spoken(spoke, false, now), spoke) << "nor renewed";
}

TEST(Support, OnlyASignedAnswerTakesItBack) {
  for (const auto& answer :
       {failure, absent(false), record("v=CAS1; m=optional", false), record("v=CAS1; m=off", false)}) {
    EXPECT_EQ(learn(required, answer, now), required);
    EXPECT_EQ(learn(spoke, answer, now), spoke);
    EXPECT_TRUE(is_missing(required, answer, false, now));
    EXPECT_TRUE(is_missing(spoke, answer, false, now));
  }
  for (const auto& answer : {absent(true), record("v=CAS1; m=optional", true), record("v=CAS1; m=off", true)}) {
    EXPECT_EQ(learn(required, answer, now), nothing);
    EXPECT_FALSE(is_missing(required, answer, true, now));
  }
}

TEST(Support, ThatItSpokeOutlivesEverySignedAnswerButOff) {
  EXPECT_EQ(learn(spoke, absent(true), now), spoke);
  EXPECT_EQ(learn(spoke, record("v=CAS1", true), now), spoke);
  EXPECT_EQ(learn(spoke, record("v=CAS1; m=off", true), now), nothing);
  EXPECT_FALSE(is_missing(spoke, record("v=CAS1; m=off", true), true, now));
}

TEST(Support, AFailedLookupIsNotAbsence_CAS7_2) {
  EXPECT_TRUE(is_missing(nothing, failure, true, now)) << "in a signed zone the mail waits";
  EXPECT_FALSE(is_missing(nothing, failure, false, now)) << "elsewhere it proves nothing";
  EXPECT_FALSE(is_missing(nothing, absent(false), false, now));
  EXPECT_FALSE(is_missing(nothing, absent(true), true, now));
}

TEST(Support, ADomainThatRequiresItNowIsNotWrittenToWithoutIt) {
  EXPECT_TRUE(is_missing(nothing, record("v=CAS1; m=required", true), true, now));
  EXPECT_TRUE(requires_confirmation(nothing, record("v=CAS1; m=required", true), now));
  EXPECT_TRUE(requires_confirmation(nothing, record("v=CAS1; m=required", false), now)) << "it would say 530";
  EXPECT_TRUE(requires_confirmation(required, failure, now));
  EXPECT_FALSE(requires_confirmation(required, failure, now + hours(2)));
  EXPECT_FALSE(requires_confirmation(required, record("v=CAS1; m=optional", true), now));
  EXPECT_FALSE(requires_confirmation(spoke, absent(false), now));
}

}  // namespace
}  // namespace cas::confirm
