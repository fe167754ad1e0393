// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: how an Asio operation is awaited here. Errors come back as values, never as exceptions, and a task
// that was cancelled starts nothing new.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

namespace cas::net {

using boost::system::error_code;

/// `auto [ec, n] = co_await socket.async_read_some(buffer, as_values);`
inline constexpr auto as_values = boost::asio::as_tuple(boost::asio::use_awaitable);

/// `if (cancelled(co_await boost::asio::this_coro::cancellation_state)) ...`
[[nodiscard]] inline bool cancelled(const boost::asio::cancellation_state& state) {
  return state.cancelled() != boost::asio::cancellation_type::none;
}

}  // namespace cas::net
