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
  /// Nobody but its own hosts is asked to take mail for `domain`: what is known of it counts. Begins to look.
  void meet_hosts_of(const Domain& domain);
  /// Those in doubt for so long that receivers have forgotten have failed (CAS §9.5).
  void give_up_old_doubts();
  /// The server announced CHUNKING and did not know it: what is open may go to it by DATA.
  [[nodiscard]] bool chunk_refused() const { return chunk_refused_; }
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
  net::Task<void> after_refusal(Connection& connection, confirm::ConfirmOutcome refused);

  /// What is known of the domain whose hosts these are.
  struct Peer {
    confirm::Support known;
    dns::Answer discovery;
    bool signed_zone = false;
  };
  [[nodiscard]] net::Task<Result<Peer>> look_at_peer();
  [[nodiscard]] bool held_enough() const;

  [[nodiscard]] Result<std::vector<confirm::SignedIntent>> sign(const Signing& signing, const Domain& domain) const;
  [[nodiscard]] Indices open_recipients() const;
  /// Those that may go without CONFIRM: nobody in doubt (CAS §9.5).
  [[nodiscard]] Indices free_recipients() const;
  [[nodiscard]] Indices find(const std::vector<Mailbox>& mailboxes) const;
  void settle(std::size_t index, const smtp::Reply& reply, const std::string& relay);
  void conclude(const Indices& recipients, const smtp::Reply& reply, const std::string& relay);
  void alert(std::string_view name, std::string_view why, const smtp::Reply& reply, const std::string& relay) const;

  const RelayServices& services_;
  const RelayOptions& options_;
  const queue::Job& job_;
  const SigningKeys::value_type* keys_;
  std::vector<std::optional<queue::Outcome>> outcomes_;
  smtp::Reply last_failure_;
  std::string last_relay_;
  std::optional<Domain> peer_;  // whose hosts are met
  bool plain_only_ = false;
  bool chunk_refused_ = false;  // by the last transaction
  Indices too_many_;            // of the last transaction: to be named in another one
};

}  // namespace cas::outbound
