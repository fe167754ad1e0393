// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From callbacks on other threads back to a coroutine on its own: `start` is given a callback that may be called once,
// from any thread; the coroutine goes on with its value, on its executor. `start` always runs; cancellation does not
// abandon it (what was given to the disk happens anyway). The callback may be copied, but only its first call counts.
// When all copies are destroyed uncalled, the waiting coroutine is torn down on its executor, as if the Runtime had
// gone. Callbacks must be called or dropped while the Runtime exists.
//
//   auto start = [&](auto done) { queue.commit(std::move(message), std::move(done)); };
//   auto committed = co_await net::completion<Result<Queue::Committed>>(std::move(start));
#pragma once

#include <atomic>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "net/gate.hpp"
#include "net/task.hpp"

namespace cas::net {

/// What the callback of completion() shares with its copies: the suspended coroutine, and work that keeps its executor
/// running.
template <class Handler>
class Suspended {
 public:
  explicit Suspended(Handler handler)
      : gate_(gate_of(boost::asio::get_associated_executor(handler))),
        executor_(boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                      boost::asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)) {}

  template <class T>
  void resume(T value) {
    if (called_.exchange(true)) return;
    // The coroutine moves into the posted function, and the executor goes before the passage ends: nothing is left
    // here that needs the io_context.
    const Passage passage(gate_);
    const Executor executor = std::move(executor_);
    auto go_on = [handler = std::move(handler_), value = std::move(value)]() mutable { handler(std::move(value)); };
    boost::asio::post(executor, std::move(go_on));
  }

 private:
  std::shared_ptr<Gate> gate_;
  Executor executor_;
  Handler handler_;
  std::atomic<bool> called_ = false;
};

template <class T, class Start>
[[nodiscard]] Task<T> completion(Start start) {
  // `start` lives in this frame, which stays until the callback resumes it.
  auto initiation = [&start](auto handler) {
    auto suspended = std::make_shared<Suspended<decltype(handler)>>(std::move(handler));
    auto done = [suspended = std::move(suspended)](T value) { suspended->resume(std::move(value)); };
    start(std::move(done));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiation, boost::asio::use_awaitable);
}

}  // namespace cas::net
