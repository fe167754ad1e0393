// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One message that an MTA shows: its recipients are judged as they are named, and again at its end, by the same judges
// as mail that comes to us by SMTP. The MTA keeps the mailboxes and the message; we say what becomes of it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_network.hpp"
#include "crypto/hash.hpp"
#include "inbound/authentication.hpp"
#include "inbound/incoming.hpp"
#include "inbound/judging.hpp"
#include "inbound/services.hpp"
#include "net/task.hpp"
#include "policy/judge.hpp"

namespace cas::milter {

struct ServerOptions {
  smtp::Limits limits;
  /// Own hosts: what comes from there is signed and not judged, as what users send who logged in.
  std::vector<IpNetwork> trusted_networks;
  /// Mail that failed authentication waits in the MTA's hold queue; otherwise only Authentication-Results tells of it.
  bool hold_quarantined = true;
};

/// The DKIM-Signature fields for an author of this domain, over that header and the hash of the relaxed body; empty
/// where nobody here speaks for it.
using Sign = std::function<Result<std::string>(const Domain& author, const std::string& header,
                                               const crypto::Sha256Digest& body)>;

/// What a connection begins with, and keeps to its end.
struct ServerSettings {
  ServerOptions options;
  inbound::Services services;
  Sign sign;
  std::shared_ptr<const void> keeps;  // what the references of `services` may need
};

/// Who is connected to the MTA.
struct Client {
  std::string address;  // empty: not known
  std::string helo;
  bool local = false;
  [[nodiscard]] std::string text() const { return address.empty() ? "unix" : address; }
};

/// What the MTA is to do with the message.
struct Outcome {
  smtp::Reply reply;  // not 2xx: refused, and nothing else counts
  struct Removed {
    std::uint32_t index = 1;  // among the fields of that name
    std::string name;
  };
  std::vector<Removed> removed{};     // in an order in which no removal changes the index of the next
  std::vector<std::string> added{};   // fields, to be put above all others, the first at the top
  std::optional<std::string> hold{};  // why it is to wait in the MTA's hold queue
};

/// Lives on its connection's thread.
class Transaction {
 public:
  using Tell = std::function<void(Level level, std::string_view name, inbound::EventFields fields)>;

  /// `user`: who logged in at the MTA; empty: nobody.
  Transaction(const ServerSettings& settings, net::TaskGroup& background, inbound::Underway underway, Client client,
              ReversePath from, std::string user, Tell tell);

  [[nodiscard]] net::Task<smtp::Reply> recipient(std::string path);
  /// A field of its header, or the empty line behind it, or a piece of its body.
  void add_field(const std::string& field);
  void end_header();
  void add_body(std::string_view octets);
  [[nodiscard]] net::Task<Outcome> end();

  [[nodiscard]] const ReversePath& from() const { return from_; }
  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] std::size_t recipients() const { return recipients_; }

  [[nodiscard]] std::size_t held() const { return header_.capacity() + message_.held(); }
  /// Makes room: it is refused for now.
  void give_up();

 private:
  struct Admitted {
    policy::RecipientFacts facts;
    policy::Verdict verdict;
    bool alone = false;
  };

  [[nodiscard]] bool is_own() const { return origin_ != policy::Origin::Outside; }
  [[nodiscard]] policy::SenderIdentity sender() const;
  [[nodiscard]] policy::RecipientFacts facts_of(const Mailbox& recipient) const;
  net::Task<void> find_out(policy::Question question, policy::RecipientFacts& facts);
  [[nodiscard]] policy::Enforcement enforcement(const Admitted& admitted) const;
  /// One reply to the message must do for both.
  [[nodiscard]] bool may_differ(const Admitted& a, const Admitted& b) const;
  net::Task<Outcome> end_own();
  net::Task<Outcome> end_outside();
  net::Task<std::optional<smtp::Reply>> judge_again(Outcome& outcome);
  [[nodiscard]] std::optional<smtp::Reply> enforce(Outcome& outcome);
  void set_aside(Outcome& outcome, std::string why) const;
  /// False: the header cannot be read.
  [[nodiscard]] bool remove_fields(Outcome& outcome) const;
  void note_accepted() const;

  const ServerSettings& settings_;
  const inbound::Services& services_;
  Client client_;
  ReversePath from_;
  std::string user_;
  policy::Origin origin_;
  policy::BoundaryFacts boundary_;
  Tell tell_;
  std::unique_ptr<inbound::Authentication> authentication_;  // of mail from outside
  std::optional<auth::SpfOutcome> spf_;
  std::optional<policy::Listing> listing_;  // of the client, once somebody wanted to know
  std::optional<inbound::AuthenticationOutcomes> outcomes_;
  std::vector<Admitted> admitted_;
  std::string header_;  // as the MTA has it
  inbound::IncomingMessage message_;
  std::size_t recipients_ = 0;  // that were taken
  bool ended_ = false;
};

}  // namespace cas::milter
