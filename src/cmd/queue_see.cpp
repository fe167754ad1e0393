// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas queue list`, `show`, `stats`: what is in the queue, page by page.
#include <sysexits.h>
#include <unistd.h>

#include "base/encoding.hpp"
#include "cmd/queue_words.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace json = boost::json;

namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string reason_of(const json::object& recipient) {
  const std::string note = text_of(recipient, "note");
  const std::string reply = text_of(recipient, "last_reply");
  if (note.empty()) return reply.empty() ? "-" : reply;
  return reply.empty() ? note : note + "; " + reply;
}

std::string next_of(const json::object& recipient) {
  return short_time(text_of(recipient, "next_attempt"));
}

void add_rows(const json::object& message, Rows& rows) {
  std::string id = text_of(message, "id");
  if (const std::string why = text_of(message, "damaged"); !why.empty()) {
    rows.push_back({id, "-", "-", "-", "-", "damaged", "-", "-", why});
    return;
  }
  std::string age = age_since(text_of(message, "arrived"));
  std::string size = size_text(number_of(message, "size"));
  std::string sender = "<" + text_of(message, "sender") + ">";
  for (const auto& value : array_of(message, "recipients")) {
    const auto& recipient = object_of(value);
    rows.push_back({id, age, size, sender, "<" + text_of(recipient, "address") + ">", text_of(recipient, "state"),
                    std::to_string(number_of(recipient, "attempts")), next_of(recipient), reason_of(recipient)});
    id = age = size = sender = "";  // once a message
  }
}

/// One object over all pages, written as they come.
int list_json(const QueueOptions& options) {
  bool begun = false;
  const int code = each_page(options, [&](const json::array& messages) {
    std::string out;
    for (const auto& message : messages) {
      out += begun ? "," : "{\"messages\":[";
      begun = true;
      out += json::serialize(message);
    }
    return print(out);
  });
  if (code != EX_OK) return code;
  return finish(print(begun ? "]}\n" : "{\"messages\":[]}\n"));
}

void add_line(std::string& out, const std::string& name, const std::string& value) {
  if (value.empty()) return;
  out += name + ": " + std::string(name.size() < 14 ? 14 - name.size() : 0, ' ') + value + "\n";
}

std::string described(const json::object& message) {
  std::string out;
  const auto yes = [&](json::string_view key) {
    const auto* value = message.if_contains(key);
    return value != nullptr && value->is_bool() && value->as_bool();
  };
  add_line(out, "id", text_of(message, "id"));
  add_line(out, "trace", text_of(message, "trace"));
  add_line(out, "arrived (UTC)",
           short_time(text_of(message, "arrived")) + ", " + age_since(text_of(message, "arrived")) + " ago");
  add_line(out, "size", size_text(number_of(message, "size")));
  add_line(out, "sender", "<" + text_of(message, "sender") + ">");
  add_line(out, "user", text_of(message, "user"));
  add_line(out, "author", text_of(message, "author"));
  add_line(out, "envelope id", text_of(message, "envid"));
  add_line(out, "failures", yes("sender_verified") ? "are told to the sender" : "are kept: the sender is not verified");
  if (yes("require_tls")) add_line(out, "TLS", "required (REQUIRETLS)");
  Rows rows{{"TO", "STATE", "TRIES", "NEXT (UTC)", "RELAY", "REASON"}};
  for (const auto& value : array_of(message, "recipients")) {
    const auto& recipient = object_of(value);
    const std::string relay = text_of(recipient, "relay");
    rows.push_back({"<" + text_of(recipient, "address") + ">", text_of(recipient, "state"),
                    std::to_string(number_of(recipient, "attempts")), next_of(recipient), relay.empty() ? "-" : relay,
                    reason_of(recipient)});
  }
  return out + table(rows);
}

/// As it is; on a terminal so that it cannot talk to it.
bool print_mail(std::string_view octets) {
  if (::isatty(STDOUT_FILENO) == 0) return print(octets);
  std::string out;
  while (!octets.empty()) {
    const auto end = octets.find('\n');
    std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += printable(line, line.size() * 4) + '\n';
  }
  return print(out);
}

/// The stored octets; with `header_alone`, up to the first empty line.
int print_octets(const AdminClient& client, const json::object& message, const std::string& id, bool header_alone) {
  const auto* prefix = message.if_contains("prefix");
  if (prefix != nullptr && prefix->is_string()) {
    if (!print_mail(std::string_view(prefix->as_string().data(), prefix->as_string().size()))) return finish(false);
  }
  for (std::uint32_t n = 0;; ++n) {
    auto octets = client.octets({.path = "/v1/queue/body/" + id, .query = {{"chunk", std::to_string(n)}}});
    if (!octets) return octets.error().code;
    if (octets->empty()) return finish(true);
    const auto end = octets->find("\r\n\r\n");
    if (header_alone) octets->resize(end == std::string::npos ? octets->size() : end + 2);
    if (!print_mail(*octets)) return finish(false);
    if (header_alone) return finish(true);
  }
}

std::string stats_text(const json::object& stats) {
  std::string out;
  const std::string oldest = text_of(stats, "oldest");
  add_line(out, "messages", std::to_string(number_of(stats, "messages")));
  if (const auto damaged = number_of(stats, "damaged"); damaged > 0) {
    add_line(out, "DAMAGED", std::to_string(damaged) + " messages cannot be understood; `cas queue list` names them");
  }
  add_line(out, "size", size_text(number_of(stats, "octets")));
  if (!oldest.empty()) add_line(out, "oldest", age_since(oldest));
  if (const auto* recipients = stats.if_contains("recipients")) {
    for (const auto& [state, count] : object_of(*recipients)) {
      add_line(out, printable(std::string_view(state.data(), state.size()), 40),
               std::to_string(number_of(object_of(*recipients), state)) + " recipients");
    }
  }
  if (const auto* paused = stats.if_contains("paused"); paused != nullptr && paused->is_string()) {
    add_line(out, "PAUSED", "nothing is tried. " + text_of(stats, "paused"));
  }
  for (const auto& value : array_of(stats, "suspended")) {
    const std::string reason = text_of(object_of(value), "reason");
    add_line(out, "suspended", text_of(object_of(value), "domain") + (reason.empty() ? "" : ": " + reason));
  }
  Rows rows{{"DESTINATION", "WAITING", "IN FLIGHT", "HELD", "FAILED", "OLDEST", "WINDOW", "RESTS UNTIL (UTC)"}};
  for (const auto& value : array_of(stats, "destinations")) {
    const auto& each = object_of(value);
    const auto number = [&](json::string_view key) { return std::to_string(number_of(each, key)); };
    const auto* window = each.if_contains("window");
    rows.push_back({text_of(each, "name"), number("waiting"), number("in_flight"), number("held"), number("failed"),
                    age_since(text_of(each, "oldest")),
                    window != nullptr && window->is_number() ? number("window") : "-",
                    short_time(text_of(each, "rests_until"))});
  }
  if (rows.size() > 1) out += "\n" + table(rows);
  Rows reasons{{"RECIPIENTS", "REASON"}};
  for (const auto& value : array_of(stats, "reasons")) {
    reasons.push_back({std::to_string(number_of(object_of(value), "recipients")), text_of(object_of(value), "reason")});
  }
  if (reasons.size() > 1) out += "\n" + table(reasons);
  return out;
}

}  // namespace

int list_queue(const QueueOptions& options) {
  if (options.admin.json) return list_json(options);
  std::size_t count = 0;
  const int code = each_page(options, [&](const json::array& messages) {
    Rows rows;
    if (count == 0) rows.push_back({"ID", "AGE", "SIZE", "FROM", "TO", "STATE", "TRIES", "NEXT (UTC)", "REASON"});
    count += messages.size();
    for (const auto& message : messages) add_rows(object_of(message), rows);
    return messages.empty() || print(table(rows));
  });
  if (code != EX_OK) return code;
  if (count == 0) {
    return finish(print(has_filter(options) ? "Nothing in the queue matches.\n" : "The queue is empty.\n"));
  }
  return finish(print(std::to_string(count) + (count == 1 ? " message\n" : " messages\n")));
}

int show_queued(const QueueOptions& options) {
  const std::string id = options.ids.empty() ? std::string() : options.ids.front();
  const auto client = AdminClient::find(options.admin);
  if (!client) return client.error().code;
  const auto message = client->ask({.path = "/v1/queue/message/" + id});
  if (!message) return message.error().code;
  if (options.body || options.header) return print_octets(*client, *message, id, !options.body);
  if (options.admin.json) return finish(print(json::serialize(*message) + "\n"));
  return finish(print(described(*message)));
}

int queue_stats(const QueueOptions& options) {
  const auto stats = ask(options.admin, {.path = "/v1/queue/stats"});
  if (!stats) return stats.error().code;
  if (options.admin.json) return finish(print(json::serialize(*stats) + "\n"));
  return finish(print(stats_text(*stats)));
}

}  // namespace cas::cmd
