// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Task groups, bells, completions and workers.
#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "net/test_support.hpp"
#include "net/workers.hpp"

namespace cas::net {
namespace {

using test::ample;
using testing::ElementsAre;
using testing::HasSubstr;

class TaskTest : public test::NetTest {};

Task<void> note(std::vector<std::string>& log, std::string what) {
  log.push_back(std::move(what));
  co_return;
}

Task<void> spawn_and_note(TaskGroup& group, std::vector<std::string>& log) {
  group.spawn(note(log, "task"));
  log.emplace_back("spawned");
  EXPECT_EQ(group.size(), 1U);
  co_await group.join();
  EXPECT_EQ(group.size(), 0U);
  co_await group.join();
}

TEST_F(TaskTest, FirstStepOfATaskComesAfterSpawnHasReturnedAndJoinWaitsForIt) {
  std::vector<std::string> log;
  TaskGroup group(runtime.executor(0));
  run([&] { return spawn_and_note(group, log); });
  EXPECT_THAT(log, ElementsAre("spawned", "task"));
}

Task<void> throw_something() {
  co_await sleep_for(test::a_turn);
  throw std::runtime_error("a bug");
}

Task<void> spawn_faulty(TaskGroup& group, std::vector<std::string>& log) {
  group.spawn(throw_something());
  group.spawn(note(log, "the other"));
  co_await group.join();
}

TEST_F(TaskTest, AnExceptionIsReportedAndEndsOnlyItsTask) {
  std::vector<std::string> log;
  std::vector<std::string> faults;
  TaskGroup group(runtime.executor(0), [&](std::string what) { faults.push_back(std::move(what)); });
  run([&] { return spawn_faulty(group, log); });
  EXPECT_THAT(faults, ElementsAre("a bug"));
  EXPECT_THAT(log, ElementsAre("the other"));
}

Task<void> sleep_long(bool& slept) {
  slept = co_await sleep_for(test::forever);
}
Task<void> wait_long(Bell bell, bool& rung) {
  rung = co_await bell.wait(test::forever);
}
Task<void> read_long(Stream& stream, Result<std::size_t>& result) {
  std::array<char, 16> buffer{};
  result = co_await stream.read_some(buffer, test::forever);
}
Task<void> accept_long(Listener& listener, bool& permanent_error) {
  const auto stream = co_await listener.accept();
  permanent_error = !stream && stream.error().lasting == Lasting::Permanent;
}

Task<void> cancel_everything(Executor executor, Listener& listener) {
  auto pair = co_await test::connected(listener);
  bool slept = true;
  bool rung = true;
  bool permanent_error = false;
  Result<std::size_t> read = 1;
  const Bell bell(executor);
  TaskGroup group(executor);
  group.spawn(sleep_long(slept));
  group.spawn(wait_long(bell, rung));
  group.spawn(read_long(pair.server, read));
  group.spawn(accept_long(listener, permanent_error));
  co_await sleep_for(test::a_turn);  // lets them begin
  group.cancel();
  co_await group.join();
  EXPECT_FALSE(slept);
  EXPECT_FALSE(rung);
  EXPECT_FALSE(read.has_value());
  EXPECT_TRUE(permanent_error);
}

TEST_F(TaskTest, CancelEndsSleepBellReadAndAcceptAtOnce) {
  auto listener = listen();
  run([&] { return cancel_everything(runtime.executor(0), listener); });
}

Task<void> go_on_after_cancel(Executor executor, Stream& stream, std::vector<std::string>& log) {
  if (!co_await sleep_for(test::forever)) log.emplace_back("woken");
  if (!co_await sleep_for(test::forever)) log.emplace_back("no sleep");
  Bell bell(executor);
  if (!co_await bell.wait(test::forever)) log.emplace_back("no bell");
  std::array<char, 16> buffer{};
  const auto read = co_await stream.read_some(buffer, ample);
  if (!read) log.emplace_back("no read");
  auto start = [](auto done) { std::jthread([done]() mutable { done(7); }).join(); };
  const int value = co_await completion<int>(std::move(start));
  if (value == 7) log.emplace_back("completed");
  co_await stream.close();
}

Task<void> cancel_one(Executor executor, Listener& listener, std::vector<std::string>& log) {
  auto pair = co_await test::connected(listener);
  TaskGroup group(executor);
  group.spawn(go_on_after_cancel(executor, pair.server, log));
  co_await sleep_for(test::a_turn);
  group.cancel();
  co_await group.join();
  const auto rest = co_await test::read_all(pair.client);
  EXPECT_TRUE(rest.has_value()) << "closed in an orderly way";
}

TEST_F(TaskTest, ACancelledTaskStartsNothingNewButCompletionsAndCloseRunToTheirEnd) {
  auto listener = listen();
  std::vector<std::string> log;
  run([&] { return cancel_one(runtime.executor(0), listener, log); });
  EXPECT_THAT(log, ElementsAre("woken", "no sleep", "no bell", "no read", "completed"));
}

Task<void> cancel_before_the_first_step(Executor executor, std::vector<std::string>& faults) {
  bool slept = false;
  TaskGroup group(executor, [&](std::string what) { faults.push_back(std::move(what)); });
  group.spawn(sleep_long(slept));
  group.cancel();
  co_await group.join();
  EXPECT_FALSE(slept);
}

TEST_F(TaskTest, ATaskCancelledBeforeItsFirstStepEndsWithoutAFault) {
  std::vector<std::string> faults;
  run([&] { return cancel_before_the_first_step(runtime.executor(0), faults); });
  EXPECT_THAT(faults, ElementsAre());
}

Task<void> hold_and_sleep(std::shared_ptr<int> held) {
  co_await sleep_for(test::forever);
  *held = 1;
}

Task<void> take_a_turn() {
  co_await sleep_for(test::a_turn);
}

TEST(TaskGroupTest, SuspendedTasksAreFreedWithTheirRuntime) {
  const auto held = std::make_shared<int>(0);
  {
    Runtime runtime(1);
    TaskGroup group(runtime.executor(0));
    group.spawn(hold_and_sleep(held));
    runtime.start();
    run_and_wait(runtime.executor(0), [] { return take_a_turn(); });
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
}

Task<void> ring_then_wait(Executor executor) {
  Bell bell(executor);
  bell.ring();
  bell.ring();
  const bool first = co_await bell.wait(ample);
  const bool second = co_await bell.wait(test::brief);
  EXPECT_TRUE(first) << "a ring that nobody waited for is kept";
  EXPECT_FALSE(second) << "two rings are one";
}

TEST_F(TaskTest, ABellKeepsOneRing) {
  run([&] { return ring_then_wait(runtime.executor(0)); });
}

Task<void> count_rings(Bell bell, Bell answer, int rounds) {
  for (int n = 0; n < rounds; ++n) {
    const bool rung = co_await bell.wait(ample);
    EXPECT_TRUE(rung);
    answer.ring();
  }
}

TEST_F(TaskTest, ABellWakesAcrossThreadsAndLosesNoRing) {
  const Bell there(runtime.executor(0));
  const Bell back(runtime.executor(1));
  auto other = std::async(std::launch::async,
                          [&] { run_and_wait(runtime.executor(1), [&] { return count_rings(back, there, 500); }); });
  Bell first = there;
  first.ring();
  run([&] { return count_rings(there, back, 500); });
  other.get();
}

Task<void> complete_twice(Executor executor) {
  const auto own_thread = std::this_thread::get_id();
  auto start = [](auto done) {
    std::jthread([done]() mutable {
      done(std::make_unique<int>(1));
      done(std::make_unique<int>(2));
    }).join();
  };
  const auto value = co_await completion<std::unique_ptr<int>>(std::move(start));
  EXPECT_EQ(*value, 1);
  EXPECT_EQ(std::this_thread::get_id(), own_thread);
  (void)executor;
}

TEST_F(TaskTest, ACompletionFromAnotherThreadResumesOnItsOwnAndOnlyTheFirstCallCounts) {
  run([&] { return complete_twice(runtime.executor(0)); });
}

Task<void> never_completed(std::shared_ptr<int> held) {
  auto start = [](auto done) { std::jthread([owned = std::move(done)] {}).join(); };
  co_await completion<int>(std::move(start));
  ADD_FAILURE() << "resumed without a value";
  *held = 1;
}

Task<void> lose_a_callback(Executor executor, std::shared_ptr<int> held) {
  TaskGroup group(executor);
  group.spawn(never_completed(held));
  co_await group.join();
  EXPECT_EQ(held.use_count(), 2) << "its frame is gone: the caller's and ours are left";
}

TEST_F(TaskTest, ATaskWhoseCallbackIsDroppedIsTornDownAndLeavesItsGroup) {
  const auto held = std::make_shared<int>(0);
  run([&] { return lose_a_callback(runtime.executor(0), held); });
}

Task<void> use_workers(Workers& workers) {
  const auto own_thread = std::this_thread::get_id();
  auto where = [] { return Result<std::thread::id>(std::this_thread::get_id()); };
  const auto thread = co_await workers.run<std::thread::id>(std::move(where));
  EXPECT_TRUE(thread.has_value() && *thread != own_thread);
  auto fail = []() -> Result<void> { return permanent("no"); };
  const auto failed = co_await workers.run<void>(std::move(fail));
  EXPECT_EQ(failed.error().public_text, "no");
  auto raise = []() -> Result<int> { throw std::runtime_error("bug"); };
  const auto raised = co_await workers.run<int>(std::move(raise));
  EXPECT_EQ(raised.error().lasting, Lasting::Transient);
  EXPECT_EQ(raised.error().private_reason, "bug");
}

TEST_F(TaskTest, WorkersGiveResultsAndTurnExceptionsIntoTransientErrors) {
  Workers workers(2);
  run([&] { return use_workers(workers); });
}

Task<void> overfill(Workers& workers, std::promise<void>& release) {
  auto work = [] { return Result<int>(1); };
  const auto refused = co_await workers.run<int>(std::move(work));
  EXPECT_EQ(refused.error().lasting, Lasting::Transient);
  EXPECT_THAT(refused.error().private_reason, HasSubstr("full"));
  release.set_value();
}

TEST_F(TaskTest, AFullPoolSaysSoAndFinishesWhatItTook) {
  std::promise<void> release;
  std::promise<void> begun;
  std::atomic<int> finished = 0;
  {
    Workers workers(1, 1);
    ASSERT_TRUE(workers.post([&] {
      begun.set_value();
      release.get_future().wait();
      ++finished;
    }));
    begun.get_future().wait();
    ASSERT_TRUE(workers.post([&] { ++finished; }));
    EXPECT_FALSE(workers.post([&] { ++finished; }));
    run([&] { return overfill(workers, release); });
  }
  EXPECT_EQ(finished, 2);
}

}  // namespace
}  // namespace cas::net
