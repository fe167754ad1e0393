// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas queue`, `cas trace`, `cas status`: clients of the admin API.
#include <sysexits.h>

#include <boost/json.hpp>

#include "app/config.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/terminal.hpp"
#include "http/client.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

constexpr const char* default_socket = "/run/cas/admin.sock";

/// Ends a subcommand: what was to be said is said already.
struct Exit {
  int code;
};
template <class T>
using Or = std::expected<T, Exit>;

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

/// The server's answer; what it refuses is told with its own words.
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

// "2026-11-23 19:00:00" of an RFC 3339 time.
std::string short_time(std::string time) {
  if (time.size() < 19) return "-";
  time.resize(19);
  time[10] = ' ';
  return time;
}

// ---- The queue ----

void add_rows(const json::object& message, std::vector<std::vector<std::string>>& rows) {
  std::string id = text_of(message, "id");
  std::string arrived = short_time(text_of(message, "arrived"));
  std::string size = size_text(number_of(message, "size"));
  std::string sender = "<" + text_of(message, "sender") + ">";
  for (const auto& value : array_of(message, "recipients")) {
    const auto& recipient = object_of(value);
    const std::string state = text_of(recipient, "state");
    const std::string next = state == "waiting" ? short_time(text_of(recipient, "next_attempt")) : state;
    std::string reply = text_of(recipient, "last_reply");
    rows.push_back({id, arrived, size, sender, "<" + text_of(recipient, "address") + ">",
                    std::to_string(number_of(recipient, "attempts")), next, reply.empty() ? "-" : reply});
    id = arrived = size = sender = "";  // once a message
  }
}

Or<json::array> all_messages(const AdminOptions& admin) {
  json::array messages;
  std::string after;
  while (true) {
    http::Request request{.path = "/v1/queue", .query = {{"limit", "500"}}};
    if (!after.empty()) request.query["after"] = after;
    auto page = ask(admin, std::move(request));
    if (!page) return std::unexpected(page.error());
    for (const auto& message : array_of(*page, "messages")) messages.push_back(message);
    const std::string next = text_of(*page, "next");
    if (next.empty() || next <= after) return messages;
    after = next;
  }
}

}  // namespace

int list_queue(const AdminOptions& admin) {
  const auto messages = all_messages(admin);
  if (!messages) return messages.error().code;
  if (admin.json) {
    json::object object;
    object["messages"] = *messages;
    return finish(print(json::serialize(object) + "\n"));
  }
  if (messages->empty()) return finish(print("The queue is empty.\n"));
  std::vector<std::vector<std::string>> rows{
      {"ID", "ARRIVED", "SIZE", "FROM", "TO", "TRIES", "NEXT (UTC)", "LAST REPLY"}};
  for (const auto& message : *messages) add_rows(object_of(message), rows);
  const std::string count = std::to_string(messages->size()) + (messages->size() == 1 ? " message\n" : " messages\n");
  return finish(print(table(rows) + count));
}

int retry_queue(const AdminOptions& admin, const std::string& id) {
  http::Request request{.method = "POST", .path = "/v1/queue/retry"};
  if (!id.empty()) request.query["id"] = id;
  const auto answer = ask(admin, std::move(request));
  if (!answer) return answer.error().code;
  if (admin.json) return finish(print(json::serialize(*answer) + "\n"));
  const auto recipients = number_of(*answer, "recipients");
  return finish(
      print(std::to_string(recipients) + (recipients == 1 ? " recipient is" : " recipients are") + " tried now.\n"));
}

// ---- Traces and status ----

int show_trace(const AdminOptions& admin, const std::string& id) {
  http::Request request{.path = "/v1/trace/" + id};
  const auto answer = ask(admin, std::move(request));
  if (!answer) return answer.error().code;
  if (admin.json) return finish(print(json::serialize(*answer) + "\n"));
  std::vector<std::vector<std::string>> rows{{"TIME (UTC)", "ID", "EVENT", "WHAT"}};
  for (const auto& value : array_of(*answer, "events")) {
    const auto& event = object_of(value);
    std::string what;
    if (const auto* fields = event.if_contains("fields"); fields != nullptr && fields->is_object()) {
      for (const auto& [key, field] : fields->as_object()) {
        if (!what.empty()) what += "  ";
        what += printable(std::string_view(key.data(), key.size()), 64) + "=" + text_of(fields->as_object(), key);
      }
    }
    std::string at = text_of(event, "at");
    if (at.size() == 24) at = short_time(at) + at.substr(19, 4);
    const std::string queue_id = text_of(event, "queue_id");
    rows.push_back({at, queue_id.empty() ? text_of(event, "trace") : queue_id, text_of(event, "event"), what});
  }
  return finish(print(table(rows)));
}

int show_status(const AdminOptions& admin) {
  const auto answer = ask(admin, http::Request{.path = "/v1/status"});
  if (!answer) return answer.error().code;
  if (admin.json) return finish(print(json::serialize(*answer) + "\n"));
  const auto due = [&](json::string_view key) {
    const std::string at = text_of(*answer, key);
    return at.empty() ? std::string("nothing waits") : short_time(at);
  };
  std::vector<std::vector<std::string>> rows{{"host", text_of(*answer, "host")},
                                             {"version", text_of(*answer, "version")},
                                             {"process", std::to_string(number_of(*answer, "pid"))},
                                             {"since (UTC)", short_time(text_of(*answer, "started"))}};
  for (const auto& place : array_of(*answer, "listening")) {
    if (place.is_string()) rows.push_back({"listens on", printable(place.as_string().c_str(), 100)});
  }
  rows.push_back({"next local delivery", due("next_local")});
  rows.push_back({"next remote delivery", due("next_remote")});
  rows.push_back({"events remembered", std::to_string(number_of(*answer, "trace_events"))});
  rows.push_back({"log lines dropped", std::to_string(number_of(*answer, "log_lines_dropped"))});
  return finish(print(table(rows)));
}

}  // namespace cas::cmd
