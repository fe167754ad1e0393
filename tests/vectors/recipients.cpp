// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Replies to RCPT (CAS §8.2), and the discovery record that says in which mode a domain is (CAS §7).
#include "policy/judge.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "recipients.json";
constexpr std::string_view confirmed = "250 2.1.5 [CAS:confirmed]";
constexpr std::string_view exempt = "250 2.1.5 [CAS:exempt]";
constexpr std::string_view ordinary = "250 2.1.5";
constexpr std::string_view not_listed = "550 5.7.1 [CAS:rcpt]";
constexpr std::string_view unknown = "550 5.1.1 [CAS:unknown]";
constexpr std::string_view in_progress = "451 4.3.0 [CAS:in-progress]";
constexpr std::string_view unavailable = "451 4.3.0 [CAS:unavailable]";
constexpr std::string_view required = "530 5.7.0 [CAS:required]";
constexpr std::string_view plainly_unknown = "550 5.1.1";
constexpr std::string_view cannot_tell = "451 4.3.0";

struct Row {
  std::string name;
  std::string_view r;  // of the accepted intent; empty: there is none
  std::string recipient;
  std::string_view mode, ledger, mailbox;
  std::string_view reply;
};

std::vector<Row> with_intent() {
  const std::string suzie = "suzie@shopping.example.net";
  return {
      {"listed", "suzie", suzie, "optional", "absent", "exists", confirmed},
      {"listed-and-required", "suzie", suzie, "required", "absent", "exists", confirmed},
      {"listed-among-others", "bob,suzie,zoe", suzie, "optional", "absent", "exists", confirmed},
      {"listed-and-unknown", "suzie", suzie, "optional", "absent", "unknown", unknown},
      {"listed-and-unknown-and-required", "suzie", suzie, "required", "absent", "unknown", unknown},
      {"listed-and-nobody-can-tell", "suzie", suzie, "optional", "absent", "failed", cannot_tell},
      {"not-listed", "bob", suzie, "optional", "absent", "exists", not_listed},
      {"not-listed-and-unknown", "bob", suzie, "optional", "absent", "unknown", not_listed},
      {"not-listed-and-nobody-can-tell", "bob", suzie, "required", "absent", "failed", not_listed},
      {"not-listed-in-this-case", "Suzie", suzie, "optional", "absent", "exists", not_listed},
      {"listed-in-quotes", "suzie", "\"suzie\"@shopping.example.net", "optional", "absent", "exists", confirmed},
      {"listed-with-blank", "joe%20q", "\"joe q\"@shopping.example.net", "optional", "absent", "exists", confirmed},
      {"listed-at-a-domain-in-upper-case", "suzie", "suzie@SHOPPING.example.net", "optional", "absent", "exists",
       confirmed},
      {"at-another-local-domain", "suzie", "suzie@other.example", "optional", "absent", "exists", not_listed},
      {"at-another-local-domain-that-is-off", "suzie", "suzie@other.example", "off", "absent", "exists", not_listed},
      {"committed", "suzie", suzie, "optional", "committed", "exists", confirmed},
      {"committed-and-gone", "suzie", suzie, "optional", "committed", "unknown", confirmed},
      {"reserved", "suzie", suzie, "optional", "reserved", "exists", in_progress},
      {"reserved-and-unknown", "suzie", suzie, "optional", "reserved", "unknown", in_progress},
      {"ledger-unavailable", "suzie", suzie, "optional", "unavailable", "exists", unavailable},
      {"not-listed-and-ledger-unavailable", "bob", suzie, "optional", "unavailable", "exists", not_listed},
      {"postmaster-not-listed", "suzie", "postmaster@shopping.example.net", "required", "absent", "exists", exempt},
      {"postmaster-not-listed-in-any-case", "suzie", "PostMaster@shopping.example.net", "optional", "absent", "exists",
       exempt},
      {"abuse-not-listed", "suzie", "Abuse@shopping.example.net", "optional", "absent", "exists", exempt},
      {"postmaster-listed", "postmaster", "postmaster@shopping.example.net", "optional", "absent", "exists", confirmed},
  };
}

std::vector<Row> without_intent() {
  const std::string suzie = "suzie@shopping.example.net", postmaster = "postmaster@shopping.example.net";
  std::vector<Row> rows;
  for (const std::string_view mailbox : {"exists", "unknown", "failed"}) {
    const auto reply = mailbox == "exists" ? ordinary : mailbox == "unknown" ? plainly_unknown : cannot_tell;
    const auto name = [&](const std::string& mode) { return mode + "-and-" + std::string(mailbox); };
    rows.push_back({name("required"), "", suzie, "required", "absent", mailbox, required});
    rows.push_back({name("optional"), "", suzie, "optional", "absent", mailbox, reply});
    rows.push_back({name("off"), "", suzie, "off", "absent", mailbox, reply});
  }
  for (const std::string_view mode : {"required", "optional", "off"}) {
    const auto reply = mode == "off" ? ordinary : exempt;
    rows.push_back({"postmaster-" + std::string(mode), "", postmaster, mode, "absent", "exists", reply});
    rows.push_back({"abuse-" + std::string(mode), "", "abuse@shopping.example.net", mode, "absent", "exists", reply});
  }
  rows.push_back(
      {"postmaster-in-upper-case", "", "POSTMASTER@shopping.example.net", "required", "absent", "exists", exempt});
  rows.push_back(
      {"not-quite-postmaster", "", "postmaster1@shopping.example.net", "required", "absent", "exists", required});
  return rows;
}

policy::MailboxStatus status_of(std::string_view mailbox) {
  if (mailbox == "exists") return policy::MailboxStatus::Exists;
  return mailbox == "unknown" ? policy::MailboxStatus::Unknown : policy::MailboxStatus::LookupFailed;
}

void ask_the_code(Book& book, const Row& row, const std::string& line) {
  if (row.ledger == "committed") return;  // answered before the code that judges recipients is asked
  policy::RecipientFacts facts{.recipient = Mailbox::parse(row.recipient).value()};
  facts.domain_is_local = true;
  facts.mode = confirm::parse_mode(row.mode).value();
  facts.mailbox = status_of(row.mailbox);
  facts.ledger_in_progress = row.ledger == "reserved";
  facts.ledger_available = row.ledger != "unavailable";
  if (!line.empty()) {
    facts.intent = policy::IntentStatus::Valid;
    facts.listed_in_intent = confirm::parse_intent(line).value().lists(facts.recipient);
  }
  book.expect(file, row.name, row.reply, brief(std::get<policy::Verdict>(policy::judge(facts)).reply));
}

json::object vector_of(Book& book, const Row& row) {
  const std::string line = row.r.empty() ? std::string() : signed_line({.r = std::string(row.r)});
  ask_the_code(book, row, line);
  json::object out;
  out["name"] = text(row.name);
  out["line"] = line.empty() ? json::value(nullptr) : json::value(text(line));
  out["recipient"] = text(row.recipient);
  out["mode"] = text(row.mode);
  out["ledger"] = text(row.ledger);
  out["mailbox"] = text(row.mailbox);
  out["reply"] = text(row.reply);
  return out;
}

}  // namespace

void add_recipients(Book& book) {
  json::array vectors;
  for (const auto& rows : {with_intent(), without_intent()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(
      file, "8.2",
      "The reply to RCPT. line: the accepted intent, or null; mode: that of the recipient's domain, which is local; "
      "ledger: the row of this recipient (committed: with this m), or unavailable; mailbox: exists, unknown, or "
      "failed where that cannot be told. The mailbox has no blocks and no Screener.",
      std::move(vectors));
}

}  // namespace cas::vectors
