// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See screener.hpp. Reading folders for `seed`: mail_folder.cpp.
#include "cmd/screener.hpp"

#include <sysexits.h>

#include <set>

#include "app/config_values.hpp"
#include "base/encoding.hpp"
#include "cmd/admin_client.hpp"
#include "cmd/mail_folder.hpp"
#include "cmd/progress.hpp"
#include "cmd/terminal.hpp"
#include "policy/relationship.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr const char* path = "/v1/screener";
constexpr std::size_t seeded_at_once = 500;

http::Request request_for(const ScreenerOptions& options, const std::string& what) {
  http::Request request{.method = "POST", .path = std::string(path) + "/" + what};
  request.query["mailbox"] = options.mailbox;
  request.query["by"] = who();
  if (!options.sender.empty()) request.query["sender"] = options.sender;
  if (options.unauthenticated) request.query["unauthenticated"] = "1";
  return request;
}

int told(const AdminOptions& admin, const json::object& answer, const std::string& words) {
  return finish(print(admin.json ? json::serialize(answer) + "\n" : words + "\n"));
}

std::string domain_of(const std::string& author) {
  return author.substr(author.rfind('@') + 1);
}

std::string date_of(std::string time) {
  time.resize(std::min<std::size_t>(time.size(), 10));
  return time;
}

std::string sender_rows(const json::array& senders, bool decided) {
  std::vector<std::vector<std::string>> rows{
      {"MAILBOX", "DOMAIN", "SENDER", decided ? "STANDING" : "MESSAGES", "SINCE"}};
  if (decided) rows[0].insert(rows[0].end(), {"BY", "HOW"});
  bool unproven = false;
  for (const auto& value : senders) {
    const auto& each = object_of(value);
    std::vector<std::string> row{text_of(each, "mailbox"), domain_of(text_of(each, "author")), text_of(each, "sender"),
                                 decided ? text_of(each, "standing") : std::to_string(number_of(each, "held")),
                                 date_of(text_of(each, "since"))};
    unproven = unproven || row[2].starts_with(policy::relation_mark::unproven);
    if (decided) row.insert(row.end(), {text_of(each, "by"), text_of(each, "via")});
    rows.push_back(std::move(row));
  }
  return table(rows) + (unproven ? "?: nothing proves who writes; --unauthenticated approves it all the same\n" : "");
}

// Names of a message's authors or recipients.
Or<std::set<std::string>> addresses_in(const ScreenerOptions& options) {
  std::vector<MailFolder> folders;
  for (const auto& [paths, fields] :
       {std::pair(&options.folders, FolderFields::Authors), std::pair(&options.sent, FolderFields::Recipients)}) {
    for (const auto& folder : *paths) folders.push_back({.path = folder, .fields = fields});
  }
  if (folders.empty()) return leave(EX_USAGE, "name mail that was wanted, --folder PATH, or sent, --sent PATH");
  std::set<std::string> addresses;
  Progress progress("reading");
  const auto fault = read_mail_folders(
      folders, [&](const Mailbox& address) { addresses.insert(to_lower(address.wire())); },
      [&](std::size_t done, std::size_t all) { progress.show(done, all); });
  progress.end();
  if (!fault.empty()) return leave(EX_NOINPUT, fault);
  return addresses;
}

/// What shows this name and proves nothing is not meant by it, and goes on waiting.
std::string left_waiting(const ScreenerOptions& options) {
  http::Request request{.path = std::string(path) + "/held", .query = {{"mailbox", options.mailbox}}};
  request.query["sender"] = std::string(policy::relation_mark::unproven) + options.sender;
  const auto answer = ask(options.admin, std::move(request));
  const std::size_t count = answer ? array_of(*answer, "held").size() : 0;
  if (count == 0) return {};
  return std::string(count == 1 ? "\nOne message that waits shows" : "\nMessages that wait show") +
         " this name and nothing proves it: approve it with --unauthenticated to let in what anybody may claim.";
}

}  // namespace

int list_screener(const ScreenerOptions& options) {
  json::array all;
  std::string mailbox;
  std::string sender;
  while (true) {
    http::Request request{.path = path, .query = {{"limit", "500"}}};
    if (!options.mailbox.empty()) request.query["mailbox"] = options.mailbox;
    if (options.decided) request.query["decided"] = "1";
    if (!mailbox.empty()) request.query["after_mailbox"] = mailbox;
    if (!sender.empty()) request.query["after_sender"] = sender;
    const auto page = ask(options.admin, std::move(request));
    if (!page) return page.error().code;
    for (const auto& row : array_of(*page, "senders")) all.push_back(row);
    mailbox = text_of(*page, "next_mailbox");
    sender = text_of(*page, "next_sender");
    if (mailbox.empty() || array_of(*page, "senders").empty()) break;
  }
  if (options.admin.json) {
    json::object object;
    object["senders"] = std::move(all);
    return finish(print(json::serialize(object) + "\n"));
  }
  if (all.empty()) return finish(print(options.decided ? "Nobody was decided on.\n" : "Nobody waits.\n"));
  return finish(print(sender_rows(all, options.decided)));
}

int show_screener(const ScreenerOptions& options) {
  http::Request request{.path = std::string(path) + "/held", .query = {{"mailbox", options.mailbox}}};
  if (!options.sender.empty()) request.query["sender"] = options.sender;
  const auto answer = ask(options.admin, std::move(request));
  if (!answer) return answer.error().code;
  if (options.admin.json) return finish(print(json::serialize(*answer) + "\n"));
  const auto& held = array_of(*answer, "held");
  if (held.empty()) return finish(print("Nothing waits.\n"));
  std::vector<std::vector<std::string>> rows{{"ID", "ARRIVED", "SIZE", "SENDER", "SUBJECT"}};
  for (const auto& value : held) {
    const auto& each = object_of(value);
    rows.push_back({text_of(each, "id"), short_time(text_of(each, "arrived")), size_text(number_of(each, "size")),
                    text_of(each, "sender"), text_of(each, "subject")});
  }
  return finish(print(table(rows)));
}

int decide_screener(const ScreenerOptions& options, const std::string& action) {
  const auto answer = ask(options.admin, request_for(options, action));
  if (!answer) return answer.error().code;
  const std::string who = printable(options.sender, 255);
  const std::string mailbox = printable(options.mailbox, 255);
  if (number_of(*answer, "changed") == 0) return told(options.admin, *answer, who + " was that already.");
  if (action == "undo") return told(options.admin, *answer, who + " is to " + mailbox + " what it was before.");
  if (action != "approve") return told(options.admin, *answer, who + " may not write to " + mailbox + ".");
  const std::string left = options.unauthenticated || options.admin.json ? std::string() : left_waiting(options);
  return told(options.admin, *answer, who + " may write to " + mailbox + "." + left);
}

int clear_screener(const ScreenerOptions& options) {
  if (options.sender.empty() != options.all) return complain(EX_USAGE, "name a SENDER, or --all");
  const auto answer = ask(options.admin, request_for(options, "clear"));
  if (!answer) return answer.error().code;
  const auto count = number_of(*answer, "changed");
  return told(options.admin, *answer,
              std::to_string(count) + (count == 1 ? " message is thrown away." : " messages are thrown away."));
}

int set_screening(const ScreenerOptions& options) {
  auto request = request_for(options, "mode");
  request.query["mode"] = options.mode;
  const auto answer = ask(options.admin, std::move(request));
  if (!answer) return answer.error().code;
  std::string words = "Mail of strangers to " + printable(options.mailbox, 255) + ": " + options.mode + ".";
  if (options.mode == "off") words += " What waits goes on waiting: cas screener show, approve, clear.";
  return told(options.admin, *answer, words);
}

int expect_mail(const ScreenerOptions& options) {
  const auto span = app::parse_duration(options.span);
  if (!span)
    return complain(EX_USAGE, "--for takes a duration such as 15m or 2h, not \"" + printable(options.span, 80) + "\"");
  auto request = request_for(options, "expect");
  request.query["seconds"] = std::to_string(span->count());
  if (!options.domain.empty()) request.query["domain"] = options.domain;
  const auto answer = ask(options.admin, std::move(request));
  if (!answer) return answer.error().code;
  if (span->count() == 0) {
    return told(options.admin, *answer, "Nothing is expected for " + printable(options.mailbox, 255) + " any more.");
  }
  const std::string whom = options.domain.empty() ? "Anybody" : printable(options.domain, 255);
  return told(options.admin, *answer,
              whom + " may write to " + printable(options.mailbox, 255) + " until " +
                  short_time(text_of(*answer, "until")) + " UTC.");
}

int seed_screener(const ScreenerOptions& options) {
  const auto addresses = addresses_in(options);
  if (!addresses) return addresses.error().code;
  if (options.dry_run) {
    std::string lines;
    for (const auto& address : *addresses) lines += printable(address, 320) + "\n";
    return finish(print(lines));
  }
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  Progress progress("approving");
  std::size_t done = 0;
  std::uint64_t changed = 0;
  for (auto at = addresses->begin(); at != addresses->end();) {
    json::array some;
    for (; at != addresses->end() && some.size() < seeded_at_once; ++at) some.emplace_back(*at);
    done += some.size();
    json::object body;
    body["authors"] = std::move(some);
    auto request = request_for(options, "seed");
    request.body = json::serialize(body);
    const auto answer = client->ask(std::move(request));
    if (!answer) return answer.error().code;
    changed += number_of(*answer, "changed");
    progress.show(done, addresses->size());
  }
  progress.end();
  json::object sum;
  sum["addresses"] = addresses->size();
  sum["changed"] = changed;
  const std::string count =
      std::to_string(addresses->size()) + (addresses->size() == 1 ? " address is" : " addresses are");
  return told(options.admin, sum, count + " known to " + printable(options.mailbox, 255) + ".");
}

}  // namespace cas::cmd
