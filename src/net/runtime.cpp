// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Threads, io_contexts and signals.
#include "net/runtime.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <exception>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace cas::net {

namespace asio = boost::asio;

namespace {

sigset_t awaited_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

void to_stderr(const std::string& what) {
  std::fprintf(stderr, "cas: fault on an I/O thread: %s\n", what.c_str());
}

}  // namespace

struct Runtime::State {
  struct Lane {
    // A hint of 1: one thread runs it, but others post to it.
    asio::io_context io{1};
    std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
    std::thread thread;
    std::atomic<bool> responded = true;  // to the last question; there is one at a time
  };

  void run(Lane& lane) const;

  std::vector<std::unique_ptr<Lane>> lanes;
  std::function<void(std::string)> on_exception;
};

// An exception that gets here is a bug of one handler; the other sessions of this thread are not to pay for it.
void Runtime::State::run(Lane& lane) const {
  while (true) {
    try {
      lane.io.run();
      return;
    } catch (const std::exception& e) {
      on_exception(e.what());
    } catch (...) {
      on_exception("unknown exception");
    }
  }
}

Runtime::Runtime(std::size_t threads, std::function<void(std::string)> on_exception)
    : state_(std::make_unique<State>()) {
  state_->on_exception = on_exception ? std::move(on_exception) : to_stderr;
  const sigset_t set = awaited_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  // Asio sends with MSG_NOSIGNAL; this is for whatever else writes to a pipe or socket whose reader has gone.
  ::signal(SIGPIPE, SIG_IGN);
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t n = 0; n < threads; ++n) state_->lanes.push_back(std::make_unique<State::Lane>());
}

Runtime::~Runtime() {
  stop();
}

std::size_t Runtime::size() const {
  return state_->lanes.size();
}

Executor Runtime::executor(std::size_t n) const {
  return state_->lanes.at(n)->io.get_executor();
}

void Runtime::start() {
  for (std::size_t n = 0; n < size(); ++n) {
    auto& lane = *state_->lanes[n];
    if (lane.thread.joinable()) continue;
    lane.work.emplace(lane.io.get_executor());
    lane.thread = std::thread([state = state_.get(), &lane] { state->run(lane); });
    pthread_setname_np(lane.thread.native_handle(), ("cas-io-" + std::to_string(n)).c_str());
  }
}

void Runtime::stop() {
  for (auto& lane : state_->lanes) {
    lane->work.reset();
    lane->io.stop();
  }
  for (auto& lane : state_->lanes) {
    if (lane->thread.joinable()) lane->thread.join();
  }
}

bool Runtime::responds() {
  bool all = true;
  for (auto& each : state_->lanes) {
    State::Lane* lane = each.get();
    if (lane->responded.exchange(false)) {
      asio::post(lane->io, [lane] { lane->responded = true; });
    } else {
      all = false;
    }
  }
  return all;
}

int Runtime::wait_for_signal() {
  const sigset_t set = awaited_signals();
  int number = 0;
  while (sigwait(&set, &number) != 0) {
  }
  return number;
}

std::optional<int> Runtime::wait_for_signal(std::chrono::milliseconds at_most) {
  const sigset_t set = awaited_signals();
  const timespec time{.tv_sec = at_most.count() / 1000, .tv_nsec = at_most.count() % 1000 * 1'000'000};
  const int number = sigtimedwait(&set, nullptr, &time);
  return number < 0 ? std::nullopt : std::optional<int>(number);  // also when it was interrupted
}

void run_and_wait(const Executor& executor, std::function<Task<void>()> task) {
  std::promise<void> promise;
  auto finished = promise.get_future();
  auto on_end = [promise = std::move(promise)](std::exception_ptr failure) mutable {
    if (failure) {
      promise.set_exception(std::move(failure));
    } else {
      promise.set_value();
    }
  };
  asio::co_spawn(executor, std::ref(task), std::move(on_end));
  finished.get();
}

}  // namespace cas::net
