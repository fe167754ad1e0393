// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's way in: commit, ledger, bodies, recovery; over both stores.
#include <gmock/gmock.h>

#include "base/encoding.hpp"
#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using store::Route;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class QueueIn : public QueueFixture {
 protected:
  /// A draft of these chunks.
  std::shared_ptr<store::Draft> draft(const std::vector<std::string>& chunks) {
    auto made = queue_->draft();
    for (const auto& chunk : chunks) {
      EXPECT_TRUE(wait_for<Result<void>>([&](auto call) { queue_->append(made, chunk, std::move(call)); }));
    }
    return made;
  }
  std::vector<std::optional<confirm::LedgerRow>> ledger(const std::vector<NewRecipient>& recipients) {
    using Rows = std::vector<std::optional<confirm::LedgerRow>>;
    std::vector<confirm::LedgerKey> keys;
    for (const auto& recipient : recipients) keys.push_back(recipient.ledgers.at(0).key);
    return wait_for<Result<Rows>>([&](auto done) { queue_->ledger(keys, std::move(done)); }).value();
  }
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueIn, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(QueueIn, ACommittedMessageIsAJob) {
  std::atomic<int> woken = 0;
  queue_->on_due(Route::Remote, [&] { ++woken; });
  const auto committed = commit(message({to("suzie@b.example")}));
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->outcome, CommitOutcome::Queued);
  EXPECT_EQ(committed->id.size(), 26U);
  EXPECT_GT(woken, 0);
  EXPECT_EQ(queue_->next_due(Route::Remote), clock_.now());
  EXPECT_EQ(queue_->next_due(Route::Local), std::nullopt);
  const Job job = take_one();
  EXPECT_EQ(job.message.id, committed->id);
  EXPECT_EQ(job.message.body_size, text_.size());
  EXPECT_FALSE(job.recovered);
  EXPECT_EQ(body_of(job.message), text_);
  EXPECT_TRUE(nothing_due()) << "it is leased";
  const auto queued = events_.named("queued");
  ASSERT_THAT(queued, SizeIs(1));
  EXPECT_EQ(queued[0].queue_id, committed->id);
  EXPECT_EQ(field(queued[0], "to"), "suzie@b.example");
}

TEST_P(QueueIn, AMessageWithoutRecipientsIsRefused) {
  const auto committed = commit(message({}));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().lasting, Lasting::Permanent);
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueIn, ALargeSmallBodyIsCutIntoChunks) {
  auto large = message({to("suzie@b.example")});
  large.small_body = std::string(store::max_chunk + 5, 'x');
  ASSERT_TRUE(commit(large));
  EXPECT_EQ(body_of(take_one().message), large.small_body);
}

TEST_P(QueueIn, AnAppendedBodyIsTakenAsItIs) {
  auto given = message({to("suzie@b.example")});
  given.draft = draft({text_.substr(0, 10), text_.substr(10)});
  given.message.body_size = text_.size();
  given.small_body.clear();
  ASSERT_TRUE(commit(given));
  EXPECT_EQ(body_of(take_one().message), text_);
}

TEST_P(QueueIn, AFailedCommitKeepsNothingAndTellsSo) {
  moody_->full = true;
  const auto committed = commit(message({confirmed_to("suzie@b.example", 1, 1)}));
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().lasting, Lasting::Transient);
  moody_->full = false;
  EXPECT_TRUE(nothing_due(Route::Local));
  EXPECT_THAT(entries(), IsEmpty());
  EXPECT_THAT(events_.names(), IsEmpty());
  EXPECT_THAT(ledger({confirmed_to("suzie@b.example", 1, 1)}), ElementsAre(std::nullopt));
}

// ---- Ledger (CAS §10) ----

TEST_P(QueueIn, TheSameIntentTwiceIsSwallowed_I3_I10) {
  const auto first = commit(message({confirmed_to("suzie@b.example", 1, 9)}));
  ASSERT_TRUE(first);
  const auto again = commit(message({confirmed_to("suzie@b.example", 1, 9)}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->outcome, CommitOutcome::Swallowed);
  EXPECT_EQ(again->id, first->id) << "I10: the durable copy is that one";
  EXPECT_THAT(entries(), SizeIs(1));
  EXPECT_EQ(take_one(Route::Local).message.id, first->id);
  EXPECT_TRUE(nothing_due(Route::Local));
}

TEST_P(QueueIn, ASwallowedOrConflictingDraftMakesNoEntry) {
  ASSERT_TRUE(commit(message({confirmed_to("suzie@b.example", 1, 9)})));
  for (const auto m : {std::uint8_t{9}, std::uint8_t{8}}) {
    auto again = message({confirmed_to("suzie@b.example", 1, m)});
    again.small_body.clear();
    again.draft = draft({"a copy"});
    ASSERT_TRUE(commit(again));
    EXPECT_THAT(entries(), SizeIs(1)) << int{m};
  }
}

TEST_P(QueueIn, TheSameIntentWithOtherContentIsAConflict_I3) {
  ASSERT_TRUE(commit(message({confirmed_to("suzie@b.example", 1, 9)})));
  const auto other = commit(message({confirmed_to("bob@b.example", 2, 8), confirmed_to("suzie@b.example", 1, 8)}));
  ASSERT_TRUE(other);
  EXPECT_EQ(other->outcome, CommitOutcome::Conflict);
  EXPECT_THAT(entries(), SizeIs(1));
  EXPECT_THAT(ledger({confirmed_to("bob@b.example", 2, 8)}), ElementsAre(std::nullopt)) << "nothing of it was stored";
}

TEST_P(QueueIn, OnlyRecipientsNotYetCommittedEnterTheQueue) {
  ASSERT_TRUE(commit(message({confirmed_to("suzie@b.example", 1, 9)})));
  const auto both = commit(message({confirmed_to("suzie@b.example", 1, 9), confirmed_to("bob@b.example", 1, 9)}));
  ASSERT_TRUE(both);
  EXPECT_EQ(both->outcome, CommitOutcome::Queued);
  const auto found = entries();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[1].message.id, both->id);
  ASSERT_THAT(found[1].recipients, SizeIs(1));
  EXPECT_EQ(found[1].recipients[0].address, mailbox("bob@b.example"));
}

TEST_P(QueueIn, ARecipientNamedTwiceInOneMessageIsCommittedOnce_I3) {
  const auto twice = confirmed_to("suzie@b.example", 1, 9);
  const auto committed = commit(message({twice, twice}));
  ASSERT_TRUE(committed);
  EXPECT_EQ(committed->outcome, CommitOutcome::Queued);
  EXPECT_THAT(entries()[0].recipients, SizeIs(1));
}

// ---- Aliases: what was confirmed for one name goes to others, several names go to one ----

TEST_P(QueueIn, AllTargetsOfAConfirmedNameEnterOnce_I3) {
  auto joe = confirmed_to("sales@b.example", 1, 9);
  joe.address = mailbox("joe@b.example");
  auto ann = confirmed_to("sales@b.example", 1, 9);
  ann.address = mailbox("ann@b.example");
  ASSERT_EQ(commit(message({joe, ann}))->outcome, CommitOutcome::Queued);
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_THAT(entries()[0].recipients, SizeIs(2));
  EXPECT_EQ(commit(message({joe, ann}))->outcome, CommitOutcome::Swallowed);
}

TEST_P(QueueIn, ATargetOfSeveralNamesEntersWhileOneOfThemIsNew_I3) {
  const auto sales = confirmed_to("sales@b.example", 1, 9).ledgers.at(0);
  const auto info = confirmed_to("info@b.example", 1, 9).ledgers.at(0);
  auto joe = to("joe@b.example", Route::Local);
  joe.ledgers = {sales};
  ASSERT_EQ(commit(message({joe}))->outcome, CommitOutcome::Queued);
  joe.ledgers = {sales, info};
  ASSERT_EQ(commit(message({joe}))->outcome, CommitOutcome::Queued);
  ASSERT_EQ(commit(message({joe}))->outcome, CommitOutcome::Swallowed);
  auto other = sales;
  other.m = {8};
  joe.ledgers = {info, other};
  EXPECT_EQ(commit(message({joe}))->outcome, CommitOutcome::Conflict);
}

TEST_P(QueueIn, EntryAndLedgerRowAreOneTransaction_I3_I8) {
  auto first = message({to("suzie@b.example")});
  first.message.id = "A";
  ASSERT_TRUE(commit(first));
  auto clash = message({confirmed_to("bob@b.example", 1, 9)});
  clash.message.id = "A";  // add_message fails
  EXPECT_FALSE(commit(clash));
  EXPECT_THAT(ledger({confirmed_to("bob@b.example", 1, 9)}), ElementsAre(std::nullopt));
  const auto good = commit(message({confirmed_to("bob@b.example", 1, 9)}));
  ASSERT_TRUE(good);
  const auto row = ledger({confirmed_to("bob@b.example", 1, 9)}).at(0);
  ASSERT_TRUE(row);
  EXPECT_EQ(row->queue_id, good->id);
}

TEST_P(QueueIn, AnUnavailableLedgerGivesAnErrorNotAnAnswer_I8) {
  ASSERT_TRUE(commit(message({confirmed_to("bob@b.example", 1, 9)})));
  moody_->blind = true;
  using Rows = std::vector<std::optional<confirm::LedgerRow>>;
  const auto rows = wait_for<Result<Rows>>(
      [&](auto done) { queue_->ledger({confirmed_to("bob@b.example", 1, 9).ledgers.at(0).key}, std::move(done)); });
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().lasting, Lasting::Transient);
}

TEST_P(QueueIn, LedgerRowsOutliveTheEntryAndExpireInOperation) {
  auto recipient = confirmed_to("suzie@b.example", 1, 9);
  recipient.ledgers.at(0).keep_until = to_unix(clock_.now()) + std::chrono::hours(1);
  ASSERT_TRUE(commit(message({recipient})));
  ASSERT_TRUE(finish(take_one(Route::Local), {delivered()}));
  EXPECT_THAT(entries(), IsEmpty());
  EXPECT_EQ(commit(message({recipient}))->outcome, CommitOutcome::Swallowed);
  clock_.advance(std::chrono::hours(2));
  ASSERT_TRUE(commit(message({to("bob@b.example")})));  // sweeps
  ASSERT_TRUE(commit(message({to("bob@b.example")})));  // after the sweep: writes come in order
  EXPECT_THAT(ledger({recipient}), ElementsAre(std::nullopt));
}

// ---- Crash and recovery ----

TEST_P(QueueIn, WhatWasAcknowledgedIsThereExactlyOnceAfterACrash) {
  const auto committed = commit(message({confirmed_to("suzie@b.example", 1, 9), to("bob@c.example")}));
  ASSERT_TRUE(committed);
  static_cast<void>(take_one(Route::Local));  // the attempt that the crash interrupts
  const auto half = draft({"half a message"});
  crash_and_restart();
  const Job job = take_one(Route::Local);
  EXPECT_EQ(job.message.id, committed->id);
  EXPECT_TRUE(job.recovered);
  EXPECT_EQ(body_of(job.message), text_);
  EXPECT_TRUE(nothing_due(Route::Local));
  EXPECT_EQ(take_one(Route::Remote).recipients.at(0).address, mailbox("bob@c.example"));
  EXPECT_TRUE(nothing_due(Route::Remote));
  EXPECT_EQ(commit(message({confirmed_to("suzie@b.example", 1, 9)}))->outcome, CommitOutcome::Swallowed);
}

TEST_P(QueueIn, TheLedgerIsKnownAfterACrash_I3) {
  ASSERT_TRUE(commit(message({confirmed_to("suzie@b.example", 1, 9)})));
  crash_and_restart();
  EXPECT_TRUE(ledger({confirmed_to("suzie@b.example", 1, 9)}).at(0));
  EXPECT_FALSE(ledger({confirmed_to("suzie@b.example", 2, 9)}).at(0));
}

TEST_P(QueueIn, RecoveredIsSaidOfWhatComesFromTheStore) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  EXPECT_FALSE(take_one().recovered);
  crash_and_restart();
  EXPECT_TRUE(take_one().recovered);
}

TEST_P(QueueIn, RecoveryGivesEveryRecipientOnceHoweverManyThereAre) {
  std::vector<NewRecipient> many;
  for (int n = 0; n < 1001; ++n) many.push_back(to("r" + std::to_string(n) + "@b.example"));
  ASSERT_TRUE(commit(message(many)));
  crash_and_restart();
  std::set<std::string> seen;
  for (;;) {
    auto job = take();
    ASSERT_TRUE(job);
    if (!*job) break;
    for (const auto& recipient : (*job)->recipients) EXPECT_TRUE(seen.insert(recipient.address.wire()).second);
    std::vector<Outcome> outcomes((*job)->recipients.size(), delivered());
    ASSERT_TRUE(finish(**std::move(job), std::move(outcomes)));
  }
  EXPECT_EQ(seen.size(), 1001U);
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueIn, TheSecretIsMadeOnceAndKept) {
  const std::string secret = queue_->secret();
  EXPECT_EQ(secret.size(), 32U);
  crash_and_restart();
  EXPECT_EQ(queue_->secret(), secret);
}

TEST(QueueId, SortsByTimeAndHasOnlyLettersAndDigits) {
  CountingRandom random;
  store::QueueId last;
  for (const std::int64_t ms : {0LL, 1LL, 31LL, 32LL, 1'795'460'400'000LL, 1'795'460'400'001LL, (1LL << 48) - 1}) {
    const auto id = make_queue_id(TimePoint(milliseconds(ms)), random);
    EXPECT_EQ(id.size(), 26U);
    EXPECT_TRUE(std::ranges::all_of(id, is_alnum)) << id;
    EXPECT_LT(last, id);
    last = id;
  }
}

}  // namespace
}  // namespace cas::queue
