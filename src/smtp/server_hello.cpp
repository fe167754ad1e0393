// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How a session begins: the greeting, EHLO and what it announces, HELO; STARTTLS and XCLIENT, after which everything
// begins anew.
#include <utility>

#include "smtp/server_session.hpp"

namespace cas::smtp {

Reply ServerSession::greeting() const {
  return {220, {}, options_.host.text() + " ESMTP"};
}

Step ServerSession::ehlo(std::string_view argument) {
  return greet(argument, true);
}

Step ServerSession::helo(std::string_view argument) {
  return greet(argument, false);
}

Step ServerSession::greet(std::string_view argument, bool extended) {
  auto name = parse_helo(argument);
  if (!name) return bad_command(Reply(501, {5, 5, 4}, "that is no host name"));  // RFC 5321 §4.1.4: the state stays
  session_.helo = *std::move(name);
  session_.extended = extended;
  clear_transaction();
  if (extended) return respond_idly(greet_extended());
  return respond_idly(Reply(250, {}, options_.host.text()));  // RFC 2034 §4: no enhanced code here
}

Reply ServerSession::greet_extended() const {
  Reply reply(250, {}, options_.host.text());
  auto& lines = reply.lines;
  lines.emplace_back("PIPELINING");
  lines.emplace_back("SIZE " + std::to_string(options_.limits.message));
  lines.emplace_back("8BITMIME");
  if (options_.offer_smtputf8) lines.emplace_back("SMTPUTF8");
  if (options_.offer_chunking) lines.emplace_back("CHUNKING");
  lines.emplace_back("ENHANCEDSTATUSCODES");
  lines.emplace_back("DSN");  // RFC 3461
  if (options_.offer_starttls && !session_.tls) lines.emplace_back("STARTTLS");
  if (options_.submission && session_.tls) {
    std::string& auth = lines.emplace_back("AUTH");  // the best first
    if (options_.offer_scram && session_.bindable) auth += " SCRAM-SHA-256-PLUS";
    if (options_.offer_scram) auth += " SCRAM-SHA-256";
    auth += " PLAIN LOGIN";
  }
  if (options_.offer_requiretls && session_.tls) lines.emplace_back("REQUIRETLS");  // RFC 8689 §2
  if (speaks_cas()) lines.emplace_back("CAS 1");
  if (front_) lines.emplace_back(xclient_keyword);
  return reply;
}

ServerSession::Check ServerSession::may_starttls() const {
  if (session_.tls) return Reply(503, {5, 5, 1}, "TLS is active already");
  if (!options_.offer_starttls) return Reply(502, {5, 5, 1}, "command not implemented");
  return {};
}

Step ServerSession::starttls(std::string_view) {
  clear_transaction();
  waiting_ = Waiting::Tls;
  return UpgradeTls{Reply(220, {2, 0, 0}, "ready to start TLS")};
}

Step ServerSession::on_no_tls(Reply reply) {
  expect(Waiting::Tls);
  return respond(std::move(reply));
}

void ServerSession::on_tls() {
  expect(Waiting::Tls);
  session_ = Session{.helo = {}, .extended = false, .tls = true, .user = {}, .bindable = false};  // RFC 3207 §4.2
  clear_transaction();
  waiting_ = Waiting::Line;
}

// Who may not use it learns nothing of it.
ServerSession::Check ServerSession::may_xclient() const {
  if (!front_) return Reply(500, {5, 5, 1}, "command not recognized");
  if (transaction_.mail) return Reply(503, {5, 5, 1}, "a transaction is under way");
  return {};
}

Step ServerSession::xclient(std::string_view argument) {
  auto client = parse_xclient(argument);
  if (!client) return bad_command(std::move(client).error());
  waiting_ = Waiting::Client;
  return AskClient{*client};
}

// Another client: neither who logged in before nor what the one before did wrong is this one's.
Step ServerSession::on_client(bool own_network) {
  expect(Waiting::Client);
  session_ = Session{.helo = {}, .extended = false, .tls = session_.tls, .user = {}, .bindable = false};
  counters_ = {};
  own_network_ = own_network;
  clear_transaction();
  return respond(greeting());
}

std::string ServerSession::protocol_word() const {
  if (!session_.extended) return "SMTP";
  const bool utf8 = transaction_.mail && transaction_.mail->smtputf8;
  std::string word = utf8 ? "UTF8SMTP" : "ESMTP";  // RFC 6531 §4.3, RFC 3848
  if (session_.tls) word += 'S';
  if (session_.user) word += 'A';
  return word;
}

}  // namespace cas::smtp
