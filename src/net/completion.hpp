// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From callbacks on other threads back to a coroutine on its own: `start` is given a callback that may be called once,
// from any thread; the coroutine goes on with its value, on its executor. `start` always runs and its callback must be
// called exactly once; cancellation does not abandon it (what was given to the disk happens anyway).
//
//   auto start = [&](auto done) { queue.commit(std::move(message), std::move(done)); };
//   auto committed = co_await net::completion<Result<Queue::Committed>>(std::move(start));
#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "net/task.hpp"

namespace cas::net {

template <class T, class Start>
[[nodiscard]] Task<T> completion(Start start) {
  auto initiation = [&start](auto handler) {
    auto executor = boost::asio::get_associated_executor(handler);
    auto work = boost::asio::prefer(executor, boost::asio::execution::outstanding_work.tracked);
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto done = [work, shared](T value) {
      auto resume = [shared, value = std::move(value)]() mutable { (*shared)(std::move(value)); };
      boost::asio::post(work, std::move(resume));
    };
    start(std::move(done));
  };
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(T)>(
      initiation, boost::asio::use_awaitable);
}

}  // namespace cas::net
