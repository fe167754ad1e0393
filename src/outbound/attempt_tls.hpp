// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What TLS must do for the hosts of one attempt, and how it went. The policies are asked before a connection is looked
// for: a kept one is found by what is demanded now.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "outbound/connection.hpp"
#include "outbound/relay.hpp"

namespace cas::outbound {

/// What a host must do; or why it cannot be used.
using Demand = std::expected<tlspolicy::TlsDemand, smtp::Reply>;

/// One job. Before of_host(), meet_domain() where the hosts are those of a domain.
class AttemptTls {
 public:
  AttemptTls(const RelayServices& services, const RelayOptions& options, const TlsPolicies& policies,
             const queue::Job& job);

  [[nodiscard]] net::Task<void> meet_domain(Domain domain);
  /// Of an MX host, or of the server that an address literal names.
  [[nodiscard]] net::Task<Demand> of_host(std::string host);
  /// Of a next hop that the configuration names: what it says, and what the message adds.
  [[nodiscard]] Demand of_configured(const NextHop& hop) const;
  /// A session with the host that was judged last (RFC 8460 §4.3). A server that was not reached says nothing.
  void count(const Connection& connection, const NextHop& hop, const std::string& address, bool opened) const;

 private:
  [[nodiscard]] net::Task<MessageTls> message_tls();
  void count(const std::string& host, const std::string& address, std::optional<tlspolicy::TlsFailure> failure) const;

  const RelayServices& services_;
  const RelayOptions& options_;
  const TlsPolicies& policies_;
  const queue::Job& job_;
  DomainTls domain_;
  tlspolicy::ReportedPolicy reported_;     // of the host that was judged last
  std::optional<MessageTls> message_tls_;  // once it was needed
};

}  // namespace cas::outbound
