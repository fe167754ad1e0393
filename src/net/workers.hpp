// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Threads for what must not run on an I/O thread: files, fsync, password hashes. Bounded: a full pool says so.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>

#include "base/result.hpp"
#include "net/completion.hpp"
#include "net/task.hpp"

namespace cas::net {

class Workers {
 public:
  explicit Workers(std::size_t threads, std::size_t max_pending = 1024);
  /// Finishes what was given.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False, and nothing happens, when max_pending jobs wait. A job must not throw.
  [[nodiscard]] bool post(std::move_only_function<void()> job);

  /// Runs `work`, which gives a Result<T>, on a worker and resumes the coroutine with it; transient error when the
  /// pool is full. An exception in the work becomes a transient error. Cancellation does not abandon the work, so it
  /// may refer to what the awaiting caller owns.
  template <class T, class Work>
  [[nodiscard]] Task<Result<T>> run(Work work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class T, class Work>
Task<Result<T>> Workers::run(Work work) {
  auto start = [this, &work](auto done) {
    // The work belongs to its job: it runs, and ends, on the worker, before the coroutine goes on.
    auto job = [owned = std::optional<Work>(std::move(work)), done]() mutable {
      Result<T> result = transient("internal error");
      try {
        result = (*owned)();
      } catch (const std::exception& e) {
        result = transient("internal error", e.what());
      } catch (...) {
        result = transient("internal error", "unknown exception in a worker");
      }
      owned.reset();
      done(std::move(result));
    };
    if (!post(std::move(job))) done(Result<T>(transient("too busy", "worker pool is full")));
  };
  co_return co_await completion<Result<T>>(std::move(start));
}

}  // namespace cas::net
