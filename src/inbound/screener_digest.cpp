// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See screener_digest.hpp.
#include "inbound/screener_digest.hpp"

#include <algorithm>
#include <span>
#include <tuple>

#include "base/encoding.hpp"
#include "message/date.hpp"

namespace cas::inbound {

namespace {

constexpr std::size_t longest_name = 120;

std::string_view domain_of(std::string_view author) {
  return author.substr(author.rfind('@') + 1);
}

std::string senders(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " sender" : " senders");
}

std::string line_of(const registry::RelationRow& row) {
  std::string line = "  " + printable(domain_of(row.author), longest_name) + "   " +
                     printable(row.author, longest_name) + "   " + std::to_string(row.messages) +
                     (row.messages == 1 ? " message" : " messages");
  if (row.key.starts_with(policy::relation_mark::unproven)) line += "   (nothing proves who wrote it)";
  return line + "\r\n";
}

}  // namespace

std::string format_screener_digest(const registry::Relationships::Digest& digest, const Mailbox& owner,
                                   const std::string& message_id, UnixTime now) {
  const std::string from =
      "postmaster@" + (owner.domain() ? owner.domain()->text() : "[" + owner.literal()->text + "]");
  auto rows = digest.pending;
  const auto lapses = [&](const auto& row) { return registry::is_about_to_lapse(row, now); };
  std::ranges::sort(rows, {}, [&](const auto& row) {
    return std::tuple(lapses(row), domain_of(row.author), std::string_view(row.author));
  });
  std::string text = "Date: " + format_date(now) + "\r\n" + "From: Screener <" + from + ">\r\n" + "To: <" +
                     owner.wire() + ">\r\n" + "Subject: " + senders(rows.size()) + " in your Screener\r\n" +
                     "Message-ID: <" + message_id + ">\r\n" + "Auto-Submitted: auto-generated\r\n" +
                     "MIME-Version: 1.0\r\n" + "Content-Type: text/plain; charset=utf-8\r\n" +
                     "Content-Transfer-Encoding: 8bit\r\n\r\n";
  const auto last = std::ranges::find_if(rows, lapses);
  const std::span waiting(rows.begin(), last), lapsing(last, rows.end());
  if (!waiting.empty()) {
    text +=
        "These wrote to you for the first time. Their mail waits outside of your inbox\r\n"
        "until you decide:\r\n\r\n";
    for (const auto& row : waiting) text += line_of(row);
  }
  if (!lapsing.empty()) {
    if (!waiting.empty()) text += "\r\n";
    text +=
        "These have waited for two weeks, and you are told of them for the last time.\r\n"
        "Soon they count as strangers again; their mail stays where it is:\r\n\r\n";
    for (const auto& row : lapsing) text += line_of(row);
  }
  const std::string box = owner.wire();
  text += "\r\nTo let one in, or to refuse it for good, on the server:\r\n\r\n  cas screener approve " + box +
          " ADDRESS\r\n  cas screener block " + box +
          " ADDRESS\r\n\r\nOr answer this letter, and postmaster does it for you.\r\n";
  const auto is_unproven = [](const auto& row) { return row.key.starts_with(policy::relation_mark::unproven); };
  if (std::ranges::any_of(rows, is_unproven)) {
    text +=
        "Where nothing proves who wrote it, approving takes --unauthenticated: whoever\r\n"
        "uses that name is let in then.\r\n";
  }
  text +=
      "\r\nWhat you approve is delivered at once, and so is all that sender writes later.\r\n"
      "Nothing is deleted unless you say so. Whom you write to is approved by that.\r\n"
      "This comes once a day at most, and only when somebody new waits, or has waited long.\r\n";
  return text;
}

}  // namespace cas::inbound
