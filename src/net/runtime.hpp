// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The threads of the server: one io_context a core, each with one thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/task.hpp"

namespace cas::net {

class Runtime {
 public:
  /// 0 threads: one for each core. `on_exception` is told, on the thread concerned, what escaped from a handler there
  /// (a bug; the thread goes on); without it, stderr is. Everything that holds one of the executors (streams,
  /// listeners, task groups, bells) must go before the Runtime does.
  explicit Runtime(std::size_t threads, std::function<void(std::string)> on_exception = {});
  /// Stops and joins.
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] Executor executor(std::size_t n) const;
  /// Starts the threads; they run until stop(), which is for good.
  void start();
  void stop();
  /// Whether every thread has run something since it was last asked for a sign of life, which this does anew. True the
  /// first time. From one thread alone.
  [[nodiscard]] bool responds();
  /// Waits on the calling thread until one of the signals arrives (blocked in all threads by the constructor: SIGTERM,
  /// SIGINT, SIGHUP); its number.
  [[nodiscard]] int wait_for_signal();
  /// None when none came in that time.
  [[nodiscard]] std::optional<int> wait_for_signal(std::chrono::milliseconds at_most);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Runs a task on an executor of another thread, which must be running, and waits for it on the calling thread. What
/// the task throws is thrown here. For start-up, tools, tests.
void run_and_wait(const Executor& executor, std::function<Task<void>()> task);

}  // namespace cas::net
