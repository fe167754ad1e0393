// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// An SMTP client of the demo's own, which says whatever it is told to: a mail program, and a forger. It shares nothing
// with the client that is shown, so that what is shown is not one program agreeing with itself.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "confirm/intent.hpp"
#include "net/stream.hpp"

namespace cas::cmd {

struct Login {
  std::string user;
  std::string password;
};

/// One session: greeting, EHLO, STARTTLS and EHLO again, AUTH, then `commands`, then the message if a command got 354.
struct Script {
  net::Endpoint server;
  std::string helo = "client.example";
  std::optional<Login> login;
  std::vector<std::string> commands;  // without CRLF: MAIL, CONFIRM, RCPT, DATA
  std::string
      wire_body;  // as on the wire; by DATA with the final dot (empty: only that), by BDAT as the last command says
  bool pipelined = true;  // all commands in one write (RFC 2920); otherwise one by one
};

struct Answer {
  int code = 0;
  std::string text;  // all lines, as on the wire without CRLF, joined by a space
};

struct Played {
  std::vector<Answer> answers;    // one for each command, in order
  std::optional<Answer> message;  // what was said after the final dot; none when no 354 came
};

/// Plays it on the executor's thread while the caller, another thread, waits. Transient error when the connection, TLS
/// or AUTH failed. Every step has a deadline.
[[nodiscard]] Result<Played> play(const net::Executor& executor, Script script);

/// A small message with CRLF line ends: From, To, Subject, Date, Message-ID and one paragraph.
struct Letter {
  std::string from, to, subject, text;
};
[[nodiscard]] std::string compose(const Letter& letter, TimePoint now, Random& random);
/// Dots doubled, final dot added (RFC 5321 §4.5.2).
[[nodiscard]] std::string to_wire(std::string_view message);

/// Who claims what in an intent that the demo signs itself; unlike the gateway, it signs whatever it is told to.
struct Claim {
  std::string signing_domain;
  std::string author;
  std::string envelope_from;
  std::string recipient;
};
/// "CONFIRM v=CAS1;..." for the message, with a fresh id, valid for an hour.
[[nodiscard]] Result<std::string> confirm_command(const Claim& claim, std::string_view message,
                                                  const crypto::PrivateKey& key, TimePoint now, Random& random);

/// MAIL, the CONFIRM command if any, RCPT, DATA.
[[nodiscard]] std::vector<std::string> transaction(const std::string& from, const std::string& confirm,
                                                   const std::string& to);

}  // namespace cas::cmd
