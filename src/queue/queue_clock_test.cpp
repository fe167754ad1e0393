// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A system clock that jumps under the queue, over both stores.
#include <gmock/gmock.h>

#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using std::chrono::hours;
using store::RecipientState;
using testing::IsEmpty;
using testing::SizeIs;

constexpr hours ten_years{10 * 365 * 24};

class QueueClock : public QueueFixture {
 protected:
  void defer_once() {
    ASSERT_TRUE(commit(message({to("suzie@b.example")})));
    ASSERT_TRUE(finish(take_one(), {deferred()}));
  }
  [[nodiscard]] milliseconds until_next() const {
    return queue_->next_due(store::Route::Remote).value() - clock_.now();
  }
  /// The take that notices.
  void notice() {
    EXPECT_TRUE(nothing_due());
    settle_store();
    EXPECT_TRUE(nothing_due());
  }
  /// What was written behind the take is done.
  void settle_store() {
    ASSERT_TRUE(store::write_and_wait(*store_, [](store::Tx&) { return Result<void>(); }));
  }
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueClock, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(QueueClock, SetForwardItTriesAtOnceAndNothingExpiresByThatAlone) {
  defer_once();
  clock_.advance(ten_years);
  Job job = take_one();
  ASSERT_TRUE(finish(job, {deferred()}));
  EXPECT_THAT(events_.named("bounced"), IsEmpty());
  EXPECT_LE(until_next(), options_.max_retry + options_.max_retry / 10);
  clock_.advance(until_next());
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  EXPECT_THAT(events_.named("bounced"), SizeIs(1)) << "that was the last attempt, and it came in time";
}

TEST_P(QueueClock, SetBackWhatWaitsIsTriedAsSoonAsItWouldHaveBeen) {
  defer_once();
  const auto left = until_next();
  clock_.advance(-ten_years);
  notice();
  EXPECT_THAT(events_.named("clock-set-back"), SizeIs(1));
  EXPECT_EQ(until_next(), left);
  clock_.advance(left);
  EXPECT_THAT(take_one().recipients, SizeIs(1));
}

TEST_P(QueueClock, SetBackWhileItWasDownNothingWaitsLongerThanItCan) {
  defer_once();
  clock_.advance(-ten_years);
  crash_and_restart();
  settle_store();
  EXPECT_TRUE(nothing_due());
  EXPECT_GT(until_next(), milliseconds(0));
  EXPECT_LE(until_next(), hours(27));
  clock_.advance(hours(27));
  EXPECT_THAT(take_one().recipients, SizeIs(1));
}

TEST_P(QueueClock, SetBackNoDestinationRestsForYears) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  Outcome nobody = deferred();
  nobody.unreachable = true;
  ASSERT_TRUE(finish(take_one(), {nobody}));
  clock_.advance(-ten_years);
  notice();
  clock_.advance(hours(2));
  EXPECT_THAT(take_one().recipients, SizeIs(1));
}

TEST_P(QueueClock, SetBackTheLedgerIsTidiedAllTheSame) {
  defer_once();
  clock_.advance(-ten_years);
  ASSERT_TRUE(store::write_and_wait(*store_, [&](store::Tx& tx) {
    return tx.remember("kind", {.name = "over", .value = "x", .keep_until = to_unix(clock_.now()) - seconds(1)});
  }));
  ASSERT_TRUE(commit(message({to("bob@c.example")})));
  settle_store();
  std::optional<store::Memory> left;
  ASSERT_TRUE(store::read_and_wait(*store_, [&](store::Reader& reader) -> Result<void> {
    CAS_TRY(left, reader.recall("kind", "over"));
    return {};
  }));
  EXPECT_FALSE(left) << "tidied once a minute";
}

}  // namespace
}  // namespace cas::queue
