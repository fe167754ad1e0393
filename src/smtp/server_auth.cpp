// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// AUTH PLAIN (RFC 4954, RFC 4616), on submission and inside TLS only.
#include <utility>

#include "base/encoding.hpp"
#include "smtp/server_session.hpp"

namespace cas::smtp {
namespace {

/// RFC 4616 §2: [authzid] NUL authcid NUL passwd. None when it is anything else.
std::optional<AskAuth> parse_plain(std::string_view response) {
  constexpr std::size_t longest = 255;
  const auto octets = from_base64(response);
  if (!octets) return {};
  const std::string_view message(reinterpret_cast<const char*>(octets->data()), octets->size());
  const std::size_t first = message.find('\0');
  if (first == message.npos) return {};
  const std::size_t second = message.find('\0', first + 1);
  if (second == message.npos) return {};
  const std::string_view authzid = message.substr(0, first);
  const std::string_view authcid = message.substr(first + 1, second - first - 1);
  const std::string_view password = message.substr(second + 1);
  if (authcid.empty() || password.empty() || password.find('\0') != password.npos) return {};
  for (const auto part : {authzid, authcid, password}) {
    if (part.size() > longest || !is_utf8(part)) return {};
  }
  return AskAuth{.authzid = std::string(authzid), .authcid = std::string(authcid), .password = std::string(password)};
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

Step ServerSession::auth(std::string_view argument) {
  const std::string_view mechanism = argument.substr(0, argument.find(' '));
  const std::string_view initial = trim_wsp(argument.substr(mechanism.size()));
  if (!iequals(mechanism, "PLAIN")) return bad_command(Reply(504, {5, 5, 4}, "mechanism not offered"));
  if (!initial.empty()) return auth_response(initial == "=" ? std::string_view{} : initial);
  waiting_ = Waiting::AuthLine;
  return ReadAuth{Reply(334, {}, "")};
}

Step ServerSession::auth_response(std::string_view response) {
  if (response == "*") return bad_command(Reply(501, {5, 7, 0}, "authentication cancelled"));  // RFC 4954 §4
  auto ask = parse_plain(response);
  if (!ask) return bad_command(Reply(501, {5, 5, 2}, "that is no PLAIN response"));
  asked_user_ = ask->authcid;
  waiting_ = Waiting::Auth;
  return *std::move(ask);
}

Step ServerSession::auth_answered(Reply reply) {
  auto user = std::exchange(asked_user_, {});
  if (reply.code >= 200 && reply.code < 300) {
    session_.user = std::move(user);
    return respond(std::move(reply));
  }
  if (reply.permanent() && ++counters_.failed_auths >= options_.limits.failed_auths) {
    return close(Reply(421, {4, 7, 0}, "too many failed authentications"));
  }
  return respond(std::move(reply));
}

}  // namespace cas::smtp
