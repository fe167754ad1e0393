// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Threads for what must not run on an I/O thread: files, fsync, password hashes. Bounded: a full pool says so.
#pragma once

#include <functional>
#include <memory>

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

  /// False, and nothing happens, when max_pending jobs wait.
  [[nodiscard]] bool post(std::move_only_function<void()> job);

  /// Runs `work` on a worker and resumes the coroutine with its Result; transient error when the pool is full. An
  /// exception in the work becomes a transient error.
  template <class T, class Work>
  [[nodiscard]] Task<Result<T>> run(Work work);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class T, class Work>
Task<Result<T>> Workers::run(Work work) {
  auto start = [this, &work](auto done) {
    auto shared = std::make_shared<decltype(done)>(std::move(done));
    auto job = [&work, shared] {
      Result<T> result = transient("internal error");
      try {
        result = work();
      } catch (const std::exception& e) {
        result = transient("internal error", e.what());
      }
      (*shared)(std::move(result));
    };
    if (!post(std::move(job))) (*shared)(Result<T>(transient("too busy", "worker pool is full")));
  };
  co_return co_await completion<Result<T>>(std::move(start));
}

}  // namespace cas::net
