// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Whatever happens to a queue, in whatever order: in the end each recipient has its message, once. The schedule has so
// little room that it forgets and reads again all the time.
#include <random>

#include "queue/queue_fixture_test.hpp"

namespace cas::queue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using store::Route;

class QueueProperty : public QueueFixture {
 protected:
  using Delivered = std::map<std::pair<store::QueueId, std::uint32_t>, int>;

  void SetUp() override {
    options_.lifetime = std::chrono::hours(24 * 1000);
    options_.schedule.capacity = 6;
    options_.schedule.per_sender = 3;
    options_.schedule.per_load = 2;
    options_.schedule.most_probes = 2;
    options_.schedule.destination_for = [](const std::string& name) {
      const bool shared = name == "d0.example" || name == "d1.example";
      return ScheduleOptions::Destination{.name = shared ? "hop" : name, .limits = {.initial = 2, .most = 4}};
    };
    start();
  }

  int below(int limit) { return std::uniform_int_distribution<int>(0, limit - 1)(dice_); }
  bool one_in(int n) { return below(n) == 0; }
  std::string some_domain() { return "d" + std::to_string(below(5)) + ".example"; }
  Route some_route() { return one_in(4) ? Route::Local : Route::Remote; }

  void write_one() {
    std::vector<NewRecipient> recipients;
    for (int n = below(4); n >= 0; --n) {
      recipients.push_back(to("r" + std::to_string(n) + "@" + some_domain(), some_route()));
    }
    auto one = message(std::move(recipients));
    one.message.user = "user" + std::to_string(below(3));
    if (commit(std::move(one))) ++written_;
  }

  void take_some(Route route) {
    auto job = take(route);
    if (job && *job) jobs_.push_back(**std::move(job));
  }

  Outcome some_outcome() {
    if (one_in(2)) return delivered();
    Outcome later = deferred();
    later.unreachable = one_in(2);
    if (!later.unreachable && one_in(4)) later.reply = smtp::Reply(421, {4, 3, 2}, "busy");
    return later;
  }

  void finish_one() {
    if (jobs_.empty()) return;
    const auto at = jobs_.begin() + below(static_cast<int>(jobs_.size()));
    Job job = std::move(*at);
    jobs_.erase(at);
    std::vector<Outcome> outcomes;
    const bool nobody = one_in(4);
    for (const auto& recipient : job.recipients) {
      outcomes.push_back(some_outcome());
      if (nobody) outcomes.back() = deferred();
      if (nobody) outcomes.back().unreachable = true;
      if (outcomes.back().kind == Outcome::Kind::Delivered) ++delivered_[{job.message.id, recipient.index}];
    }
    static_cast<void>(finish(std::move(job), std::move(outcomes)));
  }

  void act(Action action) {
    Steering steering{.action = action, .filter = {}, .reason = {}, .by = "root"};
    if (one_in(2)) steering.filter.domain = some_domain();
    static_cast<void>(steer(std::move(steering)));
  }

  void suspend_or_resume() {
    const Domain name = domain(some_domain());
    if (one_in(2)) {
      static_cast<void>(
          wait_for<Result<void>>([&](auto done) { queue_->suspend(name, "why", "root", std::move(done)); }));
    } else {
      static_cast<void>(wait_for<Result<bool>>([&](auto done) { queue_->resume(name, "root", std::move(done)); }));
    }
  }

  /// What was delivered and is not on the disk yet would come twice: that is known (docs/known-issues.md).
  void crash() {
    moody_->full = moody_->blind = false;
    clock_.advance(minutes(1));
    take_some(Route::Remote);  // records first
    jobs_.clear();
    crash_and_restart();
  }

  void something_happens() {
    switch (below(16)) {
      case 0:
      case 1:
      case 2: return write_one();
      case 3:
      case 4:
      case 5:
      case 6: return take_some(some_route());
      case 7:
      case 8:
      case 9: return finish_one();
      case 10: return clock_.advance(seconds(below(20 * 60)));
      case 11: return act(one_in(2) ? Action::Hold : Action::Release);
      case 12: return act(Action::Retry);
      case 13: return suspend_or_resume();
      case 14: moody_->full = one_in(4); return;
      default: moody_->blind = one_in(4); return one_in(8) ? crash() : void();
    }
  }

  /// As dispatchers do it, by next_due() alone.
  void calm_down() {
    moody_->full = moody_->blind = false;
    for (int n = 0; n < 5; ++n) {
      const Domain name = domain("d" + std::to_string(n) + ".example");
      static_cast<void>(wait_for<Result<bool>>([&](auto done) { queue_->resume(name, "root", std::move(done)); }));
    }
    ASSERT_TRUE(steer({.action = Action::Release, .filter = {}, .reason = {}, .by = "root"}));
    for (int rounds = 0; rounds < 2000; ++rounds) {
      for (Job& job : std::exchange(jobs_, {})) {
        for (const auto& recipient : job.recipients) ++delivered_[{job.message.id, recipient.index}];
        const std::vector<Outcome> all(job.recipients.size(), delivered());
        static_cast<void>(finish(std::move(job), all));
      }
      for (const Route route : {Route::Local, Route::Remote}) take_some(route);
      if (!jobs_.empty()) continue;
      if (entries().empty()) return;
      const auto local = queue_->next_due(Route::Local);
      const auto remote = queue_->next_due(Route::Remote);
      ASSERT_TRUE(local || remote) << "nobody would ask again";
      const TimePoint next = std::min(local.value_or(TimePoint::max()), remote.value_or(TimePoint::max()));
      clock_.advance(std::max(next - clock_.now(), milliseconds(1)));
    }
    FAIL() << entries().size() << " messages are never tried";
  }

  std::mt19937 dice_;
  std::vector<Job> jobs_;
  Delivered delivered_;
  int written_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Twins, QueueProperty, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(QueueProperty, InTheEndEachRecipientHasItsMessageOnce) {
  const unsigned seeds = GetParam() == Twin::Memory ? 60 : 4;
  for (unsigned seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    dice_.seed(seed);
    for (int n = 0; n < 250; ++n) something_happens();
    calm_down();
    for (const auto& [recipient, times] : delivered_) EXPECT_EQ(times, 1) << recipient.first;
  }
  EXPECT_GT(written_, 100);
}

}  // namespace
}  // namespace cas::queue
