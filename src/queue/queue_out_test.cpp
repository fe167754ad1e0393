// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's way out: jobs, retries, bounces, trouble with the disk; over both stores.
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
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

class QueueOut : public QueueFixture {
 protected:
  Result<std::size_t> retry(store::QueueId id) {
    Steering retry{.action = Action::Retry, .filter = {}, .reason = {}, .by = "me"};
    if (!id.empty()) retry.filter.ids.insert(std::move(id));
    CAS_TRY(const auto steered, steer(std::move(retry)));
    return steered.changed;
  }
  [[nodiscard]] milliseconds until_next(Route route = Route::Remote) const {
    return queue_->next_due(route).value() - clock_.now();
  }
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueOut, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(QueueOut, AJobIsOneMessageOneRouteOneDomain) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@c.example"), to("c@b.example"), to("d@b.example", Route::Local),
                              to("e@[192.0.2.1]")})));
  const auto addresses = [](const Job& job) {
    std::vector<std::string> found;
    for (const auto& recipient : job.recipients) found.push_back(recipient.address.wire());
    return found;
  };
  EXPECT_THAT(addresses(take_one(Route::Local)), ElementsAre("d@b.example"));
  EXPECT_THAT(addresses(take_one()), ElementsAre("e@[192.0.2.1]"));
  EXPECT_THAT(addresses(take_one()), ElementsAre("a@b.example", "c@b.example"));
  EXPECT_THAT(addresses(take_one()), ElementsAre("b@c.example"));
  EXPECT_TRUE(nothing_due());
}

TEST_P(QueueOut, ADeliveredMessageIsRemovedWithItsBody) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  clock_.advance(milliseconds(1234));
  Job job = take_one();
  ASSERT_TRUE(finish(job, {delivered()}));
  job.body.reset();
  EXPECT_THAT(entries(), IsEmpty());
  EXPECT_EQ(body_of(job.message), "");
  EXPECT_EQ(queue_->next_due(Route::Remote), std::nullopt);
  EXPECT_THAT(events_.names(), ElementsAre("queued", "delivered", "removed"));
  const Event event = events_.named("delivered").at(0);
  EXPECT_EQ(event.trace, job.message.trace);
  EXPECT_EQ(event.queue_id, job.message.id);
  EXPECT_EQ(field(event, "to"), "suzie@b.example");
  EXPECT_EQ(field(event, "relay"), "mx");
  EXPECT_EQ(field(event, "delay"), "1.234");
  EXPECT_EQ(field(event, "delays"), "0/1.234/0.000/0.000");
  EXPECT_EQ(field(event, "dsn"), "2.0.0");
  EXPECT_EQ(field(event, "status"), "sent");
  EXPECT_EQ(field(event, "reply"), ok().summary());
}

TEST_P(QueueOut, WhatWasDeferredTogetherIsTriedTogether) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@b.example"), to("c@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred(), deferred(), deferred()}));
  clock_.advance(until_next());
  EXPECT_THAT(take_one().recipients, SizeIs(3));
}

TEST_P(QueueOut, TheDelayIsToldInItsParts) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  clock_.advance(milliseconds(5000));
  Outcome outcome = deferred();
  outcome.connecting = milliseconds(1500);
  outcome.talking = milliseconds(20);
  ASSERT_TRUE(finish(take_one(), {outcome}));
  EXPECT_EQ(field(events_.named("deferred").at(0), "delay"), "5.000");
  EXPECT_EQ(field(events_.named("deferred").at(0), "delays"), "0/3.480/1.500/0.020");
  EXPECT_EQ(field(events_.named("deferred").at(0), "status"), "deferred");
}

TEST_P(QueueOut, TheMessageStaysUntilItsLastRecipientIsDone) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@c.example")})));
  const Job first = take_one();
  const Job second = take_one();
  ASSERT_TRUE(finish(first, {delivered()}));
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_EQ(entries()[0].recipients[0].state, RecipientState::Delivered);
  ASSERT_TRUE(finish(second, {delivered()}));
  EXPECT_THAT(entries(), IsEmpty());
}

// ---- Retries ----

TEST_P(QueueOut, DeferralsDoubleUpToTheMaximumWithATenthOfJitter) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  for (const minutes expected :
       {minutes(5), minutes(10), minutes(20), minutes(40), minutes(80), minutes(160), minutes(240), minutes(240)}) {
    ASSERT_TRUE(finish(take_one(), {deferred()}));
    const milliseconds delay = until_next();
    EXPECT_THAT(delay, AllOf(Ge(expected * 9 / 10), Le(milliseconds(expected) * 11 / 10))) << expected.count();
    clock_.advance(delay - milliseconds(1));
    EXPECT_TRUE(nothing_due());
    clock_.advance(milliseconds(1));
  }
  EXPECT_EQ(entries()[0].recipients[0].attempts, 8U);
  EXPECT_EQ(entries()[0].recipients[0].last_reply, busy().summary());
}

TEST_P(QueueOut, TheRetryHintIsHonouredNeverUndercutAndBoundedToADay_CAS4) {
  options_.lifetime = hours(24 * 30);
  crash_and_restart();
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred(std::chrono::seconds(1800))}));
  EXPECT_THAT(until_next(), AllOf(Ge(minutes(30)), Le(minutes(33))));
  clock_.advance(hours(1));
  ASSERT_TRUE(finish(take_one(), {deferred(hours(1000))}));
  EXPECT_THAT(until_next(), AllOf(Ge(hours(24)), Le(minutes(24 * 66))));
  clock_.advance(hours(27));
  ASSERT_TRUE(finish(take_one(), {deferred(std::chrono::seconds(0))}));
  EXPECT_GE(until_next(), std::chrono::seconds(1)) << "no spinning";
}

TEST_P(QueueOut, RecipientsOfOneJobMayPartAndMeetAgain) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@b.example"), to("c@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred(minutes(10)), delivered(), deferred(minutes(60))}));
  clock_.advance(minutes(20));
  Job job = take_one();
  ASSERT_THAT(job.recipients, SizeIs(1));
  EXPECT_EQ(job.recipients[0].index, 0U);
  ASSERT_TRUE(finish(std::move(job), {deferred(minutes(10))}));
  clock_.advance(hours(2));
  EXPECT_THAT(take_one().recipients, SizeIs(2)) << "both are due now";
}

TEST_P(QueueOut, ARecipientThatFellDueWhileAnotherOfItsGroupWasTriedIsTakenWithoutFurtherEvent) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred(minutes(5)), deferred(hours(2))}));
  clock_.advance(minutes(30));
  const Job first = take_one();
  ASSERT_THAT(first.recipients, SizeIs(1));
  clock_.advance(hours(2));
  EXPECT_TRUE(nothing_due()) << "its group is being tried";
  std::atomic<std::size_t> recorded_at_wake = 0;
  queue_->on_due(Route::Remote, [&] { recorded_at_wake = events_.named("delivered").size(); });
  ASSERT_TRUE(finish(first, {delivered()}));
  EXPECT_EQ(recorded_at_wake, 1U) << "somebody was woken behind the record";
  EXPECT_EQ(take_one().recipients.front().address.wire(), "b@b.example");
}

TEST_P(QueueOut, NothingSaidAboutARecipientIsADeferral) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@b.example")})));
  ASSERT_TRUE(finish(take_one(), {delivered()}));
  EXPECT_EQ(entries()[0].recipients[1].state, RecipientState::Waiting);
  EXPECT_EQ(entries()[0].recipients[1].attempts, 1U);
  EXPECT_NE(queue_->next_due(Route::Remote), std::nullopt);
}

TEST_P(QueueOut, RetryMakesWaitingRecipientsDueNow) {
  const auto first = commit(message({to("a@b.example")}));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  ASSERT_TRUE(commit(message({to("a@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  EXPECT_TRUE(nothing_due());
  std::atomic<int> woken = 0;
  queue_->on_due(Route::Remote, [&] { ++woken; });
  EXPECT_EQ(retry(first->id), 1U);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(entries()[0].recipients[0].next_attempt, clock_.now());
  EXPECT_EQ(take_one().message.id, first->id);
  EXPECT_TRUE(nothing_due());
  EXPECT_EQ(retry(""), 1U) << "the one being tried is not counted";
  EXPECT_NE(take_one().message.id, first->id);
}

// ---- Failures and bounces ----

TEST_P(QueueOut, AFailureIsToldToAVerifiedSender) {
  const auto committed = commit(message({to("suzie@b.example"), to("bob@b.example")}));
  ASSERT_TRUE(finish(take_one(), {failed(), delivered()}));
  const auto left = entries();
  ASSERT_THAT(left, SizeIs(1)) << "the message is gone, the notification is there";
  const store::Message& bounce = left[0].message;
  EXPECT_TRUE(bounce.sender.is_null()) << "RFC 3464 §2";
  EXPECT_FALSE(bounce.sender_verified);
  EXPECT_EQ(bounce.klass, confirm::Class::Automatic);
  EXPECT_EQ(bounce.author, mailbox("postmaster@mx.a.example"));
  EXPECT_NE(bounce.hashes, confirm::MessageHashes{});
  const Job job = take_one(Route::Local);  // a.example is local: route_for
  EXPECT_EQ(job.message, bounce);
  EXPECT_EQ(job.recipients.at(0).address, mailbox("joe@a.example"));
  const std::string body = body_of(bounce);
  EXPECT_EQ(body.size(), bounce.body_size);
  EXPECT_THAT(body, AllOf(HasSubstr("suzie@b.example"), HasSubstr("5.1.1"), HasSubstr("no such user"),
                          HasSubstr("no such mailbox"), HasSubstr("Subject: hello")));
  EXPECT_THAT(body, testing::Not(HasSubstr("bob@b.example"))) << "who got it is not reported";
  EXPECT_THAT(body, testing::Not(HasSubstr("Hi."))) << "headers only";
  EXPECT_THAT(events_.names(), ElementsAre("queued", "queued", "bounced", "delivered", "queued", "removed"));
  EXPECT_EQ(field(events_.named("bounced").at(0), "bounce"), bounce.id);
  EXPECT_EQ(events_.named("bounced").at(0).queue_id, committed->id);
}

TEST_P(QueueOut, FailureOfOneRecipientLeavesTheOthersWaiting) {
  ASSERT_TRUE(commit(message({to("a@b.example"), to("b@c.example")})));
  ASSERT_TRUE(finish(take_one(), {failed()}));
  ASSERT_THAT(entries(), SizeIs(2));
  ASSERT_TRUE(finish(take_one(), {delivered()}));
  EXPECT_THAT(entries(), SizeIs(1)) << "only the notification is left";
  EXPECT_THAT(events_.named("removed"), SizeIs(1));
}

TEST_P(QueueOut, DeferredPastTheLifetimeFailsWith447AndTheLastReply) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred(hours(24))}));
  EXPECT_EQ(until_next(), hours(24)) << "the last attempt comes at the end of the lifetime, not after it";
  clock_.advance(hours(24));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  const Job bounce = take_one(Route::Local);
  EXPECT_THAT(body_of(bounce.message), AllOf(HasSubstr("4.4.7"), HasSubstr("come back later"), HasSubstr("24 hours")));
  EXPECT_EQ(field(events_.named("bounced").at(0), "dsn"), "4.4.7");
  EXPECT_EQ(field(events_.named("bounced").at(0), "status"), "expired");
  EXPECT_THAT(entries(), SizeIs(1));
}

TEST_P(QueueOut, AForgedSenderIsNeverToldTheMessageIsKept) {
  auto forged = message({to("suzie@b.example"), to("bob@b.example")});
  forged.message.sender_verified = false;
  ASSERT_TRUE(commit(forged));
  ASSERT_TRUE(finish(take_one(), {failed(), delivered()}));
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_EQ(entries()[0].recipients[0].state, RecipientState::Failed);
  EXPECT_EQ(body_of(entries()[0].message), text_);
  EXPECT_TRUE(nothing_due());
  EXPECT_TRUE(nothing_due(Route::Local)) << "no notification";
  ASSERT_THAT(events_.named("undeliverable-kept"), SizeIs(1));
  EXPECT_EQ(events_.named("undeliverable-kept")[0].level, Level::Error);
  EXPECT_THAT(events_.named("failed"), SizeIs(1));
}

TEST_P(QueueOut, AKeptFailureSurvivesTheDeliveryOfTheOthers) {
  auto forged = message({to("a@b.example"), to("b@c.example")});
  forged.message.sender_verified = false;
  ASSERT_TRUE(commit(forged));
  ASSERT_TRUE(finish(take_one(), {failed()}));
  ASSERT_TRUE(finish(take_one(), {delivered()}));
  EXPECT_THAT(entries(), SizeIs(1));
}

TEST_P(QueueOut, ABounceThatFailsIsKeptAndNothingIsSent_RFC5321_6_1) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {failed()}));
  ASSERT_TRUE(finish(take_one(Route::Local), {failed()}));
  EXPECT_TRUE(nothing_due());
  EXPECT_TRUE(nothing_due(Route::Local));
  ASSERT_THAT(entries(), SizeIs(1));
  EXPECT_TRUE(entries()[0].message.sender.is_null());
  EXPECT_THAT(events_.named("undeliverable-kept"), SizeIs(1));
}

// ---- Trouble with the disk ----

TEST_P(QueueOut, WhatCouldNotBeRecordedIsRecordedLaterAndNotTriedAgain) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(commit(message({to("bob@b.example")})));
  Job job = take_one();
  const auto id = job.message.id;
  moody_->full = true;
  EXPECT_FALSE(finish(std::move(job), {delivered()}));
  EXPECT_THAT(events_.named("unrecorded"), SizeIs(1));
  EXPECT_TRUE(nothing_due()) << "what cannot be recorded must not be delivered";
  EXPECT_THAT(until_next(), AllOf(Ge(milliseconds(1)), Le(minutes(1))));
  clock_.advance(minutes(1));
  EXPECT_FALSE(take()) << "the disk is still full";
  moody_->full = false;
  clock_.advance(minutes(1));
  EXPECT_NE(take_one().message.id, id) << "records first, then gives the other job";
  EXPECT_THAT(events_.named("delivered"), SizeIs(1));
  EXPECT_THAT(entries(), SizeIs(1));
  EXPECT_TRUE(nothing_due());
}

TEST_P(QueueOut, AfterACrashAnUnrecordedDeliveryIsTriedAgainNotLost) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  moody_->full = true;
  EXPECT_FALSE(finish(take_one(), {delivered()}));
  crash_and_restart();
  EXPECT_TRUE(take_one().recovered);
}

TEST_P(QueueOut, NothingIsGivenOutWhileARecordIsBeingTriedAgain) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(commit(message({to("bob@b.example")})));
  moody_->full = true;
  EXPECT_FALSE(finish(take_one(), {delivered()}));
  moody_->full = false;
  moody_->stuck = true;
  clock_.advance(minutes(1));
  std::vector<std::promise<Result<std::optional<Job>>>> given(2);
  for (auto& one : given) {
    queue_->take(Route::Remote, [&](Result<std::optional<Job>> job) { one.set_value(std::move(job)); });
  }
  auto second = given[1].get_future();
  EXPECT_NE(second.wait_for(milliseconds(50)), std::future_status::ready) << "the first take is still recording";
  moody_->go_on();
  const auto first = given[0].get_future().get();
  const auto other = second.get();
  ASSERT_TRUE(first && other);
  EXPECT_NE(first->has_value(), other->has_value()) << "one job for the two of them";
}

TEST_P(QueueOut, AFailureIsToldThoughTheMessageCannotBeReadAnyMore) {
  if (GetParam() == Twin::Memory) return;  // it has no disk
  for (const bool gone : {true, false}) {
    auto large = message({to("suzie@b.example")});
    large.small_body.append(std::size_t{20} << 10, 'x').append("\r\n");
    ASSERT_TRUE(commit(large));
    ASSERT_TRUE(commit(message({to("bob@b.example")})));
    const Job job = take_one();
    for (const auto& file : std::filesystem::directory_iterator(dir_ / "cas.db.bodies")) {
      std::filesystem::remove(file);
      if (!gone) std::filesystem::create_symlink("elsewhere", file);  // not followed: no error for good
    }
    EXPECT_TRUE(finish(job, {failed()})) << gone;
    EXPECT_THAT(body_of(take_one(Route::Local).message), AllOf(HasSubstr("no such user"), HasSubstr("suzie")));
    EXPECT_EQ(take_one().recipients[0].address.wire(), "bob@b.example") << "others do not wait for it";
    EXPECT_THAT(events_.named("damaged"), SizeIs(gone ? 1 : 2));
  }
}

TEST_P(QueueOut, ARecordThatIsABugHoldsNobodyElseUp) {
  options_.route_for = [](const Domain&) -> store::Route { throw std::logic_error("a bug"); };
  start();
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(commit(message({to("bob@b.example")})));
  const auto recorded = finish(take_one(), {failed()});
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().lasting, Lasting::Permanent) << "to try it again changes nothing";
  EXPECT_EQ(take_one().recipients[0].address.wire(), "bob@b.example");
  EXPECT_TRUE(nothing_due()) << "it rests";
  crash_and_restart();
  EXPECT_EQ(take_one().recipients[0].address.wire(), "suzie@b.example") << "and is not lost";
}

TEST_P(QueueOut, WhatCannotBeReadIsAnErrorAndComesBack) {
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(finish(take_one(), {deferred()}));
  clock_.advance(hours(1));
  moody_->blind = true;
  EXPECT_FALSE(take());
  EXPECT_FALSE(take());
  moody_->blind = false;
  EXPECT_THAT(take_one().recipients, SizeIs(1));
}

TEST_P(QueueOut, ADestinationThatCannotBeReachedRestsAndItsOtherMailIsNotTried) {
  for (int n = 0; n < 3; ++n) ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  ASSERT_TRUE(commit(message({to("kim@c.example")})));
  Outcome nobody = deferred();
  nobody.unreachable = true;
  Job first = take_one();
  ASSERT_TRUE(finish(first, {nobody}));
  EXPECT_EQ(field(events_.named("resting").at(0), "domain"), "b.example");
  EXPECT_EQ(take_one().recipients[0].address.wire(), "kim@c.example");
  EXPECT_TRUE(nothing_due());
  clock_.advance(minutes(2));
  const Job probe = take_one();
  EXPECT_NE(probe.message.id, first.message.id);
  EXPECT_TRUE(nothing_due()) << "one tries alone";
  ASSERT_TRUE(finish(probe, {delivered()}));
  EXPECT_EQ(take_one().recipients[0].address.wire(), "suzie@b.example");
}

TEST_P(QueueOut, ABodyIsReadFromTheStoreWhenMemoryHasNoRoomForIt) {
  options_.bodies_in_memory = 1;
  start();
  ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  const Job job = take_one();
  EXPECT_EQ(job.body, nullptr);
  EXPECT_EQ(body_of(job.message), text_);
}

TEST_P(QueueOut, NoMoreIsTriedThanTheDiskCanRecord) {
  options_.schedule.per_sender = 1000;
  options_.schedule.destination_for = [](const std::string& name) {
    return ScheduleOptions::Destination{.name = name, .limits = {.initial = 1000, .most = 1000}};
  };
  start();
  for (int n = 0; n < 401; ++n) ASSERT_TRUE(commit(message({to("suzie@b.example")})));
  std::vector<Job> jobs;
  for (int n = 0; n < 400; ++n) jobs.push_back(take_one());
  moody_->stuck = true;
  for (auto& job : jobs) queue_->finish(std::move(job), {delivered()}, [](const Result<void>&) {});
  std::promise<Result<std::optional<Job>>> promise;
  auto last = promise.get_future();
  queue_->take(Route::Remote, [&](Result<std::optional<Job>> job) { promise.set_value(std::move(job)); });
  EXPECT_NE(last.wait_for(milliseconds(50)), std::future_status::ready);
  moody_->go_on();
  const auto job = last.get();
  ASSERT_TRUE(job && *job);
}

// ---- Many at once ----

TEST_P(QueueOut, ManyThreadsDeliverEachRecipientOnce) {
  constexpr int threads = 4;
  constexpr int messages = 25;
  Guarded<std::map<std::string, int>> deliveries;
  const auto work = [&](int t) {
    for (int n = 0; n < messages; ++n) {
      const auto name = "r" + std::to_string(t * messages + n) + "@b.example";
      EXPECT_TRUE(commit(message({to(name)})));
      const auto job = take();
      if (!job || !*job) continue;
      deliveries.with([&](auto& counts) { ++counts[(*job)->recipients[0].address.wire()]; });
      EXPECT_TRUE(finish(**job, {delivered()}));
    }
  };
  {
    std::vector<std::future<void>> running;
    for (int t = 0; t < threads; ++t) running.push_back(std::async(std::launch::async, work, t));
  }
  for (auto job = take(); job && *job; job = take()) {
    deliveries.with([&](auto& counts) { ++counts[(*job)->recipients[0].address.wire()]; });
    EXPECT_TRUE(finish(**job, {delivered()}));
  }
  deliveries.with([](const auto& counts) {
    EXPECT_EQ(counts.size(), std::size_t{threads * messages});
    for (const auto& [name, count] : counts) EXPECT_EQ(count, 1) << name;
  });
  EXPECT_THAT(entries(), IsEmpty());
}

}  // namespace
}  // namespace cas::queue
