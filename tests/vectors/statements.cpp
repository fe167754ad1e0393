// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CONFIRM as far as it needs no key: steps 1, 2, 3 and 8 of CAS §8.1.
#include "confirm/ledger.hpp"
#include "confirm/receiver.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "statements.json";
constexpr std::int64_t t = 1795460400, x = 1795546800;  // of CAS §A.1

constexpr std::string_view ok = "250 2.7.0 [CAS:ok]";
constexpr std::string_view off = "250 2.0.0 [CAS:off]";
constexpr std::string_view syntax = "501 5.5.4 [CAS:syntax]";
constexpr std::string_view expired = "451 4.7.0 [CAS:expired]";
constexpr std::string_view future = "451 4.7.0 [CAS:future]";
constexpr std::string_view lifetime = "550 5.7.1 [CAS:lifetime]";
constexpr std::string_view envelope = "550 5.7.1 [CAS:envelope]";
constexpr std::string_view align = "550 5.7.1 [CAS:align]";
constexpr std::string_view missing = "550 5.7.5 [CAS:key-missing]";
constexpr std::string_view replay = "550 5.7.1 [CAS:replay]";
constexpr std::string_view unavailable = "451 4.3.0 [CAS:unavailable]";

enum class Ledger { Empty, Same, SameForSuzie, Other, OtherForBob, Unavailable };

struct Row {
  std::string_view name;
  Tags tags;
  std::string_view reply;
  std::int64_t now = t;
  std::string mail = "<joe@football.example.com>";
  std::string mode = "optional";
  Ledger ledger = Ledger::Empty;
};

std::vector<Row> times() {
  const auto at = [](std::int64_t seconds) { return std::to_string(seconds); };
  constexpr std::int64_t day = 86400;
  return {
      {"in-time", {}, ok},
      {"issued-300-seconds-ahead", {}, ok, t - 300},
      {"issued-301-seconds-ahead", {}, future, t - 301},
      {"expired-300-seconds-ago", {}, ok, x + 300},
      {"expired-301-seconds-ago", {}, expired, x + 301},
      {"expires-when-issued", {.x = at(t)}, ok},
      {"expires-before-issued", {.x = at(t - 1)}, lifetime},
      {"p-24-hours", {.x = at(t + day)}, ok},
      {"p-24-hours-and-a-second", {.x = at(t + day + 1)}, lifetime},
      {"a-24-hours", {.x = at(t + day), .k = "a"}, ok},
      {"a-24-hours-and-a-second", {.x = at(t + day + 1), .k = "a"}, lifetime},
      {"t-72-hours", {.x = at(t + 3 * day), .k = "t"}, ok},
      {"t-72-hours-and-a-second", {.x = at(t + 3 * day + 1), .k = "t"}, lifetime},
      {"b-72-hours", {.x = at(t + 3 * day), .k = "b", .l = "n"}, ok},
      {"b-72-hours-and-a-second", {.x = at(t + 3 * day + 1), .k = "b", .l = "n"}, lifetime},
      {"future-before-lifetime", {.x = at(t + 9 * day)}, future, t - 301},
      {"lifetime-before-expired", {.x = at(t - 1)}, lifetime, x + 301},
      {"lifetime-before-envelope", {.x = at(t - 1), .f = ""}, lifetime},
      {"envelope-before-expired", {.f = ""}, envelope, x + 301},
      {"far-away-times", {.t = "999999999999", .x = "999999999999"}, future},
      {"long-ago", {.t = "0", .x = "0"}, expired},
  };
}

std::vector<Row> envelopes() {
  const std::string x63(63, 'x');
  const std::string s_221 = x63 + '.' + x63 + '.' + x63 + '.' + std::string(29, 'x');
  return {
      {"preflight-digest", {.m = "-"}, syntax},
      {"syntax-before-future", {.r = "b,a"}, syntax, t - 301},
      {"null-path", {.f = ""}, ok, t, "<>"},
      {"null-path-in-mail-alone", {}, envelope, t, "<>"},
      {"null-path-in-f-alone", {.f = ""}, envelope},
      {"other-sender", {}, envelope, t, "<jim@football.example.com>"},
      {"other-domain-of-sender", {}, envelope, t, "<joe@example.com>"},
      {"case-of-local-part", {}, envelope, t, "<Joe@football.example.com>"},
      {"case-of-domain", {}, ok, t, "<joe@Football.Example.COM>"},
      {"quotes-around-a-dot-string", {}, ok, t, "<\"joe\"@football.example.com>"},
      {"quoted-blank", {.f = "joe%20q@football.example.com"}, ok, t, "<\"joe q\"@football.example.com>"},
      {"quoted-pair", {.f = "joe%22q@football.example.com"}, ok, t, "<\"joe\\\"q\"@football.example.com>"},
      {"eai-sender", {.f = "jos%C3%A9@football.example.com"}, ok, t, "<josé@football.example.com>"},
      {"eai-sender-in-another-form",
       {.f = "jose%CC%81@football.example.com"},
       envelope,
       t,
       "<josé@football.example.com>"},
      {"u-label", {.f = "joe@xn--bcher-kva.example"}, ok, t, "<joe@bücher.example>"},
      {"sender-of-another-domain", {.f = "b-1@bounces.example"}, ok, t, "<b-1@bounces.example>"},
      {"q-not-local", {.q = "elsewhere.example"}, envelope},
      {"q-below-a-local-domain", {.q = "x.shopping.example.net"}, envelope},
      {"envelope-before-align", {.q = "elsewhere.example", .o = "joe@bank.example"}, envelope},
      {"o-below-d", {.o = "joe@team.football.example.com"}, ok},
      {"o-above-d", {.o = "joe@example.com"}, align},
      {"o-beside-d", {.o = "joe@bank.example"}, align},
      {"o-ends-like-d", {.o = "joe@xfootball.example.com"}, align},
      {"o-beside-d-forwarded", {.o = "joe@bank.example", .w = "fwd"}, ok},
      {"d-public-suffix", {.d = "com"}, align},
      {"d-public-suffix-of-two-labels", {.d = "co.uk", .o = "joe@football.co.uk"}, align},
      {"d-public-suffix-forwarded", {.d = "co.uk", .o = "joe@football.co.uk", .w = "fwd"}, align},
      {"d-single-label", {.d = "localhost", .o = "joe@localhost"}, align},
      {"key-name-of-253-octets", {.s = s_221}, ok},
      {"key-name-of-254-octets", {.s = s_221 + 'x'}, missing},
      {"align-before-key-name", {.s = s_221 + 'x', .o = "joe@bank.example"}, align},
      {"mode-off", {}, off, t, "<joe@football.example.com>", "off"},
      {"mode-required", {}, ok, t, "<joe@football.example.com>", "required"},
      {"align-before-mode-off", {.o = "joe@bank.example"}, align, t, "<joe@football.example.com>", "off"},
      {"mode-off-before-expired", {}, off, x + 301, "<joe@football.example.com>", "off"},
  };
}

std::vector<Row> ledgers() {
  const auto with_ledger = [](std::string_view name, Ledger ledger, std::int64_t now, std::string_view reply) {
    return Row{name, {.r = "bob,suzie"}, reply, now, "<joe@football.example.com>", "optional", ledger};
  };
  return {
      with_ledger("committed", Ledger::Same, t, ok),
      with_ledger("committed-and-expired", Ledger::Same, x + 301, ok),
      with_ledger("one-committed", Ledger::SameForSuzie, t, ok),
      with_ledger("one-committed-and-expired", Ledger::SameForSuzie, x + 301, expired),
      with_ledger("other-content", Ledger::Other, t, replay),
      with_ledger("other-content-of-one", Ledger::OtherForBob, t, replay),
      with_ledger("other-content-of-one-and-expired", Ledger::OtherForBob, x + 301, replay),
      with_ledger("unavailable", Ledger::Unavailable, t, unavailable),
  };
}

/// Digests that are committed, by the spelling in r.
std::vector<std::pair<std::string, std::string>> committed(const Row& row) {
  const std::string& same = row.tags.m;
  const std::string other = "c1:" + std::string(43, 'A');
  switch (row.ledger) {
    case Ledger::Empty:
    case Ledger::Unavailable: return {};
    case Ledger::Same: return {{"bob", same}, {"suzie", same}};
    case Ledger::SameForSuzie: return {{"suzie", same}};
    case Ledger::Other: return {{"bob", other}, {"suzie", other}};
    case Ledger::OtherForBob: return {{"bob", other}, {"suzie", same}};
  }
  std::unreachable();
}

/// Step 8, of what the code judges there.
std::string judge_rows(const Row& row, const confirm::Intent& intent, TimePoint now) {
  std::size_t swallowed = 0;
  for (const auto& [recipient, m] : committed(row)) {
    confirm::LedgerRow found;
    std::ranges::copy(from_base64url(m.substr(3)).value(), found.m.begin());
    const auto verdict = confirm::judge_ledger(confirm::LedgerState::Committed, found, *intent.digest);
    if (verdict == confirm::LedgerVerdict::Conflict) return brief(confirm::Reason::Replay);
    if (verdict == confirm::LedgerVerdict::Swallow) ++swallowed;
  }
  if (row.ledger == Ledger::Unavailable) return brief(confirm::Reason::LedgerDown);
  const bool is_late = confirm::is_expired(intent, now) && swallowed < intent.recipients.size();
  return is_late ? brief(confirm::Reason::Expired) : std::string(ok);
}

std::string judge(const Row& row, const std::string& line) {
  const auto intent = confirm::read_intent(line);
  if (!intent) return brief(intent.error());
  confirm::StatementFacts facts;
  facts.now = UnixTime(seconds(row.now));
  facts.mail_from = ReversePath::parse(row.mail).value();
  facts.recipient_domain_is_local = row.tags.q == "shopping.example.net";
  facts.signing_domain_is_public_suffix = row.tags.d == "com" || row.tags.d == "co.uk" || row.tags.d == "localhost";
  if (const auto checked = confirm::check_statement(*intent, facts); !checked) return brief(checked.error());
  return row.mode == "off" ? std::string(off) : judge_rows(row, *intent, facts.now);
}

json::object vector_of(Book& book, const Row& row) {
  const std::string line = signed_line(row.tags);
  book.expect(file, row.name, row.reply, judge(row, line));
  json::object rows;
  for (const auto& [recipient, m] : committed(row)) rows[recipient] = text(m);
  json::object out;
  out["name"] = text(row.name);
  out["now"] = row.now;
  out["mail"] = text(row.mail);
  out["local_domains"] = json::array{"shopping.example.net"};
  out["public_suffixes"] = json::array{"com", "co.uk"};
  out["mode"] = text(row.mode);
  out["committed"] = row.ledger == Ledger::Unavailable ? json::value(nullptr) : json::value(std::move(rows));
  out["line"] = text(line);
  out["reply"] = text(row.reply);
  return out;
}

}  // namespace

void add_statements(Book& book) {
  json::array vectors;
  for (const auto& rows : {times(), envelopes(), ledgers()}) {
    for (const Row& row : rows) vectors.push_back(vector_of(book, row));
  }
  book.add(
      file, "8.1 steps 1, 2, 3, 8",
      "The reply to CONFIRM where rates, key and signature are no matter. now: the server's clock; mail: the path in "
      "MAIL; mode: that of q; committed: the ledger's digests by the spelling in r, null where it cannot be read. "
      "[CAS:ok] means that steps 1 to 3 and 8 find no fault: w=fwd has its answer at step 7.",
      std::move(vectors));
}

}  // namespace cas::vectors
