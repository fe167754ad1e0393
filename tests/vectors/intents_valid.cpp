// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Intents that are right, with what their tags mean (CAS §4.1 to §4.3). Meanings are written down here, not read back.
#include <optional>

#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "intents-valid.json";

struct Address {
  std::string local, domain;
};

/// What a line means where it is not the example of CAS §A.1.
struct Meaning {
  std::string id = "000102030405060708090a0b0c0d0e0f";
  std::optional<Address> f = Address{"joe", "football.example.com"};
  std::vector<std::string> r = {"suzie"};
  Address o = {"joe", "football.example.com"};
  std::optional<std::string> l = std::nullopt;
  std::optional<std::string> m = "6bf5c790d0070518b913055524ba6996d148a05fd5ba86e432ef8fb88d38c172";
};

struct Row {
  std::string_view name;
  Tags tags;
  Meaning meaning;
};

std::string numbered(std::size_t n) {
  return "r" + std::string(n < 10 ? "0" : "") + std::to_string(n);
}

Row hundred_recipients() {
  Row row{"100-recipients", {.r = numbered(0)}, {.r = {numbered(0)}}};
  for (std::size_t i = 1; i < 100; ++i) {
    row.tags.r += ',' + numbered(i);
    row.meaning.r.push_back(numbered(i));
  }
  return row;
}

/// The longest line there can be: long local parts, and one that fills up.
Row longest_line() {
  Row row{"8182-octets", {.r = ""}, {.r = {}}};
  const auto add = [&](const std::string& spelt, const std::string& value) {
    row.tags.r += (row.tags.r.empty() ? "" : ",") + spelt;
    row.meaning.r.push_back(value);
  };
  std::string spelt, value;
  for (int i = 0; i < 62; ++i) {
    spelt += "%20";
    value += ' ';
  }
  constexpr std::size_t longest = 8182, signature = 86;
  const auto left = [&] { return longest - signature - unsigned_line(row.tags).size(); };
  for (char c = 'A'; left() > 189; c = c == 'Z' ? 'a' : static_cast<char>(c + 1))
    add(c + spelt.substr(0, 180), c + value.substr(0, 60));

  const std::size_t last = left() - 2;  // behind "," and "z"
  add('z' + spelt.substr(0, last / 3 * 3) + std::string(last % 3, 'z'),
      'z' + value.substr(0, last / 3) + std::string(last % 3, 'z'));
  return row;
}

std::vector<Row> spellings() {
  const std::string x63(63, 'x'), x64(64, 'x');
  const std::string host_253 = x63 + '.' + x63 + '.' + x63 + '.' + std::string(61, 'x');
  std::string blanks_64, encoded_64;
  for (int i = 0; i < 64; ++i) {
    blanks_64 += ' ';
    encoded_64 += "%20";
  }
  return {
      {"example-a1", {}, {}},
      {"rsa", {.s = "test", .a = "rsa-sha256"}, {}},
      {"null-path", {.f = ""}, {.f = std::nullopt}},
      {"forwarded", {.o = "ann@elsewhere.example", .w = "fwd"}, {.o = {"ann", "elsewhere.example"}}},
      {"transactional", {.x = "1795719600", .k = "t"}, {}},
      {"automatic", {.k = "a"}, {}},
      {"bulk", {.k = "b", .l = "news.football.example.com"}, {.l = "news.football.example.com"}},
      {"bulk-forwarded", {.k = "b", .l = "n", .w = "fwd"}, {.l = "n"}},
      {"list-id-of-200-octets", {.k = "b", .l = std::string(200, 'n')}, {.l = std::string(200, 'n')}},
      {"list-id-encoded", {.k = "b", .l = "a%20b%2Cc%C3%A9"}, {.l = "a b,cé"}},
      {"list-id-upper-case-not-ascii", {.k = "b", .l = "%C3%89"}, {.l = "É"}},
      {"preflight", {.m = "-"}, {.m = std::nullopt}},
      {"blank", {.r = "joe%20q"}, {.r = {"joe q"}}},
      {"atext", {.r = "!#$&'*+-/=?^_`{|}~."}, {.r = {"!#$&'*+-/=?^_`{|}~."}}},
      {"dots", {.r = "..a..b.."}, {.r = {"..a..b.."}}},
      {"percent", {.r = "50%25"}, {.r = {"50%"}}},
      {"at", {.o = "a%40b@football.example.com"}, {.o = {"a@b", "football.example.com"}}},
      {"comma", {.r = "a%2Cb"}, {.r = {"a,b"}}},
      {"quote-and-backslash", {.r = "%22%5C"}, {.r = {"\"\\"}}},
      {"other-specials", {.r = "%28%29%3A%3B%3C%3E%5B%5D"}, {.r = {"():;<>[]"}}},
      {"utf-8", {.r = "jos%C3%A9"}, {.r = {"josé"}}},
      {"utf-8-not-composed", {.r = "jose%CC%81"}, {.r = {"jose\u0301"}}},
      {"utf-8-of-four-octets", {.r = "%F0%9F%98%80"}, {.r = {"\U0001F600"}}},
      {"utf-8-last", {.r = "%F4%8F%BF%BF"}, {.r = {"\U0010FFFF"}}},
      {"after-the-controls", {.r = "%C2%A0"}, {.r = {"\u00A0"}}},
      {"case-of-local-parts", {.r = "Suzie,suzie"}, {.r = {"Suzie", "suzie"}}},
      {"order-of-spellings",
       {.r = "%20,+,-,.,0,A,A%20,A+,AA,_,a,aa,b,~"},
       {.r = {" ", "+", "-", ".", "0", "A", "A ", "A+", "AA", "_", "a", "aa", "b", "~"}}},
      {"local-part-of-64-octets", {.r = x64}, {.r = {x64}}},
      {"local-part-of-64-octets-encoded", {.r = encoded_64}, {.r = {blanks_64}}},
      {"ace-domain", {.f = "joe@xn--bcher-kva.example"}, {.f = Address{"joe", "xn--bcher-kva.example"}}},
      {"host-of-253-octets", {.q = host_253}, {}},
      {"label-of-one-octet", {.q = "a.b.c"}, {}},
      {"single-label", {.q = "localhost"}, {}},
      {"digits-and-hyphens", {.q = "1.2--3.4a"}, {}},
      {"selector-with-underscores", {.s = "_a.b_c.d_"}, {}},
      {"selector-of-digits", {.s = "20230601"}, {}},
      {"time-zero", {.t = "0", .x = "0"}, {}},
      {"time-of-twelve-digits", {.t = "999999999999", .x = "999999999999"}, {}},
      {"identifier-of-ones", {.i = "_____________________w"}, {.id = std::string(32, 'f')}},
  };
}

std::vector<Row> rows() {
  auto out = spellings();
  out.push_back(hundred_recipients());
  out.push_back(longest_line());
  return out;
}

json::object address(const Address& of) {
  json::object out;
  out["local"] = text(of.local);
  out["domain"] = text(of.domain);
  return out;
}

/// The meaning of a row.
json::object meaning(const Row& row) {
  json::array recipients;
  for (const auto& local : row.meaning.r) recipients.push_back(text(local));
  json::object out;
  out["v"] = text(row.tags.v);
  out["i"] = text(row.meaning.id);
  out["d"] = text(row.tags.d);
  out["s"] = text(row.tags.s);
  out["a"] = text(row.tags.a);
  out["t"] = std::stoll(row.tags.t);
  out["x"] = std::stoll(row.tags.x);
  out["f"] = row.meaning.f ? json::value(address(*row.meaning.f)) : json::value(nullptr);
  out["q"] = text(row.tags.q);
  out["r"] = std::move(recipients);
  out["o"] = address(row.meaning.o);
  out["k"] = text(row.tags.k);
  out["l"] = row.meaning.l ? json::value(text(*row.meaning.l)) : json::value(nullptr);
  out["w"] = row.tags.w.empty() ? json::value(nullptr) : json::value(text(row.tags.w));
  out["m"] = row.meaning.m ? json::value(text(*row.meaning.m)) : json::value(nullptr);
  return out;
}

json::object address(const Mailbox& of) {
  return address(Address{of.local().value(), of.domain()->text()});
}

}  // namespace

json::object meaning_of(const confirm::Intent& intent) {
  json::array recipients;
  for (const auto& local : intent.recipients) recipients.push_back(text(local.value()));
  json::object out;
  out["v"] = "CAS1";
  out["i"] = text(hex(intent.id));
  out["d"] = text(intent.signing_domain.text());
  out["s"] = text(intent.selector);
  out["a"] = intent.algorithm == confirm::Algorithm::RsaSha256 ? "rsa-sha256" : "ed25519-sha256";
  out["t"] = intent.issued.time_since_epoch().count();
  out["x"] = intent.expires.time_since_epoch().count();
  out["f"] = intent.envelope_from ? json::value(address(*intent.envelope_from)) : json::value(nullptr);
  out["q"] = text(intent.recipient_domain.text());
  out["r"] = std::move(recipients);
  out["o"] = address(intent.author);
  out["k"] = text(confirm::letter(intent.klass));
  out["l"] = intent.list_id ? json::value(text(*intent.list_id)) : json::value(nullptr);
  out["w"] = intent.forwarded ? json::value("fwd") : json::value(nullptr);
  out["m"] = intent.digest ? json::value(text(hex(*intent.digest))) : json::value(nullptr);
  return out;
}

void add_valid_intents(Book& book) {
  json::array vectors;
  for (const Row& row : rows()) {
    const std::string line = signed_line(row.tags);
    json::object tags = meaning(row);
    const auto intent = confirm::parse_intent(line);
    book.expect(file, row.name, pretty(tags), intent ? pretty(meaning_of(*intent)) : brief(intent.error()));
    book.expect(file, row.name, line, intent ? confirm::print_intent(*intent) : "no intent");
    json::object out;
    out["name"] = text(row.name);
    out["line"] = text(line);
    out["tags"] = std::move(tags);
    vectors.push_back(std::move(out));
  }
  book.add(
      file, "4.2, 4.3",
      "Lines that are intents, and what they mean: i and m in hexadecimal, local parts and l decoded, null for what "
      "is absent, empty or \"-\". Each is signed with the key of keys.json that has its algorithm.",
      std::move(vectors));
}

}  // namespace cas::vectors
