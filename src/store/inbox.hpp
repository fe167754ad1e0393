// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is given to a thread of the store, in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace cas::store {

/// Any number of threads push and pop. After close() nothing more may be pushed; what is inside is still popped.
template <class T>
class Inbox {
 public:
  void push(T item) {
    {
      const std::scoped_lock lock(mutex_);
      items_.push_back(std::move(item));
    }
    given_.notify_one();
  }

  /// Waits for something; at most `limit` items. Empty: closed, and nothing is left.
  [[nodiscard]] std::vector<T> pop(std::size_t limit) {
    std::unique_lock lock(mutex_);
    given_.wait(lock, [&] { return closed_ || !items_.empty(); });
    std::vector<T> popped;
    while (!items_.empty() && popped.size() < limit) {
      popped.push_back(std::move(items_.front()));
      items_.pop_front();
    }
    return popped;
  }

  [[nodiscard]] bool empty() const {
    const std::scoped_lock lock(mutex_);
    return items_.empty();
  }

  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
    }
    given_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable given_;
  std::deque<T> items_;
  bool closed_ = false;
};

}  // namespace cas::store
