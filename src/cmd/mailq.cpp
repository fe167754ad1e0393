// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas mailq`: the queue as Postfix prints it, for programs that read that.
#include <fmt/format.h>
#include <sysexits.h>
#include <time.h>

#include <array>

#include "cmd/queue_words.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace json = boost::json;

namespace {

constexpr int id_width = 27;  // ours has 26 characters; one for the mark

std::string arrival(const std::string& time) {
  const time_t seconds = seconds_of(time);
  tm parts{};
  std::array<char, 40> text{};
  if (::localtime_r(&seconds, &parts) == nullptr) return "-";
  return {text.data(), ::strftime(text.data(), text.size(), "%a %b %e %H:%M:%S", &parts)};
}

/// "*": being tried; "!": held.
std::string_view mark(const json::array& recipients) {
  bool held = false;
  for (const auto& value : recipients) {
    const std::string state = text_of(object_of(value), "state");
    if (state == "in-flight") return "*";
    held = held || state == "held";
  }
  return held ? "!" : "";
}

std::string entry(const json::object& message) {
  if (const std::string why = text_of(message, "damaged"); !why.empty()) {
    return fmt::format("{} (damaged: {:.200})\n\n", text_of(message, "id"), why);
  }
  const auto& recipients = array_of(message, "recipients");
  const std::string sender = text_of(message, "sender");
  std::string out = fmt::format("{:<{}} {:>8} {:>20} {}\n", text_of(message, "id").append(mark(recipients)), id_width,
                                number_of(message, "size"), arrival(text_of(message, "arrived")),
                                sender.empty() ? "MAILER-DAEMON" : sender);
  std::string last;
  for (const auto& value : recipients) {
    const auto& recipient = object_of(value);
    const std::string state = text_of(recipient, "state");
    if (state == "delivered" || state == "removed") continue;
    const std::string reply = text_of(recipient, "last_reply");
    if (!reply.empty() && reply != last) out += fmt::format("({:.200})\n", reply);
    last = reply;
    out += fmt::format("{:<{}} {:>8} {:>20} {}\n", "", id_width, "", "", text_of(recipient, "address"));
  }
  return out + "\n";
}

}  // namespace

int mailq(const QueueOptions& options) {
  if (options.admin.json) return list_queue(options);
  std::uint64_t messages = 0, octets = 0;
  const int code = each_page(options, [&](const json::array& page) {
    std::string out;
    if (messages == 0 && !page.empty()) {
      out = fmt::format("{:<{}} --Size-- ----Arrival Time---- -Sender/Recipient-------\n", "-Queue ID-", id_width);
    }
    for (const auto& value : page) {
      ++messages;
      octets += number_of(object_of(value), "size");
      out += entry(object_of(value));
    }
    return print(out);
  });
  if (code != EX_OK) return code;
  if (messages == 0) return finish(print("Mail queue is empty\n"));
  return finish(print(
      fmt::format("-- {} Kbytes in {} Request{}.\n", (octets + 1023) / 1024, messages, messages == 1 ? "" : "s")));
}

}  // namespace cas::cmd
