// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas suppression`: mailboxes elsewhere that are known to be gone.
#include <sysexits.h>

#include <iostream>

#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/terminal.hpp"
#include "message/address.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr std::size_t at_once = 200;  // addresses in a request
constexpr std::size_t longest_line = 1000;
constexpr const char* path = "/v1/suppression";

struct Entered {
  std::uint64_t all = 0, fresh = 0;
};

Or<Entered> enter(const AdminOptions& admin, const std::vector<std::string>& addresses, const std::string& reason) {
  Entered entered;
  for (std::size_t n = 0; n < addresses.size(); n += at_once) {
    json::array some;
    for (std::size_t i = n; i < std::min(addresses.size(), n + at_once); ++i) some.emplace_back(addresses[i]);
    json::object body;
    body["addresses"] = std::move(some);
    body["reason"] = reason;
    const auto answer = ask(admin, http::Request{.method = "POST", .path = path, .body = json::serialize(body)});
    if (!answer) return std::unexpected(answer.error());
    entered.all += number_of(*answer, "entered");
    entered.fresh += number_of(*answer, "new");
  }
  return entered;
}

int tell(const AdminOptions& admin, const Or<Entered>& entered) {
  if (!entered) return entered.error().code;
  if (admin.json) {
    json::object object;
    object["entered"] = entered->all;
    object["new"] = entered->fresh;
    return finish(print(json::serialize(object) + "\n"));
  }
  return finish(print(std::to_string(entered->all) + (entered->all == 1 ? " address" : " addresses") + " entered, " +
                      std::to_string(entered->fresh) + " of them new.\n"));
}

std::string row_text(std::uint64_t bounces) {
  return bounces == 0 ? "by hand" : std::to_string(bounces);
}

}  // namespace

int list_suppressions(const AdminOptions& admin) {
  json::array all;
  bool enabled = true;
  for (std::string after; true;) {
    http::Request request{.path = path, .query = {{"limit", "500"}}};
    if (!after.empty()) request.query["after"] = after;
    const auto page = ask(admin, std::move(request));
    if (!page) return page.error().code;
    for (const auto& row : array_of(*page, "suppressed")) all.push_back(row);
    if (const auto* flag = page->if_contains("enabled"); flag != nullptr && flag->is_bool()) enabled = flag->as_bool();
    const std::string next = text_of(*page, "next");
    if (next.empty() || next <= after) break;
    after = next;
  }
  if (admin.json) {
    json::object object;
    object["enabled"] = enabled;
    object["suppressed"] = std::move(all);
    return finish(print(json::serialize(object) + "\n"));
  }
  if (!enabled) return finish(print("Nothing is suppressed: [queue] suppression is false.\n"));
  if (all.empty()) return finish(print("Nothing is suppressed.\n"));
  std::vector<std::vector<std::string>> rows{{"ADDRESS", "SINCE (UTC)", "UNTIL (UTC)", "BOUNCES", "LAST REPLY"}};
  for (const auto& value : all) {
    const auto& row = object_of(value);
    const std::string reply = text_of(row, "reply");
    rows.push_back({text_of(row, "address"), short_time(text_of(row, "since")), short_time(text_of(row, "until")),
                    row_text(number_of(row, "bounces")), reply.empty() ? "-" : reply});
  }
  return finish(print(table(rows)));
}

int add_suppression(const AdminOptions& admin, const std::string& address, const std::string& reason) {
  return tell(admin, enter(admin, {address}, reason));
}

int remove_suppression(const AdminOptions& admin, const std::string& address) {
  const auto answer = ask(admin, http::Request{.method = "DELETE", .path = path, .query = {{"address", address}}});
  if (!answer) return answer.error().code;
  if (admin.json) return finish(print(json::serialize(*answer) + "\n"));
  return finish(print("Mail to " + printable(address) + " goes out again.\n"));
}

int import_suppressions(const AdminOptions& admin, const std::string& reason) {
  std::vector<std::string> addresses;
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line);) {
    ++number;
    const auto end = line.find_last_not_of(" \t\r");
    line.resize(end == std::string::npos ? 0 : end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.size() > longest_line || !Mailbox::parse(line)) {
      return complain(EX_DATAERR, "line " + std::to_string(number) + ": \"" + printable(line, 80) +
                                      "\" is no address; nothing was entered");
    }
    addresses.push_back(line);
  }
  return tell(admin, enter(admin, addresses, reason));
}

}  // namespace cas::cmd
