// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One attempt to deliver a job: hosts are walked until every recipient has an answer.
#pragma once

#include <optional>
#include <vector>

#include "outbound/connection.hpp"
#include "outbound/relay.hpp"

namespace cas::outbound {

/// Used once: run().
class Attempt {
 public:
  /// `keys` sign the intent; none: the message goes without.
  Attempt(const RelayServices& services, const RelayOptions& options, const queue::Job& job,
          const SigningKeys::value_type* keys);
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> run();

 private:
  using Indices = std::vector<std::size_t>;

  net::Task<void> walk_hosts();
  net::Task<void> try_host(std::string host);
  net::Task<std::optional<tlspolicy::TlsDemand>> demand_of(std::string host);
  net::Task<MessageTls> message_tls();
  net::Task<bool> try_address(std::string host, std::string address, const tlspolicy::TlsDemand& demand, bool use_tls);
  [[nodiscard]] ConnectionOptions connection_options(const std::string& host, const std::string& address,
                                                     const tlspolicy::TlsDemand& demand, bool use_tls) const;
  void count(const Connection& connection, const std::string& host, const std::string& address,
             const tlspolicy::TlsDemand& demand, bool opened);
  void count(const std::string& host, const std::string& address, std::optional<tlspolicy::TlsFailure> failure);
  net::Task<void> converse(Connection& connection);
  net::Task<void> converse_confirmed(Connection& connection, const Signing& signing, const Domain& signing_domain);
  net::Task<std::optional<confirm::ConfirmOutcome>> transact(Connection& connection, std::optional<std::string> intent,
                                                             Indices recipients);
  net::Task<void> converse_plain(Connection& connection);
  net::Task<void> fall_back(Connection& connection);

  [[nodiscard]] Result<std::vector<confirm::SignedIntent>> sign(const Signing& signing, const Domain& domain) const;
  [[nodiscard]] Indices open_recipients() const;
  [[nodiscard]] Indices find(const std::vector<Mailbox>& mailboxes) const;
  void settle(std::size_t index, const smtp::Reply& reply, const std::string& relay);
  void settle_open(const smtp::Reply& reply, const std::string& relay);
  void alert(const smtp::Reply& reply, const std::string& relay) const;
  [[nodiscard]] std::vector<queue::Outcome> outcomes() const;

  const RelayServices& services_;
  const RelayOptions& options_;
  const queue::Job& job_;
  const SigningKeys::value_type* keys_;
  std::vector<std::optional<queue::Outcome>> outcomes_;
  smtp::Reply last_failure_;
  std::string last_relay_;
  DomainTls domain_tls_;
  tlspolicy::ReportedPolicy reported_;     // of the host that is tried
  std::optional<MessageTls> message_tls_;  // once it was needed
  bool hopeless_ = true;                   // every host so far can never take the message
  bool plain_only_ = false;  // a server showed that it cannot do what it announced: no CONFIRM to it again
};

}  // namespace cas::outbound
