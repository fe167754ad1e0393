// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Coroutines of this program. A Task is awaited, or given to a TaskGroup that owns it; nothing is detached.
// Write no "{" inside an expression that awaits, and pass parameters by value or as references to what the awaiting
// caller owns.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace cas::net {

template <class T = void>
using Task = boost::asio::awaitable<T>;
using Executor = boost::asio::any_io_executor;

/// Owns the coroutines it runs, all on one executor. Destroying it while some run is a bug: cancel() and wait first.
/// An exception that leaves a task is reported to `on_exception` and ends only that task. Not thread-safe: used on its
/// executor's thread, or before that thread runs.
class TaskGroup {
 public:
  explicit TaskGroup(Executor executor, std::function<void(std::string)> on_exception = {});
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// The task's first step comes after spawn() has returned.
  void spawn(Task<void> task);
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Executor executor() const;
  /// Cancels what the tasks wait for; they end with errors of their own. What a cancelled task awaits afterwards fails
  /// at once, but for completion() and Stream::close(), which run to their end. Tasks spawned later are not concerned.
  void cancel();
  /// Until no task is left, or the joining task is cancelled itself.
  [[nodiscard]] Task<void> join();
  /// cancel(), and until no task is left, in a cancelled task too: for tasks that end soon once they are cancelled.
  [[nodiscard]] Task<void> finish();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// Whether the task that asks was cancelled: who waits for it is going, and nobody hears its answer.
[[nodiscard]] Task<bool> is_cancelled();

/// Sleeps; returns early, with false, when the task is cancelled.
[[nodiscard]] Task<bool> sleep_for(std::chrono::milliseconds duration);

/// A bell: ring() from any thread wakes the one task that waits on `executor`; a ring that nobody waited for is kept.
class Bell {
 public:
  explicit Bell(Executor executor);
  void ring();
  /// Until rung or until the time is over (true: rung). Cancellation ends it like time.
  [[nodiscard]] Task<bool> wait(std::chrono::milliseconds at_most);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cas::net
