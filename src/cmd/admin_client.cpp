// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See admin_client.hpp.
#include "cmd/admin_client.hpp"

#include <sysexits.h>

#include "app/config.hpp"
#include "base/encoding.hpp"
#include "cmd/terminal.hpp"
#include "http/client.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr const char* default_socket = "/run/cas/admin.sock";

std::unexpected<Exit> leave(int code, const std::string& message) {
  complain(code, message);
  return std::unexpected(Exit{code});
}

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

}  // namespace

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

Or<json::object> ask(const AdminOptions& admin, http::Request request) {
  const auto socket = find_socket(admin);
  if (!socket) return std::unexpected(socket.error());
  const auto response = http::fetch(*socket, std::move(request));
  if (!response) return tell(response.error(), *socket);
  json::error_code fault;
  const auto value = json::parse(response->body, fault);
  if (fault || !value.is_object()) return leave(EX_PROTOCOL, "the server's answer is no JSON object");
  if (response->status == 200) return value.as_object();
  const auto* error = value.as_object().if_contains("error");
  const std::string message = error == nullptr ? std::string() : text_of(object_of(*error), "message");
  const int code = response->status == 503 ? EX_TEMPFAIL : EX_DATAERR;
  return leave(code, message.empty() ? "the server refused with " + std::to_string(response->status) : message);
}

int finish(bool printed) {
  return printed ? EX_OK : complain(EX_IOERR, "standard output cannot be written");
}

std::string short_time(std::string time) {
  if (time.size() < 19) return "-";
  time.resize(19);
  time[10] = ' ';
  return time;
}

}  // namespace cas::cmd
