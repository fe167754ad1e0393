// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §5.1 and §5.2: the keyword, the verb, its place and its length.
#include <array>

#include "confirm/intent.hpp"
#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

net::Task<Outcome> keyword(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  constexpr std::array<std::string_view, 3> words{"CAS 1", "PIPELINING", "ENHANCEDSTATUSCODES"};
  for (const std::string_view word : words) {
    if (client->offers(word)) continue;
    co_return fails("EHLO inside TLS does not announce \"" + std::string(word) + "\": " + shown(client->hello()));
  }
  co_return Outcome();
}

net::Task<Outcome> any_case(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
  CAS_CO_CHECK(expect(mail, "MAIL", "250"));
  const std::string intent = bench.confirm(draft).substr(std::string_view("CONFIRM").size());
  CAS_CO_TRY(const Reply reply, co_await client->ask("cOnFiRm" + intent));
  co_return expect(reply, "\"cOnFiRm\"", "250 2.7.0");
}

net::Task<Outcome> before_mail(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  CAS_CO_TRY(const Reply reply, co_await client->ask(bench.confirm(bench.draft())));
  co_return expect_word(reply, "CONFIRM before MAIL", "503 5.5.1");
}

net::Task<Outcome> twice(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft draft = bench.draft();
  const std::string confirm = bench.confirm(draft);
  CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
  CAS_CO_CHECK(expect(mail, "MAIL", "250"));
  CAS_CO_TRY(const Reply first, co_await client->ask(confirm));
  CAS_CO_CHECK(expect(first, "CONFIRM", "250 2.7.0"));
  CAS_CO_TRY(const Reply second, co_await client->ask(confirm));
  CAS_CO_CHECK(expect_word(second, "a second CONFIRM", "503 5.5.1"));
  CAS_CO_TRY(const Reply rcpt, co_await client->ask(rcpt_command(draft.to.front())));
  co_return expect(rcpt, "RCPT behind a second CONFIRM", "503");
}

net::Task<Outcome> after_rcpt(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, ""));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT without CONFIRM", "250"));
  CAS_CO_TRY(const Reply reply, co_await client->ask(bench.confirm(draft)));
  CAS_CO_CHECK(expect_word(reply, "CONFIRM behind RCPT", "503 5.5.1"));
  CAS_CO_TRY(const Reply data, co_await client->ask("DATA"));
  co_return expect(data, "DATA behind that CONFIRM", "503");
}

// A right intent whose CONFIRM line has exactly `size` octets with CRLF: a hundred recipients with names that are as
// long as it takes. Only the first gets a RCPT.
Draft of_line_size(Bench& bench, std::size_t size) {
  constexpr std::size_t fillers = confirm::max_intent_recipients - 1;
  constexpr std::size_t head = 4;  // "~" and three digits
  Draft draft = bench.draft();
  const std::size_t room = size - 2 - bench.confirm(draft).size() - fillers;  // a comma each
  std::string r = draft.statement.value("r");
  for (std::size_t n = 0; n < fillers; ++n) {
    const std::size_t length = room / fillers + (n < room % fillers ? 1 : 0) - head;
    r.append(",~").append(std::to_string(100 + n));
    for (std::size_t k = 0; k < length / 3; ++k) r += "%2C";
    r.append(length % 3, 'x');
  }
  draft.statement.set("r", std::move(r));
  return draft;
}

net::Task<Outcome> longest_line(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = of_line_size(bench, confirm::max_confirm_line);
  co_return co_await bench.accept(*client, draft, "of 8192 octets with a hundred recipients");
}

net::Task<Outcome> too_long_line(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft draft = of_line_size(bench, confirm::max_confirm_line + 1);
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect_word(answers.confirm, "CONFIRM of 8193 octets", "500 5.5.2"));
  co_return expect(answers.rcpt.front(), "RCPT behind it", "503");
}

net::Task<Outcome> other_commands(Bench& bench) {
  const std::string noop = "NOOP " + std::string(7000, 'a');
  std::vector<int> codes;
  constexpr std::array places{false, true};
  for (const bool inside : places) {
    CAS_CO_TRY(const auto client, co_await bench.extra_session());
    if (inside) {
      CAS_CO_TRY(const Reply mail, co_await client->ask(bench.draft().mail));
      CAS_CO_CHECK(expect(mail, "MAIL", "250"));
    }
    CAS_CO_TRY(const Reply reply, co_await client->ask(noop));
    codes.push_back(reply.code);
    co_await client->quit();
  }
  if (codes[0] < 400) co_return not_checked("the target takes a NOOP of 7000 octets anywhere");
  if (codes[1] >= 400) co_return Outcome();
  co_return fails("NOOP of 7000 octets is refused, but accepted where CONFIRM may come");
}

constexpr std::array checks{
    Check{"keyword", "5.1", "CAS 1 is announced inside TLS, with PIPELINING", Need::nothing, keyword},
    Check{"other-lines", "5.1", "other commands keep their limit of length", Need::nothing, other_commands},
    Check{"verb-case", "5.2", "the verb is known in any case", Need::nothing, any_case},
    Check{"before-mail", "5.2", "CONFIRM before MAIL is out of sequence", Need::nothing, before_mail},
    Check{"twice", "5.2", "a second CONFIRM is out of sequence and ends the transaction", Need::nothing, twice},
    Check{"after-rcpt", "5.2", "CONFIRM behind RCPT is out of sequence and ends the transaction", Need::nothing,
          after_rcpt},
    Check{"line-8192", "5.1", "a line of 8192 octets is accepted", Need::nothing, longest_line},
    Check{"line-8193", "5.1", "a line of 8193 octets is refused", Need::nothing, too_long_line},
};

}  // namespace

std::span<const Check> extension_checks() {
  return checks;
}

}  // namespace cas::conformance
