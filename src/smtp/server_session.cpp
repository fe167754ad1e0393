// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The server's session: a table of commands, each checked against the state before it proceeds; the world's answers
// and what follows from them. AUTH stands in server_auth.cpp, BDAT in server_chunks.cpp, EHLO, STARTTLS and XCLIENT in
// server_hello.cpp.
#include "smtp/server_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace cas::smtp {
namespace {

enum class Argument { None, Optional, Required };

constexpr EnhancedCode ok{2, 0, 0};
constexpr EnhancedCode bad_sequence{5, 5, 1};
constexpr EnhancedCode bad_syntax{5, 5, 2};
constexpr EnhancedCode bad_arguments{5, 5, 4};

bool succeeded(const Reply& reply) {
  return reply.code >= 200 && reply.code < 300;
}

}  // namespace

struct ServerSession::Command {
  Verb verb;
  Argument argument;
  Check (ServerSession::*check)() const;
  Step (ServerSession::*proceed)(std::string_view argument);
};

const ServerSession::Command ServerSession::commands[] = {
    {Verb::Ehlo, Argument::Required, &ServerSession::may_always, &ServerSession::ehlo},
    {Verb::Helo, Argument::Required, &ServerSession::may_always, &ServerSession::helo},
    {Verb::Mail, Argument::Required, &ServerSession::may_mail, &ServerSession::mail_command},
    {Verb::Confirm, Argument::Required, &ServerSession::may_confirm, &ServerSession::confirm},
    {Verb::Rcpt, Argument::Required, &ServerSession::may_rcpt, &ServerSession::rcpt},
    {Verb::Data, Argument::None, &ServerSession::may_data, &ServerSession::data},
    {Verb::Bdat, Argument::Optional, &ServerSession::may_always, &ServerSession::bdat},
    {Verb::Rset, Argument::None, &ServerSession::may_always, &ServerSession::rset},
    {Verb::Noop, Argument::Optional, &ServerSession::may_always, &ServerSession::noop},
    {Verb::Quit, Argument::None, &ServerSession::may_always, &ServerSession::quit},
    {Verb::Vrfy, Argument::Required, &ServerSession::may_always, &ServerSession::vrfy},
    {Verb::Expn, Argument::Optional, &ServerSession::never, nullptr},
    {Verb::Help, Argument::Optional, &ServerSession::may_always, &ServerSession::help},
    {Verb::StartTls, Argument::None, &ServerSession::may_starttls, &ServerSession::starttls},
    {Verb::Auth, Argument::Required, &ServerSession::may_auth, &ServerSession::auth},
    {Verb::Xclient, Argument::Required, &ServerSession::may_xclient, &ServerSession::xclient},
};

Reply confirm_too_long() {
  return {500, bad_syntax, "[CAS:too-long] the CONFIRM line is too long"};
}

ServerSession::ServerSession(ServerOptions options) : options_(std::move(options)) {}

// ---- Lines ---------------------------------------------------------------------------------------------------------

Step ServerSession::on_connect(bool tls, bool own_network, std::optional<std::string> user) {
  expect(Waiting::Connect);
  session_.tls = tls;
  own_network_ = own_network;
  session_.user = std::move(user);
  return respond(greeting());
}

Step ServerSession::on_line(std::string_view line) {
  if (line.size() + 2 > line_limit()) return on_too_long_line(line);
  if (waiting_ == Waiting::AuthLine) return auth_response(line);
  expect(Waiting::Line);
  return on_command(line);
}

Step ServerSession::on_command(std::string_view line) {
  const CommandLine parsed = parse_command(line);
  if (parsed.verb != Verb::Confirm && line.size() + 2 > options_.limits.command_line) {
    if (parsed.verb == Verb::Bdat) return lost_chunk();
    return bad_command(Reply(500, bad_syntax, "line too long"));
  }
  const auto command = std::ranges::find(commands, parsed.verb, &Command::verb);
  if (command == std::end(commands)) return bad_command(Reply(500, bad_sequence, "command not recognized"));
  if (auto refusal = (this->*command->check)()) return refuse(parsed.verb, std::move(*refusal));
  if (command->argument == Argument::None && !parsed.argument.empty()) {
    return refuse(parsed.verb, Reply(501, bad_arguments, "this command has no argument"));
  }
  if (command->argument == Argument::Required && parsed.argument.empty()) {
    const bool confirm = parsed.verb == Verb::Confirm;  // CAS §15.2
    return refuse(
        parsed.verb,
        Reply(501, bad_arguments, confirm ? "[CAS:syntax] the intent is missing" : "this command needs an argument"));
  }
  return (this->*command->proceed)(parsed.argument);
}

Step ServerSession::refuse(Verb verb, Reply reply) {
  if (verb == Verb::Confirm) return failed_confirm(std::move(reply));
  return bad_command(std::move(reply));
}

Step ServerSession::on_too_long_line(std::string_view beginning) {
  if (waiting_ == Waiting::AuthLine) {  // RFC 4954 §4
    return bad_command(Reply(500, {5, 5, 6}, "authentication exchange line is too long"));
  }
  expect(Waiting::Line);
  const Verb verb = parse_command(beginning).verb;
  if (verb == Verb::Bdat) return lost_chunk();
  if (verb == Verb::Confirm && speaks_cas()) return failed_confirm(may_confirm().value_or(confirm_too_long()));
  clear_transaction();
  return bad_command(Reply(500, bad_syntax, "line too long"));
}

Step ServerSession::on_malformed_line() {
  if (waiting_ != Waiting::AuthLine) expect(Waiting::Line);
  return close(Reply(501, bad_syntax, "a line ends with CRLF and holds no other CR or LF, and no NUL"));
}

Step ServerSession::on_shutdown() {
  if (waiting_ != Waiting::AuthLine && waiting_ != Waiting::Connect) expect(Waiting::Line);
  return close(Reply(421, {4, 3, 2}, options_.host.text() + " is shutting down"));  // RFC 5321 §3.8
}

std::size_t ServerSession::line_limit() const {
  const Limits& limits = options_.limits;
  if (waiting_ == Waiting::AuthLine) return limits.auth_line;
  return speaks_cas() && transaction_.mail ? std::max(limits.confirm_line, limits.command_line) : limits.command_line;
}

// ---- Checks --------------------------------------------------------------------------------------------------------

ServerSession::Check ServerSession::may_mail() const {
  if (session_.helo.empty()) return Reply(503, bad_sequence, "say EHLO first");
  const bool stranger = options_.submission && !own_network_;
  if (stranger && !session_.tls) return Reply(530, {5, 7, 0}, "must issue a STARTTLS command first");  // RFC 3207 §4
  if (stranger && !session_.user) return Reply(530, {5, 7, 0}, "authentication required");             // RFC 4954 §6
  if (transaction_.mail) return Reply(503, bad_sequence, "nested MAIL command");
  return {};
}

ServerSession::Check ServerSession::may_confirm() const {
  if (!speaks_cas()) return Reply(502, bad_sequence, "command not implemented");
  if (!transaction_.mail) return Reply(503, bad_sequence, "[CAS:sequence] CONFIRM comes after MAIL");
  if (transaction_.confirmed) return Reply(503, bad_sequence, "[CAS:sequence] CONFIRM was given already");
  if (transaction_.asked_recipients > 0) return Reply(503, bad_sequence, "[CAS:sequence] CONFIRM comes before RCPT");
  return {};
}

ServerSession::Check ServerSession::may_rcpt() const {
  if (!transaction_.mail) return Reply(503, bad_sequence, "need MAIL first");
  if (transaction_.chunked) return Reply(503, bad_sequence, "RCPT comes before BDAT");
  return {};
}

ServerSession::Check ServerSession::may_data() const {
  if (transaction_.chunked) return Reply(503, bad_sequence, "not DATA after BDAT");  // RFC 3030 §2
  return may_transfer();
}

ServerSession::Check ServerSession::may_transfer() const {
  if (!transaction_.mail) return Reply(503, bad_sequence, "need MAIL first");
  if (transaction_.asked_recipients == 0) return Reply(503, bad_sequence, "need RCPT first");
  if (transaction_.recipients.empty()) return Reply(554, bad_sequence, "no valid recipients");  // RFC 5321 §3.3
  return {};
}

ServerSession::Check ServerSession::never() const {
  return Reply(502, bad_sequence, "command not implemented");
}

// ---- Commands ------------------------------------------------------------------------------------------------------

Step ServerSession::mail_command(std::string_view argument) {
  if (!own_network_ && counters_.transactions >= options_.limits.transactions) {
    return close(Reply(421, {4, 7, 0}, "too many transactions in one session"));
  }
  auto mail = parse_mail(argument, options_.offer_smtputf8 && session_.extended);
  if (mail && mail->auth && !options_.submission) {  // RFC 4954 §5 belongs to servers that offer AUTH
    mail = std::unexpected(Reply(555, bad_arguments, "parameter not recognized"));
  }
  if (mail && mail->require_tls && !(options_.offer_requiretls && session_.tls)) {  // RFC 8689 §2
    mail = std::unexpected(Reply(555, bad_arguments, "parameter not recognized"));
  }
  if (!mail) {
    forgive_group();
    return bad_command(std::move(mail).error());
  }
  ++counters_.transactions;
  if (mail->size && *mail->size > options_.limits.message) {  // RFC 1870 §6.1
    forgive_group();
    return respond(Reply(552, {5, 3, 4}, "message is larger than this server takes"));
  }
  asked_mail_ = *mail;
  waiting_ = Waiting::Mail;
  return AskMail{*std::move(mail)};
}

Step ServerSession::confirm(std::string_view argument) {
  waiting_ = Waiting::Confirm;
  return AskConfirm{std::string(argument)};
}

Step ServerSession::rcpt(std::string_view argument) {
  if (transaction_.asked_recipients >= options_.limits.recipients) {  // RFC 5321 §4.5.3.1.10
    return respond(Reply(452, {4, 5, 3}, "too many recipients"));
  }
  auto rcpt = parse_rcpt(argument, transaction_.mail->smtputf8, options_.host);
  ++transaction_.asked_recipients;
  if (!rcpt) return bad_command(std::move(rcpt).error());
  asked_rcpt_ = rcpt->to;
  waiting_ = Waiting::Rcpt;
  return AskRcpt{*std::move(rcpt)};
}

Step ServerSession::data(std::string_view) {
  waiting_ = Waiting::Body;
  return ReadBody{Reply(354, {}, "end the message with a dot on a line of its own")};
}

Step ServerSession::rset(std::string_view) {
  clear_transaction();
  return respond_idly(Reply(250, ok, "ok"));
}

Step ServerSession::noop(std::string_view) {
  return respond_idly(Reply(250, ok, "ok"));
}

Step ServerSession::quit(std::string_view) {
  return close(Reply(221, ok, options_.host.text() + " bye"));
}

Step ServerSession::vrfy(std::string_view) {  // RFC 5321 §3.5.3, §7.3: nobody is told who lives here
  return respond_idly(Reply(252, ok, "send some mail and see"));
}

Step ServerSession::help(std::string_view) {
  return respond_idly(Reply(214, ok, "see RFC 5321"));
}

// ---- The world's answers -------------------------------------------------------------------------------------------

Step ServerSession::on_answer(Reply reply) {
  switch (waiting_) {
    case Waiting::Mail: return mail_answered(std::move(reply));
    case Waiting::Confirm: return confirm_answered(std::move(reply));
    case Waiting::Rcpt: return rcpt_answered(std::move(reply));
    case Waiting::Auth: return auth_answered(std::move(reply));
    default: throw std::logic_error("an answer to no question");
  }
}

Step ServerSession::mail_answered(Reply reply) {
  auto mail = std::exchange(asked_mail_, {});
  if (succeeded(reply)) {
    transaction_.mail = std::move(mail);
    counters_.forgiven = 0;
  } else {
    clear_transaction();
    forgive_group();
  }
  return respond(std::move(reply));
}

Step ServerSession::confirm_answered(Reply reply) {
  if (!succeeded(reply)) return failed_confirm(std::move(reply));
  transaction_.confirmed = true;
  return respond(std::move(reply));
}

Step ServerSession::rcpt_answered(Reply reply) {
  auto recipient = std::exchange(asked_rcpt_, {});
  if (succeeded(reply)) transaction_.recipients.push_back(*std::move(recipient));
  return respond(std::move(reply));
}

Step ServerSession::on_body(Reply reply) {
  expect(Waiting::Body);
  clear_transaction();
  if (succeeded(reply)) counters_.idle_commands = 0;
  return respond(std::move(reply));
}

// ---- Consequences --------------------------------------------------------------------------------------------------

Step ServerSession::respond(Reply reply) {
  if (reply.code == 421) return close(std::move(reply));  // RFC 5321 §3.8
  waiting_ = Waiting::Line;
  return Respond{.reply = std::move(reply), .close = false};
}

/// Commands that are right and lead to nothing cost us as much as others.
Step ServerSession::respond_idly(Reply reply) {
  if (++counters_.idle_commands > options_.limits.idle_commands) {
    return close(Reply(421, {4, 7, 0}, "too many commands without a message"));
  }
  return respond(std::move(reply));
}

Step ServerSession::close(Reply reply) {
  clear_transaction();
  waiting_ = Waiting::Closed;
  return Respond{.reply = std::move(reply), .close = true};
}

/// A command that should not have come, unless a pipelining client could not yet know (RFC 2920 §3.1). Addresses that
/// cannot be (553), messages left without recipients (554) and those that are too large (552) are the sender's
/// misfortune, not the client's fault.
Step ServerSession::bad_command(Reply reply) {
  if (reply.code >= 552 && reply.code <= 554) return respond(std::move(reply));
  if (reply.code == 503 && counters_.forgiven > 0) {
    --counters_.forgiven;
    return respond(std::move(reply));
  }
  if (++counters_.bad_commands >= options_.limits.bad_commands) {
    return close(Reply(421, {4, 7, 0}, "too many errors"));
  }
  return respond(std::move(reply));
}

/// CAS §5.4, the poison rule: the transaction is gone as after RSET, so the RCPT, DATA and BDAT of the group get 503.
Step ServerSession::failed_confirm(Reply reply) {
  const bool consequence = reply.code == 503 && !transaction_.mail && counters_.forgiven > 0;
  clear_transaction();
  if (consequence) {  // its MAIL was refused: nothing was judged
    --counters_.forgiven;
    return respond(std::move(reply));
  }
  forgive_group();
  if (++counters_.failed_confirms >= options_.limits.failed_confirms) {  // CAS §5.4
    return close(Reply(421, {4, 7, 0}, "too many failed CONFIRM commands"));
  }
  return respond(std::move(reply));
}

void ServerSession::forgive_group() {
  counters_.forgiven = options_.limits.recipients + 2;
}  // CONFIRM RCPT* DATA, or as many BDAT

void ServerSession::clear_transaction() {
  transaction_ = {};
  ++serial_;
}

void ServerSession::expect(Waiting waiting) const {
  if (waiting_ != waiting) throw std::logic_error("the SMTP session waits for something else");
}

}  // namespace cas::smtp
