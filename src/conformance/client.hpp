// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One connection to the target: sends exactly what it is given, reads whole replies, each within a deadline, and writes
// the dialog down.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/reply_pattern.hpp"
#include "net/stream.hpp"
#include "smtp/line_reader.hpp"

namespace cas::conformance {

struct ClientOptions {
  net::Endpoint endpoint;
  std::string server_name;  // for SNI, and for the certificate where it is verified
  net::TlsContext tls;
  std::string helo = "cas-conformance.invalid";
  milliseconds timeout{30000};  // for connecting, and for each reply
};

/// What was said on all connections since the last clear(), and which replies had texts to advise on. Bounded.
struct Dialog {
  std::vector<std::string> lines;
  std::vector<std::string> advice;
  void note(std::string line);
  void advise(const std::string& about);
};

class Client {
 public:
  Client(ClientOptions options, Dialog& dialog);

  /// Greeting and EHLO, with `tls` STARTTLS and EHLO again. A fault is Lost, but Fails where STARTTLS is not offered.
  [[nodiscard]] net::Task<Outcome> open(bool tls);
  [[nodiscard]] net::Task<Checked<smtp::Reply>> ask(std::string line);
  /// All lines in one write, then one reply for each.
  [[nodiscard]] net::Task<Checked<std::vector<smtp::Reply>>> group(std::vector<std::string> lines);
  [[nodiscard]] net::Task<Outcome> say(std::string octets);
  [[nodiscard]] net::Task<Checked<smtp::Reply>> hear();
  /// Whether the target closes the connection and says nothing more.
  [[nodiscard]] net::Task<bool> is_closed();
  /// QUIT where the session still stands, then the end of the connection.
  [[nodiscard]] net::Task<void> quit();
  /// Closes at once, whatever the session is in the middle of.
  void abandon();

  /// The reply to the last EHLO.
  [[nodiscard]] const smtp::Reply& hello() const { return hello_; }
  /// "CHUNKING", in any case; or with one of its parameters: "CAS 1" (CAS §5.1).
  [[nodiscard]] bool offers(std::string_view keyword) const;
  [[nodiscard]] bool usable() const { return usable_; }
  /// The target ended the connection, in an orderly way or not.
  [[nodiscard]] bool hung_up() const { return hung_up_; }
  [[nodiscard]] std::size_t failed_confirms() const { return failed_confirms_; }
  [[nodiscard]] std::size_t refusals() const { return refusals_; }

 private:
  [[nodiscard]] net::Task<Outcome> upgrade();
  void note(std::string_view line, const smtp::Reply& reply);
  /// Nothing more is heard: how a read that gave nothing ended.
  void note_end(const Result<std::size_t>& received);

  ClientOptions options_;
  Dialog& dialog_;
  net::Stream stream_;
  smtp::LineReader reader_;
  std::string buffer_;
  smtp::Reply hello_;
  bool usable_ = false;
  bool hung_up_ = false;
  std::size_t failed_confirms_ = 0;
  std::size_t refusals_ = 0;  // commands answered 5xx
};

}  // namespace cas::conformance
