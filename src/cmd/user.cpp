// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas user`: who may submit mail, and as whom. Passwords are hashed here and never leave this process.
#include "cmd/user.hpp"

#include <sysexits.h>

#include <array>

#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/password_input.hpp"
#include "cmd/terminal.hpp"
#include "crypto/password.hpp"
#include "net/system.hpp"
#include "registry/sasl.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr const char* path = "/v1/users";
constexpr std::size_t longest_password = 255;  // octets; what a login may hold

json::array array_of_words(const std::vector<std::string>& words) {
  json::array array;
  for (const auto& word : words) array.emplace_back(word);
  return array;
}

/// Reads the password and puts what is kept of it into the request.
Or<void> put_secret(const UserOptions& options, json::object& body) {
  if (!options.password_stdin && !stdin_is_terminal()) {
    return leave(EX_USAGE, "standard input is no terminal: say --password-stdin to read the password from it");
  }
  const auto password = read_password(longest_password);
  if (!password) return std::unexpected(password.error());
  const auto prepared = registry::prepare_password(*password);
  if (!prepared || prepared->empty() || !is_utf8(*password)) {
    return leave(EX_DATAERR, "the password is no UTF-8, or holds characters that no password may (RFC 4013)");
  }
  const auto hash = crypto::hash_password(*prepared);
  if (!hash) return leave(EX_OSERR, hash.error().private_reason);
  body["password"] = *hash;
  if (!options.scram) return {};
  std::array<std::uint8_t, registry::scram_salt> salt{};
  net::SystemRandom().fill(salt);
  const auto verifier = registry::make_scram_verifier(
      *password, std::string_view(reinterpret_cast<const char*>(salt.data()), salt.size()));
  if (!verifier) return leave(EX_OSERR, verifier.error().private_reason);
  body["scram"] = verifier->text();
  return {};
}

http::Request post(const std::string& what, const json::object& body) {
  return {.method = "POST", .path = path + what, .query = {{"by", who()}}, .body = json::serialize(body)};
}

std::string rights_of(const json::object& user) {
  std::string rights;
  for (const auto& right : array_of(user, "send_as")) {
    if (right.is_string()) rights += (rights.empty() ? "" : " ") + printable(right.as_string(), 512);
  }
  return rights;
}

bool flag(const json::object& user, std::string_view key) {
  const auto* value = user.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

int tell(const UserOptions& options, const Or<json::object>& user, const std::string& words) {
  if (!user) return user.error().code;
  if (options.admin.json) return finish(print(json::serialize(*user) + "\n"));
  return finish(print(text_of(*user, "name") + " " + words + ".\n"));
}

Or<json::array> all_users(const AdminOptions& admin) {
  const auto client = AdminClient::find(admin);
  if (!client) return std::unexpected(client.error());
  json::array all;
  for (std::string after; true;) {
    http::Request request{.path = path, .query = {{"limit", "500"}}};
    if (!after.empty()) request.query["after"] = after;
    const auto page = client->ask(std::move(request));
    if (!page) return std::unexpected(page.error());
    for (const auto& user : array_of(*page, "users")) all.push_back(user);
    const auto* next = page->if_contains("next");
    if (next == nullptr || !next->is_string() || next->as_string() <= json::string_view(after)) return all;
    after = std::string(next->as_string());
  }
}

std::string login_words(const json::object& user) {
  if (flag(user, "disabled")) return "disabled";
  return flag(user, "scram") ? "password, scram" : "password";
}

}  // namespace

int add_user(const UserOptions& options) {
  json::object body;
  body["name"] = options.name;
  if (!options.send_as.empty()) body["send_as"] = array_of_words(options.send_as);
  if (auto put = put_secret(options, body); !put) return put.error().code;
  const auto user = ask(options.admin, post("", body));
  return tell(options, user, user ? "may log in, and send as " + rights_of(*user) : "");
}

int set_password(const UserOptions& options) {
  json::object body;
  body["name"] = options.name;
  if (auto put = put_secret(options, body); !put) return put.error().code;
  return tell(options, ask(options.admin, post("/password", body)),
              std::string("has a new password") + (options.scram ? ", for SCRAM too" : "; SCRAM is off for this user"));
}

int remove_user(const UserOptions& options) {
  http::Request request{.method = "DELETE", .path = path, .query = {{"name", options.name}, {"by", who()}}};
  return tell(options, ask(options.admin, std::move(request)), "may not log in any more");
}

int enable_user(const UserOptions& options, bool enabled) {
  json::object body;
  body["name"] = options.name;
  return tell(options, ask(options.admin, post(enabled ? "/enable" : "/disable", body)),
              enabled ? "may log in" : "may not log in until enabled again");
}

int change_send_as(const UserOptions& options) {
  json::object body;
  body["name"] = options.name;
  if (options.added.empty() && options.removed.empty()) {
    return complain(EX_USAGE, "say what changes: --add ADDRESS, --remove ADDRESS; `cas user list` shows what is");
  }
  body["add"] = array_of_words(options.added);
  body["remove"] = array_of_words(options.removed);
  const auto user = ask(options.admin, post("/send-as", body));
  return tell(options, user, user ? "may send as " + rights_of(*user) : "");
}

int list_users(const UserOptions& options) {
  auto users = all_users(options.admin);
  if (!users) return users.error().code;
  if (options.admin.json) {
    json::object object;
    object["users"] = *std::move(users);
    return finish(print(json::serialize(object) + "\n"));
  }
  if (users->empty()) return finish(print("Nobody may log in: cas user add\n"));
  std::vector<std::vector<std::string>> rows{{"NAME", "LOGS IN BY", "SINCE (UTC)", "MADE BY", "MAY SEND AS"}};
  for (const auto& value : *users) {
    const auto& user = object_of(value);
    const bool configured = flag(user, "configured");
    rows.push_back({text_of(user, "name"), login_words(user), configured ? "-" : short_time(text_of(user, "created")),
                    configured ? "configuration file" : text_of(user, "by"), rights_of(user)});
  }
  return finish(print(table(rows)));
}

}  // namespace cas::cmd
