// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See admin_client.hpp.
#include "cmd/admin_client.hpp"

#include <pwd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/config.hpp"
#include "base/encoding.hpp"
#include "cmd/terminal.hpp"
#include "http/client.hpp"

namespace cas::cmd {

namespace json = boost::json;
namespace fs = std::filesystem;

namespace {

constexpr const char* default_socket = "/run/cas/admin.sock";

Or<fs::path> find_socket(const AdminOptions& admin) {
  if (!admin.socket.empty()) return admin.socket;
  std::error_code fault;
  if (!admin.config && !fs::exists(default_config, fault)) return default_socket;
  auto socket = app::load_admin_socket(admin.config.value_or(default_config));
  if (socket) return *std::move(socket);
  for (const auto& error : socket.error()) complain(EX_CONFIG, error.text());
  return std::unexpected(Exit{EX_CONFIG});
}

std::unexpected<Exit> tell(const http::ClientFault& fault, const fs::path& socket) {
  const std::string where = printable(socket.string());
  switch (fault.kind) {
    case http::ClientFault::Kind::NotRunning:
      return leave(EX_UNAVAILABLE, "no server answers at " + where + " (" + printable(fault.reason) +
                                       "). Is it running? --socket or --config says where else to ask.");
    case http::ClientFault::Kind::NotPermitted:
      return leave(EX_NOPERM, "you may not use " + where + ": ask as root or as the user the server runs as");
    case http::ClientFault::Kind::Broken: break;
  }
  return leave(EX_UNAVAILABLE, "the server at " + where + " gave no answer: " + printable(fault.reason));
}

std::unexpected<Exit> refused(const json::object& answer, int status) {
  const auto* error = answer.if_contains("error");
  const std::string message = error == nullptr ? std::string() : text_of(object_of(*error), "message");
  const int code = status == 503 ? EX_TEMPFAIL : EX_DATAERR;
  return leave(code, message.empty() ? "the server refused with " + std::to_string(status) : message);
}

Or<json::object> read_object(const std::string& text) {
  json::error_code fault;
  const auto value = json::parse(text, fault);
  if (fault || !value.is_object()) return leave(EX_PROTOCOL, "the server's answer is no JSON object");
  return value.as_object();
}

}  // namespace

std::unexpected<Exit> leave(int code, const std::string& message) {
  complain(code, message);
  return std::unexpected(Exit{code});
}

Or<AdminClient> AdminClient::find(const AdminOptions& admin) {
  auto socket = find_socket(admin);
  if (!socket) return std::unexpected(socket.error());
  return AdminClient(*std::move(socket));
}

Or<http::Response> AdminClient::fetch(http::Request request) const {
  auto response = http::fetch(socket_, std::move(request));
  if (!response) return tell(response.error(), socket_);
  return *std::move(response);
}

Or<json::object> AdminClient::ask(http::Request request) const {
  const auto response = fetch(std::move(request));
  if (!response) return std::unexpected(response.error());
  auto object = read_object(response->body);
  if (!object || response->status == 200) return object;
  return refused(*object, response->status);
}

Or<std::string> AdminClient::octets(http::Request request) const {
  auto response = fetch(std::move(request));
  if (!response) return std::unexpected(response.error());
  if (response->status == 200) return std::move(response->body);
  const auto object = read_object(response->body);
  if (!object) return std::unexpected(object.error());
  return refused(*object, response->status);
}

std::string who() {
  const char* asked = std::getenv("SUDO_USER");
  if (asked != nullptr && *asked != 0) return asked;
  const passwd* user = ::getpwuid(::geteuid());
  return user == nullptr ? std::to_string(::geteuid()) : user->pw_name;
}

Or<json::object> ask(const AdminOptions& admin, http::Request request) {
  const auto client = AdminClient::find(admin);
  if (!client) return std::unexpected(client.error());
  return client->ask(std::move(request));
}

std::string text_of(const json::object& object, json::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return printable(std::string_view(value->as_string().data(), value->as_string().size()), 1024);
}

std::uint64_t number_of(const json::object& object, json::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr) return 0;
  json::error_code fault;
  const auto number = value->to_number<std::uint64_t>(fault);
  return fault ? 0 : number;
}

const json::array& array_of(const json::object& object, json::string_view key) {
  static const json::array empty;
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_array() ? value->as_array() : empty;
}

const json::object& object_of(const json::value& value) {
  static const json::object empty;
  return value.is_object() ? value.as_object() : empty;
}

int finish(bool printed) {
  return printed ? EX_OK : complain(EX_IOERR, "standard output cannot be written");
}

// "2026-11-23 19:00:00" of an RFC 3339 time.
std::string short_time(std::string time) {
  if (time.size() < 19) return "-";
  time.resize(19);
  time[10] = ' ';
  return time;
}

std::int64_t seconds_of(const std::string& time) {
  tm parts{};
  const int got = std::sscanf(time.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                              &parts.tm_hour, &parts.tm_min, &parts.tm_sec);
  if (got != 6) return 0;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return ::timegm(&parts);
}

}  // namespace cas::cmd
