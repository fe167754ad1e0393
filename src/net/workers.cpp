// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A bounded pool of threads over one queue.
#include "net/workers.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace cas::net {

struct Workers::State {
  explicit State(std::size_t limit) : max_pending(limit) {}

  void run() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [this] { return stopping || !jobs.empty(); });
      if (jobs.empty()) return;
      auto job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job();
      job = nullptr;  // what the job holds ends on this thread, outside the lock
      lock.lock();
    }
  }

  const std::size_t max_pending;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::move_only_function<void()>> jobs;
  bool stopping = false;
  std::vector<std::thread> threads;
};

Workers::Workers(std::size_t threads, std::size_t max_pending) : state_(std::make_unique<State>(max_pending)) {
  for (std::size_t n = 0; n < std::max<std::size_t>(threads, 1); ++n) {
    state_->threads.emplace_back([state = state_.get()] { state->run(); });
  }
}

Workers::~Workers() {
  {
    const std::scoped_lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  for (auto& thread : state_->threads) thread.join();
}

bool Workers::post(std::move_only_function<void()> job) {
  {
    const std::scoped_lock lock(state_->mutex);
    if (state_->stopping || state_->jobs.size() >= state_->max_pending) return false;
    state_->jobs.push_back(std::move(job));
  }
  state_->changed.notify_one();
  return true;
}

}  // namespace cas::net
