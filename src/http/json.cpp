// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Structs to JSON.
#include "http/json.hpp"

#include <boost/json.hpp>
#include <cstdio>

#include "base/encoding.hpp"
#include "http/json_text.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

json::object event_object(const RecordedEvent& recorded) {
  const auto& event = recorded.event;
  json::object fields;
  for (const auto& [key, raw] : event.fields) {
    const std::string value = printable(raw, max_value);
    const auto [place, added] = fields.emplace(json::string_view(key.data(), key.size()), text(value));
    if (!added) place->value().as_string().append(", ").append(value);
  }
  json::object object;
  object["at"] = timestamp(recorded.at);
  object["level"] = text(to_string(event.level));
  object["trace"] = text(printable(event.trace, 64));
  object["queue_id"] = text(printable(event.queue_id, 64));
  object["event"] = text(event.name);
  object["fields"] = std::move(fields);
  return object;
}

}  // namespace

std::string timestamp(TimePoint at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(at - day);
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return buffer;
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warning: return "warning";
    case Level::Error: return "error";
  }
  return "error";
}

std::string_view to_string(store::Route route) {
  return route == store::Route::Local ? "local" : "remote";
}

std::string event_json(const RecordedEvent& recorded) {
  return json::serialize(event_object(recorded));
}

std::string events_json(const std::vector<RecordedEvent>& events) {
  json::array array;
  for (const auto& event : events) array.push_back(event_object(event));
  json::object object;
  object["events"] = std::move(array);
  return json::serialize(object);
}

std::string status_json(const ServerStatus& status) {
  json::array listening;
  for (const auto& endpoint : status.listening) listening.push_back(json::value(endpoint));
  const auto due = [](const std::optional<TimePoint>& at) {
    return at ? json::value(timestamp(*at)) : json::value(nullptr);
  };
  json::object object;
  object["version"] = status.version;
  object["host"] = status.host;
  object["pid"] = status.pid;
  object["started"] = timestamp(status.started);
  object["listening"] = std::move(listening);
  object["next_local"] = due(status.next_local);
  object["next_remote"] = due(status.next_remote);
  object["trace_events"] = status.trace_events;
  object["log_lines_dropped"] = status.log_lines_dropped;
  return json::serialize(object);
}

std::string error_json(std::string_view code, std::string_view message) {
  json::object error;
  error["code"] = text(code);
  error["message"] = printable(message, max_value);
  json::object object;
  object["error"] = std::move(error);
  return json::serialize(object);
}

}  // namespace cas::http
