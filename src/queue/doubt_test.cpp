// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A reply to the end of data that was lost (CAS §9.5): noted on the disk, and told in every later report.
#include <gmock/gmock.h>

#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using std::chrono::hours;
using testing::HasSubstr;
using testing::Not;

class Doubt : public QueueFixture {
 protected:
  static Outcome lost(bool with_confirm) {
    Outcome outcome = deferred(std::chrono::seconds(60));
    outcome.in_doubt = true;
    outcome.with_confirm = with_confirm;
    return outcome;
  }
  store::Recipient only_recipient() { return entries().at(0).recipients.at(0); }
  std::string report() { return body_of(take_one(store::Route::Local).message); }
};

INSTANTIATE_TEST_SUITE_P(Twins, Doubt, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(Doubt, OutlivesACrashAndLaterAttempts) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  const TimePoint first = clock_.now();
  ASSERT_TRUE(finish(take_one(), {lost(true)}));
  crash_and_restart();
  clock_.advance(hours(1));
  const Job job = take_one();
  EXPECT_TRUE(job.recipients.at(0).in_doubt);
  EXPECT_EQ(job.recipients.at(0).confirm_until, first + hours(5 * 24));
  ASSERT_TRUE(finish(job, {deferred()}));
  EXPECT_EQ(only_recipient().confirm_until, first + hours(5 * 24)) << "another answer does not end it";
}

TEST_P(Doubt, CountsFromTheFirstLoss) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  const TimePoint first = clock_.now();
  ASSERT_TRUE(finish(take_one(), {lost(true)}));
  clock_.advance(hours(2));
  ASSERT_TRUE(finish(take_one(), {lost(true)}));
  EXPECT_EQ(only_recipient().confirm_until, first + hours(5 * 24));
}

TEST_P(Doubt, WithoutConfirmNobodyRemembersSoItMayGoAsItWent) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {lost(false)}));
  EXPECT_TRUE(only_recipient().in_doubt);
  EXPECT_EQ(only_recipient().confirm_until, std::nullopt);
}

TEST_P(Doubt, IsToldInTheReportOfALaterFailure) {
  ASSERT_TRUE(commit(message({to("suzie@b.example"), to("bob@b.example")})));
  ASSERT_TRUE(finish(take_one(), {lost(true), deferred(std::chrono::seconds(60))}));
  crash_and_restart();
  clock_.advance(hours(1));
  ASSERT_TRUE(finish(take_one(), {failed(), delivered()}));
  EXPECT_THAT(report(), HasSubstr("may have been delivered"));
}

TEST_P(Doubt, IsNotToldOfOthers) {
  ASSERT_TRUE(commit(message({to("suzie@b.example"), to("bob@b.example")})));
  ASSERT_TRUE(finish(take_one(), {lost(true), deferred(std::chrono::seconds(60))}));
  clock_.advance(hours(1));
  ASSERT_TRUE(finish(take_one(), {delivered(), failed()}));
  EXPECT_THAT(report(), Not(HasSubstr("may have been delivered")));
}

}  // namespace
}  // namespace cas::queue
