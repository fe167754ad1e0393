// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas queue`, `cas trace`, `cas status`: clients of the admin API.
#include <sysexits.h>

#include <boost/json.hpp>

#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/commands.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

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
