// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The client's side of an SMTP session without any I/O. The driver sends what a step says, reads whole replies
// (ReplyParser) and hands them in; transactions can follow one another on the same session.
//
//   on_reply(greeting) -> Send (EHLO) ... -> StartTls -> on_tls() -> Send (EHLO) ... -> Ready
//   begin(transaction) -> Send (MAIL CONFIRM RCPT... DATA in one group where PIPELINING is spoken)
//   on_reply ...       -> SendBody -> on_body_sent() -> ReadReply -> TransactionDone -> begin | quit()
//
// Where the server offers CHUNKING and the size of the message is known, it goes as one chunk (RFC 3030): the group has
// no DATA, and SendChunk comes in SendBody's place. That is as often as DATA waits, and nothing is begun in vain.
//
// No octet of the body is sent before the replies to CONFIRM and to every RCPT are in (CAS §5.6).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "smtp/command.hpp"
#include "smtp/front.hpp"
#include "smtp/reply.hpp"

namespace cas::smtp {

/// What the server announced in its last EHLO. A server that only speaks HELO has none of it.
struct Features {
  bool starttls = false;
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool chunking = false;
  bool enhanced_codes = false;
  bool requiretls = false;            // RFC 8689; counted only inside TLS
  bool dsn = false;                   // RFC 3461
  bool cas = false;                   // "CAS 1"; counted only inside TLS (CAS §5.8)
  std::optional<std::uint64_t> size;  // 0: announced without a bound (RFC 1870 §4)
  // LIMITS (RFC 9422). RCPTDOMAINMAX is kept by whoever begins transactions to one domain alone.
  std::optional<std::uint64_t> rcpt_max;  // recipients of one transaction
  std::optional<std::uint64_t> mail_max;  // transactions of one session
  std::vector<std::string> auth;
  std::vector<std::string> xclient;  // the attributes that we may tell
};

/// A secret for the server.
struct PlainAuth {
  std::string user;
  std::string password;
};

struct ClientOptions {
  std::string helo;
  bool lmtp = false;         // RFC 2033: LHLO, and a reply to the end of data for each recipient that was accepted
  bool use_starttls = true;  // whenever it is offered
  bool require_tls = false;  // without it, no transaction
  bool require_requiretls = false;  // a server without REQUIRETLS is of no use; MAIL says it (RFC 8689 §4.2.1)
  bool use_chunking = true;         // where it is offered and Transaction::chunk is known
  bool implicit_tls = false;        // TLS was there before the greeting (RFC 8314)
  /// Given by AUTH PLAIN (RFC 4616) before the first transaction, and inside TLS only: a server where that cannot be is
  /// of no use.
  std::optional<PlainAuth> auth{};
  bool xclient = false;  // a server of our own: it is told whose message it is, where it offers XCLIENT
};

/// One message to recipients of one server; at least one. `confirm` is the signed intent line (without "CONFIRM "); it
/// is sent only when present.
struct Transaction {
  ReversePath from;
  std::vector<Mailbox> to;
  std::optional<std::string> confirm;
  std::uint64_t size = 0;  // announced (RFC 1870); 0: not known
  /// How many octets the message has as it goes out undoted: known only of a message that ends with CRLF and holds no
  /// other CR or LF, so that nothing needs to be mended on the way (ChunkDecoder would say the same size).
  std::optional<std::uint64_t> chunk;
  bool eight_bit = false;
  bool smtputf8 = false;
  // What is to be told of it; said only where the server offers DSN (RFC 3461 §5.2).
  std::string envid{};  // decoded
  DsnReturn ret = DsnReturn::Unspecified;
  struct Wish {
    DsnNotify notify{};
    std::string orcpt{};  // as it came
  };
  std::vector<Wish> wishes{};          // one for each of `to`, or none
  std::optional<ToldClient> client{};  // who sent it here
};

/// How a transaction ended. `final` is absent when the connection ended or the transaction was given up before the
/// reply to the end of data. Replies that this side gave itself, because the server lacks an extension that the message
/// needs, stand where the server's would: 554 5.6.3 (8BITMIME), 553 5.6.7 (SMTPUTF8), 552 5.3.4 (SIZE).
struct TransactionResult {
  std::optional<Reply> mail;
  std::optional<Reply> confirm;
  std::vector<std::optional<Reply>> rcpt;  // one for each of Transaction::to
  std::optional<Reply> data;
  std::optional<Reply> final;
  std::vector<std::optional<Reply>> finals;  // LMTP, from the end of data on, in place of `final`: one a recipient
  bool judged_here = false;                  // all replies are this side's own, and nothing was sent
  /// Close the connection as it is, without the final dot and without QUIT: CONFIRM was refused and yet DATA answered
  /// with 354 (CAS §5.6; `confirm` then says which), the server said 421, or replies no longer fit commands.
  bool must_close = false;

  /// What the n-th recipient was told in the end: the reply to MAIL or CONFIRM when that refused all, its own refusal,
  /// else that to the end of data or to DATA. Never 3xx. Absent when nothing is known (connection lost): try again.
  [[nodiscard]] std::optional<Reply> outcome(std::size_t n) const;
};

struct Send {
  std::string octets;
};
struct StartTls {};
/// The session can take a transaction: call begin() or quit().
struct Ready {};
/// Encode the body with DataEncoder, send it with its end, call on_body_sent().
struct SendBody {};
/// Send the command line, then the message as it is, exactly Transaction::chunk octets, in one flight; call
/// on_body_sent().
struct SendChunk {
  std::string command;
};
/// Nothing to send: read the next reply.
struct ReadReply {};
/// `result` is complete. Afterwards begin() (unless must_close), or quit().
struct TransactionDone {
  TransactionResult result;
};
/// The server cannot be used: its greeting or EHLO was refused, TLS is required and not there, or AUTH failed.
struct Unusable {
  Reply reply;
};
struct Bye {};
using ClientStep = std::variant<Send, StartTls, Ready, SendBody, SendChunk, ReadReply, TransactionDone, Unusable, Bye>;

class ClientSession {
 public:
  explicit ClientSession(ClientOptions options);

  /// The next whole reply; the first is the greeting. After Send one calls on_reply as often as ReadReply is
  /// returned. In the middle of a body only a server that gives up speaks: the transaction is done, must_close.
  /// Without a question asked (Ready) a reply makes the server Unusable.
  [[nodiscard]] ClientStep on_reply(const Reply& reply);
  /// TLS is up. The driver has thrown away what it had received and not consumed (RFC 3207 §4.2).
  [[nodiscard]] ClientStep on_tls();
  [[nodiscard]] ClientStep begin(Transaction transaction);
  [[nodiscard]] ClientStep on_body_sent();
  /// QUIT, or Bye at once where the connection is closed or in the middle of something.
  [[nodiscard]] ClientStep quit();

  /// The connection broke: what is known of the transaction under way.
  [[nodiscard]] TransactionResult on_disconnect();

  [[nodiscard]] const Features& features() const { return features_; }
  [[nodiscard]] bool tls() const { return tls_; }
  /// The server has answered EHLO or HELO.
  [[nodiscard]] bool greeted() const { return greeted_; }
  /// The server takes us for another client from here on: the session is of no use for other messages.
  [[nodiscard]] bool speaks_for_client() const { return told_ || (options_.xclient && stale_); }
  /// Why it was not to be told of a client: its reply, or that it offers no XCLIENT.
  [[nodiscard]] const std::optional<Reply>& xclient_refusal() const { return xclient_refusal_; }

 private:
  enum class Phase {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Tls,
    Auth,
    Ready,
    Xclient,
    Envelope,
    Body,
    Final,
    Refused,
    Quit,
    Closed
  };
  struct Command {
    enum class Kind { Rset, Mail, Confirm, Rcpt, Data } kind;
    std::size_t recipient;  // for Rcpt: its place in Transaction::to
    std::string octets;     // CRLF included
  };
  [[nodiscard]] std::string name() const;
  ClientStep send_ehlo();
  ClientStep on_greeting(const Reply& reply);
  ClientStep on_ehlo(const Reply& reply);
  ClientStep on_helo(const Reply& reply);
  ClientStep on_starttls(const Reply& reply);
  ClientStep after_hello();
  ClientStep send_auth();
  ClientStep on_auth(const Reply& reply);
  ClientStep ready();
  ClientStep on_xclient(const Reply& reply);
  ClientStep begin_now(const Transaction& transaction);
  ClientStep unusable(Reply reply);

  ClientStep on_final_of_recipient(const Reply& reply);
  bool judge_locally(const Transaction& transaction);
  void build_commands(const Transaction& transaction);
  [[nodiscard]] std::string mail_line(const Transaction& transaction) const;
  [[nodiscard]] std::string rcpt_line(const Transaction& transaction, std::size_t n) const;
  ClientStep send_group();
  ClientStep on_envelope_reply(const Reply& reply);
  bool record(const Command& command, const Reply& reply);
  [[nodiscard]] bool hopeless() const;
  [[nodiscard]] bool anybody() const;
  ClientStep after_envelope();
  ClientStep on_final_reply(const Reply& reply);
  ClientStep done();
  ClientStep done_and_close();

  ClientOptions options_;
  Features features_;
  bool tls_ = false;
  bool greeted_ = false;
  Phase phase_ = Phase::Greeting;
  std::optional<ToldClient> told_;  // for whom we speak
  bool name_refused_ = false;       // his name in EHLO
  std::optional<Reply> xclient_refusal_;
  std::optional<Transaction> pending_;  // behind XCLIENT and the EHLO that follows it
  TransactionResult result_;
  std::vector<Command> commands_;       // of the envelope
  std::size_t sent_ = 0;                // commands sent
  std::size_t answered_ = 0;            // replies received
  std::optional<std::uint64_t> chunk_;  // BDAT is to be used: its size
  bool stale_ = false;                  // the server may still hold a transaction that was given up
};

/// The lines of an EHLO reply; the first is the server's name. Keywords in any case; what is not known is skipped.
[[nodiscard]] Features parse_features(const Reply& ehlo, bool tls);

}  // namespace cas::smtp
