// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is said about one job on the connections that its attempt finds, and what became of each recipient so far.
#pragma once

#include <optional>
#include <vector>

#include "outbound/connection.hpp"
#include "outbound/relay.hpp"

namespace cas::outbound {

/// One job. Connections come and go; what was answered stays.
class Conversation {
 public:
  /// `keys` sign the intent; none: the message goes without.
  Conversation(const RelayServices& services, const RelayOptions& options, const queue::Job& job,
               const SigningKeys::value_type* keys);

  /// All that is open, on a connection that is usable. Afterwards some of it may still be open: it was lost, or another
  /// host may do what this one cannot.
  [[nodiscard]] net::Task<void> hold(Connection& connection);
  /// What one server showed says nothing about the next.
  void meet_another_host() { plain_only_ = false; }
  /// The server showed that it cannot do what it announced: no CONFIRM to it again.
  [[nodiscard]] bool plain_only() const { return plain_only_; }

  [[nodiscard]] bool finished() const { return open() == 0; }
  /// How many recipients have no answer.
  [[nodiscard]] std::size_t open() const { return open_recipients().size(); }
  /// Why there was no connection: the last words, should there never be one.
  void note_failure(const smtp::Reply& reply, std::string relay);
  [[nodiscard]] const smtp::Reply& last_failure() const { return last_failure_; }
  void settle_open(const smtp::Reply& reply, const std::string& relay);
  void settle_open_with_last_failure() { settle_open(last_failure_, last_relay_); }
  /// One for each recipient; what is open is deferred with the last failure.
  [[nodiscard]] std::vector<queue::Outcome> outcomes() const;

 private:
  using Indices = std::vector<std::size_t>;

  net::Task<void> converse_confirmed(Connection& connection, const Signing& signing, const Domain& signing_domain);
  /// Settles what was answered, in as many transactions as the server wants. An outcome only when CONFIRM failed in a
  /// way that leaves its recipients open.
  net::Task<std::optional<confirm::ConfirmOutcome>> transact(Connection& connection, std::optional<std::string> intent,
                                                             Indices recipients);
  net::Task<std::optional<confirm::ConfirmOutcome>> transact_once(Connection& connection,
                                                                  std::optional<std::string> intent,
                                                                  Indices recipients);
  void settle_by(const smtp::TransactionResult& result, bool confirmed, const Indices& recipients,
                 const Connection& connection);
  net::Task<void> converse_plain(Connection& connection);
  net::Task<void> fall_back(Connection& connection);

  [[nodiscard]] Result<std::vector<confirm::SignedIntent>> sign(const Signing& signing, const Domain& domain) const;
  [[nodiscard]] Indices open_recipients() const;
  [[nodiscard]] Indices find(const std::vector<Mailbox>& mailboxes) const;
  void settle(std::size_t index, const smtp::Reply& reply, const std::string& relay);
  void conclude_open(const smtp::Reply& reply, const std::string& relay);
  void alert(const smtp::Reply& reply, const std::string& relay) const;

  const RelayServices& services_;
  const RelayOptions& options_;
  const queue::Job& job_;
  const SigningKeys::value_type* keys_;
  std::vector<std::optional<queue::Outcome>> outcomes_;
  smtp::Reply last_failure_;
  std::string last_relay_;
  bool plain_only_ = false;
  Indices too_many_;  // of the last transaction: to be named in another one
};

}  // namespace cas::outbound
