// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "queue/schedule.hpp"

#include <gmock/gmock.h>

namespace cas::queue {
namespace {

using store::Route;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr TimePoint now{milliseconds(1'000'000)};

Work work(const std::string& id, const std::string& address = "s@b.example", const std::string& user = "joe",
          std::uint32_t index = 0, Route route = Route::Remote) {
  store::Message message;
  message.id = id;
  message.user = user;
  store::Recipient row{
      .index = index, .address = Mailbox::parse(address).value(), .route = route, .next_attempt = {}, .last_reply = {}};
  row.flow = store::flow_of(route, store::domain_of(row.address), user);
  Work made;
  made.message = std::make_shared<const store::Message>(message);
  made.recipients.push_back(row);
  return made;
}

GroupKey key_of(const Work& one) {
  return group_of(one.message->id, one.recipients.front());
}

class ScheduleTest : public testing::Test {
 protected:
  /// The ids of what can be taken, in order; leases go on.
  std::vector<std::string> take_all(TimePoint at = now, Route route = Route::Remote) {
    std::vector<std::string> ids;
    while (auto taken = schedule_->take(route, at)) {
      ids.push_back(taken->message->id);
      leases_.push_back(key_of(*taken));
    }
    return ids;
  }
  bool finish(const std::string& id, Feedback feedback = Feedback::Good, TimePoint at = now) {
    const auto lease = std::ranges::find(leases_, id, &GroupKey::id);
    if (lease == leases_.end()) throw std::logic_error("not leased: " + id);
    const bool rests = schedule_->released(*lease, feedback, at, 0);
    schedule_->end(*lease);
    leases_.erase(lease);
    return rests;
  }
  /// Takes and ends one after the other.
  std::vector<std::string> drain(TimePoint at = now) {
    std::vector<std::string> ids;
    while (auto taken = schedule_->take(Route::Remote, at)) {
      ids.push_back(taken->message->id);
      schedule_->released(key_of(*taken), Feedback::Good, at, 0);
      schedule_->end(key_of(*taken));
    }
    return ids;
  }
  void limit(PaceLimits limits) {
    options_.destination_for = [limits](const std::string& domain) {
      return ScheduleOptions::Destination{.name = domain, .limits = limits};
    };
    schedule_ = std::make_unique<Schedule>(options_);
  }
  void restart() { schedule_ = std::make_unique<Schedule>(options_); }

  ScheduleOptions options_;
  std::unique_ptr<Schedule> schedule_ = std::make_unique<Schedule>(options_);
  std::vector<GroupKey> leases_;
};

// ---- Turns ----

TEST_F(ScheduleTest, DestinationsTakeTurns) {
  for (const auto* id : {"A1", "A2", "A3"}) schedule_->offer(work(id, "s@a.example"));
  schedule_->offer(work("B1", "s@b.example"));
  EXPECT_THAT(take_all(), ElementsAre("A1", "B1", "A2", "A3"));
}

TEST_F(ScheduleTest, SendersToOneDestinationTakeTurns) {
  for (const auto* id : {"J1", "J2", "J3"}) schedule_->offer(work(id, "s@b.example", "joe"));
  schedule_->offer(work("K1", "s@b.example", "kim"));
  EXPECT_THAT(take_all(), ElementsAre("J1", "K1", "J2", "J3"));
}

TEST_F(ScheduleTest, OneSendersManyDomainsBehindOneHopCountAsOne) {
  options_.destination_for = [](const std::string&) {
    return ScheduleOptions::Destination{.name = "hop", .limits = {.initial = 1, .most = 1}};
  };
  restart();
  for (int n = 0; n < 4; ++n) {
    const auto digit = std::to_string(n);
    schedule_->offer(work("J" + digit, "s@d" + digit + ".example", "joe"));
  }
  schedule_->offer(work("K", "s@b.example", "kim"));
  EXPECT_THAT(drain(), ElementsAre("J0", "K", "J1", "J2", "J3"));
}

TEST_F(ScheduleTest, NewMailAndLoadedMailOfAFlowTakeTurns) {
  schedule_->found(work("x").recipients[0].flow);
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->loaded({work("old1"), work("old2"), work("old3")}, false);
  for (const auto* id : {"new1", "new2"}) schedule_->offer(work(id));
  EXPECT_THAT(take_all(), ElementsAre("new1", "old1", "new2", "old2", "old3"));
}

TEST_F(ScheduleTest, RoutesAreApart) {
  schedule_->offer(work("L", "s@b.example", "joe", 0, Route::Local));
  EXPECT_THAT(take_all(now, Route::Remote), ElementsAre());
  EXPECT_THAT(take_all(now, Route::Local), ElementsAre("L"));
}

TEST_F(ScheduleTest, ADestinationHasNoMoreAttemptsThanItsPaceAllows) {
  limit({.initial = 2, .most = 2});
  for (const auto* id : {"A", "B", "C"}) schedule_->offer(work(id));
  EXPECT_THAT(take_all(), ElementsAre("A", "B"));
  EXPECT_EQ(schedule_->next(Route::Remote, now), std::nullopt) << "the end of an attempt comes first";
  finish("A");
  EXPECT_EQ(schedule_->next(Route::Remote, now), now);
  EXPECT_THAT(take_all(), ElementsAre("C"));
}

TEST_F(ScheduleTest, ALeasedGroupGivesNoSecondLeaseUntilItsEnd) {
  schedule_->offer(work("A", "s@b.example", "joe", 0));
  EXPECT_THAT(take_all(), ElementsAre("A"));
  schedule_->offer(work("A", "t@b.example", "joe", 1));
  EXPECT_THAT(take_all(), ElementsAre());
  finish("A");
  ASSERT_TRUE(schedule_->begin_load(now)) << "the other recipient is asked for again";
  schedule_->loaded({work("A", "t@b.example", "joe", 1)}, false);
  EXPECT_THAT(take_all(), ElementsAre("A"));
}

// ---- Rests ----

TEST_F(ScheduleTest, ARestingDestinationIsForgottenAndLoadedWhenItsRestIsOver) {
  limit({.initial = 1, .most = 5, .first_rest = milliseconds(1000)});
  for (const auto* id : {"A", "B", "C"}) schedule_->offer(work(id));
  take_all();
  EXPECT_TRUE(finish("A", Feedback::Unreachable));
  EXPECT_EQ(schedule_->size(), 0U);
  schedule_->offer(work("D"));
  EXPECT_EQ(schedule_->size(), 0U) << "it is in the store";
  EXPECT_FALSE(schedule_->begin_load(now));
  EXPECT_EQ(schedule_->next(Route::Remote, now), now + milliseconds(1000));
  const TimePoint later = now + milliseconds(1000);
  EXPECT_THAT(take_all(later), ElementsAre());
  ASSERT_TRUE(schedule_->begin_load(later));
  schedule_->loaded({work("B"), work("C"), work("D")}, false);
  EXPECT_THAT(take_all(later), ElementsAre("B")) << "one tries alone";
  EXPECT_FALSE(finish("B", Feedback::Good, later));
  EXPECT_THAT(take_all(later), ElementsAre("C"));
}

TEST_F(ScheduleTest, WakeEndsRests) {
  limit({.initial = 1, .most = 5, .first_rest = milliseconds(1000)});
  schedule_->offer(work("A"));
  schedule_->offer(work("B"));
  take_all();
  finish("A", Feedback::Unreachable);
  schedule_->wake("b.example");
  ASSERT_TRUE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, OfTooManyThatFailedTheOldestIsForgottenAlsoWhileItIsWoken) {
  const TimePoint later = now + std::chrono::hours(1);
  const auto fail = [&](const std::string& address, Route route) {
    schedule_->offer(work(address, address, "joe", 0, route));
    take_all(now, route);
    finish(address, Feedback::Unreachable);
  };
  fail("s@b.example", Route::Remote);
  take_all(later);
  for (int n = 1; n < 10'000; ++n) fail("s@d" + std::to_string(n) + ".example", Route::Remote);
  take_all(later);
  EXPECT_EQ(schedule_->destinations(later).size(), 10'000U);
  fail("s@b.example", Route::Local);
  schedule_->wake("b.example");
  EXPECT_EQ(schedule_->destinations(later).size(), 10'000U);
}

TEST_F(ScheduleTest, FailedDestinationsGetABoundedShare) {
  options_.most_probes = 1;
  limit({.initial = 1, .most = 5, .first_rest = milliseconds(1000)});
  const std::vector<std::string> dead = {"s@a.example", "s@b.example"};
  for (const auto& address : dead) schedule_->offer(work(address, address));
  for (const auto& id : take_all()) finish(id, Feedback::Unreachable);
  const TimePoint later = now + milliseconds(5000);
  EXPECT_THAT(take_all(later), ElementsAre());
  for (const auto& address : dead) schedule_->offer(work(address, address));
  schedule_->offer(work("good", "s@good.example"));
  EXPECT_THAT(take_all(later), UnorderedElementsAre("s@a.example", "good"));
  EXPECT_EQ(schedule_->next(Route::Remote, later), std::nullopt);
  finish("s@a.example", Feedback::Good, later);
  EXPECT_THAT(take_all(later), ElementsAre("s@b.example"));
}

// ---- Loads ----

TEST_F(ScheduleTest, WithoutRoomAFlowIsLoadedWhenItHasFewLeft) {
  options_.per_sender = 4;
  options_.per_load = 4;
  restart();
  for (const auto* id : {"A", "B", "C", "D", "E", "F"}) schedule_->offer(work(id));
  EXPECT_EQ(schedule_->size(), 4U);
  EXPECT_FALSE(schedule_->begin_load(now)) << "four are enough";
  EXPECT_EQ(take_all().size(), 4U);
  const auto load = schedule_->begin_load(now);
  ASSERT_TRUE(load);
  EXPECT_EQ(load->limit, 4U + 4U) << "those that are being tried stand in the store too";
  EXPECT_FALSE(schedule_->begin_load(now)) << "one at a time";
  schedule_->loaded({work("A"), work("B"), work("C"), work("D"), work("E"), work("F")}, false);
  EXPECT_EQ(schedule_->size(), 6U);
  EXPECT_FALSE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, MoreRecipientsThanALoadHasAreNotReadAgainAndAgainWhileTheFirstAreTried) {
  options_.per_load = 2;
  restart();
  const auto store = [](std::size_t limit) {
    Work many = work("A", "r0@b.example");
    for (std::uint32_t n = 1; n < std::min<std::size_t>(limit, 7); ++n) {
      many.recipients.push_back(work("A", "r" + std::to_string(n) + "@b.example", "joe", n).recipients[0]);
    }
    return std::vector{many};
  };
  schedule_->found(work("A").recipients[0].flow);
  for (int n = 0; n < 2; ++n) {  // the first one only tells where the flow goes
    const auto load = schedule_->begin_load(now);
    ASSERT_TRUE(load);
    schedule_->loaded(store(load->limit), true);
  }
  EXPECT_THAT(take_all(), ElementsAre("A"));
  int loads = 0;
  while (const auto load = schedule_->begin_load(now)) {
    ASSERT_LT(++loads, 10) << "the store is asked for ever";
    schedule_->loaded(store(load->limit), load->limit <= 7);
  }
  finish("A");
  EXPECT_TRUE(schedule_->begin_load(now)) << "the others are asked for when the first are done";
}

TEST_F(ScheduleTest, AFlowOfWhichAllIsBeingChangedIsReadWhenThatIsOver) {
  options_.per_load = 2;
  restart();
  schedule_->found(work("A").recipients[0].flow);
  schedule_->begin_change("A");
  schedule_->begin_change("B");
  for (int n = 0; n < 2; ++n) {  // the first one only tells where the flow goes
    ASSERT_TRUE(schedule_->begin_load(now));
    schedule_->loaded({work("A"), work("B")}, true);
  }
  EXPECT_FALSE(schedule_->begin_load(now));
  schedule_->end_change("A");
  EXPECT_TRUE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, WhatEndedDuringALoadDoesNotComeBackByIt) {
  schedule_->offer(work("A"));
  take_all();
  schedule_->found(work("A").recipients[0].flow);
  ASSERT_TRUE(schedule_->begin_load(now));
  finish("A");
  schedule_->loaded({work("A")}, false);
  EXPECT_EQ(schedule_->size(), 0U);
  ASSERT_TRUE(schedule_->begin_load(now)) << "the next answer is newer";
  schedule_->loaded({}, false);
  EXPECT_FALSE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, WhatIsCommittedDuringALoadIsNotMissed) {
  options_.per_sender = 1;
  restart();
  schedule_->found(work("A").recipients[0].flow);
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->offer(work("B"));
  schedule_->offer(work("C"));
  schedule_->loaded({work("A")}, false);
  EXPECT_THAT(take_all(), ElementsAre("B"));
  EXPECT_TRUE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, OfAnUnknownFlowOnlyItsDestinationIsLearntAtFirst) {
  schedule_->found(work("A").recipients[0].flow);
  const auto first = schedule_->begin_load(now);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->limit, 2U);
  schedule_->loaded({work("A"), work("B")}, true);
  EXPECT_THAT(take_all(), ElementsAre()) << "a part of the recipients of A, perhaps";
  const auto second = schedule_->begin_load(now);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->limit, 128U);
  schedule_->loaded({work("A"), work("B")}, false);
  EXPECT_THAT(take_all(), ElementsAre("A", "B"));
}

TEST_F(ScheduleTest, OneWhoseDestinationRestsIsLookedAtOnce) {
  schedule_->offer(work("A"));
  take_all();
  finish("A", Feedback::Unreachable);
  schedule_->found(work("B", "s@b.example", "kim").recipients[0].flow);
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->loaded({work("B", "s@b.example", "kim"), work("C", "s@b.example", "kim")}, true);
  EXPECT_FALSE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, WhatWaitsFollowsItsDomainToAnotherDestination) {
  std::string hop = "old";
  options_.destination_for = [&hop](const std::string&) {
    return ScheduleOptions::Destination{.name = hop, .limits = {}};
  };
  restart();
  schedule_->offer(work("A"));
  take_all();
  finish("A", Feedback::Unreachable);
  schedule_->offer(work("B"));
  EXPECT_THAT(take_all(), ElementsAre()) << "the old one rests";
  schedule_->reroute();
  EXPECT_FALSE(schedule_->begin_load(now)) << "nothing has changed";
  hop = "new";
  schedule_->reroute();
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->loaded({work("B")}, false);
  EXPECT_THAT(take_all(), ElementsAre("B"));
  hop = "third";
  schedule_->reroute();
  EXPECT_FALSE(schedule_->begin_load(now)) << "B is being tried";
  finish("B", Feedback::Unreachable);
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->loaded({work("C")}, false);
  EXPECT_THAT(take_all(), ElementsAre("C"));
}

TEST_F(ScheduleTest, NewLimitsHoldForDestinationsThatAreKnown) {
  std::size_t most = 1;
  options_.destination_for = [&most](const std::string& domain) {
    return ScheduleOptions::Destination{.name = domain, .limits = {.initial = most, .most = most}};
  };
  restart();
  for (const auto* id : {"A", "B", "C", "D"}) schedule_->offer(work(id));
  EXPECT_THAT(take_all(), ElementsAre("A"));
  most = 2;
  schedule_->reroute();
  finish("A");
  EXPECT_THAT(take_all(), ElementsAre("B", "C"));
  most = 1;
  schedule_->reroute();
  finish("B");
  EXPECT_THAT(take_all(), ElementsAre()) << "one is being tried";
  finish("C");
  EXPECT_THAT(take_all(), ElementsAre("D"));
}

TEST_F(ScheduleTest, AFailedLoadIsAskedForAgain) {
  schedule_->found(7);
  ASSERT_TRUE(schedule_->begin_load(now));
  schedule_->load_failed();
  const auto again = schedule_->begin_load(now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->flow, 7);
}

TEST_F(ScheduleTest, HungrySendersTakeTurns) {
  options_.per_sender = 1;
  options_.per_load = 1;
  options_.destination_for = [](const std::string&) {
    return ScheduleOptions::Destination{.name = "hop", .limits = {}};
  };
  restart();
  for (int n = 0; n < 9; ++n) {
    schedule_->offer(work("J" + std::to_string(n), "s@d" + std::to_string(n) + ".example", "joe"));
  }
  for (int n = 0; n < 2; ++n) schedule_->offer(work("K" + std::to_string(n), "s@k.example", "kim"));
  EXPECT_THAT(take_all(), ElementsAre("J0", "K0"));
  std::vector<store::FlowId> loads;
  for (int n = 0; n < 2; ++n) {
    loads.push_back(schedule_->begin_load(now).value().flow);
    schedule_->loaded({}, false);
  }
  EXPECT_THAT(loads, testing::Contains(work("K1", "s@k.example", "kim").recipients[0].flow));
}

TEST_F(ScheduleTest, BeyondItsCapacityNothingIsLoaded) {
  options_.capacity = 2;
  restart();
  for (const auto* domain : {"a", "b"}) schedule_->offer(work(domain, "s@" + std::string(domain) + ".example"));
  schedule_->found(7);
  EXPECT_FALSE(schedule_->begin_load(now));
  take_all();
  EXPECT_TRUE(schedule_->begin_load(now));
}

// ---- Steering ----

TEST_F(ScheduleTest, ASuspendedDomainGetsNothingUntilItIsResumed) {
  schedule_->offer(work("A"));
  schedule_->offer(work("B", "s@other.example"));
  schedule_->suspend("b.example");
  schedule_->offer(work("C"));
  EXPECT_THAT(take_all(), ElementsAre("B"));
  EXPECT_FALSE(schedule_->begin_load(now));
  schedule_->resume("b.example");
  EXPECT_TRUE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, ASuspendedDomainsMailDoesNotBarTheOthersFromAHopThatFailed) {
  options_.destination_for = [](const std::string&) {
    return ScheduleOptions::Destination{.name = "hop",
                                        .limits = {.initial = 1, .most = 5, .first_rest = milliseconds(1000)}};
  };
  restart();
  schedule_->offer(work("A", "s@a.example"));
  take_all();
  finish("A", Feedback::Unreachable);
  schedule_->offer(work("C", "s@c.example", "kim"));
  const TimePoint later = now + milliseconds(2000);
  take_all(later);
  schedule_->offer(work("B", "s@b.example"));
  EXPECT_FALSE(schedule_->begin_load(later)) << "one is enough to try whether the hop is there";
  schedule_->suspend("b.example");
  ASSERT_TRUE(schedule_->begin_load(later)) << "C is in the store";
}

TEST_F(ScheduleTest, AForgottenMessageIsLoadedAnew) {
  schedule_->offer(work("A"));
  schedule_->forget("A");
  EXPECT_THAT(take_all(), ElementsAre());
  EXPECT_TRUE(schedule_->begin_load(now));
}

TEST_F(ScheduleTest, NothingIsKeptOfWhatIsDone) {
  for (int n = 0; n < 50; ++n) schedule_->offer(work(std::to_string(n), "s@d" + std::to_string(n) + ".example"));
  EXPECT_EQ(drain().size(), 50U);
  EXPECT_EQ(schedule_->size(), 0U);
  EXPECT_TRUE(schedule_->destinations(now).empty());
}

}  // namespace
}  // namespace cas::queue
