// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One event, one line.
#include "app/log_line.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"
#include "http/json.hpp"

namespace cas::app {

namespace {

constexpr std::size_t max_value = 1024;
constexpr std::size_t max_id = 64;

// A bare word where it can be told from its neighbours, quoted elsewhere. printable() has escaped backslashes.
std::string value_text(const std::string& value, std::size_t limit = max_value) {
  std::string safe = printable(value, limit);
  if (!safe.empty() && safe.find_first_of(" \"") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') {
      quoted += "\\x22";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string id_text(const std::string& id) {
  return id.empty() ? "-" : value_text(id, max_id);
}

}  // namespace

std::string text_line(TimePoint at, const Event& event) {
  std::string line = fmt::format("{} {} {} {} {}", http::timestamp(at), http::to_string(event.level),
                                 id_text(event.trace), id_text(event.queue_id), event.name);
  for (const auto& [key, value] : event.fields)
    fmt::format_to(std::back_inserter(line), " {}={}", key, value_text(value));
  return line;
}

std::string json_line(TimePoint at, const Event& event) {
  return http::event_json(http::RecordedEvent{.at = at, .event = event});
}

}  // namespace cas::app
