// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One SMTP connection from its greeting to its end: does what smtp::ServerSession says, gathers the facts it asks for,
// has them judged, and commits. Octets come and go here, decisions do not.
#pragma once

#include <string>
#include <vector>

#include "auth/authentication_results.hpp"
#include "inbound/acceptor.hpp"
#include "inbound/arrival.hpp"
#include "inbound/authentication.hpp"
#include "inbound/confirm_check.hpp"
#include "inbound/services.hpp"
#include "net/stream.hpp"
#include "policy/ending.hpp"
#include "policy/judge.hpp"
#include "registry/sasl.hpp"
#include "smtp/data.hpp"
#include "smtp/line_reader.hpp"
#include "smtp/server_session.hpp"

namespace cas::inbound {

/// Lives on its stream's thread. `background`, a group of that thread, outlives it.
class Session {
 public:
  Session(net::Stream stream, std::shared_ptr<const SessionSettings> settings, net::TaskGroup& background);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Until the connection is over. Nothing a peer does makes it throw.
  [[nodiscard]] net::Task<void> run();
  /// The server is going away: 421 at the next command boundary.
  void drain() { draining_ = true; }
  /// Waits for a command, with nothing half-done: may be told farewell() at once.
  [[nodiscard]] bool idle() const { return idle_; }
  /// Has waited so long for a command, be a transaction open or not.
  [[nodiscard]] bool has_waited(milliseconds time) const;
  /// Says 421 and hangs up; only while run() waits for a command. `busy`: because others need the place, also when a
  /// transaction is open; otherwise because the server is going away.
  [[nodiscard]] net::Task<void> farewell(bool busy);

 private:
  /// A recipient that was admitted in the transaction under way.
  struct Admitted {
    Mailbox address;
    policy::RecipientFacts facts;
    policy::Verdict verdict;                   // at the end of data perhaps another one
    smtp::Reply reply;                         // again when it is named again
    std::optional<Reservations::Lease> lease;  // with an intent, unless committed before
    bool swallowed = false;                    // committed before with the same digest
    bool alone = false;                        // the reply to the message is this recipient's
    bool quarantined = false;                  // by what authentication found
    policy::Fate fate = policy::Fate::Inbox;
    DsnNotify notify{};
    std::string orcpt{};
    std::vector<Mailbox> targets{};  // where its mail goes
  };
  /// A recipient that is being judged.
  struct Judged {
    policy::Verdict verdict;
    bool alone = false;
    recipients::Resolution found{};
  };
  /// What the driver keeps for a transaction; valid while the protocol's serial number stays.
  struct Work {
    std::uint64_t serial = 0;
    policy::IntentStatus status = policy::IntentStatus::None;
    std::optional<confirm::Intent> intent;
    std::optional<auth::SpfOutcome> spf;
    std::optional<Mailbox> own_mailbox;  // of a submission: that of its envelope sender
    std::set<LocalPart> committed;
    std::vector<Admitted> admitted;
    bool put_off = false;                            // somebody was told to come alone
    std::unique_ptr<Authentication> authentication;  // of mail from outside, from MAIL on
    std::optional<AuthenticationOutcomes> outcomes;
    const IncomingMessage* message = nullptr;  // from its end on
    std::unique_ptr<Arrival> arrival;          // from the first octet of the message
    std::optional<smtp::ChunkDecoder> chunks;  // from the first BDAT
  };

  // session.cpp: the loop
  net::Task<void> converse();
  [[nodiscard]] bool comes_from(const std::vector<IpNetwork>& networks) const;
  net::Task<std::optional<smtp::Step>> greet();
  net::Task<Result<std::string>> local_user();
  net::Task<bool> perform(smtp::Step& step);
  net::Task<std::optional<smtp::Step>> next_line();
  net::Task<bool> receive();
  [[nodiscard]] milliseconds command_time() const;
  net::Task<Result<std::size_t>> read(std::size_t at_most, milliseconds timeout);
  net::Task<Result<void>> shake_hands();
  void bind_tls();
  void tell_certificate() const;
  void account();
  net::Task<bool> flush();
  net::Task<bool> upgrade(const smtp::UpgradeTls& step);
  void say(const smtp::Reply& reply);
  void forget_finished_transaction();

  // session_envelope.cpp: facts for MAIL, CONFIRM, RCPT
  net::Task<smtp::Step> answer(smtp::Step step);
  smtp::Step on_client(const smtp::FrontedClient& client);
  [[nodiscard]] policy::Origin origin() const;
  smtp::Reply on_mail(const smtp::MailCommand& mail);
  net::Task<smtp::Reply> on_confirm(std::string line);
  net::Task<std::optional<smtp::Reply>> refuse_suppressed(Mailbox asked);
  smtp::Reply over_quota(const std::string& of_what);

  // session_auth.cpp: who it is, and as whom he may write
  net::Task<smtp::Reply> on_auth(smtp::AskAuth ask);
  smtp::Step on_sasl(const smtp::AskSasl& ask);
  [[nodiscard]] smtp::Step scram_done(std::string_view mechanism, const std::string& authzid);
  [[nodiscard]] std::optional<smtp::Reply> refuse_guess(const std::string& user, std::string_view mechanism) const;
  smtp::Reply auth_failed(const std::string& user, std::string_view mechanism);
  smtp::Reply logged_in(registry::AccountPtr account, std::string_view mechanism);
  void tell_auth(const std::string& user, std::string_view mechanism, std::string_view result) const;
  /// None while he who logged in still may.
  [[nodiscard]] std::optional<smtp::Reply> login_is_over() const;
  [[nodiscard]] std::vector<policy::SendAs> own_addresses() const;

  // session_recipient.cpp: who gets it, and whether
  net::Task<smtp::Reply> on_rcpt(smtp::RcptCommand asked);
  [[nodiscard]] policy::RecipientFacts recipient_facts(const Mailbox& recipient) const;
  /// As without CONFIRM where the intent is a forwarder's.
  [[nodiscard]] policy::SenderIdentity sender_identity() const;
  [[nodiscard]] policy::SenderIdentity forwarder_identity() const;
  /// Who answers for what this recipient gets.
  [[nodiscard]] policy::SenderIdentity identity_towards(const policy::RecipientFacts& facts) const;
  /// An intent is what the message is held to: it counts, for one recipient at least where a forwarder signed it.
  [[nodiscard]] bool is_confirmed() const;
  [[nodiscard]] std::optional<policy::RelationNames> relation_names(confirm::Class klass) const;
  void look_for_exceptions(policy::RecipientFacts& facts) const;
  void look_for_forwarder(policy::RecipientFacts& facts) const;
  net::Task<Judged> judge_recipient(policy::RecipientFacts& facts);
  /// By the DNS lists that are asked: once for each client.
  net::Task<std::string> listed_by_whom();
  net::Task<void> find_out(policy::Question question, policy::RecipientFacts& facts, recipients::Resolution& found);
  /// `before`: what it is in place of.
  void tell_verdict(const Judged& judged, const policy::RecipientFacts& facts,
                    const policy::Verdict* before = nullptr) const;
  [[nodiscard]] std::optional<smtp::Reply> no_place_for(const policy::RecipientFacts& facts);
  net::Task<std::optional<smtp::Reply>> judge_again(const IncomingMessage& message);
  [[nodiscard]] policy::Turns::Attempt attempt_for(const Mailbox& recipient) const;
  void let_others_come_first() const;

  // session_screener.cpp: what the commit notes of sender and recipients
  net::Task<void> find_own_mailbox();
  void note_relations(queue::NewMessage& fresh) const;
  void note_screened(queue::NewMessage& fresh) const;
  [[nodiscard]] const Admitted* best_name_for(const queue::NewRecipient& row) const;
  [[nodiscard]] registry::NewHeld held_for(const Admitted& admitted, const policy::RelationNames& names,
                                           bool in_queue) const;
  void note_written_to(queue::NewMessage& fresh) const;

  // session_recipients.cpp: where the mail of a recipient goes
  /// Fills in facts.mailbox and facts.owner.
  net::Task<recipients::Resolution> resolve(policy::RecipientFacts& facts) const;
  [[nodiscard]] std::vector<queue::NewRecipient> new_recipients() const;
  /// From the null path to an address that has the form of those made for what an alias sends on (SRS); and whom it
  /// stands for, where it is one of ours.
  [[nodiscard]] bool is_bounce(const Mailbox& recipient) const;
  [[nodiscard]] std::optional<Mailbox> bounced_to(const Mailbox& recipient) const;
  net::Task<recipients::Resolution> resolve_bounce(policy::RecipientFacts& facts) const;
  /// What is true of a message because of where it goes.
  void mark_forwarded(queue::NewMessage& fresh) const;
  // session_conduct.cpp: how the other side behaves
  void look_for_excess(policy::RecipientFacts& facts) const;
  void note_authentication(const policy::AuthenticationVerdict& found, const policy::Handling& handling,
                           const std::vector<policy::Enforcement>& modes) const;
  [[nodiscard]] policy::SenderIdentity who_answers() const;
  void note_misbehaviour() const;
  void note_accepted() const;

  // session_authentication.cpp: who sends it
  void begin_authentication(const ReversePath& from);
  net::Task<std::optional<smtp::Reply>> authenticate(const IncomingMessage& message);
  [[nodiscard]] bool hangs_on(const Admitted& admitted) const;
  [[nodiscard]] std::optional<smtp::Reply> enforce(const IncomingMessage& message);
  void tell_authentication(const policy::AuthenticationVerdict& verdict, const policy::Handling& handling) const;
  [[nodiscard]] std::string authentication_fields(const IncomingMessage& message) const;
  [[nodiscard]] auth::MethodResult confirmation_result(const IncomingMessage& message) const;

  // session_filter.cpp: is_filtered(), filter(). session_data.cpp: the message. None where the connection broke
  net::Task<std::optional<smtp::Step>> read_body();
  net::Task<std::optional<smtp::Step>> read_chunk(smtp::ReadChunk chunk);
  net::Task<std::optional<smtp::Step>> skip_chunk(smtp::SkipChunk chunk);
  void begin_message();
  template <class Decoder>
  net::Task<bool> pump(Decoder& decoder);
  net::Task<bool> receive_data();
  [[nodiscard]] std::optional<smtp::Reply> no_room(const smtp::MailCommand& mail) const;
  net::Task<smtp::Reply> end_message(bool malformed);
  [[nodiscard]] bool is_filtered() const;
  net::Task<std::optional<smtp::Reply>> filter(IncomingMessage& message);
  [[nodiscard]] std::optional<smtp::Reply> message_fault(bool malformed) const;
  [[nodiscard]] std::optional<smtp::Reply> judge_message(const IncomingMessage& message) const;
  void tell_refused(const smtp::Reply& reply) const;
  net::Task<smtp::Reply> commit();
  net::Task<Result<void>> hand_over_body(queue::NewMessage& fresh);
  [[nodiscard]] store::Message envelope(const IncomingMessage& message, const store::QueueId& id) const;
  [[nodiscard]] bool sender_is_known() const;
  [[nodiscard]] std::string trace_fields(const store::QueueId& id, const IncomingMessage& message) const;

  void event(std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields,
             Level level = Level::Info, const store::QueueId& id = {}) const;

  net::Stream stream_;
  std::shared_ptr<const SessionSettings> settings_;
  const AcceptorOptions& options_;
  const Services& services_;
  net::TaskGroup& background_;
  Underway underway_ = std::make_shared<int>(0);
  smtp::ServerSession protocol_;
  registry::AccountPtr login_;  // as it was when he logged in
  std::unique_ptr<registry::ScramExchange> scram_;
  std::vector<std::string> client_names_;   // of its certificate, where that verified
  std::optional<policy::Listing> listing_;  // of the client, once somebody wanted to know
  std::string tls_exporter_;                // names the TLS connection; empty where it cannot be bound to a login
  std::optional<crypto::ScramVerifier> scram_verifier_;  // what the exchange compares with
  smtp::LineReader reader_;
  std::string out_;
  std::string buffer_;
  bool much_follows_ = false;  // the last read filled its buffer
  MemoryAccount::Share memory_;
  policy::Pace pace_;  // of the message under way
  TraceId trace_;
  Work work_;
  std::chrono::steady_clock::time_point deadline_;
  bool draining_ = false;
  bool idle_ = false;
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;  // for a command
  bool leaving_ = false;                                                // farewell() is being said, and will hang up
  bool gone_ = false;                                                   // the connection is of no more use
};

}  // namespace cas::inbound
