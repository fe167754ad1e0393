// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas exempt add`, `remove`, `list`, `find`, `export`, and `cas audit`. Import stands in exception_import.cpp.
#include "cmd/exceptions.hpp"

#include <sysexits.h>

#include <algorithm>
#include <functional>

#include "base/encoding.hpp"
#include "cmd/terminal.hpp"
#include "policy/exception_formats.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr const char* path = "/v1/exceptions";

std::string dash(std::string text) {
  return text.empty() ? "-" : std::move(text);
}

std::string scope_text(const json::object& row) {
  const auto scope = shown(row, "for");
  return scope.empty() ? "everybody" : scope;
}

std::string proof_text(const json::object& row) {
  const auto* flag = row.if_contains("unauthenticated");
  if (flag != nullptr && flag->is_bool() && flag->as_bool()) return "UNAUTHENTICATED";
  const auto proof = shown(row, "proof");
  return proof == "none" ? "-" : proof;
}

std::string name_of(const json::object& row) {
  return shown(row, "action") + " #" + std::to_string(number_of(row, "id")) + " " + shown(row, "pattern") + " for " +
         scope_text(row);
}

std::string rows_text(const json::array& rows, bool with_action) {
  std::vector<std::vector<std::string>> lines{
      {"ID", "PATTERN", "FOR", "PROOF", "UNTIL (UTC)", "HITS", "LAST HIT (UTC)", "OWNER", "REASON"}};
  if (with_action) lines.front().insert(lines.front().begin() + 1, "ACTION");
  for (const auto& value : rows) {
    const auto& row = object_of(value);
    std::vector<std::string> line{std::to_string(number_of(row, "id")),
                                  shown(row, "pattern"),
                                  scope_text(row),
                                  proof_text(row),
                                  short_time(text_of(row, "until")),
                                  std::to_string(number_of(row, "hits")),
                                  short_time(text_of(row, "last_hit")),
                                  dash(shown(row, "owner")),
                                  dash(shown(row, "reason"))};
    if (with_action) line.insert(line.begin() + 1, shown(row, "action"));
    lines.push_back(std::move(line));
  }
  return alarming(table(lines));
}

/// Each page of the list. An exit status other than 0 ends it.
int each_page(const ExceptionOptions& options, const std::function<int(const json::array&)>& use) {
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  http::Request request{.path = path, .query = {{"limit", "1000"}, {"action", std::string(to_string(options.action))}}};
  if (options.has_scope) request.query["for"] = options.scope == "everybody" ? "" : options.scope;
  for (std::uint64_t after = 0;;) {
    if (after > 0) request.query["after"] = std::to_string(after);
    const auto page = client->ask(request);
    if (!page) return page.error().code;
    if (const int code = use(array_of(*page, "exceptions")); code != EX_OK) return code;
    const std::string next = text_of(*page, "next");
    const std::uint64_t number = std::strtoull(next.c_str(), nullptr, 10);
    if (next.empty() || number <= after) return EX_OK;
    after = number;
  }
}

/// What became of one entry that was added.
std::string outcome_text(const json::object& one, const policy::NewException& entry, bool dry_run) {
  const std::string outcome = text_of(one, "outcome");
  const auto id = number_of(one, "id");
  std::string line(to_string(entry.action));
  line += (id == 0 ? "" : " #" + std::to_string(id)) + " " + entry.pattern.text() + " for " +
          (entry.scope.text().empty() ? "everybody" : entry.scope.text());
  if (outcome == "same") return line + ": is there already, nothing changes\n";
  line += dry_run ? (outcome == "new" ? ": would be entered: " : ": would be changed: ")
                  : (outcome == "new" ? ": entered: " : ": changed: ");
  line += detail_text(json_of(entry));
  if (const auto* before = one.if_contains("before")) line += "; it was: " + detail_text(object_of(*before));
  return line + "\n";
}

Or<std::vector<policy::NewException>> read_entries(const ExceptionOptions& options) {
  const auto words = read_words(options);
  if (!words) return std::unexpected(words.error());
  std::vector<policy::NewException> entries;
  for (const auto& text : options.what) {
    auto pattern = policy::Pattern::parse(text);
    if (!pattern) return leave(EX_DATAERR, pattern.error().public_text);
    policy::NewException entry{.action = options.action,
                               .pattern = *std::move(pattern),
                               .scope = words->scope,
                               .proof = {},
                               .unauthenticated = options.unauthenticated,
                               .reason = options.reason,
                               .owner = options.owner.empty() ? who() : options.owner,
                               .expires = words->expires};
    entry.proof = words->proof.value_or(policy::usual_proof(entry.action, entry.pattern));
    const auto fits = policy::check_exception(policy::exception_of(entry, {}), entry.unauthenticated);
    if (!fits) return leave(EX_DATAERR, fits.error().public_text);
    entries.push_back(std::move(entry));
  }
  return entries;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

}  // namespace

int add_exceptions(const ExceptionOptions& options) {
  const auto entries = read_entries(options);
  if (!entries) return entries.error().code;
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  std::string told;
  for (const auto& entry : *entries) {
    const auto answer = send_entries(*client, {json_of(entry)}, options.dry_run, {});
    if (!answer) return answer.error().code;
    if (options.admin.json) {
      told += json::serialize(*answer) + "\n";
    } else if (const auto& all = array_of(*answer, "exceptions"); !all.empty()) {
      told += outcome_text(object_of(all.front()), entry, options.dry_run);
    }
  }
  return finish(print(alarming(told)));
}

int remove_exceptions(const ExceptionOptions& options) {
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  int worst = EX_OK;
  for (const auto& what : options.what) {
    http::Request request{.method = "DELETE", .path = path, .query = {{"by", who()}}};
    if (is_number(what)) {
      request.query["ids"] = what;
    } else {
      request.query["action"] = std::string(to_string(options.action));
      request.query["pattern"] = what;
      request.query["for"] = options.scope;
    }
    const auto answer = client->ask(std::move(request));
    if (!answer) {
      worst = answer.error().code;
      continue;
    }
    std::string told;
    for (const auto& row : array_of(*answer, "removed")) told += name_of(object_of(row)) + ": removed\n";
    if (!print(options.admin.json ? json::serialize(*answer) + "\n" : told)) return finish(false);
  }
  return worst;
}

int list_exceptions(const ExceptionOptions& options) {
  json::array all;
  const int code = each_page(options, [&](const json::array& page) {
    all.insert(all.end(), page.begin(), page.end());
    return EX_OK;
  });
  if (code != EX_OK) return code;
  if (options.admin.json) {
    json::object object;
    object["exceptions"] = std::move(all);
    return finish(print(json::serialize(object) + "\n"));
  }
  return finish(print(all.empty() ? "There is none.\n" : rows_text(all, false)));
}

int find_exceptions(const ExceptionOptions& options) {
  http::Request request{.path = "/v1/exceptions/find", .query = {{"what", options.what.front()}}};
  if (options.has_scope) request.query["for"] = options.scope;
  const auto answer = ask(options.admin, std::move(request));
  if (!answer) return answer.error().code;
  if (options.admin.json) return finish(print(json::serialize(*answer) + "\n"));
  const auto& rows = array_of(*answer, "exceptions");
  return finish(print(rows.empty() ? "No entry is about it.\n" : rows_text(rows, true)));
}

int export_exceptions(const ExceptionOptions& options) {
  const bool csv = options.format.empty() || options.format == "csv";
  if (csv && !print(policy::csv_heading())) return finish(false);
  bool first = true;
  if (options.format == "json" && !print("[")) return finish(false);
  const int code = each_page(options, [&](const json::array& page) {
    std::string out;
    for (const auto& value : page) {
      const auto entry = entry_of(value);
      if (!entry) {
        return complain(EX_DATAERR,
                        "#" + std::to_string(number_of(object_of(value), "id")) + ": " + entry.error().public_text);
      }
      if (options.format == "json") {
        out += (std::exchange(first, false) ? "\n" : ",\n") + json::serialize(json_of(*entry));
      } else {
        const auto whole = policy::exception_of(*entry, {});
        out += csv ? policy::csv_line(whole) : policy::plain_line(whole);
      }
    }
    return finish(print(out));
  });
  if (code != EX_OK || options.format != "json") return code;
  return finish(print("\n]\n"));
}

int show_audit(const AdminOptions& admin, std::size_t limit) {
  const auto client = AdminClient::find(admin);
  if (!client) return client.error().code;
  json::array all;
  for (std::string before; all.size() < limit;) {
    const std::size_t wanted = std::min<std::size_t>(1000, limit - all.size());
    http::Request request{.path = "/v1/audit", .query = {{"limit", std::to_string(wanted)}}};
    if (!before.empty()) request.query["before"] = before;
    const auto page = client->ask(std::move(request));
    if (!page) return page.error().code;
    for (const auto& row : array_of(*page, "audit")) all.push_back(row);
    before = text_of(*page, "next");
    if (before.empty()) break;
  }
  if (admin.json) {
    json::object object;
    object["audit"] = std::move(all);
    return finish(print(json::serialize(object) + "\n"));
  }
  if (all.empty()) return finish(print("Nothing was changed yet.\n"));
  std::vector<std::vector<std::string>> rows{{"WHEN (UTC)", "WHO", "WHAT", "OF WHAT", "HOW"}};
  for (const auto& value : all) {
    const auto& row = object_of(value);
    rows.push_back({short_time(text_of(row, "at")), dash(shown(row, "by")), shown(row, "action"), shown(row, "subject"),
                    dash(shown(row, "detail"))});
  }
  return finish(print(alarming(table(rows))));
}

}  // namespace cas::cmd
