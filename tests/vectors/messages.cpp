// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The message against its intent: steps 15, 16 and 17 of CAS §8.3.
#include "confirm/digest.hpp"
#include "policy/boundary.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "messages-against-intents.json";
constexpr std::string_view ok = "250 2.0.0";
constexpr std::string_view no_header = "554 5.6.0";
constexpr std::string_view from = "550 5.7.1 [CAS:from]";
constexpr std::string_view digest = "550 5.7.7 [CAS:digest]";
constexpr std::string_view klass = "550 5.7.1 [CAS:class]";

struct Row {
  std::string name;
  Tags tags;
  std::string header;
  std::string_view reply;
  bool other_message = false;  // m is that of something else
};

const std::string joe = "From: Joe SixPack <joe@football.example.com>\r\n";
const std::string date = "Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n";
const std::string id = "Message-ID: <1@football.example.com>\r\n";

std::vector<Row> authors() {
  const auto by = [](const std::string& name, const std::string& field, std::string_view reply) {
    return Row{name, {}, field + date + id, reply};
  };
  return {
      by("author", joe, ok),
      by("no-from", "", from),
      by("from-twice", joe + joe, from),
      by("from-twice-second-of-another", joe + "From: ann@bank.example\r\n", from),
      by("two-mailboxes", "From: joe@football.example.com, jim@football.example.com\r\n", from),
      by("one-mailbox-twice", "From: joe@football.example.com, joe@football.example.com\r\n", from),
      by("group-of-one", "From: team: joe@football.example.com;\r\n", from),
      by("group-of-nobody", "From: undisclosed:;\r\n", from),
      by("from-empty", "From:\r\n", from),
      by("from-without-domain", "From: joe\r\n", from),
      by("from-with-something-behind", "From: <joe@football.example.com> x\r\n", from),
      by("other-author", "From: jim@football.example.com\r\n", from),
      by("author-in-the-display-name", "From: \"joe@football.example.com\" <ann@bank.example>\r\n", from),
      by("another-in-the-display-name", "From: \"ann@bank.example\" <joe@football.example.com>\r\n", ok),
      by("another-in-a-comment", "From: joe@football.example.com (ann@bank.example)\r\n", ok),
      by("case-of-local-part", "From: Joe@football.example.com\r\n", from),
      by("case-of-domain", "From: joe@Football.EXAMPLE.com\r\n", ok),
      by("quoted-local-part", "From: \"joe\"@football.example.com\r\n", ok),
      by("folded", "From: Joe\r\n SixPack\r\n <joe@football.example.com>\r\n", ok),
      by("encoded-word", "From: =?utf-8?q?Jos=C3=A9?= <joe@football.example.com>\r\n", ok),
      by("blank-before-the-colon", "From : joe@football.example.com\r\n", ok),
      by("comment-within-the-address", "From: joe(x)@football.example.com\r\n", ok),
      by("obsolete-route", "From: <@x.example,@y.example:joe@football.example.com>\r\n", ok),
      by("name-of-field-in-upper-case", "FROM: joe@football.example.com\r\n", ok),
      by("sender-is-somebody-else", joe + "Sender: ann@bank.example\r\n", ok),
      {"eai", {.o = "jos%C3%A9@football.example.com"}, "From: josé@football.example.com\r\n" + date + id, ok},
      {"forwarded-author", {.o = "ann@bank.example", .w = "fwd"}, "From: ann@bank.example\r\n" + date + id, ok},
      {"forwarded-other-author", {.o = "ann@bank.example", .w = "fwd"}, joe + date + id, from},
  };
}

/// CAS §4.4: header sections that have no digest.
std::vector<Row> unreadable() {
  const auto beside = [](const std::string& name, const std::string& lines, std::string_view reply) {
    return Row{name, {}, joe + lines + date + id, reply};
  };
  return {
      {"header-begins-with-a-blank", {}, " x\r\n" + joe + date + id, no_header},
      {"header-begins-with-a-tab", {}, "\tx: y\r\n" + joe + date + id, no_header},
      beside("line-without-colon", "hello\r\n", no_header),
      beside("field-without-name", ": x\r\n", no_header),
      beside("field-name-with-blank", "X Y: 1\r\n", no_header),
      beside("field-name-with-control", "X\x01: 1\r\n", no_header),
      beside("field-name-not-ascii", "Früm: 1\r\n", no_header),
      beside("field-name-of-specials", "!\"#$%&'()*+,-./@[]~: 1\r\n", ok),
  };
}

std::vector<Row> digests() {
  return {
      {"no-date", {}, joe + id, digest},
      {"two-dates", {}, joe + date + date + id, digest},
      {"no-message-id", {}, joe + date, digest},
      {"two-message-ids", {}, joe + date + id + id, digest},
      {"other-message", {}, joe + date + id, digest, true},
      {"author-before-digest", {}, date + id, from, true},
      {"author-before-date", {}, id, from},
      {"digest-before-class", {.k = "a"}, joe + date + id, digest, true},
      {"date-before-class", {.k = "a"}, joe + id, digest},
  };
}

std::vector<Row> classes() {
  std::vector<Row> rows;
  // Which of p, t, a, and b with l "n" or "m", fit a message with these fields.
  const auto fit = [&](std::string_view name, const std::string& fields, std::string_view classes) {
    for (const std::string k : {"p", "t", "a", "n", "m"}) {
      const bool bulk = k == "n" || k == "m";
      rows.push_back({std::string(name) + (bulk ? "-b-" : "-") + k,
                      {.k = bulk ? "b" : k, .l = bulk ? k : ""},
                      joe + date + id + fields,
                      classes.contains(k) ? ok : klass});
    }
  };
  const std::string list = "List-Id: <n>\r\n", automatic = "Auto-Submitted: auto-replied\r\n";
  fit("plain", "", "pt");
  fit("auto-generated", "Auto-Submitted: auto-generated\r\n", "ta");
  fit("auto-something", "Auto-Submitted: x\r\n", "ta");
  fit("auto-with-parameter", "Auto-Submitted: auto-replied; no=no\r\n", "ta");
  fit("auto-no", "Auto-Submitted: no\r\n", "pt");
  fit("auto-no-in-upper-case", "Auto-Submitted: NO\r\n", "pt");
  fit("auto-no-with-parameter", "Auto-Submitted: no; x=y\r\n", "pt");
  fit("auto-no-with-comment", "Auto-Submitted: (of course) no (x)\r\n", "pt");
  fit("auto-no-folded", "Auto-Submitted:\r\n no\r\n", "pt");
  fit("auto-not-quite-no", "Auto-Submitted: none\r\n", "ta");
  fit("auto-empty", "Auto-Submitted:\r\n", "ta");
  fit("auto-no-first", "Auto-Submitted: no\r\n" + automatic, "pt");
  fit("auto-no-second", automatic + "Auto-Submitted: no\r\n", "ta");
  fit("list", list, "n");
  fit("list-and-automatic", list + automatic, "n");
  fit("list-with-name", "List-Id: News of the <club> <n>\r\n", "n");
  fit("list-in-upper-case", "LIST-ID: <N>\r\n", "n");
  fit("list-with-blanks", "List-Id: < n\t>\r\n", "n");
  fit("list-folded", "List-Id: News\r\n\t<n>\r\n", "n");
  fit("list-and-unsubscription", list + "List-Unsubscribe: <https://a.example/>\r\n", "n");
  fit("two-lists", "List-Id: <n>\r\nList-Id: <m>\r\n", "");
  fit("list-twice", list + list, "");
  fit("list-without-brackets", "List-Id: n\r\n", "");
  fit("list-with-nothing-in-brackets", "List-Id: <>\r\n", "");
  fit("list-with-blanks-in-brackets", "List-Id: < >\r\n", "");
  fit("list-with-brackets-turned", "List-Id: >n<\r\n", "");
  fit("list-with-c1-control", "List-Id: <n\u0085>\r\n", "");
  fit("list-of-201-octets", "List-Id: <" + std::string(201, 'n') + ">\r\n", "");
  fit("list-unusable-and-automatic", "List-Id: n\r\n" + automatic, "");
  fit("unsubscription-alone", "List-Unsubscribe: <https://a.example/>\r\n", "");
  fit("unsubscription-post-alone", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "");
  fit("unsubscription-and-automatic", "List-Unsubscribe: <https://a.example/>\r\n" + automatic, "");
  return rows;
}

/// What the code says of a message; `tags.m` becomes its digest.
std::string judge(const Row& row, Tags& tags) {
  const auto fields = parse_header(row.header);
  if (!fields) return std::string(no_header);
  confirm::BodyHasher body;
  body.update("Hi.\r\n");
  auto facts = policy::message_facts(*fields);
  facts.hashes = {confirm::header_hash(*fields), body.finish()};
  if (!row.other_message) {
    confirm::IntentId i{};
    std::ranges::copy(from_base64url(tags.i).value(), i.begin());
    tags.m = "c1:" + base64url(confirm::digest_c1(i, facts.hashes));
  }
  const auto checked = confirm::check_message(confirm::parse_intent(signed_line(tags)).value(), facts);
  return checked ? std::string(ok) : brief(checked.error());
}

json::object vector_of(Book& book, const Row& row) {
  Tags tags = row.tags;
  book.expect(file, row.name, row.reply, judge(row, tags));
  json::object out;
  out["name"] = text(row.name);
  out["message"] = text(row.header + "\r\nHi.\r\n");
  out["line"] = text(signed_line(tags));
  out["reply"] = text(row.reply);
  return out;
}

}  // namespace

void add_messages_against_intents(Book& book) {
  json::array vectors;
  for (const auto& rows : {authors(), unreadable(), digests(), classes()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(
      file, "4.4, 8.3 steps 15, 16, 17",
      "The reply to the end of data after an intent that was accepted; 250 2.0.0 where steps 15 to 17 find no fault.",
      std::move(vectors));
}

}  // namespace cas::vectors
