// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header tokens (CAS §14).
#include "confirm/token.hpp"

#include <numeric>

#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "tokens.json";

struct Row {
  std::string name;
  Tags tags;                        // of the intent that the token is held against
  std::string recipient = "suzie";  // its spelling
  std::string token = {};           // where it is not the right one of that intent
  std::string_view verdict = "ok";
};

Octets secret() {
  Octets octets(32);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  return octets;
}

/// CAS §14.1 and §14.2, put together here once more.
std::string token_of(const Tags& tags, const std::string& recipient, const std::string& kid = "k3") {
  const std::string input = "CAS1 TOKEN\n" + kid + '\n' + tags.k + '\n' + tags.x + '\n' + tags.i + '\n' + tags.d +
                            '\n' + tags.f + '\n' + tags.q + '\n' + recipient + '\n' + tags.o + '\n' + tags.l + '\n' +
                            tags.m;
  const auto mac = crypto::hmac_sha256(secret(), input);
  return "1." + kid + '.' + tags.k + '.' + tags.x + '.' + tags.i + '.' + tags.d + '.' +
         base64url(std::span(mac).first(16));
}

std::vector<Row> right() {
  return {
      {"example-a1", {}},
      {"null-path", {.f = ""}},
      {"bulk", {.k = "b", .l = "n"}},
      {"bulk-encoded", {.k = "b", .l = "a%20b"}},
      {"automatic", {.k = "a"}},
      {"transactional", {.k = "t"}},
      {"one-of-several-recipients", {.r = "bob,suzie"}, "bob"},
      {"encoded",
       {.f = "jos%C3%A9@football.example.com", .r = "joe%20q", .o = "jos%C3%A9@football.example.com"},
       "joe%20q"},
      {"host-of-one-label", {.d = "a", .o = "joe@a"}},
      {"other-kid", {}, "suzie", token_of({}, "suzie", "0123456789abcdef")},
  };
}

std::vector<Row> wrong() {
  const std::string token = token_of({}, "suzie");
  const auto broken = [&](std::string name, std::string_view from, std::string_view to) {
    return Row{std::move(name), {}, "suzie", with(token, from, to), "form"};
  };
  const auto other = [&](std::string name, Tags tags, std::string recipient = "suzie") {
    return Row{std::move(name), std::move(tags), std::move(recipient), token, "mac"};
  };
  std::vector<Row> rows{
      other("of-another-sender", {.f = "jim@football.example.com"}),
      other("of-the-null-path", {.f = ""}),
      other("of-another-recipient", {.r = "bob"}, "bob"),
      other("of-another-recipient-domain", {.q = "b.example"}),
      other("of-another-author", {.o = "jim@football.example.com"}),
      other("of-another-message", {.m = "c1:" + std::string(43, 'A')}),
      {"kid-changed", {}, "suzie", with(token, ".k3.", ".k4."), "mac"},
      {"class-changed", {}, "suzie", with(token, ".p.", ".t."), "mac"},
      {"expiry-changed", {}, "suzie", with(token, "1795546800", "1795546801"), "mac"},
      {"domain-changed", {}, "suzie", with(token, "football", "baseball"), "mac"},
      {"mac-changed", {}, "suzie", token.substr(0, token.size() - 22) + std::string(22, 'A'), "mac"},
      {"list-left-out", {.k = "b", .l = "n"}, "suzie", token_of({.k = "b"}, "suzie"), "mac"},
      broken("version-2", "1.", "2."),
      broken("kid-empty", ".k3.", ".."),
      broken("kid-in-upper-case", ".k3.", ".K3."),
      broken("kid-of-17-characters", ".k3.", ".0123456789abcdefg."),
      broken("class-unknown", ".p.", ".x."),
      broken("class-missing", ".p.", "."),
      broken("expiry-with-zero", "1795546800", "01795546800"),
      broken("expiry-of-13-digits", "1795546800", "1000000000000"),
      broken("id-unused-bits", "0ODw.", "0ODx."),
      broken("id-short", "0ODw.", "0OD."),
      broken("host-in-upper-case", "football", "Football"),
      broken("host-with-underscore", "football", "foot_ball"),
      broken("host-missing", ".football.example.com", ""),
      broken("blank-before", "1.", " 1."),
  };
  rows.push_back({"mac-short", {}, "suzie", token.substr(0, token.size() - 1), "form"});
  rows.push_back({"mac-padded", {}, "suzie", token + "==", "form"});
  rows.push_back({"mac-unused-bits", {}, "suzie", token.substr(0, token.size() - 1) + "_", "form"});
  rows.push_back({"blank-behind", {}, "suzie", token + " ", "form"});
  return rows;
}

std::string judge(const Row& row, const std::string& token_text, const confirm::Intent& intent) {
  const auto token = confirm::parse_token(token_text);
  if (!token) return "form";
  const auto recipient = std::ranges::find(intent.recipients, row.recipient,
                                           [](const LocalPart& r) { return confirm::percent_encode(r.value()); });
  const confirm::TokenBinding binding{
      .mail_from = intent.envelope_from ? ReversePath(*intent.envelope_from) : ReversePath(),
      .recipient = Mailbox(*recipient, intent.recipient_domain),
      .author = intent.author,
      .list_id = intent.list_id,
      .digest = *intent.digest};
  return confirm::check_token(secret(), *token, binding) ? "ok" : "mac";
}

json::object vector_of(Book& book, const Row& row) {
  const std::string token = row.token.empty() ? token_of(row.tags, row.recipient) : row.token;
  const std::string line = signed_line(row.tags);
  book.expect(file, row.name, row.verdict, judge(row, token, confirm::parse_intent(line).value()));
  json::object out;
  out["name"] = text(row.name);
  out["secret"] = text(hex(secret()));
  out["line"] = text(line);
  out["recipient"] = text(row.recipient);
  out["token"] = text(token);
  out["verdict"] = text(row.verdict);
  return out;
}

}  // namespace

void add_tokens(Book& book) {
  json::array vectors;
  for (const auto& rows : {right(), wrong()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(file, "14",
           "Tokens, held against what an intent says of sender, recipient, author, list and message. secret: in "
           "hexadecimal, that of any kid. verdict: ok, mac where the MAC is another, form where it is no token.",
           std::move(vectors));
}

}  // namespace cas::vectors
