// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// AUTH (RFC 4954), on submission and inside TLS only: PLAIN (RFC 4616), LOGIN (never a standard, but some programs know
// nothing else), and SCRAM-SHA-256 (RFC 7677), with and without channel binding, whose messages only pass through here.
#include <utility>

#include "base/encoding.hpp"
#include "smtp/server_session.hpp"

namespace cas::smtp {
namespace {

constexpr std::size_t longest = 255;       // of a name or a password
constexpr std::size_t most_responses = 8;  // in one exchange; SCRAM has three
constexpr std::string_view scram = "SCRAM-SHA-256";
constexpr std::string_view scram_plus = "SCRAM-SHA-256-PLUS";
constexpr std::string_view ask_name = "Username:";
constexpr std::string_view ask_password = "Password:";

std::optional<std::string> decoded(std::string_view response) {
  const auto octets = from_base64(response);
  if (!octets) return {};
  return std::string(reinterpret_cast<const char*>(octets->data()), octets->size());
}

bool is_credential(std::string_view text) {
  return text.size() <= longest && text.find('\0') == text.npos && is_utf8(text);
}

/// RFC 4616 §2: [authzid] NUL authcid NUL passwd. None when it is anything else.
std::optional<AskAuth> parse_plain(std::string_view response) {
  const auto message = decoded(response);
  if (!message) return {};
  const std::size_t first = message->find('\0');
  if (first == message->npos) return {};
  const std::size_t second = message->find('\0', first + 1);
  if (second == message->npos) return {};
  AskAuth ask{.authzid = message->substr(0, first),
              .authcid = message->substr(first + 1, second - first - 1),
              .password = message->substr(second + 1)};
  if (ask.authcid.empty() || ask.password.empty()) return {};
  if (!is_credential(ask.authzid) || !is_credential(ask.authcid) || !is_credential(ask.password)) return {};
  return ask;
}

}  // namespace

ServerSession::Check ServerSession::may_auth() const {
  if (!options_.submission) return Reply(502, {5, 5, 1}, "command not implemented");
  if (!session_.extended) return Reply(503, {5, 5, 1}, "say EHLO first");
  if (!session_.tls) return Reply(538, {5, 7, 11}, "encryption required");  // RFC 4954 §4: no password in the clear
  if (session_.user) return Reply(503, {5, 5, 1}, "authenticated already");
  if (transaction_.mail) return Reply(503, {5, 5, 1}, "not inside a mail transaction");
  return {};
}

std::optional<ServerSession::Mechanism> ServerSession::mechanism_of(std::string_view name) const {
  if (iequals(name, "PLAIN")) return Mechanism::Plain;
  if (iequals(name, "LOGIN")) return Mechanism::Login;
  if (options_.offer_scram && iequals(name, scram)) return Mechanism::Scram;
  if (options_.offer_scram && session_.bindable && iequals(name, scram_plus)) return Mechanism::ScramPlus;
  return {};
}

Step ServerSession::auth(std::string_view argument) {
  const std::string_view mechanism = argument.substr(0, argument.find(' '));
  const std::string_view initial = trim_wsp(argument.substr(mechanism.size()));
  const auto known = mechanism_of(mechanism);
  if (!known) return bad_command(Reply(504, {5, 5, 4}, "mechanism not offered"));
  exchange_ = {.mechanism = *known};
  // RFC 4954 §4: "=" is an initial response that is there and empty.
  if (!initial.empty()) return auth_response(initial == "=" ? std::string_view{} : initial);
  return challenge(exchange_.mechanism == Mechanism::Login ? ask_name : "");
}

Step ServerSession::challenge(std::string_view text) {
  waiting_ = Waiting::AuthLine;
  return ReadAuth{Reply(334, {}, base64(as_octets(text)))};
}

Step ServerSession::auth_response(std::string_view response) {
  if (response == "*") return bad_command(Reply(501, {5, 7, 0}, "authentication cancelled"));  // RFC 4954 §4
  ++exchange_.responses;
  switch (exchange_.mechanism) {
    case Mechanism::Plain: return plain_response(response);
    case Mechanism::Login: return login_response(response);
    case Mechanism::Scram:
    case Mechanism::ScramPlus: return scram_response(response);
  }
  std::unreachable();
}

Step ServerSession::plain_response(std::string_view response) {
  auto ask = parse_plain(response);
  if (!ask) return bad_command(Reply(501, {5, 5, 2}, "that is no PLAIN response"));
  asked_user_ = ask->authcid;
  waiting_ = Waiting::Auth;
  return *std::move(ask);
}

Step ServerSession::login_response(std::string_view response) {
  auto text = decoded(response);
  if (!text || text->empty() || !is_credential(*text)) {
    return bad_command(Reply(501, {5, 5, 2}, "that is no LOGIN response"));
  }
  if (!exchange_.name) {
    exchange_.name = *std::move(text);
    return challenge(ask_password);
  }
  asked_user_ = *std::move(exchange_.name);
  exchange_ = {};
  waiting_ = Waiting::Auth;
  return AskAuth{.authzid = {}, .authcid = asked_user_, .password = *std::move(text), .mechanism = "LOGIN"};
}

Step ServerSession::scram_response(std::string_view response) {
  auto text = decoded(response);
  if (!text) return bad_command(Reply(501, {5, 5, 2}, "that is no base64"));
  waiting_ = Waiting::Auth;
  const auto mechanism = exchange_.mechanism == Mechanism::ScramPlus ? scram_plus : scram;
  return AskSasl{.mechanism = mechanism, .response = *std::move(text), .first = exchange_.responses == 1};
}

Step ServerSession::on_challenge(std::string_view octets) {
  expect(Waiting::Auth);
  if (exchange_.responses >= most_responses) {
    return auth_answered(Reply(535, {5, 7, 8}, "authentication takes too many steps"));
  }
  return challenge(octets);
}

Step ServerSession::on_authenticated(std::string user, Reply reply) {
  expect(Waiting::Auth);
  asked_user_ = std::move(user);
  return auth_answered(std::move(reply));
}

Step ServerSession::auth_answered(Reply reply) {
  auto user = std::exchange(asked_user_, {});
  if (reply.code >= 200 && reply.code < 300) {
    session_.user = std::move(user);
    return respond(std::move(reply));
  }
  // Also those that were only put off: who goes on guessing while locked out costs log lines.
  if (++counters_.failed_auths >= options_.limits.failed_auths) {
    return close(Reply(421, {4, 7, 0}, "too many failed authentications"));
  }
  return respond(std::move(reply));
}

}  // namespace cas::smtp
