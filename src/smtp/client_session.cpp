// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The client's session: hello, TLS, and what each reply of an envelope leads to. Where the server's replies stop
// making sense, nothing is concluded from them: the connection is closed and the message tried again.
#include "smtp/client_session.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "base/encoding.hpp"
#include "smtp/dsn_parameters.hpp"

namespace cas::smtp {
namespace {

/// Commands in flight at once. Bounds what either side has to buffer, so that nobody waits for the other's reading
/// (RFC 2920 §3.1).
constexpr std::size_t largest_group = 200;

bool accepted(const Reply& reply) {
  return reply.code >= 200 && reply.code < 300;
}
bool refused(const Reply& reply) {
  return reply.code >= 400;
}
bool refused(const std::optional<Reply>& reply) {
  return reply && refused(*reply);
}

/// Text that becomes part of a command line. The types that addresses are made of hold no control characters; an
/// intent and a name from elsewhere must not bring any either.
void require_one_line(std::string_view text) {
  const bool clean =
      std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (!clean) throw std::logic_error("a command line holds a control character");
}

}  // namespace

std::optional<Reply> TransactionResult::outcome(std::size_t n) const {
  if (refused(mail)) return mail;
  if (refused(confirm)) return confirm;
  if (n >= rcpt.size() || !rcpt[n]) return {};
  if (refused(rcpt[n])) return rcpt[n];
  if (n < finals.size()) return finals[n];
  if (final) return final;
  if (refused(data)) return data;
  return {};
}

ClientSession::ClientSession(ClientOptions options) : options_(std::move(options)), tls_(options_.implicit_tls) {
  require_one_line(options_.helo);
}

ClientStep ClientSession::on_reply(const Reply& reply) {
  switch (phase_) {
    case Phase::Greeting: return on_greeting(reply);
    case Phase::Ehlo: return on_ehlo(reply);
    case Phase::Helo: return on_helo(reply);
    case Phase::StartTls: return on_starttls(reply);
    case Phase::Auth: return on_auth(reply);
    case Phase::Ready: return unusable(reply);
    case Phase::Xclient: return on_xclient(reply);
    case Phase::Envelope: return on_envelope_reply(reply);
    case Phase::Body:
      if (refused(reply)) result_.final = reply;
      return done_and_close();
    case Phase::Final: return on_final_reply(reply);
    case Phase::Quit: phase_ = Phase::Closed; return Bye{};
    case Phase::Tls:
    case Phase::Refused:
    case Phase::Closed: break;
  }
  throw std::logic_error("a reply to no command");
}

// ---- Hello ---------------------------------------------------------------------------------------------------------

ClientStep ClientSession::send_ehlo() {
  features_ = {};
  phase_ = Phase::Ehlo;
  return Send{(options_.lmtp ? "LHLO " : "EHLO ") + name() + "\r\n"};
}

/// Behind XCLIENT that of the client, whom we then speak for; our own where that is no name or address.
std::string ClientSession::name() const {
  constexpr std::string_view besides = ".-_:[]";
  const auto stands_in_names = [&](char c) { return is_alnum(c) || besides.contains(c); };
  const bool good =
      told_ && !name_refused_ && !told_->helo.empty() && std::ranges::all_of(told_->helo, stands_in_names);
  return good ? told_->helo : options_.helo;
}

ClientStep ClientSession::on_greeting(const Reply& reply) {
  return accepted(reply) ? send_ehlo() : unusable(reply);  // RFC 5321 §3.1
}

ClientStep ClientSession::on_ehlo(const Reply& reply) {
  if (refused(reply) && reply.code != 421 && name() != options_.helo) {  // a client's name is nothing to lose mail for
    name_refused_ = true;
    return send_ehlo();
  }
  const bool unknown = reply.code == 500 || reply.code == 502;
  if (unknown && !options_.lmtp) {  // RFC 5321 §3.2: a server from before 1995
    phase_ = Phase::Helo;
    return Send{"HELO " + name() + "\r\n"};
  }
  if (!accepted(reply)) return unusable(reply);
  greeted_ = true;
  features_ = parse_features(reply, tls_);
  if (features_.starttls && options_.use_starttls && !tls_) {
    phase_ = Phase::StartTls;
    return Send{"STARTTLS\r\n"};
  }
  return after_hello();
}

ClientStep ClientSession::on_helo(const Reply& reply) {
  if (!accepted(reply)) return unusable(reply);
  greeted_ = true;
  return after_hello();
}

ClientStep ClientSession::on_starttls(const Reply& reply) {
  if (accepted(reply)) {
    phase_ = Phase::Tls;
    return StartTls{};
  }
  if (reply.code == 421 || !refused(reply)) return unusable(reply);
  return after_hello();
}

ClientStep ClientSession::on_tls() {
  if (phase_ != Phase::Tls) throw std::logic_error("TLS that nobody asked for");
  tls_ = true;
  return send_ehlo();  // RFC 3207 §4.2
}

ClientStep ClientSession::after_hello() {
  if (options_.require_tls && !tls_)
    return unusable(Reply(454, {4, 7, 0}, "TLS is required here and not offered there"));
  if (options_.require_requiretls && !features_.requiretls)
    return unusable(Reply(550, {5, 7, 30}, "REQUIRETLS support required, and not offered there"));
  if (options_.auth) return send_auth();
  return ready();
}

ClientStep ClientSession::ready() {
  phase_ = Phase::Ready;
  if (!pending_) return Ready{};
  const Transaction transaction = *std::exchange(pending_, std::nullopt);
  return begin_now(transaction);
}

ClientStep ClientSession::send_auth() {
  if (!tls_) return unusable(Reply(454, {4, 7, 0}, "no password is given without TLS"));  // RFC 4954 §4
  if (std::ranges::find(features_.auth, "PLAIN") == features_.auth.end()) {
    return unusable(Reply(454, {4, 7, 0}, "AUTH PLAIN is not offered there"));
  }
  std::string secret;
  (secret += '\0') += options_.auth->user;
  (secret += '\0') += options_.auth->password;
  phase_ = Phase::Auth;
  return Send{"AUTH PLAIN " + base64(as_octets(secret)) + "\r\n"};
}

ClientStep ClientSession::on_auth(const Reply& reply) {
  return accepted(reply) ? ready() : unusable(reply);
}

ClientStep ClientSession::unusable(Reply reply) {
  phase_ = reply.code == 421 ? Phase::Closed : Phase::Refused;
  if (!refused(reply)) reply = Reply(451, {4, 5, 0}, "the server's reply does not fit: " + reply.summary());
  return Unusable{std::move(reply)};
}

ClientStep ClientSession::quit() {
  if (phase_ != Phase::Ready && phase_ != Phase::Refused) {
    phase_ = Phase::Closed;
    return Bye{};
  }
  phase_ = Phase::Quit;
  return Send{"QUIT\r\n"};
}

// ---- Envelope ------------------------------------------------------------------------------------------------------

ClientStep ClientSession::begin(Transaction transaction) {
  if (phase_ != Phase::Ready || transaction.to.empty()) throw std::logic_error("no transaction can begin here");
  result_ = {};
  result_.rcpt.resize(transaction.to.size());
  if (told_ && told_ != transaction.client) return unusable(Reply(451, {4, 3, 0}, "it speaks for another client"));
  if (options_.xclient && transaction.client && told_ != transaction.client) {
    const std::string command = xclient_command(*transaction.client, features_.xclient);
    if (command.empty()) xclient_refusal_ = Reply(502, {5, 5, 1}, "XCLIENT is not offered there");
    if (!command.empty()) {
      pending_ = std::move(transaction);
      phase_ = Phase::Xclient;
      return Send{command + "\r\n"};
    }
  }
  return begin_now(transaction);
}

// Refused: the message goes as it would without.
ClientStep ClientSession::on_xclient(const Reply& reply) {
  if (reply.code == 421 || (!accepted(reply) && !refused(reply))) return unusable(reply);
  if (refused(reply)) {
    xclient_refusal_ = reply;
    return ready();
  }
  told_ = pending_->client;
  name_refused_ = false;
  return send_ehlo();  // as behind a greeting
}

ClientStep ClientSession::begin_now(const Transaction& transaction) {
  commands_.clear();
  sent_ = answered_ = 0;
  chunk_.reset();
  if (features_.chunking && options_.use_chunking) chunk_ = transaction.chunk;
  result_.judged_here = !judge_locally(transaction);
  if (result_.judged_here) return done();
  build_commands(transaction);
  phase_ = Phase::Envelope;
  return send_group();
}

/// Whether the server can take the message at all; what it could not is written into the result (RFC 6152 §3,
/// RFC 6531 §3.2: without the extension the message is not sent).
bool ClientSession::judge_locally(const Transaction& transaction) {
  if (features_.size.value_or(0) > 0 && transaction.size > *features_.size) {  // RFC 1870 §5
    result_.mail = Reply(552, {5, 3, 4}, "the message is larger than the next server takes");
    return false;
  }
  if (transaction.eight_bit && !features_.eight_bit_mime) {
    result_.mail = Reply(554, {5, 6, 3}, "the message holds 8-bit octets, and the next server does not offer 8BITMIME");
    return false;
  }
  if (features_.smtputf8) return true;
  const Reply needs_smtputf8(553, {5, 6, 7}, "SMTPUTF8 is needed, and the next server does not offer it");
  const auto& sender = transaction.from.mailbox();
  if (transaction.smtputf8 || (sender && !sender->is_ascii())) {
    result_.mail = needs_smtputf8;
    return false;
  }
  bool any = false;
  for (std::size_t n = 0; n < transaction.to.size(); ++n) {
    if (transaction.to[n].is_ascii()) {
      any = true;
    } else {
      result_.rcpt[n] = needs_smtputf8;
    }
  }
  return any;
}

std::string ClientSession::mail_line(const Transaction& transaction) const {
  const auto& sender = transaction.from.mailbox();
  bool utf8 = transaction.smtputf8 || (sender && !sender->is_ascii());
  utf8 = utf8 || !std::ranges::all_of(transaction.to, &Mailbox::is_ascii);
  std::string line = "MAIL FROM:" + transaction.from.path();
  if (features_.size && transaction.size > 0) line += " SIZE=" + std::to_string(transaction.size);
  if (transaction.eight_bit) line += " BODY=8BITMIME";
  if (utf8 && features_.smtputf8) line += " SMTPUTF8";
  if (options_.require_requiretls) line += " REQUIRETLS";
  if (features_.dsn && transaction.ret == DsnReturn::Full) line += " RET=FULL";
  if (features_.dsn && transaction.ret == DsnReturn::Headers) line += " RET=HDRS";
  if (features_.dsn && !transaction.envid.empty()) line += " ENVID=" + xtext(transaction.envid);
  return line + "\r\n";
}

/// RFC 3461 §5.2.1: what was said is passed on, and nothing is added.
std::string ClientSession::rcpt_line(const Transaction& transaction, std::size_t n) const {
  std::string line = "RCPT TO:<" + transaction.to[n].wire() + '>';
  if (features_.dsn && n < transaction.wishes.size()) {
    const auto& [notify, orcpt] = transaction.wishes[n];
    require_one_line(orcpt);
    if (!notify.unspecified()) line += " NOTIFY=" + notify_text(notify);
    if (!orcpt.empty()) line += " ORCPT=" + orcpt;
  }
  return line + "\r\n";
}

void ClientSession::build_commands(const Transaction& transaction) {
  using Kind = Command::Kind;
  if (std::exchange(stale_, false)) commands_.push_back({Kind::Rset, 0, "RSET\r\n"});
  commands_.push_back({Kind::Mail, 0, mail_line(transaction)});
  if (transaction.confirm) {
    require_one_line(*transaction.confirm);
    commands_.push_back({Kind::Confirm, 0, "CONFIRM " + *transaction.confirm + "\r\n"});
  }
  for (std::size_t n = 0; n < transaction.to.size(); ++n) {
    if (!result_.rcpt[n]) commands_.push_back({Kind::Rcpt, n, rcpt_line(transaction, n)});
  }
  if (!chunk_) commands_.push_back({Kind::Data, 0, "DATA\r\n"});
}

ClientStep ClientSession::send_group() {
  const std::size_t group = features_.pipelining ? largest_group : 1;
  const std::size_t end = std::min(commands_.size(), sent_ + group);
  std::string octets;
  for (; sent_ < end; ++sent_) octets += commands_[sent_].octets;
  return Send{std::move(octets)};
}

ClientStep ClientSession::on_envelope_reply(const Reply& reply) {
  if (!record(commands_[answered_++], reply) || reply.code == 421) return done_and_close();
  if (answered_ < sent_) return ReadReply{};
  if (sent_ == commands_.size()) return after_envelope();
  if (hopeless()) return done();
  const bool only_data_left = commands_[sent_].kind == Command::Kind::Data;
  return only_data_left && !anybody() ? done() : send_group();
}

/// Writes the reply down. False when it cannot be the answer to this command.
bool ClientSession::record(const Command& command, const Reply& reply) {
  using Kind = Command::Kind;
  const bool fits = command.kind == Kind::Data ? reply.code == 354 : accepted(reply);
  if (!fits && !refused(reply)) return false;
  switch (command.kind) {
    case Kind::Rset: return fits;
    case Kind::Mail: result_.mail = reply; break;
    case Kind::Confirm: result_.confirm = reply; break;
    case Kind::Rcpt: result_.rcpt[command.recipient] = reply; break;
    case Kind::Data: result_.data = reply; break;
  }
  return true;
}

bool ClientSession::hopeless() const {
  return refused(result_.mail) || refused(result_.confirm);
}

bool ClientSession::anybody() const {
  return std::ranges::any_of(result_.rcpt, [](const auto& rcpt) { return rcpt && accepted(*rcpt); });
}

/// Every command was answered.
ClientStep ClientSession::after_envelope() {
  if (chunk_) {
    if (hopeless() || !anybody()) return done();  // CAS §5.6: no octet was sent, and none will be
    phase_ = Phase::Body;
    return SendChunk{"BDAT " + std::to_string(*chunk_) + " LAST\r\n"};
  }
  if (refused(result_.data)) return done();
  if (hopeless()) return done_and_close();  // 354 all the same: whose transaction would this body go into? (CAS §5.6)
  if (anybody()) {
    phase_ = Phase::Body;
    return SendBody{};
  }
  if (options_.lmtp) return done_and_close();  // RFC 2033 §4.2: 354 all the same, and no reply would come
  phase_ = Phase::Final;                       // RFC 2920 §3.1: no recipient is left, an empty message ends it
  return Send{".\r\n"};
}

ClientStep ClientSession::on_body_sent() {
  if (phase_ != Phase::Body) throw std::logic_error("a body that nobody asked for");
  phase_ = Phase::Final;
  if (options_.lmtp) result_.finals.resize(result_.rcpt.size());
  return ReadReply{};
}

/// RFC 2033 §4.2: in the order of those that were accepted.
ClientStep ClientSession::on_final_of_recipient(const Reply& reply) {
  const auto next = [this] {
    std::size_t n = 0;
    while (n < result_.finals.size() && (!result_.rcpt[n] || refused(result_.rcpt[n]) || result_.finals[n])) ++n;
    return n;
  };
  result_.finals.at(next()) = reply;
  if (reply.code == 421) return done_and_close();
  if (next() < result_.finals.size()) return ReadReply{};
  return done();
}

ClientStep ClientSession::on_final_reply(const Reply& reply) {
  if (!accepted(reply) && !refused(reply)) return done_and_close();
  if (options_.lmtp) return on_final_of_recipient(reply);
  result_.final = reply;
  // A server that does not know BDAT took the message for commands: whatever it says next answers none of ours.
  const bool unknown_verb = chunk_ && (reply.code == 500 || reply.code == 502);
  return reply.code == 421 || unknown_verb ? done_and_close() : done();
}

ClientStep ClientSession::done() {
  const bool ended = result_.final || !result_.finals.empty();
  stale_ = stale_ || (!commands_.empty() && !ended && !refused(result_.mail));
  phase_ = Phase::Ready;
  return TransactionDone{std::exchange(result_, {})};
}

ClientStep ClientSession::done_and_close() {
  phase_ = Phase::Closed;
  result_.must_close = true;
  return TransactionDone{std::exchange(result_, {})};
}

TransactionResult ClientSession::on_disconnect() {
  phase_ = Phase::Closed;
  result_.must_close = true;
  return std::exchange(result_, {});
}

}  // namespace cas::smtp
