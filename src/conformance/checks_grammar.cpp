// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §4.2 and §4.3: every value has one spelling. Each line is signed as it stands, so that nothing but its spelling
// is wrong with it.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

std::string with_last(std::string text, char c) {
  text.back() = c;
  return text;
}

// Sets bits that should be zero in the last character of 22 or 43.
void spoil_unused_bits(Statement& s, std::string_view name, std::string value) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const auto at = alphabet.find(value.back());
  s.set(name, with_last(value, alphabet[at | 1U]));
}

void prepend_recipient(Statement& s, std::string_view spelling) {
  s.set("r", std::string(spelling) + "," + s.value("r"));
}

constexpr std::array order{
    Variant{"i and d in the other order", [](Statement& s) { s.swap("i", "d"); }},
    Variant{"t and x in the other order", [](Statement& s) { s.swap("t", "x"); }},
    Variant{"o before r", [](Statement& s) { s.swap("o", "r"); }},
    Variant{"k before o", [](Statement& s) { s.swap("k", "o"); }},
    Variant{"w=fwd before k", [](Statement& s) { s.insert("k", {"w", "fwd"}); }},
};
constexpr std::array unknown_tags{
    Variant{"an unknown tag z=1", [](Statement& s) { s.insert("m", {"z", "1"}); }},
    Variant{"a tag in upper case",
            [](Statement& s) {
              s.insert("k", {"K", "p"});
              s.remove("k");
            }},
};
constexpr std::array repeated_tags{
    Variant{"k twice", [](Statement& s) { s.insert("m", {"k", "p"}); }},
    Variant{"m twice", [](Statement& s) { s.insert("m", {"m", "-"}); }},
};
constexpr std::array missing_tags{
    Variant{"without x", [](Statement& s) { s.remove("x"); }},
    Variant{"without f", [](Statement& s) { s.remove("f"); }},
    Variant{"without k", [](Statement& s) { s.remove("k"); }},
    Variant{"without m", [](Statement& s) { s.remove("m"); }},
};
constexpr std::array white_space{
    Variant{"a blank at the end", [](Statement& s) { s.after = " "; }},
    Variant{"a semicolon at the end", [](Statement& s) { s.after = ";"; }},
    Variant{"a blank too many behind CONFIRM", [](Statement& s) { s.before = " "; }},
    Variant{"a blank behind a semicolon", [](Statement& s) { s.insert("d", {" d", s.value("d")}), s.remove("d"); }},
};
constexpr std::array versions{
    Variant{"v=CAS2", [](Statement& s) { s.set("v", "CAS2"); }, "504 5.7.6"},
    Variant{"v=CAS2 with a tag of its own",
            [](Statement& s) {
              s.set("v", "CAS2");
              s.insert("m", {"z", "1"});
            },
            "504 5.7.6"},
    Variant{"v=cas1 is another version too", [](Statement& s) { s.set("v", "cas1"); }, "504 5.7.6"},
    Variant{"without v", [](Statement& s) { s.remove("v"); }},
    Variant{"an empty v", [](Statement& s) { s.set("v", ""); }},
};
constexpr std::array algorithms{
    Variant{"a=ed448-shake256", [](Statement& s) { s.set("a", "ed448-shake256"); }, "504 5.7.6"},
    Variant{"a=ED25519-SHA256", [](Statement& s) { s.set("a", "ED25519-SHA256"); }},
    Variant{"an unknown a in a line that is wrong elsewhere",
            [](Statement& s) {
              s.set("a", "ed448-shake256");
              s.set("k", "z");
            }},
};
constexpr std::array identifiers{
    Variant{"i of 21 characters", [](Statement& s) { s.set("i", s.value("i").substr(0, 21)); }},
    Variant{"i of 23 characters", [](Statement& s) { s.set("i", s.value("i") + "A"); }},
    Variant{"i with padding", [](Statement& s) { s.set("i", s.value("i") + "=="); }},
    Variant{"i with a plus of ordinary base64", [](Statement& s) { s.set("i", "+" + s.value("i").substr(1)); }},
};
constexpr std::array unused_bits{
    Variant{"unused bits of i set", [](Statement& s) { spoil_unused_bits(s, "i", s.value("i")); }},
    Variant{"unused bits of m set", [](Statement& s) { s.set("m", "c1:" + std::string(42, 'A') + "B"); }},
    Variant{"unused bits of b set",
            [](Statement& s) {
              s.respell_signature = [](std::string b) {
                constexpr std::string_view alphabet =
                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
                return with_last(b, alphabet[alphabet.find(b.back()) | 1U]);
              };
            }},
};
constexpr std::array domains{
    Variant{"d in upper case", [](Statement& s) { s.set("d", "A" + s.value("d").substr(1)); }},
    Variant{"q with a final dot", [](Statement& s) { s.set("q", s.value("q") + "."); }},
    Variant{"q with an empty label", [](Statement& s) { s.set("q", "a.." + s.value("q")); }},
    Variant{"q with _", [](Statement& s) { s.set("q", "a_b." + s.value("q")); }},
    Variant{"q with a label that ends with -", [](Statement& s) { s.set("q", "a-." + s.value("q")); }},
    Variant{"q with a label of 64", [](Statement& s) { s.set("q", std::string(64, 'a') + "." + s.value("q")); }},
    Variant{"q whose last label is all digits", [](Statement& s) { s.set("q", s.value("q") + ".1"); }},
    Variant{"q as an address literal", [](Statement& s) { s.set("q", "[192.0.2.1]"); }},
    Variant{"an empty s", [](Statement& s) { s.set("s", ""); }},
};
constexpr std::array times{
    Variant{"t with a leading zero", [](Statement& s) { s.set("t", "0" + s.value("t")); }},
    Variant{"x of thirteen digits", [](Statement& s) { s.set("x", "1000000000000"); }},
    Variant{"t with a sign", [](Statement& s) { s.set("t", "+" + s.value("t")); }},
    Variant{"an empty x", [](Statement& s) { s.set("x", ""); }},
};
constexpr std::array lower_case_hex{
    Variant{"a blank as %2c in lower case", [](Statement& s) { prepend_recipient(s, "%2c"); }},
};
constexpr std::array encoded_plain{
    Variant{"a letter percent-encoded", [](Statement& s) { prepend_recipient(s, "%61"); }},
    Variant{"an apostrophe percent-encoded", [](Statement& s) { prepend_recipient(s, "%27"); }},
    Variant{"a dot percent-encoded", [](Statement& s) { prepend_recipient(s, "%2E"); }},
};
constexpr std::array raw_octets{
    Variant{"an @ that is not encoded", [](Statement& s) { prepend_recipient(s, "!@!"); }},
    Variant{"quotes that are not encoded", [](Statement& s) { prepend_recipient(s, "\"a\""); }},
    Variant{"a % without two digits", [](Statement& s) { prepend_recipient(s, "%2"); }},
    Variant{"a control character", [](Statement& s) { prepend_recipient(s, "%0D%0A"); }},
    Variant{"a C1 control character", [](Statement& s) { prepend_recipient(s, "%C2%85"); }},
    Variant{"octets that are no UTF-8", [](Statement& s) { prepend_recipient(s, "%FF"); }},
    Variant{"UTF-8 that is too long a form", [](Statement& s) { prepend_recipient(s, "%C0%AF"); }},
};
constexpr std::array local_parts{
    Variant{"a local part of 65 octets", [](Statement& s) { prepend_recipient(s, std::string(65, '!')); }},
    Variant{"an empty local part in o", [](Statement& s) { s.set("o", s.value("o").substr(s.value("o").find('@'))); }},
    Variant{"f without a domain", [](Statement& s) { s.set("f", "ada"); }},
};
constexpr std::array recipient_lists{
    Variant{"no recipient", [](Statement& s) { s.set("r", ""); }},
    Variant{"an empty recipient", [](Statement& s) { s.set("r", s.value("r") + ","); }},
    Variant{"101 recipients",
            [](Statement& s) {
              std::string r;
              for (int n = 100; n < 200; ++n) r += "!" + std::to_string(n) + ",";
              s.set("r", r + s.value("r"));
            }},
};
constexpr std::array recipient_order{
    Variant{"recipients that do not rise", [](Statement& s) { s.set("r", s.value("r") + ",!a"); }},
    Variant{"recipients in the order of their decoded values",
            [](Statement& s) { s.set("r", s.value("r") + ",~,%C3%A9"); }},
};
constexpr std::array recipient_twice{
    Variant{"a recipient twice", [](Statement& s) { s.set("r", s.value("r") + "," + s.value("r")); }},
};
constexpr std::array classes{
    Variant{"k=z", [](Statement& s) { s.set("k", "z"); }},
    Variant{"k=P", [](Statement& s) { s.set("k", "P"); }},
    Variant{"k=b without l", [](Statement& s) { s.set("k", "b"); }},
    Variant{"l without k=b", [](Statement& s) { s.insert("m", {"l", "news.list.example"}); }},
};
constexpr std::array list_ids{
    Variant{"l in upper case",
            [](Statement& s) {
              s.set("k", "b");
              s.insert("m", {"l", "News.list.example"});
            }},
    Variant{"an empty l",
            [](Statement& s) {
              s.set("k", "b");
              s.insert("m", {"l", ""});
            }},
    Variant{"l of 201 octets",
            [](Statement& s) {
              s.set("k", "b");
              s.insert("m", {"l", std::string(201, 'a')});
            }},
};
constexpr std::array hops{
    Variant{"w=yes", [](Statement& s) { s.insert("m", {"w", "yes"}); }},
    Variant{"an empty w", [](Statement& s) { s.insert("m", {"w", ""}); }},
};
constexpr std::array digests{
    Variant{"m=-, which is for preflights", [](Statement& s) { s.set("m", "-"); }},
    Variant{"m of an unknown kind", [](Statement& s) { s.set("m", "c2:" + std::string(43, 'A')); }},
    Variant{"m that is too short", [](Statement& s) { s.set("m", "c1:" + std::string(42, 'A')); }},
};
constexpr std::array signatures{
    Variant{"an empty b", [](Statement& s) { s.respell_signature = [](std::string) { return std::string(); }; }},
    Variant{"b with padding", [](Statement& s) { s.after = "=="; }},
    Variant{"b of 702 characters",
            [](Statement& s) { s.respell_signature = [](std::string) { return std::string(702, 'A'); }; }},
    Variant{"b with a slash of ordinary base64",
            [](Statement& s) { s.respell_signature = [](std::string b) { return with_last(b, '/'); }; }},
};

template <const auto& variants>
net::Task<Outcome> refused(Bench& bench) {
  return refuse_variants(bench, variants);
}

net::Task<Outcome> empty_argument(Bench& bench) {
  const std::array<std::string, 4> lines{"CONFIRM", "CONFIRM ", "CONFIRM v=CAS1", "CONFIRM nonsense"};
  for (const std::string& line : lines) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    const Draft draft = bench.draft();
    CAS_CO_TRY(const auto mail, co_await client->ask(draft.mail));
    CAS_CO_CHECK(expect(mail, "MAIL", "250"));
    CAS_CO_TRY(const auto reply, co_await client->ask(line));
    CAS_CO_CHECK(expect(reply, "\"" + line + "\"", "501 5.5.4"));
  }
  co_return Outcome();
}

net::Task<Outcome> right_spellings(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  // Rises octet by octet as spelt: "%20..." and "%C3%A9" before letters.
  const std::string own = draft.statement.value("r");
  draft.statement.set("r", "!#$&'*+-/=?^_`{|}~.,%20a%22%2C%40," + std::string("%C3%A9,") + own + "," + own + "-x");
  co_return co_await bench.accept(*client, draft, "with percent-encoded recipients");
}

constexpr std::array checks{
    Check{"tag-order", "4.2", "tags in another order are refused", Need::nothing, refused<order>},
    Check{"tag-unknown", "4.2", "an unknown tag is refused", Need::nothing, refused<unknown_tags>},
    Check{"tag-repeated", "4.2", "a repeated tag is refused", Need::nothing, refused<repeated_tags>},
    Check{"tag-missing", "4.2", "a missing tag is refused", Need::nothing, refused<missing_tags>},
    Check{"argument", "4.2", "what is no intent at all is refused", Need::nothing, empty_argument},
    Check{"white-space", "4.3", "white space and a last semicolon are refused", Need::nothing, refused<white_space>},
    Check{"version", "4.3", "another version is told apart", Need::nothing, refused<versions>},
    Check{"algorithm", "4.3", "an unknown algorithm is told apart", Need::nothing, refused<algorithms>},
    Check{"identifier", "4.2", "i has 22 characters of base64url", Need::nothing, refused<identifiers>},
    Check{"unused-bits", "4.3", "unused bits of base64url are zero", Need::nothing, refused<unused_bits>},
    Check{"domain-names", "4.3", "domains are lower-case A-labels", Need::nothing, refused<domains>},
    Check{"seconds", "4.3", "times are plain decimal numbers", Need::nothing, refused<times>},
    Check{"hex-case", "4.3", "percent-encoding is in upper case", Need::nothing, refused<lower_case_hex>},
    Check{"encoded-plain", "4.3", "what needs no encoding is not encoded", Need::nothing, refused<encoded_plain>},
    Check{"raw-octets", "4.3", "what needs encoding is encoded, and is UTF-8", Need::nothing, refused<raw_octets>},
    Check{"local-part", "4.3", "local parts have 1 to 64 octets", Need::nothing, refused<local_parts>},
    Check{"recipient-count", "4.2", "1 to 100 recipients", Need::nothing, refused<recipient_lists>},
    Check{"recipient-order", "4.3", "recipients rise octet by octet", Need::nothing, refused<recipient_order>},
    Check{"recipient-twice", "4.3", "no recipient stands twice", Need::nothing, refused<recipient_twice>},
    Check{"class-letter", "4.2", "classes are p, t, b, a; l belongs to b", Need::nothing, refused<classes>},
    Check{"list-id", "4.3", "a List-Id has 1 to 200 octets without capitals", Need::nothing, refused<list_ids>},
    Check{"hop", "4.2", "w is fwd or absent", Need::nothing, refused<hops>},
    Check{"digest-form", "4.2", "m is c1: and 43 characters", Need::nothing, refused<digests>},
    Check{"signature-form", "4.2", "b is 1 to 700 characters of base64url", Need::nothing, refused<signatures>},
    Check{"right-spellings", "4.3", "every character of a local part has a spelling", Need::nothing, right_spellings},
};

}  // namespace

std::span<const Check> grammar_checks() {
  return checks;
}

}  // namespace cas::conformance
