// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines that are no intents: each breaks one rule of CAS §4.2 or §4.3, once.
#include "confirm/receiver.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "intents-invalid.json";
constexpr std::string_view syntax = "501 5.5.4 [CAS:syntax]";
constexpr std::string_view version = "504 5.7.6 [CAS:version]";
constexpr std::string_view algorithm = "504 5.7.6 [CAS:algorithm]";
constexpr std::string_view too_long = "500 5.5.2 [CAS:too-long]";

struct Row {
  std::string_view name;
  std::string_view rule;  // a section, and a number of the list in §4.3
  std::string line;
  std::string_view reply = syntax;
};

const std::string& example() {
  static const std::string line = signed_line({});
  return line;
}
std::string changed(std::string_view from, std::string_view to) {
  return with(example(), from, to);
}
/// The example with another recipient.
std::string to(std::string_view r) {
  return changed("r=suzie", "r=" + std::string(r));
}
std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  while (times-- > 0) out += text;
  return out;
}

std::vector<Row> order() {
  const std::string& line = example();
  const std::string bulk = signed_line({.k = "b", .l = "n"});
  std::vector<Row> rows{
      {"empty", "4.2", ""},
      {"white-space-before", "4.3 1", " " + line},
      {"white-space-behind", "4.3 1", line + " "},
      {"white-space-between", "4.3 1", changed(";d=", "; d=")},
      {"white-space-around-equals", "4.3 1", changed(";d=", ";d =")},
      {"horizontal-tab", "4.3 1", changed(";d=", ";\td=")},
      {"semicolon-at-the-end", "4.3 1", line + ";"},
      {"semicolon-twice", "4.3 1", changed(";d=", ";;d=")},
      {"upper-case-tag", "4.3 1", changed(";d=", ";D=")},
      {"upper-case-version-tag", "4.3 1", changed("v=CAS1", "V=CAS1")},
      {"unknown-tag", "4.3 1", changed(";m=", ";z=1;m=")},
      {"unknown-tag-at-the-end", "4.3 1", line + ";z=1"},
      {"tags-exchanged", "4.3 1", changed(";t=1795460400;x=1795546800", ";x=1795546800;t=1795460400")},
      {"l-before-k", "4.3 1", with(bulk, ";k=b;l=n", ";l=n;k=b")},
      {"w-before-l", "4.3 1", with(bulk, ";l=n;", ";w=fwd;l=n;")},
      {"first-tag-not-v", "4.3 1", line.substr(std::string_view("v=CAS1;").size())},
      {"only-the-version", "4.3 1", "v=CAS1;"},
      {"version-without-semicolon", "4.3", "v=CAS1"},
  };
  constexpr std::array<std::string_view, 13> names{"missing-i", "missing-d", "missing-s", "missing-a", "missing-t",
                                                   "missing-x", "missing-f", "missing-q", "missing-r", "missing-o",
                                                   "missing-k", "missing-m", "missing-b"};
  constexpr std::array<std::string_view, 13> twice{"i-twice", "d-twice", "s-twice", "a-twice", "t-twice",
                                                   "x-twice", "f-twice", "q-twice", "r-twice", "o-twice",
                                                   "k-twice", "m-twice", "b-twice"};
  for (std::size_t n = 0; n < names.size(); ++n) {
    const auto begin = line.find(std::string(";") + names[n].back() + '=');
    const auto end = std::min(line.find(';', begin + 1), line.size());
    const std::string tag = line.substr(begin, end - begin);
    rows.push_back({names[n], "4.3 1", with(line, tag, "")});
    rows.push_back({twice[n], "4.3 1", with(line, tag, tag + tag)});
  }
  return rows;
}

std::vector<Row> versions() {
  const std::string zero_algorithm = changed("ed25519-sha256", "sha256");
  return {
      {"version-2", "4.3", changed("v=CAS1", "v=CAS2"), version},
      {"version-10", "4.3", changed("v=CAS1", "v=CAS10"), version},
      {"version-lower-case", "4.3", changed("v=CAS1", "v=cas1"), version},
      {"version-and-nothing-else", "4.3", "v=X;", version},
      {"version-of-digits", "4.3", "v=2;i=?", version},
      {"version-empty", "4.3", changed("v=CAS1", "v=")},
      {"version-with-hyphen", "4.3", changed("v=CAS1", "v=CAS-2")},
      {"version-with-blank", "4.3", changed("v=CAS1", "v=CAS2 ")},
      {"other-version-without-semicolon", "4.3", "v=CAS2"},
      {"algorithm-unknown", "4.3", zero_algorithm, algorithm},
      {"algorithm-hyphens", "4.3", changed("ed25519-sha256", "-"), algorithm},
      {"algorithm-empty", "4.3", changed("ed25519-sha256", "")},
      {"algorithm-upper-case", "4.3", changed("ed25519-sha256", "Ed25519-sha256")},
      {"algorithm-with-underscore", "4.3", changed("ed25519-sha256", "ed25519_sha256")},
      {"algorithm-unknown-and-else-wrong", "4.3", with(zero_algorithm, "r=suzie", "r=zoe,suzie")},
      {"algorithm-unknown-in-a-preflight", "8.1 1", signed_line({.a = "x", .m = "-"})},
      {"8183-octets", "4.2", changed("r=suzie", "r=" + std::string(8183 - example().size() + 5, 'x')), too_long},
      {"8183-octets-of-nothing", "4.2", std::string(8183, 'x'), too_long},
      {"8183-octets-of-another-version", "4.2", "v=CAS2;" + std::string(8176, 'x'), too_long},
      {"8182-octets-of-nothing", "4.2", std::string(8182, 'x')},
  };
}

std::vector<Row> local_parts() {
  std::string hundred_and_one = "r100";
  for (int n = 101; n <= 200; ++n) hundred_and_one += ",r" + std::to_string(n);
  return {
      {"encoded-plain-octet", "4.3 2", to("%73uzie")},
      {"encoded-dot", "4.3 2", to("a%2Eb")},
      {"encoded-hyphen", "4.3 2", to("a%2Db")},
      {"encoded-tilde", "4.3 2", to("a%7Eb")},
      {"lower-case-digits", "4.3 2", to("a%2cb")},
      {"lower-case-digits-of-utf-8", "4.3 2", to("%c3%a9")},
      {"percent-alone", "4.3 2", to("a%")},
      {"percent-and-one-digit", "4.3 2", to("a%2")},
      {"percent-and-no-digits", "4.3 2", to("a%XY")},
      {"blank-not-encoded", "4.3 2", to("a b")},
      {"quote-not-encoded", "4.3 2", to("\"suzie\"")},
      {"at-not-encoded", "4.3 2", to("suzie@shopping.example.net")},
      {"utf-8-not-encoded", "4.3 2", to("josé")},
      {"two-at-in-o", "4.3 2", changed("o=joe@", "o=j@oe@")},
      {"two-at-in-f", "4.3 2", changed("f=joe@", "f=j@oe@")},
      {"control-nul", "4.3 3", to("a%00")},
      {"control-cr", "4.3 3", to("a%0D")},
      {"control-lf", "4.3 3", to("a%0Ab")},
      {"control-last", "4.3 3", to("%1F")},
      {"control-del", "4.3 3", to("%7F")},
      {"control-c1-first", "4.3 3", to("%C2%80")},
      {"control-c1-last", "4.3 3", to("%C2%9F")},
      {"utf-8-cut", "4.3 3", to("%C3")},
      {"utf-8-continuation-alone", "4.3 3", to("%A9")},
      {"utf-8-overlong", "4.3 3", to("%C1%A1")},
      {"utf-8-overlong-of-three", "4.3 3", to("%E0%80%AF")},
      {"utf-8-surrogate", "4.3 3", to("%ED%A0%80")},
      {"utf-8-too-high", "4.3 3", to("%F4%90%80%80")},
      {"latin-1", "4.3 3", to("jos%E9")},
      {"local-part-empty", "4.2", to("")},
      {"local-part-empty-in-o", "4.2", changed("o=joe@", "o=@")},
      {"local-part-empty-in-f", "4.2", changed("f=joe@", "f=@")},
      {"local-part-of-65-octets", "4.2", to(std::string(65, 'x'))},
      {"local-part-of-65-octets-encoded", "4.2", to(repeated("%20", 65))},
      {"o-empty", "4.2", changed("o=joe@football.example.com", "o=")},
      {"o-without-domain", "4.2", changed("o=joe@football.example.com", "o=joe")},
      {"f-angle-brackets", "4.2", changed("f=joe@football.example.com", "f=<>")},
      {"recipients-descend", "4.3 5", to("b,a")},
      {"recipients-descend-once-decoded-only", "4.3 5", to("a,%C3%A9")},
      {"recipient-twice", "4.3 5", to("a,a")},
      {"prefix-behind", "4.3 5", to("aa,a")},
      {"lower-case-before-upper-case", "4.3 5", to("a,B")},
      {"comma-first", "4.2", to(",a")},
      {"comma-last", "4.2", to("a,")},
      {"comma-twice", "4.2", to("a,,b")},
      {"101-recipients", "4.2", to(hundred_and_one)},
  };
}

std::vector<Row> domains() {
  const auto q = [](const std::string& host) { return changed("q=shopping.example.net", "q=" + host); };
  const auto s = [](const std::string& selector) { return changed("s=brisbane", "s=" + selector); };
  const std::string x63(63, 'x');
  return {
      {"domain-empty", "4.2", q("")},
      {"domain-upper-case", "4.3 4", q("Shopping.example.net")},
      {"domain-final-dot", "4.3 4", q("shopping.example.net.")},
      {"domain-first-dot", "4.2", q(".example.net")},
      {"domain-two-dots", "4.2", q("shopping..net")},
      {"domain-underscore-in-q", "4.2", q("_x.example.net")},
      {"domain-underscore-in-d", "4.2", changed("d=football", "d=foot_ball")},
      {"domain-underscore-in-o", "4.2", changed("o=joe@football", "o=joe@foot_ball")},
      {"domain-underscore-in-f", "4.2", changed("f=joe@football", "f=joe@foot_ball")},
      {"domain-hyphen-first", "4.3 4", q("-a.example.net")},
      {"domain-hyphen-last", "4.3 4", q("a-.example.net")},
      {"domain-blank", "4.2", q("a b.net")},
      {"domain-u-label", "4.3 4", q("bücher.example")},
      {"domain-percent", "4.2", q("b%C3%BCcher.example")},
      {"domain-label-of-64-octets", "4.2", q(std::string(64, 'x') + ".net")},
      {"domain-of-254-octets", "4.2", q(x63 + '.' + x63 + '.' + x63 + '.' + std::string(62, 'x'))},
      {"domain-ace-of-nothing", "4.3 4", q("xn--.example")},
      {"domain-ace-no-punycode", "4.3 4", q("xn--a-!.example")},
      {"domain-ace-not-punycode", "4.3 4", q("xn--99999999.example")},
      {"domain-ace-of-ascii", "4.3 4", q("xn--abc-.example")},
      {"domain-last-label-of-digits", "4.3 4", q("example.123")},
      {"domain-ipv4", "4.3 4", q("192.0.2.1")},
      {"domain-of-digits", "4.3 4", q("123")},
      {"domain-last-label-of-digits-in-d", "4.3 4", changed("d=football.example.com", "d=football.example.1")},
      {"domain-last-label-of-digits-in-o", "4.3 4", changed("o=joe@football.example.com", "o=joe@example.1")},
      {"domain-last-label-of-digits-in-f", "4.3 4", changed("f=joe@football.example.com", "f=joe@example.1")},
      {"address-literal", "4.3 4", q("[192.0.2.1]")},
      {"selector-empty", "4.2", s("")},
      {"selector-upper-case", "4.2", s("Brisbane")},
      {"selector-hyphen-first", "4.2", s("-a")},
      {"selector-final-dot", "4.2", s("a.")},
      {"selector-of-254-octets", "4.2", s(x63 + '.' + x63 + '.' + x63 + '.' + std::string(62, 'x'))},
  };
}

std::vector<Row> list_ids() {
  const auto l = [](const std::string& list) { return signed_line({.k = "b", .l = list}); };
  return {
      {"list-without-bulk", "4.3 6", signed_line({.l = "n"})},
      {"bulk-without-list", "4.3 6", signed_line({.k = "b"})},
      {"list-empty", "4.2", with(l("n"), ";l=n", ";l=")},
      {"list-upper-case", "4.3 6", l("News")},
      {"list-of-201-octets", "4.3 6", l(std::string(201, 'n'))},
      {"list-of-201-octets-encoded", "4.3 6", l(repeated("%20", 201))},
      {"list-control", "4.3 6", l("a%1Fb")},
      {"list-control-del", "4.3 6", l("a%7F")},
      {"list-control-c1", "4.3 6", l("a%C2%85")},
      {"list-not-utf-8", "4.3 6", l("a%FF")},
      {"list-encoded-plain-octet", "4.3 2", l("%61")},
  };
}

std::vector<Row> values() {
  const auto t = [](const std::string& value) { return changed("t=1795460400", "t=" + value); };
  const auto i = [](const std::string& value) { return changed("i=AAECAwQFBgcICQoLDA0ODw", "i=" + value); };
  const auto m = [](const std::string& value) {
    return changed("m=c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI", "m=" + value);
  };
  const std::string without_b = example().substr(0, example().rfind(";b=") + 3);
  return {
      {"class-unknown", "4.2", changed(";k=p", ";k=x")},
      {"class-empty", "4.2", changed(";k=p", ";k=")},
      {"class-upper-case", "4.2", changed(";k=p", ";k=P")},
      {"class-of-two-letters", "4.2", changed(";k=p", ";k=pt")},
      {"hop-unknown", "4.2", changed(";m=", ";w=list;m=")},
      {"hop-empty", "4.2", changed(";m=", ";w=;m=")},
      {"hop-upper-case", "4.2", changed(";m=", ";w=FWD;m=")},
      {"id-of-21-characters", "4.3 7", i("AAECAwQFBgcICQoLDA0OD")},
      {"id-of-23-characters", "4.3 7", i("AAECAwQFBgcICQoLDA0ODwA")},
      {"id-unused-bits", "4.3 7", i("AAECAwQFBgcICQoLDA0ODx")},
      {"id-padding", "4.3 7", i("AAECAwQFBgcICQoLDA0ODw==")},
      {"id-of-the-other-alphabet", "4.3 7", i("++++++++++++++++++++/w")},
      {"digest-without-name", "4.2", m("a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI")},
      {"digest-of-another-name", "4.2", m("c2:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI")},
      {"digest-of-42-characters", "4.3 7", m("c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wX")},
      {"digest-unused-bits", "4.3 7", m("c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXJ")},
      {"digest-padding", "4.3 7", m("c1:a_XHkNAHBRi5EwVVJLppltFIoF_VuobkMu-PuI04wXI=")},
      {"digest-empty", "4.2", m("")},
      {"digest-of-a-preflight", "8.1 1", m("-")},
      {"signature-empty", "4.2", without_b},
      {"signature-of-701-characters", "4.2", without_b + std::string(700, 'A') + "A"},
      {"signature-unused-bits", "4.3 7", without_b + "AB"},
      {"signature-of-one-character", "4.3 7", without_b + "A"},
      {"signature-padding", "4.3 7", without_b + "AA=="},
      {"signature-of-the-other-alphabet", "4.3 7", without_b + "++//"},
      {"time-leading-zero", "4.3 8", t("01795460400")},
      {"time-two-zeros", "4.3 8", t("00")},
      {"time-of-13-digits", "4.3 8", t("1000000000000")},
      {"time-empty", "4.2", t("")},
      {"time-minus", "4.2", t("-1")},
      {"time-plus", "4.2", t("+1")},
      {"time-hexadecimal", "4.2", t("0x10")},
      {"time-fraction", "4.2", t("1795460400.5")},
  };
}

json::object vector_of(Book& book, const Row& row) {
  const auto intent = confirm::read_intent(row.line);
  book.expect(file, row.name, row.reply, intent ? "an intent" : brief(intent.error()));
  json::object out;
  out["name"] = text(row.name);
  out["rule"] = text(row.rule);
  out["line"] = text(row.line);
  out["reply"] = text(row.reply);
  return out;
}

}  // namespace

void add_invalid_intents(Book& book) {
  json::array vectors;
  for (const auto& rows : {order(), versions(), local_parts(), domains(), list_ids(), values()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(file, "4.2, 4.3, 8.1 step 1",
           "Lines that CONFIRM refuses at step 1, each for one broken rule, and the reply. Lines are UTF-8; the octets "
           "count.",
           std::move(vectors));
}

}  // namespace cas::vectors
