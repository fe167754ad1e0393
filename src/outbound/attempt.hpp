// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One attempt to deliver a job: which hosts, which connections. What is said on them, the Conversation says.
#pragma once

#include <memory>
#include <vector>

#include "outbound/attempt_tls.hpp"
#include "outbound/conversation.hpp"
#include "outbound/dialer.hpp"
#include "outbound/host_health.hpp"
#include "outbound/pool.hpp"

namespace cas::outbound {

/// How a server is connected to; `place` is its address and port, or "unix:PATH".
[[nodiscard]] ConnectionOptions connection_options(const RelayServices& services, const RelayOptions& options,
                                                   const NextHop& hop, const std::string& place);
[[nodiscard]] std::string place_of(const NextHop& hop, const std::string& address);

/// Used once: run().
class Attempt {
 public:
  /// `keys` sign the intent; none: the message goes without. `pool` is that of the running thread.
  Attempt(const RelayServices& services, const RelayOptions& options, const TlsPolicies& policies, ConnectionPool& pool,
          const queue::Job& job, const SigningKeys::value_type* keys);
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> run();

 private:
  net::Task<void> walk_hosts();
  net::Task<void> walk_mx_hosts(Domain domain);
  net::Task<bool> try_mx_host(std::string host);
  net::Task<void> try_literal(std::string address);
  net::Task<void> try_configured(NextHop hop);
  net::Task<bool> try_hop(const NextHop& hop);
  void settle_where_hopeless();
  void note_unusable(const smtp::Reply& reply, const std::string& host);
  net::Task<void> race(const NextHop& hop, std::vector<std::string> addresses);
  [[nodiscard]] bool is_resting(const std::string& place);
  void note_failure_at(const NextHop& hop, const Dialed::Failure& failure);
  net::Task<void> try_again(NextHop hop, std::string address);
  /// `stream`: connected to the address; none for a Unix socket.
  net::Task<void> try_address(NextHop hop, std::string address, std::optional<net::Stream> stream);
  net::Task<bool> converse(const NextHop& hop, std::unique_ptr<Connection> connection);
  void note_health(const std::string& place, const std::expected<void, ConnectionFailure>& opened);
  [[nodiscard]] bool is_own_place(const std::string& address, std::uint16_t port) const;

  const RelayServices& services_;
  const RelayOptions& options_;
  ConnectionPool& pool_;
  const queue::Job& job_;
  Conversation conversation_;
  AttemptTls tls_;
  bool was_there_ = false;     // some server could be used
  bool is_ourselves_ = false;  // the last hop was this server
  bool hopeless_ = true;       // every host so far has no address, or can never do what the message requires
  bool dialed_ = false;        // the last MX host was connected to
  milliseconds talked_{0};
};

}  // namespace cas::outbound
