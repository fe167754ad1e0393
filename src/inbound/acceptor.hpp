// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Accepts connections on one listening socket and runs a session for each, on one thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/ip_network.hpp"
#include "inbound/services.hpp"
#include "net/stream.hpp"
#include "smtp/server_session.hpp"

namespace cas::inbound {

struct AcceptorOptions {
  smtp::ServerOptions smtp;
  std::optional<net::TlsContext> tls;  // for STARTTLS or, with implicit_tls, from the first octet
  bool implicit_tls = false;           // RFC 8314
  std::size_t max_sessions = 1000;     // more are told 421 4.3.2
  /// Of a submission listener: who comes from there may relay as anybody, without AUTH and TLS. None: nobody.
  std::vector<IpNetwork> trusted_networks{};
};

class Acceptor {
 public:
  /// `services` outlives the acceptor. The listener belongs to `executor`.
  Acceptor(net::Executor executor, net::Listener listener, AcceptorOptions options, const Services& services);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start();
  /// Accepts no more; sessions are told 421 at their next command boundary; those still running after `grace` are cut
  /// off (what they had not been answered for with 250, their clients send again). Waits for the end. From a thread
  /// that is none of the executors'.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cas::inbound
