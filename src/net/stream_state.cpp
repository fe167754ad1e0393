// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Deadlines and the ends of a socket's life.
#include "net/stream_state.hpp"

#include <algorithm>

namespace cas::net {

namespace asio = boost::asio;
using std::chrono::steady_clock;

namespace {

// A composed operation (TLS, a long write) may stand between two of its steps when its deadline passes, and a cancel
// then hits nothing: so it is repeated until the operation has ended.
constexpr milliseconds cancel_again{20};

}  // namespace

void StreamState::arm(Time at) {
  if (at >= armed_for) return;
  armed_for = at;
  timer.expires_at(at);
  timer.async_wait([weak = weak_from_this()](const error_code& ec) {
    if (ec) return;  // set anew, or gone
    if (const auto self = weak.lock()) self->on_timer();
  });
}

void StreamState::on_timer() {
  armed_for = Time::max();
  const Time now = steady_clock::now();
  bool any = false;
  for (Deadline* deadline : {&reading, &writing}) {
    if (deadline->at > now) continue;
    deadline->passed = true;
    deadline->at = now + cancel_again;
    any = true;
  }
  error_code ignored;
  if (any) socket.cancel(ignored);
  const Time next = std::min(reading.at, writing.at);
  if (next != Time::max()) arm(next);
}

void StreamState::abort() {
  error_code ignored;
  socket.close(ignored);
}

bool StreamState::connected() {
  error_code ec;
  const auto remote = socket.remote_endpoint(ec);
  if (ec) return false;
  const auto own = socket.local_endpoint(ec);
  if (ec) return false;
  if (remote.protocol().family() == AF_UNIX) {
    peer = local = Endpoint{.address = "unix", .port = 0};
    return true;
  }
  socket.set_option(asio::ip::tcp::no_delay(true), ec);
  asio::ip::tcp::endpoint far;
  asio::ip::tcp::endpoint near;
  far.resize(remote.size());
  near.resize(own.size());
  std::copy_n(static_cast<const char*>(static_cast<const void*>(remote.data())), remote.size(),
              static_cast<char*>(static_cast<void*>(far.data())));
  std::copy_n(static_cast<const char*>(static_cast<const void*>(own.data())), own.size(),
              static_cast<char*>(static_cast<void*>(near.data())));
  peer = endpoint_of(far);
  local = endpoint_of(near);
  return true;
}

Timed::Timed(StreamState& state, StreamState::Deadline& deadline, milliseconds timeout) : deadline_(deadline) {
  // An hour-long timeout and a day-long one are the same to a connection; this keeps the sum within the clock.
  const auto bounded = std::clamp(timeout, milliseconds{0}, milliseconds{std::chrono::hours{24}});
  deadline_.at = steady_clock::now() + bounded;
  deadline_.passed = false;
  state.arm(deadline_.at);
}

Timed::~Timed() {
  deadline_.at = StreamState::Time::max();
}

std::unexpected<Error> failure(const StreamState::Deadline& deadline, std::string_view what, const error_code& ec) {
  const std::string doing(what);
  if (deadline.passed) return transient("connection timed out", doing + ": timed out");
  if (ec == asio::error::operation_aborted) return transient("connection closed", doing + ": cancelled");
  // No close_notify came before the end. To who reads the queue it is the end.
  if (ec == asio::ssl::error::stream_truncated)
    return transient("connection lost", doing + ": the connection was closed");
  return transient("connection lost", doing + ": " + ec.message());
}

}  // namespace cas::net
