// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the commands about exceptions share: words of the command line, JSON, and red.
#include <sysexits.h>
#include <unistd.h>

#include "app/config_values.hpp"
#include "base/encoding.hpp"
#include "base/utc.hpp"
#include "cmd/exceptions.hpp"
#include "http/exceptions_json.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr std::string_view alarm = "UNAUTHENTICATED";

std::string string_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->as_string().data(), value->as_string().size());
}

bool flag_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

/// "30d" from now, or a time.
std::optional<UnixTime> read_until(const std::string& text) {
  if (const auto span = app::parse_duration(text)) return to_unix(net::SystemClock().now()) + *span;
  return read_utc(text);
}

}  // namespace

Or<EntryWords> read_words(const ExceptionOptions& options) {
  EntryWords words;
  auto scope = policy::Scope::parse(options.scope);
  if (!scope) return leave(EX_USAGE, "--for: " + scope.error().public_text);
  words.scope = *std::move(scope);
  if (!options.proof.empty()) words.proof = policy::proof_named(options.proof);
  if (options.unauthenticated && options.proof != "none") {
    return leave(EX_USAGE, "--unauthenticated says that no proof is wanted: it goes with --proof none");
  }
  if (!options.until.empty()) {
    words.expires = read_until(options.until);
    if (!words.expires) {
      return leave(EX_USAGE,
                   "--until takes a time such as 2026-12-31T00:00:00Z (UTC) or a duration such as 30d, not \"" +
                       printable(options.until, 40) + "\"");
    }
  }
  return words;
}

json::object json_of(const policy::NewException& entry) {
  json::object object;
  object["action"] = std::string(to_string(entry.action));
  object["pattern"] = entry.pattern.text();
  object["proof"] = std::string(to_string(entry.proof));
  if (!entry.scope.text().empty()) object["for"] = entry.scope.text();
  if (entry.unauthenticated) object["unauthenticated"] = true;
  if (entry.expires) object["until"] = utc_text(*entry.expires);
  if (!entry.owner.empty()) object["owner"] = entry.owner;
  if (!entry.reason.empty()) object["reason"] = entry.reason;
  return object;
}

Result<policy::NewException> entry_of(const json::value& value) {
  CAS_TRY(auto entry, http::exception_of(value));
  CAS_CHECK(policy::check_exception(policy::exception_of(entry, {}), entry.unauthenticated));
  return entry;
}

Or<json::object> send_entries(const AdminClient& client, json::array entries, bool dry_run, const std::string& source) {
  json::object body;
  body["exceptions"] = std::move(entries);
  http::Request request{.method = "POST", .path = "/v1/exceptions", .query = {{"by", who()}}};
  if (dry_run) request.query["dry_run"] = "1";
  if (!source.empty()) request.query["source"] = source;
  request.body = json::serialize(body);
  return client.ask(std::move(request));
}

std::string shown(const json::object& row, std::string_view key) {
  std::string text = printable(string_in(row, key), 1024);
  constexpr std::string_view escaped = "\\x5c";
  for (auto at = text.find(escaped); at != text.npos; at = text.find(escaped, at + 1)) {
    text.replace(at, escaped.size(), "\\");
  }
  return text;
}

std::string detail_text(const json::object& row) {
  std::string text = "proof=" + shown(row, "proof");
  if (flag_in(row, "unauthenticated")) text += " " + std::string(alarm);
  for (const auto* const key : {"until", "owner", "reason"}) {
    if (const auto value = shown(row, key); !value.empty()) text += std::string(" ") + key + "=" + value;
  }
  return text;
}

std::string alarming(const std::string& lines) {
  if (::isatty(STDOUT_FILENO) == 0 || !lines.contains(alarm)) return lines;
  std::string out;
  for (std::size_t begin = 0; begin < lines.size();) {
    const auto end = std::min(lines.find('\n', begin), lines.size());
    const auto line = std::string_view(lines).substr(begin, end - begin);
    out += line.contains(alarm) ? "\x1b[31m" + std::string(line) + "\x1b[0m" : std::string(line);
    if (end < lines.size()) out += '\n';
    begin = end + 1;
  }
  return out;
}

}  // namespace cas::cmd
