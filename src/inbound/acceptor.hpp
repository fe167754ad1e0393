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
  std::uint64_t disk_reserve = 0;      // octets that stay free where the queue is, and where mail is delivered
  /// Of a submission listener: who comes from there may relay as anybody, without AUTH and TLS. None: nobody.
  std::vector<IpNetwork> trusted_networks{};
  /// Fronts that begin each connection with a PROXY header, without which nothing is taken from them; and fronts that
  /// may name the client by XCLIENT.
  std::vector<IpNetwork> proxy_from{};
  std::vector<IpNetwork> xclient_from{};
  /// Of a Unix socket: who connects submits as the system user he is, and root as anybody.
  bool local_users = false;
};

/// What a session begins with, and keeps to its end.
struct SessionSettings {
  AcceptorOptions options;
  Services services;
  std::shared_ptr<const void> keeps;  // what the references of `services` may need
};

class Acceptor {
 public:
  /// The listener belongs to `executor`.
  Acceptor(net::Executor executor, net::Listener listener, std::shared_ptr<const SessionSettings> settings);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void start();
  /// For the sessions to come. Thread-safe.
  void renew(std::shared_ptr<const SessionSettings> settings);
  /// Accepts no more; sessions are told 421 at their next command boundary; those still running after `grace` are cut
  /// off (what they had not been answered for with 250, their clients send again). Waits for the end. From a thread
  /// that is none of the executors'.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace cas::inbound
