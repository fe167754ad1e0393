// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas exempt import`: the whole list is read and checked before anything is sent, then it goes in pieces, each of
// which is entered or not. Who imports the same list again changes only what was not entered.
#include <sysexits.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/encoding.hpp"
#include "cmd/exceptions.hpp"
#include "cmd/progress.hpp"
#include "cmd/terminal.hpp"
#include "policy/exception_formats.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

constexpr std::size_t at_once = 2000;                           // in one request
constexpr std::size_t most_octets = std::size_t{1} << 30;       // of a list
constexpr std::size_t request_octets = std::size_t{700} << 10;  // of entries, roughly; the server takes 1 MiB
constexpr std::size_t told_changes = 20;

Or<std::string> read_file(const std::string& name) {
  std::string text;
  if (name == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else {
    std::ifstream file(name, std::ios::binary | std::ios::ate);
    const auto size = file ? static_cast<std::streamoff>(file.tellg()) : -1;
    if (size < 0) return leave(EX_NOINPUT, printable(name) + " cannot be read");
    if (static_cast<std::size_t>(size) > most_octets)
      return leave(EX_DATAERR, printable(name) + " is larger than 1 GiB");
    text.resize(static_cast<std::size_t>(size));
    file.seekg(0);
    file.read(text.data(), size);
    if (!file) return leave(EX_NOINPUT, printable(name) + " cannot be read");
  }
  return text;
}

policy::ListFormat format_of(const std::string& name, const std::string& text) {
  using enum policy::ListFormat;
  if (name == "plain") return Plain;
  if (name == "postfix-access") return PostfixAccess;
  if (name == "postgrey") return Postgrey;
  if (name == "rspamd") return Rspamd;
  if (name == "csv") return Csv;
  return policy::guess_format(text);
}

bool is_json(const ExceptionOptions& options, const std::string& text) {
  if (options.format == "json") return true;
  const auto first = text.find_first_not_of(" \t\r\n");
  const bool automatic = options.format.empty() || options.format == "auto";
  return automatic && first != text.npos &&
         (text.starts_with("{\"") || text.substr(first, 2) == "[\n" || text.substr(first, 2) == "[{" ||
          text.substr(first, 2) == "[]");
}

/// "exceptions" of an object, or an array. The number of an entry stands for its line.
policy::ReadList read_json(const std::string& text, const ExceptionOptions& options) {
  policy::ReadList list;
  json::error_code fault;
  const auto value = json::parse(text, fault);
  const auto* object = fault ? nullptr : value.if_object();
  const json::array* all = fault ? nullptr : value.if_array();
  if (object != nullptr) all = &array_of(*object, "exceptions");
  if (all == nullptr) {
    list.faults.push_back({.line = 1, .text = "this is neither a JSON array nor an object with \"exceptions\""});
    return list;
  }
  for (std::size_t n = 1; n <= all->size(); ++n) {
    auto entry = entry_of((*all)[n - 1]);
    if (entry && entry->action != options.action) {
      entry = permanent("this is one of \"" + std::string(to_string(entry->action)) + "\", not of \"" +
                        std::string(to_string(options.action)) + "\"");
    }
    if (entry) {
      list.entries.push_back(*std::move(entry));
      list.lines.push_back(n);
    } else if (list.faults.size() < policy::max_faults) {
      list.faults.push_back({.line = n, .text = "entry: " + entry.error().public_text});
    }
  }
  return list;
}

Or<policy::ReadList> read(const ExceptionOptions& options) {
  const auto words = read_words(options);
  if (!words) return std::unexpected(words.error());
  const auto text = read_file(options.file);
  if (!text) return std::unexpected(text.error());
  if (is_json(options, *text)) return read_json(*text, options);
  const policy::ListDefaults defaults{.action = options.action,
                                      .scope = words->scope,
                                      .proof = words->proof,
                                      .unauthenticated = options.unauthenticated,
                                      .reason = options.reason,
                                      .owner = options.owner.empty() ? who() : options.owner,
                                      .expires = words->expires};
  return policy::read_list(*text, format_of(options.format, *text), defaults);
}

void tell(const std::string& file, const std::vector<policy::ListLine>& lines, const char* prefix) {
  const std::string name = file == "-" ? "standard input" : printable(file);
  for (const auto& one : lines) {
    const std::string place = one.line == 0 ? name : name + ":" + std::to_string(one.line);
    std::fprintf(stderr, "%s: %s%s\n", place.c_str(), prefix, one.text.c_str());
  }
}

struct Sum {
  std::uint64_t fresh = 0, changed = 0, same = 0;
  std::vector<std::string> changes;
};

void add(Sum& sum, const json::object& answer, const std::vector<policy::NewException>& entries, std::size_t begin) {
  sum.fresh += number_of(answer, "new");
  sum.changed += number_of(answer, "changed");
  sum.same += number_of(answer, "same");
  for (const auto& value : array_of(answer, "exceptions")) {
    const auto& one = object_of(value);
    const auto place = begin + number_of(one, "index");
    const auto* before = one.if_contains("before");
    if (before == nullptr || place >= entries.size() || sum.changes.size() >= told_changes) continue;
    sum.changes.push_back(detail_text(object_of(*before)) + " -> " + detail_text(json_of(entries[place])));
    sum.changes.back() = entries[place].pattern.text() + ": " + sum.changes.back();
  }
}

Or<Sum> send(const ExceptionOptions& options, const std::vector<policy::NewException>& entries) {
  const auto client = AdminClient::find(options.admin);
  if (!client) return std::unexpected(client.error());
  Sum sum;
  Progress progress("entering");
  for (std::size_t begin = 0; begin < entries.size();) {
    json::array some;
    std::size_t octets = 0, end = begin;
    for (; end < entries.size() && some.size() < at_once && octets < request_octets; ++end) {
      const auto& entry = entries[end];
      octets += 200 + 2 * (entry.pattern.text().size() + entry.reason.size() + entry.owner.size());
      some.emplace_back(json_of(entry));
    }
    const auto answer =
        send_entries(*client, std::move(some), options.dry_run, options.file == "-" ? "standard input" : options.file);
    if (!answer) {
      return leave(answer.error().code, std::to_string(begin) + " of " + std::to_string(entries.size()) +
                                            " were entered; import the list again to go on");
    }
    add(sum, *answer, entries, begin);
    begin = end;
    progress.show(begin, entries.size());
  }
  return sum;
}

}  // namespace

int import_exceptions(const ExceptionOptions& options) {
  const auto list = read(options);
  if (!list) return list.error().code;
  tell(options.file, list->skipped, "passed over: ");
  tell(options.file, list->faults, "");
  if (!list->faults.empty()) return complain(EX_DATAERR, "nothing was entered: correct these lines first");
  const auto sum = send(options, list->entries);
  if (!sum) return sum.error().code;
  if (options.admin.json) {
    json::object object;
    object["new"] = sum->fresh;
    object["changed"] = sum->changed;
    object["same"] = sum->same;
    object["skipped"] = list->skipped.size();
    return finish(print(json::serialize(object) + "\n"));
  }
  std::string told;
  for (const auto& change : sum->changes) told += (options.dry_run ? "would change " : "changed ") + change + "\n";
  const std::string would = options.dry_run ? "would be " : "";
  told += std::to_string(sum->fresh) + " " + would + "entered, " + std::to_string(sum->changed) + " " + would +
          "changed, " + std::to_string(sum->same) + " are there already.\n";
  const auto open = std::ranges::count_if(list->entries, [](const policy::NewException& entry) {
    return policy::is_unauthenticated(entry.action, entry.proof);
  });
  if (open > 0) told += std::to_string(open) + " of them are UNAUTHENTICATED: anybody may claim these names.\n";
  return finish(print(alarming(told)));
}

}  // namespace cas::cmd
