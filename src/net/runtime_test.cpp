// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Threads, signals and exceptions that escape.
#include <signal.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "net/system.hpp"
#include "net/test_support.hpp"

namespace cas::net {
namespace {

Task<void> tell_thread(std::thread::id& id) {
  id = std::this_thread::get_id();
  co_return;
}

TEST(RuntimeTest, EachExecutorHasAThreadOfItsOwn) {
  Runtime runtime(3);
  runtime.start();
  ASSERT_EQ(runtime.size(), 3U);
  std::set<std::thread::id> threads{std::this_thread::get_id()};
  for (std::size_t n = 0; n < runtime.size(); ++n) {
    std::thread::id id;
    run_and_wait(runtime.executor(n), [&] { return tell_thread(id); });
    threads.insert(id);
  }
  EXPECT_EQ(threads.size(), 4U);
}

TEST(RuntimeTest, StopsTwiceAndWithoutHavingStarted) {
  Runtime idle(1);
  idle.stop();
  Runtime used(1);
  used.start();
  used.stop();
  used.stop();
}

TEST(RuntimeTest, AnEscapedExceptionIsReportedAndTheThreadGoesOn) {
  std::promise<std::string> fault;
  Runtime runtime(1, [&](const std::string& what) { fault.set_value(what); });
  runtime.start();
  boost::asio::post(runtime.executor(0), [] { throw std::runtime_error("a bug"); });
  EXPECT_EQ(fault.get_future().get(), "a bug");
  std::thread::id id;
  run_and_wait(runtime.executor(0), [&] { return tell_thread(id); });
  EXPECT_NE(id, std::thread::id());
}

Task<void> fail_with(std::string what) {
  throw std::runtime_error(what);
  co_return;
}

TEST(RuntimeTest, RunAndWaitThrowsWhatTheTaskThrew) {
  Runtime runtime(1);
  runtime.start();
  EXPECT_THROW(run_and_wait(runtime.executor(0), [] { return fail_with("x"); }), std::runtime_error);
}

TEST(RuntimeTest, SignalsAreKeptForTheOneWhoWaits) {
  Runtime runtime(2);
  runtime.start();
  for (const int number : {SIGHUP, SIGTERM, SIGINT}) {
    ASSERT_EQ(::kill(::getpid(), number), 0);
    EXPECT_EQ(runtime.wait_for_signal(), number);
  }
}

TEST(SystemTest, RandomOctetsFillTheWholeSpanAndDiffer) {
  SystemRandom random;
  std::array<std::uint8_t, 64> a{};
  std::array<std::uint8_t, 64> b{};
  random.fill(a);
  random.fill(b);
  EXPECT_NE(a, b);
  EXPECT_TRUE(std::any_of(a.begin() + 32, a.end(), [](std::uint8_t octet) { return octet != 0; }));
  random.fill({});
}

TEST(SystemTest, TheClockIsPastTheDayThisWasWritten) {
  EXPECT_GT(SystemClock().now(), TimePoint(milliseconds{1'700'000'000'000}));
}

}  // namespace
}  // namespace cas::net
