// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See queue_words.hpp.
#include "cmd/queue_words.hpp"

#include <sysexits.h>
#include <time.h>

#include "app/config_values.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

Or<std::string> seconds_in(const char* name, const std::string& word) {
  if (word.empty()) return std::string();
  const auto duration = app::parse_duration(word);
  if (duration) return std::to_string(duration->count());
  return leave(EX_USAGE, std::string("--") + name + " takes a duration such as 30m, 4h or 2d, not \"" +
                             printable(word, 80) + "\"");
}

}  // namespace

bool has_filter(const QueueOptions& options) {
  return !options.ids.empty() || !options.domain.empty() || !options.sender.empty() || !options.older_than.empty() ||
         !options.younger_than.empty() || !options.reason.empty() || !options.state.empty();
}

Or<http::Request> queue_request(const QueueOptions& options, std::string path) {
  auto older = seconds_in("older-than", options.older_than);
  if (!older) return std::unexpected(older.error());
  auto younger = seconds_in("younger-than", options.younger_than);
  if (!younger) return std::unexpected(younger.error());
  std::string ids;
  for (const auto& id : options.ids) ids += (ids.empty() ? "" : ",") + id;
  http::Request request{.path = std::move(path)};
  const auto set = [&](const char* name, std::string value) {
    if (!value.empty()) request.query[name] = std::move(value);
  };
  set("ids", std::move(ids));
  set("domain", options.domain);
  set("sender", options.sender);
  set("older_than", *std::move(older));
  set("younger_than", *std::move(younger));
  set("last_reply", options.reason);
  set("state", options.state);
  return request;
}

std::string age_text(std::int64_t seconds) {
  if (seconds >= 2 * 86400) return std::to_string(seconds / 86400) + "d";
  if (seconds >= 2 * 3600) return std::to_string(seconds / 3600) + "h";
  if (seconds >= 2 * 60) return std::to_string(seconds / 60) + "m";
  return std::to_string(std::max<std::int64_t>(seconds, 0)) + "s";
}

std::string age_since(const std::string& time) {
  const auto then = seconds_of(time);
  return then == 0 ? "-" : age_text(::time(nullptr) - then);
}

int each_page(const QueueOptions& options, const std::function<bool(const boost::json::array&)>& use) {
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  auto request = queue_request(options, "/v1/queue");
  if (!request) return request.error().code;
  request->query["limit"] = "500";
  std::string after;
  while (true) {
    if (!after.empty()) request->query["after"] = after;
    const auto page = client->ask(*request);
    if (!page) return page.error().code;
    if (!use(array_of(*page, "messages"))) return finish(false);
    const std::string next = text_of(*page, "next");
    if (next.empty() || next <= after) return EX_OK;
    after = next;
  }
}

}  // namespace cas::cmd
