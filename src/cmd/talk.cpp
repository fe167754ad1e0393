// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas trace` and `cas status`: clients of the admin API.
#include "cmd/admin_client.hpp"
#include "cmd/terminal.hpp"

#include "base/encoding.hpp"

namespace cas::cmd {

namespace json = boost::json;

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
