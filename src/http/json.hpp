// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the admin API says, as JSON: one line each.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/admin_api.hpp"

namespace cas::http {

/// RFC 3339, UTC, with milliseconds: "2026-11-23T19:00:00.123Z".
[[nodiscard]] std::string timestamp(TimePoint at);
[[nodiscard]] std::string_view to_string(Level level);
[[nodiscard]] std::string_view to_string(store::Route route);

/// {"at","level","trace","queue_id","event","fields":{...}}. Values are made printable; a repeated field keeps all its
/// values, joined by ", ".
[[nodiscard]] std::string event_json(const RecordedEvent& recorded);
[[nodiscard]] std::string events_json(const std::vector<RecordedEvent>& events);
/// "messages", and "next": where the list goes on; null at its end.
[[nodiscard]] std::string queue_json(const queue::Queue::Page& page);
/// An entry of the list, and what else is known of it.
[[nodiscard]] std::string message_json(const queue::Queue::Entry& entry);
[[nodiscard]] std::string steered_json(const queue::Steered& steered);
[[nodiscard]] std::string changed_json(bool changed);
/// The 1000 destinations with the most recipients, the 20 most frequent reasons.
[[nodiscard]] std::string stats_json(const queue::Stats& stats);
[[nodiscard]] std::string status_json(const ServerStatus& status);
/// {"error":{"code","message"}}
[[nodiscard]] std::string error_json(std::string_view code, std::string_view message);

}  // namespace cas::http
