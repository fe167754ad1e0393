// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people do to the queue and see of it; over both stores.
#include <gmock/gmock.h>

#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using store::RecipientState;
using store::Route;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class QueueSteer : public QueueFixture {
 protected:
  Steered act(Action action, FilterWords words = {}, std::string reason = "why") {
    auto steered = steer({.action = action, .filter = parse_filter(words).value(), .reason = reason, .by = "root"});
    EXPECT_TRUE(steered) << steered.error().private_reason;
    return steered ? *std::move(steered) : Steered{};
  }
  Steered dry(Action action, FilterWords words = {}) {
    auto steered =
        steer({.action = action, .filter = parse_filter(words).value(), .reason = {}, .by = "root", .dry_run = true});
    EXPECT_TRUE(steered);
    return steered ? *std::move(steered) : Steered{};
  }
  store::QueueId deferred_to(std::string_view address) {
    const auto committed = commit(message({to(address)}));
    EXPECT_TRUE(committed);
    EXPECT_TRUE(finish(take_one(), {deferred()}));
    return committed->id;
  }
  NewMessage forged(std::vector<NewRecipient> recipients) {
    auto made = message(std::move(recipients));
    made.message.sender_verified = false;
    return made;
  }
  Stats stats() {
    auto found = wait_for<Result<Stats>>([&](auto done) { queue_->stats(std::move(done)); });
    EXPECT_TRUE(found);
    return found.value_or(Stats{});
  }
  bool suspend(std::string_view name) {
    return wait_for<Result<void>>(
               [&](auto done) { queue_->suspend(domain(name), "they asked", "root", std::move(done)); })
        .has_value();
  }
  bool resume(std::string_view name) {
    return wait_for<Result<bool>>([&](auto done) { queue_->resume(domain(name), "root", std::move(done)); }).value();
  }
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueSteer, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

// ---- Hold and release ----

TEST_P(QueueSteer, WhatIsHeldIsNotTriedAndDoesNotExpireUntilItIsReleased) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  EXPECT_EQ(act(Action::Hold).changed, 1U);
  EXPECT_TRUE(nothing_due());
  crash_and_restart();
  clock_.advance(hours(24 * 10));
  EXPECT_TRUE(nothing_due());
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_EQ(entries()[0].recipients[0].state, RecipientState::Held);
  EXPECT_EQ(entries()[0].recipients[0].note, "why");
  EXPECT_EQ(field(events_.named("held").at(0), "by"), "root");
  EXPECT_EQ(act(Action::Release).changed, 1U);
  Job job = take_one();
  EXPECT_EQ(job.recipients[0].note, "");
  EXPECT_EQ(body_of(job.message), text_);
  ASSERT_TRUE(finish(std::move(job), {deferred()}));
  EXPECT_THAT(events_.named("bounced"), SizeIs(1)) << "the lifetime is over: this was the last attempt";
}

TEST_P(QueueSteer, WhatIsReleasedIsTriedThoughTheQueueHasLookedPastItsTime) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  EXPECT_EQ(act(Action::Hold).changed, 1U);
  clock_.advance(minutes(10));
  deferred_to("kim@d.example");
  clock_.advance(minutes(10));
  EXPECT_EQ(take_one().recipients[0].address.wire(), "kim@d.example");
  EXPECT_TRUE(nothing_due());
  clock_.advance(minutes(10));
  EXPECT_EQ(act(Action::Release).changed, 1U);
  EXPECT_EQ(take_one().recipients[0].address.wire(), "suzie@b.example");
}

TEST_P(QueueSteer, AHeldRecipientKeepsTheMessageWhenTheOthersAreDone) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example")})));
  EXPECT_EQ(act(Action::Hold, {.domain = "d.example"}).changed, 1U);
  ASSERT_TRUE(finish(take_one(), {delivered()}));
  ASSERT_THAT(entries(), SizeIs(1));
  act(Action::Release);
  Job job = take_one();
  EXPECT_EQ(body_of(job.message), text_);
  ASSERT_TRUE(finish(std::move(job), {delivered()}));
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueSteer, WhatIsBeingTriedIsLeftAlone) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example")})));
  const Job job = take_one();
  for (const Action action : {Action::Hold, Action::Bounce, Action::Remove, Action::Retry}) {
    const auto steered = act(action, {.domain = "b.example"});
    EXPECT_EQ(steered.in_flight, 1U) << to_string(action);
    EXPECT_EQ(steered.changed, 0U) << to_string(action);
  }
  EXPECT_EQ(act(Action::Remove).changed, 1U) << "the other recipient";
  EXPECT_EQ(body_of(job.message), text_);
  ASSERT_TRUE(finish(job, {deferred()}));
  EXPECT_EQ(act(Action::Remove).changed, 1U);
  EXPECT_THAT(entries(), IsEmpty());
}

// ---- The Screener ----

NewRecipient screened_for(std::string_view address, bool held) {
  auto recipient = to(address, store::Route::Local);
  recipient.screened = "joe@x.example";
  recipient.held = held;
  recipient.note = held ? "waits for its owner" : "";
  return recipient;
}

TEST_P(QueueSteer, WhatTheScreenerHoldsIsNotTriedUntilItIsAdmitted) {
  ASSERT_TRUE(commit(message({screened_for("suzie@b.example", true), to("ann@b.example", store::Route::Local)})));
  Job first = take_one(store::Route::Local);
  EXPECT_EQ(first.recipients[0].address.wire(), "ann@b.example");
  EXPECT_FALSE(first.whole);
  ASSERT_TRUE(finish(std::move(first), {delivered()}));
  crash_and_restart();
  EXPECT_TRUE(nothing_due());
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_EQ(entries()[0].recipients[0].note, "waits for its owner");
  EXPECT_EQ(act(Action::Admit).changed, 1U);
  Job job = take_one(store::Route::Local);
  EXPECT_EQ(job.recipients[0].screened, "");
  EXPECT_EQ(body_of(job.message), text_);
  ASSERT_TRUE(finish(std::move(job), {delivered()}));
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueSteer, TheLifetimeOfWhatIsAdmittedBeginsAnew) {
  ASSERT_TRUE(commit(message({screened_for("suzie@b.example", true)})));
  clock_.advance(hours(24 * 20));
  EXPECT_EQ(act(Action::Admit).changed, 1U);
  ASSERT_TRUE(finish(take_one(store::Route::Local), {deferred()}));
  EXPECT_THAT(entries(), SizeIs(1)) << "one try is not all";
  clock_.advance(hours(25));
  ASSERT_TRUE(finish(take_one(store::Route::Local), {deferred()}));
  clock_.advance(hours(1));
}

TEST_P(QueueSteer, WhatGoesToTheScreenersFolderIsAdmittedBeforeItsDelivery) {
  ASSERT_TRUE(commit(message({screened_for("suzie@b.example", false)})));
  EXPECT_EQ(act(Action::Admit).changed, 1U);
  Job job = take_one(store::Route::Local);
  EXPECT_EQ(job.recipients[0].screened, "");
  EXPECT_EQ(act(Action::Admit).matched, 0U) << "what nobody screens is no matter of the Screener";
  ASSERT_TRUE(finish(std::move(job), {delivered()}));
}

TEST_P(QueueSteer, WhatIsCommittedAlongsideIsThereOrNothingIs) {
  auto fails = message({to("suzie@b.example")});
  fails.alongside = [](store::Tx&, const store::Message&, const store::Recipient&) -> Result<void> {
    return transient("no");
  };
  EXPECT_FALSE(commit(std::move(fails)));
  EXPECT_THAT(entries(), IsEmpty());
  auto notes = message({to("suzie@b.example"), to("ann@b.example")});
  notes.alongside = [](store::Tx& tx, const store::Message& row, const store::Recipient& recipient) {
    return tx.remember("note", {.name = recipient.address.wire(), .value = row.id, .keep_until = store::for_good});
  };
  const auto committed = commit(std::move(notes));
  ASSERT_TRUE(committed);
  std::string names;
  ASSERT_TRUE(store::read_and_wait(*store_, [&](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto rows, reader.memories("note", {}, 10));
    for (const auto& row : rows) names += row.name + (row.value == committed->id ? " " : "? ");
    return {};
  }));
  EXPECT_EQ(names, "ann@b.example suzie@b.example ");
}

// ---- Bounce and remove ----

TEST_P(QueueSteer, ABounceIsToldWithTheOperatorsWords) {
  const auto id = deferred_to("suzie@b.example");
  EXPECT_EQ(act(Action::Bounce, {.ids = id}, "wrong list").changed, 1U);
  ASSERT_THAT(entries(), SizeIs(1));
  const Job bounce = take_one(Route::Local);
  EXPECT_THAT(body_of(bounce.message),
              AllOf(HasSubstr("5.7.0"), HasSubstr("wrong list"), HasSubstr("suzie@b.example")));
  EXPECT_EQ(field(events_.named("bounced").at(0), "bounce"), bounce.message.id);
  EXPECT_EQ(field(events_.named("returned").at(0), "reason"), "wrong list");
  EXPECT_TRUE(nothing_due());
}

TEST_P(QueueSteer, ABounceOfWhatNobodyMayBeToldLeavesItAlone) {
  ASSERT_TRUE(commit(forged({to("suzie@b.example")})));
  const auto steered = act(Action::Bounce);
  EXPECT_EQ(steered.untold, 1U);
  EXPECT_EQ(steered.changed, 0U);
  EXPECT_THAT(take_one().recipients, SizeIs(1)) << "it goes on";
}

TEST_P(QueueSteer, WhatIsRemovedIsGoneWithoutAWord) {
  deferred_to("suzie@b.example");
  EXPECT_EQ(act(Action::Remove).changed, 1U);
  EXPECT_THAT(entries(), IsEmpty());
  EXPECT_THAT(events_.named("discarded"), SizeIs(1));
  EXPECT_THAT(events_.named("removed"), SizeIs(1));
  clock_.advance(hours(1));
  EXPECT_TRUE(nothing_due());
  EXPECT_TRUE(nothing_due(Route::Local));
  crash_and_restart();
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueSteer, OneRecipientMayBeRemovedAndTheOtherDelivered) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example")})));
  EXPECT_EQ(act(Action::Remove, {.domain = "d.example"}).changed, 1U);
  EXPECT_EQ(entries().at(0).standings.at(1), Standing::Removed);
  Job job = take_one();
  EXPECT_EQ(job.recipients[0].address.wire(), "a@b.example");
  ASSERT_TRUE(finish(std::move(job), {delivered()}));
  EXPECT_TRUE(nothing_due());
  EXPECT_THAT(entries(), IsEmpty());
}

TEST_P(QueueSteer, AKeptFailureCanBeRemoved) {
  ASSERT_TRUE(commit(forged({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {failed()}));
  EXPECT_EQ(act(Action::Bounce).matched, 0U) << "it has failed, and nobody may be told";
  EXPECT_EQ(act(Action::Remove, {.state = "failed"}).changed, 1U);
  EXPECT_THAT(entries(), IsEmpty());
}

// ---- Filters, pages, dry runs ----

TEST_P(QueueSteer, ADryRunCountsAndShowsAndChangesNothing) {
  for (int n = 0; n < 12; ++n) ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  const auto steered = dry(Action::Remove, {.sender = "a.example"});
  EXPECT_EQ(steered.matched, 12U);
  EXPECT_EQ(steered.changed, 12U);
  EXPECT_THAT(steered.examples, SizeIs(10));
  EXPECT_EQ(steered.examples[0].recipient, "suzie@b.example");
  EXPECT_EQ(steered.examples[0].sender, "<joe@a.example>");
  EXPECT_THAT(entries(), SizeIs(12));
  EXPECT_THAT(events_.named("discarded"), IsEmpty());
}

TEST_P(QueueSteer, ALongQueueIsChangedInPages) {
  for (int n = 0; n < 600; ++n) ASSERT_TRUE(commit(message({to(n % 2 == 0 ? "a@b.example" : "c@d.example")})));
  std::size_t changed = 0;
  std::size_t pages = 0;
  store::QueueId after;
  do {
    const auto page = steer({.action = Action::Hold, .filter = parse_filter({.domain = "b.example"}).value()}, after);
    ASSERT_TRUE(page);
    changed += page->changed;
    after = page->next;
    ++pages;
  } while (!after.empty());
  EXPECT_EQ(changed, 300U);
  EXPECT_EQ(pages, 3U);
  std::size_t given = 0;
  for (auto job = take(); job && *job; job = take(), ++given) {
    EXPECT_EQ((*job)->recipients[0].address.wire(), "c@d.example");
    ASSERT_TRUE(finish(**job, {delivered()}));
  }
  EXPECT_EQ(given, 300U);
}

TEST_P(QueueSteer, APageEndsWhereItsRecipientsAreMany) {
  std::vector<NewRecipient> many;
  for (int n = 0; n < 1500; ++n) many.push_back(to("r" + std::to_string(n) + "@b.example"));
  for (int n = 0; n < 4; ++n) ASSERT_TRUE(commit(message(many)));
  const auto first = act(Action::Hold);
  EXPECT_EQ(first.changed, 3000U);
  ASSERT_NE(first.next, "");
  const auto second = steer({.action = Action::Hold, .filter = {}, .reason = {}, .by = "root"}, first.next);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->changed, 3000U);
  EXPECT_EQ(stats().recipients.at(Standing::Held), 6000U);
  const auto page = wait_for<Result<Queue::Page>>([&](auto done) { queue_->list({}, "", 1000, std::move(done)); });
  ASSERT_TRUE(page);
  EXPECT_THAT(page->entries, SizeIs(4)) << "5000 are reached with the last one";
  EXPECT_EQ(page->next, "");
}

TEST_P(QueueSteer, AListHasWhatTheFilterMeansAndGoesOnWhereItEnded) {
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example")})));
  ASSERT_TRUE(commit(message({to("e@f.example")})));
  const auto page = [&](FilterWords words, store::QueueId after) {
    return wait_for<Result<Queue::Page>>(
               [&](auto done) { queue_->list(parse_filter(words).value(), std::move(after), 4, std::move(done)); })
        .value();
  };
  const auto first = page({.domain = "d.example"}, "");
  ASSERT_THAT(first.entries, SizeIs(4));
  EXPECT_THAT(first.entries[0].recipients, SizeIs(1));
  const auto second = page({.domain = "d.example"}, first.next);
  EXPECT_THAT(second.entries, SizeIs(1));
  EXPECT_EQ(second.next, "");
  EXPECT_THAT(page({.domain = "f.example"}, "").entries, IsEmpty()) << "further on";
  EXPECT_NE(page({.domain = "f.example"}, "").next, "");
}

TEST_P(QueueSteer, AFullDiskChangesNothingAndTheMailGoesOn) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  moody_->full = true;
  EXPECT_FALSE(steer({.action = Action::Remove, .filter = {}, .reason = {}, .by = "root"}));
  moody_->full = false;
  EXPECT_THAT(events_.named("discarded"), IsEmpty());
  EXPECT_EQ(body_of(take_one().message), text_);
}

// ---- Suspended and paused ----

TEST_P(QueueSteer, ASuspendedDomainRestsUntilItIsResumedAlsoAfterARestart) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example")})));
  ASSERT_TRUE(suspend("b.example"));
  EXPECT_EQ(take_one().recipients[0].address.wire(), "c@d.example");
  EXPECT_TRUE(nothing_due());
  crash_and_restart();
  ASSERT_TRUE(commit(message({to("e@b.example")})));
  EXPECT_EQ(take_one().recipients[0].address.wire(), "c@d.example");
  EXPECT_TRUE(nothing_due());
  EXPECT_EQ(stats().suspended.at(0).domain, "b.example");
  EXPECT_EQ(stats().suspended.at(0).reason, "they asked");
  EXPECT_TRUE(resume("b.example"));
  EXPECT_FALSE(resume("b.example"));
  take_one();
  take_one();
  EXPECT_THAT(events_.names(), AllOf(testing::Contains("suspended"), testing::Contains("resumed")));
  crash_and_restart();
  EXPECT_THAT(stats().suspended, IsEmpty());
}

TEST_P(QueueSteer, APausedQueueGivesNothingUntilItIsResumedAlsoAfterARestart) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("joe@a.example", Route::Local)})));
  ASSERT_TRUE(wait_for<Result<void>>([&](auto done) { queue_->pause_all("moving", "root", std::move(done)); }));
  EXPECT_TRUE(nothing_due());
  EXPECT_TRUE(nothing_due(Route::Local));
  EXPECT_EQ(queue_->next_due(Route::Remote), std::nullopt);
  crash_and_restart();
  ASSERT_TRUE(commit(message({to("c@d.example")}))) << "mail is taken in";
  EXPECT_TRUE(nothing_due());
  EXPECT_EQ(stats().paused, "moving");
  std::atomic<int> woken = 0;
  queue_->on_due(Route::Remote, [&] { ++woken; });
  EXPECT_EQ(wait_for<Result<bool>>([&](auto done) { queue_->resume_all("root", std::move(done)); }), true);
  EXPECT_EQ(woken, 1);
  take_one();
  take_one();
  take_one(Route::Local);
  EXPECT_EQ(stats().paused, std::nullopt);
}

// ---- Seeing ----

TEST_P(QueueSteer, StatsCountByStateDestinationAndReason) {
  deferred_to("suzie@b.example");
  deferred_to("kim@b.example");
  ASSERT_TRUE(commit(message({to("a@d.example")})));
  act(Action::Hold, {.domain = "d.example"}, "look at it");
  ASSERT_TRUE(commit(message({to("x@f.example")})));
  const Job flying = take_one();
  const Stats seen = stats();
  EXPECT_EQ(seen.messages, 4U);
  EXPECT_EQ(seen.recipients.at(Standing::Waiting), 2U);
  EXPECT_EQ(seen.recipients.at(Standing::Held), 1U);
  EXPECT_EQ(seen.recipients.at(Standing::InFlight), 1U);
  EXPECT_EQ(seen.destinations.at("b.example").waiting, 2U);
  EXPECT_EQ(seen.destinations.at("d.example").held, 1U);
  EXPECT_EQ(seen.destinations.at("f.example").in_flight, 1U);
  EXPECT_TRUE(seen.destinations.at("f.example").window);
  EXPECT_EQ(seen.reasons.at(busy().summary()), 2U);
  EXPECT_EQ(seen.reasons.at("look at it"), 1U);
  EXPECT_EQ(seen.oldest, entries()[0].message.arrived);
}

TEST_P(QueueSteer, NumbersForThoseWhoLookOften) {
  const auto look = [&] {
    return wait_for<Result<Numbers>>([&](auto done) { queue_->numbers(std::move(done)); }).value();
  };
  EXPECT_EQ(look().tally.oldest, std::nullopt);
  ASSERT_TRUE(commit(message({to("a@b.example"), to("c@d.example"), to("joe@a.example", Route::Local)})));
  act(Action::Hold, {.domain = "d.example"});
  const Job job = take_one();
  const Numbers seen = look();
  EXPECT_EQ(seen.tally.messages, 1U);
  EXPECT_EQ(seen.tally.oldest, job.message.arrived);
  EXPECT_THAT(seen.tally.counts, ElementsAre(store::Tally::Count{Route::Local, RecipientState::Waiting, 1},
                                             store::Tally::Count{Route::Remote, RecipientState::Waiting, 1},
                                             store::Tally::Count{Route::Remote, RecipientState::Held, 1}));
  EXPECT_EQ(seen.in_flight, 1U);
  EXPECT_EQ(seen.destinations, 1U);
  EXPECT_EQ(seen.resting, 0U);
}

TEST_P(QueueSteer, OneMessageIsShownWithAllItsRecipients) {
  const auto id = deferred_to("suzie@b.example");
  const auto show = [&](store::QueueId which) {
    return wait_for<Result<std::optional<Queue::Entry>>>(
               [&](auto done) { queue_->show(std::move(which), std::move(done)); })
        .value();
  };
  EXPECT_EQ(show(id)->recipients.at(0).attempts, 1U);
  EXPECT_FALSE(show("NOSUCH").has_value());
}

// ---- Many at once ----

TEST_P(QueueSteer, WhoRemovesWhileOthersDeliverLosesAndDoublesNothing) {
  constexpr int messages = 120;
  for (int n = 0; n < messages; ++n) ASSERT_TRUE(commit(message({to("r" + std::to_string(n) + "@b.example")})));
  std::atomic<std::size_t> given = 0;
  std::atomic<std::size_t> removed = 0;
  {
    auto deliver = std::async(std::launch::async, [&] {
      for (auto job = take(); job && *job; job = take()) {
        EXPECT_EQ(body_of((*job)->message), text_) << "what is being delivered is not removed";
        ++given;
        EXPECT_TRUE(finish(**job, {delivered()}));
      }
    });
    auto remove = std::async(std::launch::async, [&] {
      for (int n = 0; n < 10; ++n) removed += act(Action::Remove).changed;
    });
  }
  for (auto job = take(); job && *job; job = take(), ++given) EXPECT_TRUE(finish(**job, {delivered()}));
  EXPECT_EQ(given + removed, std::size_t{messages});
  EXPECT_THAT(entries(), IsEmpty());
}

}  // namespace
}  // namespace cas::queue
