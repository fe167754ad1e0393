// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One connection to a server: does what smtp::ClientSession says, over a Stream. Several transactions may follow one
// another.
#pragma once

#include <memory>
#include <string>

#include "net/stream.hpp"
#include "outbound/stored_message.hpp"
#include "queue/queue.hpp"
#include "smtp/client_session.hpp"
#include "smtp/line_reader.hpp"

namespace cas::outbound {

struct ConnectionOptions {
  smtp::ClientOptions smtp;
  std::string host_name;    // of the server, for SNI and logs
  std::string server_name;  // for SNI where it is another one
  net::TlsContext tls;
  net::PeerCheck check;
  std::chrono::milliseconds connect_timeout;
  std::chrono::milliseconds command_timeout;
  std::chrono::milliseconds data_timeout;
  std::chrono::milliseconds final_timeout;
};

/// Why a connection is of no use. `reply` is what to tell the queue: the server's own words where it said something.
struct ConnectionFailure {
  smtp::Reply reply;
  bool tls_failed = false;   // the handshake: without TLS it may go
  bool unreachable = false;  // there was no connection
};

/// "mx.b.example[192.0.2.1]:25"
[[nodiscard]] std::string relay_text(const std::string& host_name, const net::Endpoint& endpoint);
/// There is no connection to `relay`.
[[nodiscard]] ConnectionFailure unreachable(const std::string& relay, const Error& error);

class Connection {
 public:
  explicit Connection(ConnectionOptions options);

  /// Over a stream that has just been connected to `endpoint`: greets, starts TLS where offered; afterwards ready for
  /// transactions.
  [[nodiscard]] net::Task<std::expected<void, ConnectionFailure>> open(net::Endpoint endpoint, net::Stream stream);
  /// Connects to a Unix socket; then the same.
  [[nodiscard]] net::Task<std::expected<void, ConnectionFailure>> open_unix(std::string path);
  /// One message. What the server said is in the result, in whatever way it ended; usable() tells whether another
  /// transaction may follow.
  [[nodiscard]] net::Task<smtp::TransactionResult> send(smtp::Transaction transaction, const store::Message& message,
                                                        queue::Queue& queue);
  /// One command between two transactions, and its reply: for who wants to know something and sends nothing. What it
  /// began must be ended (RSET) before the next transaction.
  [[nodiscard]] net::Task<Result<smtp::Reply>> exchange(std::string command);
  /// QUIT where the session still stands, then the end of the connection.
  [[nodiscard]] net::Task<void> quit();

  /// Another transaction may be begun.
  [[nodiscard]] bool usable() const { return usable_ && !is_full() && failed_confirms_ < most_failed_confirms; }
  /// The session stands; it may have carried all that it may.
  [[nodiscard]] bool stands() const { return usable_; }
  /// The server takes us for the client of the last message.
  [[nodiscard]] bool speaks_for_client() const { return session_.speaks_for_client(); }
  [[nodiscard]] const std::optional<smtp::Reply>& xclient_refusal() const { return session_.xclient_refusal(); }
  /// RFC 9422: MAILMAX.
  [[nodiscard]] bool is_full() const { return features().mail_max && transactions_ >= *features().mail_max; }
  /// Usable, and since the last reply the server has neither said anything nor hung up. Asks the system, waits for
  /// nothing. Meant for a connection that was kept: from now on was_kept().
  [[nodiscard]] bool is_quiet();
  [[nodiscard]] bool was_kept() const { return was_kept_; }
  /// How many were begun.
  [[nodiscard]] std::size_t transactions() const { return transactions_; }
  /// The end of data (the final dot, or the last octets of a BDAT LAST) has been sent, or part of it: whether the
  /// server took the message, its reply alone can tell.
  [[nodiscard]] bool ended_data() const { return ended_data_; }
  [[nodiscard]] const smtp::Features& features() const { return session_.features(); }
  [[nodiscard]] bool tls() const { return session_.tls(); }
  [[nodiscard]] bool authenticated() const {
    return tls() && options_.check.by != net::PeerCheck::By::Nothing && options_.check.enforce;
  }
  /// The last transaction ended because the server announced CHUNKING and does not know BDAT.
  [[nodiscard]] bool refused_chunk() const { return refused_chunk_; }
  /// Why the last transaction has no answer for somebody, in words for who looks at the queue.
  [[nodiscard]] const std::string& lost_why() const { return lost_why_; }
  /// The server answered EHLO or HELO.
  [[nodiscard]] bool greeted() const { return session_.greeted(); }
  /// A handshake was begun, and failed.
  [[nodiscard]] bool handshake_failed() const { return handshake_failed_; }
  /// What was wrong with the server's certificate, as far as it was checked.
  [[nodiscard]] net::CertificateFault certificate_fault() const { return stream_.certificate_fault(); }
  /// What it means that the server took a recipient. LMTP delivers for good (RFC 2033 §4.2).
  [[nodiscard]] queue::Handover handover() const {
    if (features().dsn) return queue::Handover::PassedOn;
    return options_.smtp.lmtp ? queue::Handover::Mailbox : queue::Handover::Relayed;
  }
  /// As relay_text() has it, or "unix:/run/lmtp".
  [[nodiscard]] const std::string& relay() const { return relay_; }

 private:
  net::Task<std::expected<void, ConnectionFailure>> begin(net::Stream stream);
  net::Task<Result<smtp::ClientStep>> advance(smtp::ClientStep step);
  net::Task<Result<void>> start_tls();
  net::Task<Result<smtp::Reply>> read_reply(milliseconds timeout);
  [[nodiscard]] bool was_spoken_to() const;
  net::Task<Error> out_of_turn();
  net::Task<Result<smtp::ClientStep>> hear_out(Error error);
  void note_end();
  static net::Task<Result<std::optional<std::uint64_t>>> measure(StoredMessage& message);
  net::Task<Result<void>> send_message(const smtp::ClientStep& how, StoredMessage& message);
  net::Task<Result<void>> send_body(StoredMessage& message);
  net::Task<Result<void>> send_chunk(const std::string& command, StoredMessage& message);

  ConnectionOptions options_;
  smtp::ClientSession session_;
  net::Stream stream_;
  smtp::LineReader reader_;
  std::string buffer_;
  std::string relay_;
  smtp::Reply last_reply_;
  std::string lost_why_;
  static constexpr int most_failed_confirms = 2;  // CAS §9.3: the third one's reply would be hidden by 421

  std::size_t transactions_ = 0;
  int failed_confirms_ = 0;
  bool was_kept_ = false;
  bool usable_ = false;
  bool awaiting_final_ = false;
  bool ended_data_ = false;
  bool refused_chunk_ = false;
  bool tls_failed_ = false;
  bool handshake_failed_ = false;
};

}  // namespace cas::outbound
