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
  Attempt(const RelayServices& services, const RelayOptions& options, const TlsContexts& tls, const queue::Job& job,
          const SigningKeys::value_type* keys);
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> run();

 private:
  using Indices = std::vector<std::size_t>;

  net::Task<void> walk_hosts();
  net::Task<void> walk_mx_hosts(Domain domain);
  net::Task<bool> try_hop(const NextHop& hop);
  net::Task<bool> try_address(NextHop hop, std::string address);
  [[nodiscard]] ConnectionOptions connection_options(const NextHop& hop) const;
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
  const TlsContexts& tls_;
  const queue::Job& job_;
  const SigningKeys::value_type* keys_;
  std::vector<std::optional<queue::Outcome>> outcomes_;
  smtp::Reply last_failure_;
  std::string last_relay_;
  bool hopeless_ = true;     // every host so far is known to have no address
  bool plain_only_ = false;  // a server showed that it cannot do what it announced: no CONFIRM to it again
};

}  // namespace cas::outbound
