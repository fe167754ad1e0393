// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Structs to JSON.
#include "http/json.hpp"

#include <boost/json.hpp>
#include <cstdio>

#include "base/encoding.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;

constexpr std::size_t max_value = 1024;

json::string text(std::string_view value) {
  return json::string(value.data(), value.size());
}

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

json::object recipient_object(const store::Recipient& recipient) {
  json::object object;
  object["address"] = recipient.address.wire();
  object["route"] = text(to_string(recipient.route));
  object["state"] = text(to_string(recipient.state));
  object["quarantined"] = recipient.quarantined;
  object["attempts"] = recipient.attempts;
  object["next_attempt"] = recipient.state == store::RecipientState::Waiting
                               ? json::value(timestamp(recipient.next_attempt))
                               : json::value(nullptr);
  object["last_reply"] = printable(recipient.last_reply, max_value);
  return object;
}

json::object entry_object(const queue::Queue::Entry& entry) {
  json::array recipients;
  for (const auto& recipient : entry.recipients) recipients.push_back(recipient_object(recipient));
  const auto& message = entry.message;
  json::object object;
  object["id"] = message.id;
  object["trace"] = message.trace;
  object["arrived"] = timestamp(message.arrived);
  object["sender"] = message.sender.is_null() ? std::string() : message.sender.mailbox()->wire();
  object["user"] = printable(message.user, 255);
  object["size"] = message.prefix.size() + message.body_size;
  object["recipients"] = std::move(recipients);
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

std::string_view to_string(store::RecipientState state) {
  switch (state) {
    case store::RecipientState::Waiting: return "waiting";
    case store::RecipientState::Delivered: return "delivered";
    case store::RecipientState::Failed: return "failed";
    case store::RecipientState::Held: return "held";
  }
  return "unknown";
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

std::string queue_json(const std::vector<queue::Queue::Entry>& entries, const std::optional<store::QueueId>& next) {
  json::array array;
  for (const auto& entry : entries) array.push_back(entry_object(entry));
  json::object object;
  object["messages"] = std::move(array);
  object["next"] = next ? json::value(*next) : json::value(nullptr);
  return json::serialize(object);
}

std::string retried_json(std::size_t recipients) {
  json::object object;
  object["recipients"] = recipients;
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
