// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The server's side of an SMTP session without any I/O: lines in, steps out. The driver does what a step says and
// comes back with what the step asked for. There is exactly one waiting state at a time; calling out of turn is a bug
// (it throws std::logic_error).
//
//   on_connect -> Respond
//   on_line    -> Respond | Ask* | UpgradeTls | ReadBody | ReadChunk | SkipChunk | ReadAuth
//   Ask*       -> on_answer(reply)           the world's reply, which the session may sharpen (poison rule)
//   AskSasl    -> on_challenge(octets)       what the mechanism says next
//              -> on_authenticated(user)     it is done
//              -> on_answer(reply)           it failed
//   ReadAuth   -> on_line                    the client's response to a challenge
//   AskClient  -> on_client()                the session begins anew
//   UpgradeTls -> on_tls()
//   ReadBody   -> on_body(reply)             the body was read to its end; reply is what the commit said
//   ReadChunk  -> on_chunk(fault)            the chunk was read, more are to come
//              -> on_body(reply)             the chunk was read and is the last
//   SkipChunk  -> on_skipped()               the octets were read and dropped
//
// BDAT (RFC 3030) has one reply for each chunk, and only that to the last promises anything: 250 to an earlier one says
// that its octets arrived, not that they are on a disk. A BDAT that is refused, whatever the reason, ends the
// transaction (what came next would begin in the middle of a message) after its octets are dropped; one whose size
// cannot be read ends the connection, because nobody knows where commands go on.
//
// Session state (EHLO, TLS, who authenticated) and transaction state (sender, intent, recipients) are apart. A
// transaction has a serial number: whatever the driver keeps for it is valid while transaction_serial() is the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "smtp/command.hpp"
#include "smtp/front.hpp"
#include "smtp/limits.hpp"
#include "smtp/reply.hpp"

namespace cas::smtp {

/// What a listener offers.
struct ServerOptions {
  Domain host;  // our name in the greeting and in replies
  Limits limits{};
  bool offer_starttls = false;  // certificate present and TLS not implicit
  bool offer_cas = false;       // announces "CAS 1", and only on a TLS session (CAS §5.8)
  bool submission = false;      // RFC 6409: MAIL needs AUTH (or an own network), AUTH needs TLS, no CONFIRM
  bool offer_scram = false;     // AUTH SCRAM-SHA-256 beside PLAIN and LOGIN (submission, inside TLS); see bind_tls()
  bool offer_smtputf8 = true;
  bool offer_requiretls = false;  // inside TLS (RFC 8689); who offers it must keep the promise on the way out
  bool offer_chunking = true;     // BDAT; without it one is refused like any other that may not come
};

// ---- Steps -------------------------------------------------------------------------------------------------------

/// Send the reply. `close`: then close the connection.
struct Respond {
  Reply reply;
  bool close = false;
};
/// Send the reply, forget what was received and not consumed (RFC 3207 §4.2), start TLS, call on_tls().
struct UpgradeTls {
  Reply reply;
};
/// Send 354, read the body through DataDecoder, commit, call on_body().
struct ReadBody {
  Reply reply;
};
/// Read so many octets through the transaction's ChunkDecoder. When it is the last chunk: end() it, commit, call
/// on_body(). Otherwise call on_chunk(), with a reply when the message cannot be taken any more (it then is forgotten).
/// All chunks together are at most limits.message.
struct ReadChunk {
  std::uint64_t octets = 0;
  bool last = false;
};
/// Read so many octets and drop them, whatever their number (RFC 3030 §2), then call on_skipped().
struct SkipChunk {
  std::uint64_t octets = 0;
};
/// Send the 334, read one line of at most limits.auth_line, call on_line() with it.
struct ReadAuth {
  Reply reply;
};
/// May this sender begin? A positive reply begins the transaction.
struct AskMail {
  MailCommand mail;
};
/// Judge the intent: the text after "CONFIRM ". A negative reply aborts the transaction (CAS §5.4, poison rule);
/// a positive one marks it confirmed-by-intent. `testing` (t=y, CAS §6.1) is the driver's business: it answers 250 and
/// keeps no intent.
struct AskConfirm {
  std::string intent;
};
/// Does this recipient get the message?
struct AskRcpt {
  RcptCommand rcpt;
};
/// Check the secret. `authzid` is empty or equal to authcid or an identity asked for. Never logged.
struct AskAuth {
  std::string authzid;
  std::string authcid;
  std::string password;
  std::string_view mechanism = "PLAIN";
};
/// What the client says in a mechanism of several steps, decoded. `first`: an exchange begins; what was kept of one
/// before is void.
struct AskSasl {
  std::string_view mechanism;  // "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
  std::string response;
  bool first = false;
};
/// A front names the client for whom it speaks from here on (XCLIENT).
struct AskClient {
  FrontedClient client;
};
using Step = std::variant<Respond, UpgradeTls, ReadBody, ReadChunk, SkipChunk, ReadAuth, AskMail, AskConfirm, AskRcpt,
                          AskAuth, AskSasl, AskClient>;

/// What a CONFIRM line that is too long is told: 500 5.5.2 [CAS:too-long] (CAS §15.2).
[[nodiscard]] Reply confirm_too_long();

// ---- The session -------------------------------------------------------------------------------------------------

class ServerSession {
 public:
  explicit ServerSession(ServerOptions options);

  /// The greeting (RFC 5321 §4.3.1). `tls`: the listener speaks TLS from the first octet (RFC 8314). `own_network`: the
  /// client may submit without AUTH and TLS, and begin as many transactions as it likes. `user`: who it is, where the
  /// system itself vouches for that (a Unix socket).
  [[nodiscard]] Step on_connect(bool tls = false, bool own_network = false, std::optional<std::string> user = {});
  /// The other side is a front that may use XCLIENT; before on_connect().
  void trust_front() { front_ = true; }
  /// The client is another one. `own_network`: it, and not the front, is in one.
  [[nodiscard]] Step on_client(bool own_network);
  /// One line without CRLF. Strict CRLF is the LineReader's business: report its findings with on_bad_line.
  [[nodiscard]] Step on_line(std::string_view line);
  /// The line reader refused a line: 500 5.5.2 (too long), 501 5.5.2 and close (bare CR or LF, NUL). Nobody read it, so
  /// it ends the transaction. `beginning` is how it began: a CONFIRM that is too long is a failed CONFIRM (CAS §5.4), a
  /// BDAT that is too long ends the connection.
  [[nodiscard]] Step on_too_long_line(std::string_view beginning);
  [[nodiscard]] Step on_malformed_line();
  /// The world's reply to the last Ask.
  [[nodiscard]] Step on_answer(Reply reply);
  /// The mechanism's next challenge. After too many of them the exchange has failed.
  [[nodiscard]] Step on_challenge(std::string_view octets);
  /// The mechanism is done, and that is who it is.
  [[nodiscard]] Step on_authenticated(std::string user, Reply reply);
  /// TLS cannot begin: the reply goes out in place of the 220 that was asked for (RFC 3207 §4).
  [[nodiscard]] Step on_no_tls(Reply reply);
  /// TLS is up: the session begins anew (RFC 3207 §4.2).
  void on_tls();
  /// The TLS that is up can be bound to a login: SCRAM-SHA-256-PLUS is offered too, until TLS begins anew.
  void bind_tls() { session_.bindable = true; }
  /// The body was read; `reply` goes to the client and the transaction is over, whatever the reply.
  [[nodiscard]] Step on_body(Reply reply);
  /// The chunk was read. Without a fault: 250, and the transaction goes on. With one: that is the reply, and the
  /// transaction is over.
  [[nodiscard]] Step on_chunk(std::optional<Reply> fault);
  [[nodiscard]] Step on_skipped();
  /// The server is going away: 421 4.3.2, at the next command boundary.
  [[nodiscard]] Step on_shutdown();

  /// How long the next line may be, CRLF included: limits.command_line; confirm_line inside a transaction where CAS is
  /// spoken (on_line then refuses other verbs above command_line); auth_line during AUTH.
  [[nodiscard]] std::size_t line_limit() const;

  // What the driver needs to know.
  [[nodiscard]] const std::string& helo() const { return session_.helo; }
  [[nodiscard]] bool extended() const { return session_.extended; }
  [[nodiscard]] bool tls() const { return session_.tls; }
  [[nodiscard]] const std::optional<std::string>& user() const { return session_.user; }
  [[nodiscard]] bool own_network() const { return own_network_; }
  [[nodiscard]] const std::optional<MailCommand>& mail() const { return transaction_.mail; }
  [[nodiscard]] bool confirmed() const { return transaction_.confirmed; }
  [[nodiscard]] const std::vector<Mailbox>& recipients() const { return transaction_.recipients; }
  [[nodiscard]] std::uint64_t transaction_serial() const { return serial_; }
  [[nodiscard]] const ServerOptions& options() const { return options_; }
  /// RFC 3848 / RFC 6531 protocol word for Received.
  [[nodiscard]] std::string protocol_word() const;

 private:
  enum class Waiting { Connect, Line, AuthLine, Mail, Confirm, Rcpt, Auth, Client, Tls, Body, Chunk, Skip, Closed };
  enum class Mechanism { Plain, Login, Scram, ScramPlus };
  /// The exchange under way.
  struct Exchange {
    Mechanism mechanism = Mechanism::Plain;
    std::size_t responses = 0;
    std::optional<std::string> name{};  // LOGIN: what came first
  };
  struct Session {
    std::string helo;
    bool extended = false;
    bool tls = false;
    std::optional<std::string> user;
    bool bindable = false;
  };
  struct Transaction {
    std::optional<MailCommand> mail;
    bool confirmed = false;
    std::vector<Mailbox> recipients;
    std::size_t asked_recipients = 0;  // accepted or refused
    bool chunked = false;              // a BDAT was accepted
    std::uint64_t chunk_octets = 0;    // of all of them
  };
  /// A BDAT that was refused, while its octets are dropped.
  struct Refused {
    Reply reply;
    bool ended_transaction = false;
  };
  /// What a peer has used up; nothing but the end of the connection forgets it.
  struct Counters {
    std::size_t bad_commands = 0;
    std::size_t failed_confirms = 0;
    std::size_t failed_auths = 0;
    std::size_t transactions = 0;
    std::size_t idle_commands = 0;
    std::size_t forgiven = 0;  // commands of a pipelined group that may still fail for what failed before them
  };
  struct Command;  // a row of the command table
  static const Command commands[];
  using Check = std::optional<Reply>;

  // What stands in the way of a command, or nothing.
  [[nodiscard]] Check may_always() const { return {}; }
  [[nodiscard]] Check may_mail() const;
  [[nodiscard]] Check may_confirm() const;
  [[nodiscard]] Check may_rcpt() const;
  [[nodiscard]] Check may_data() const;
  [[nodiscard]] Check may_bdat() const;
  [[nodiscard]] Check may_transfer() const;
  [[nodiscard]] Check may_starttls() const;
  [[nodiscard]] Check may_auth() const;
  [[nodiscard]] Check may_xclient() const;
  [[nodiscard]] Check never() const;

  Step ehlo(std::string_view argument);
  Step helo(std::string_view argument);
  Step mail_command(std::string_view argument);
  Step confirm(std::string_view argument);
  Step rcpt(std::string_view argument);
  Step data(std::string_view argument);
  Step bdat(std::string_view argument);
  Step rset(std::string_view argument);
  Step noop(std::string_view argument);
  Step quit(std::string_view argument);
  Step vrfy(std::string_view argument);
  Step help(std::string_view argument);
  Step starttls(std::string_view argument);
  Step auth(std::string_view argument);
  Step xclient(std::string_view argument);
  Step auth_response(std::string_view response);
  Step plain_response(std::string_view response);
  Step login_response(std::string_view response);
  Step scram_response(std::string_view response);
  [[nodiscard]] std::optional<Mechanism> mechanism_of(std::string_view name) const;
  Step challenge(std::string_view text);

  Step on_command(std::string_view line);
  Step refuse(Verb verb, Reply reply);
  Step refuse_chunk(std::uint64_t octets, Reply reply);
  Step lost_chunk();
  Step mail_answered(Reply reply);
  Step confirm_answered(Reply reply);
  Step rcpt_answered(Reply reply);
  Step auth_answered(Reply reply);

  [[nodiscard]] bool speaks_cas() const {
    return options_.offer_cas && session_.tls && session_.extended && !options_.submission;
  }
  [[nodiscard]] Reply greeting() const;
  [[nodiscard]] Reply greet_extended() const;
  Step greet(std::string_view argument, bool extended);
  Step respond(Reply reply);
  Step respond_idly(Reply reply);
  Step bad_command(Reply reply);
  Step close(Reply reply);
  Step failed_confirm(Reply reply);
  void forgive_group();
  void clear_transaction();
  void expect(Waiting waiting) const;

  ServerOptions options_;
  bool own_network_ = false;
  bool front_ = false;
  Session session_;
  Transaction transaction_;
  Counters counters_;
  Waiting waiting_ = Waiting::Connect;
  std::uint64_t serial_ = 1;
  std::optional<Mailbox> asked_rcpt_;
  std::optional<MailCommand> asked_mail_;
  std::string asked_user_;
  Exchange exchange_;
  std::uint64_t asked_chunk_ = 0;
  Refused refused_chunk_;
};

}  // namespace cas::smtp
