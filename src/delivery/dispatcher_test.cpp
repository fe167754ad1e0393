// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lanes over a real queue, on the memory store.
#include "delivery/dispatcher.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "base/guarded.hpp"
#include "net/runtime.hpp"
#include "store/memory.hpp"
#include "testing/fake_clock.hpp"
#include "testing/fake_random.hpp"

namespace cas::delivery {
namespace {

class Ear final : public EventSink {
 public:
  void emit(Event event) override {
    heard_.with([&](auto& heard) { heard.emplace_back(event.name); });
  }
  [[nodiscard]] long count(std::string_view name) const {
    return heard_.with([&](const auto& heard) { return std::ranges::count(heard, name); });
  }

 private:
  Guarded<std::vector<std::string>> heard_;
};

/// Whose first answer is an exception.
class TornClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override {
    if (!torn_.exchange(true)) throw std::runtime_error("torn");
    return clock_.now();
  }

 private:
  mutable std::atomic<bool> torn_ = false;
  cas::testing::FakeClock clock_;
};

net::Task<std::vector<queue::Outcome>> take_all(std::promise<void>& taken, std::size_t count) {
  queue::Outcome outcome;
  outcome.kind = queue::Outcome::Kind::Delivered;
  taken.set_value();
  co_return std::vector<queue::Outcome>(count, outcome);
}

class DispatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    queue_ = std::make_unique<queue::Queue>(*store_, clock_, random_, events_, queue::Options{.host = host_});
    ASSERT_TRUE(queue_->recover());
    runtime_.start();
  }
  void commit() {
    queue::NewMessage message{.message = {}, .small_body = "Subject: x\r\n\r\nx\r\n", .recipients = {}};
    message.message.arrived = clock_.now();
    message.message.sender = ReversePath(Mailbox::parse("joe@a.example").value());
    message.recipients.push_back(
        {.address = Mailbox::parse("ann@b.example").value(), .route = store::Route::Remote, .ledgers = {}});
    std::promise<bool> done;
    queue_->commit(std::move(message), [&](const auto& committed) { done.set_value(committed.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }
  void defer_one() {
    std::promise<std::optional<queue::Job>> taken;
    queue_->take(store::Route::Remote, [&](auto job) { taken.set_value(std::move(*job)); });
    auto job = taken.get_future().get();
    ASSERT_TRUE(job);
    queue::Outcome outcome;
    outcome.reply = smtp::Reply(451, {4, 3, 0}, "later");
    std::promise<bool> done;
    queue_->finish(*std::move(job), {outcome}, [&](const auto& finished) { done.set_value(finished.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }

  const Domain host_ = Domain::parse("mx.a.example").value();
  cas::testing::FakeClock clock_;
  cas::testing::FakeRandom random_;
  Ear events_;
  std::unique_ptr<store::Store> store_ = store::open_memory();
  std::unique_ptr<queue::Queue> queue_;
  net::Runtime runtime_{1};
};

TEST_F(DispatcherTest, ALaneThatStumblesGoesOn) {
  commit();
  defer_one();  // what waits makes the lane ask for the time
  std::promise<void> taken;
  auto later = taken.get_future();
  const TornClock torn;
  auto attempt = [&](const queue::Job& job) { return take_all(taken, job.recipients.size()); };
  const DispatcherOptions options{.route = store::Route::Remote};
  Dispatcher dispatcher({runtime_.executor(0)}, *queue_, torn, events_, options, std::move(attempt));
  dispatcher.start();
  while (events_.count("delivery-fault") == 0) std::this_thread::yield();
  commit();
  EXPECT_EQ(later.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  dispatcher.stop(milliseconds(0));
}

}  // namespace
}  // namespace cas::delivery
