// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: the socket, the TLS engine and the deadlines behind a Stream. Operations hold it by shared_ptr, so a
// Stream may be destroyed while one of them is on its way out.
#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>

#include "net/await.hpp"
#include "net/stream.hpp"
#include "net/tls_state.hpp"

namespace cas::net {

/// One timer a stream serves all its operations. An operation writes down when it must be over (a clock reading, no
/// system call, no allocation); the timer is set only when it would otherwise fire too late, and looks again when it
/// fires early.
struct StreamState : std::enable_shared_from_this<StreamState> {
  using Socket = boost::asio::generic::stream_protocol::socket;  // TCP and Unix alike
  using Time = std::chrono::steady_clock::time_point;

  struct Deadline {
    Time at = Time::max();
    bool passed = false;
  };

  explicit StreamState(const Executor& executor) : socket(executor), timer(executor) {}
  explicit StreamState(Socket connected) : socket(std::move(connected)), timer(socket.get_executor()) {}

  /// Sees to it that the operations on the socket end soon after `deadline.at`.
  void arm(Time at);
  /// Closes the socket; every operation on it fails.
  void abort();
  /// After a connection has been made: the two addresses; TCP_NODELAY. False when the peer has already gone.
  [[nodiscard]] bool connected();

  Socket socket;
  std::shared_ptr<TlsState> tls_context;  // outlives `tls`
  std::string session_key;                // of its session; outlives `tls` too
  bool checks_peer = false;
  CertificateFault certificate_fault = CertificateFault::None;
  std::optional<boost::asio::ssl::stream<Socket&>> tls;
  bool tls_ready = false;   // the handshake has succeeded
  bool tls_broken = false;  // a write was cut short: no close_notify can follow it
  Deadline reading;         // also: connecting, shaking hands
  Deadline writing;
  Endpoint peer;
  Endpoint local;

 private:
  void on_timer();

  boost::asio::steady_timer timer;
  Time armed_for = Time::max();
};

/// Sets a deadline for the length of one operation.
class Timed {
 public:
  Timed(StreamState& state, StreamState::Deadline& deadline, milliseconds timeout);
  ~Timed();
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  StreamState::Deadline& deadline_;
};

/// The error of an operation that ended with `ec`; `what` says which, for the log.
[[nodiscard]] std::unexpected<Error> failure(const StreamState::Deadline& deadline, std::string_view what,
                                             const error_code& ec);

[[nodiscard]] Endpoint endpoint_of(const boost::asio::ip::tcp::endpoint& endpoint);
/// Permanent error when the address is none.
[[nodiscard]] Result<boost::asio::ip::tcp::endpoint> to_asio(const Endpoint& endpoint);

}  // namespace cas::net
