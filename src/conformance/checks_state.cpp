// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §5.7 and §5.8: nothing outlives a transaction, and nothing is spoken outside of TLS. That a transaction is one
// without CAS shows in that the digest of the last one does not matter to it.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

// After `command` a message without CONFIRM is ordinary mail, and one with a CONFIRM of its own is confirmed.
net::Task<Outcome> cleared_by(Bench& bench, std::string command) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft first = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, first, bench.confirm(first)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  CAS_CO_TRY(const Reply reply, co_await client->ask(command));
  CAS_CO_CHECK(expect(reply, command, "250"));
  bench.promise(first, first.to.front(), false);
  CAS_CO_CHECK(co_await ordinary(bench, *client, bench.draft(), "", "250", "without CONFIRM, after " + command));
  co_return co_await bench.accept(*client, bench.draft(), "after " + command);
}

net::Task<Outcome> after_rset(Bench& bench) {
  co_return co_await cleared_by(bench, "RSET");
}

net::Task<Outcome> after_ehlo(Bench& bench) {
  co_return co_await cleared_by(bench, "EHLO cas-conformance.invalid");
}

net::Task<Outcome> after_data(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  CAS_CO_CHECK(co_await bench.accept(*client, bench.draft(), "the first of a session"));
  CAS_CO_CHECK(co_await ordinary(bench, *client, bench.draft(), "", "250", "without CONFIRM, after the end of data"));
  co_return co_await bench.accept(*client, bench.draft(), "after the end of data");
}

net::Task<Outcome> reservation_freed(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT", "250"));
  CAS_CO_TRY(const Reply reset, co_await client->ask("RSET"));
  CAS_CO_CHECK(expect(reset, "RSET", "250"));
  CAS_CO_TRY(const auto other, co_await bench.extra_session());
  CAS_CO_CHECK(co_await bench.accept(*other, draft, "the same intent in another session after RSET"));
  co_await other->quit();
  co_return Outcome();
}

net::Task<Outcome> not_announced(Bench& bench) {
  CAS_CO_TRY(const auto client, co_await bench.extra_session(false));
  const bool announced = client->offers("CAS");
  co_await client->quit();
  if (announced) co_return fails("EHLO outside of TLS announces CAS: " + shown(client->hello()));
  co_return Outcome();
}

net::Task<Outcome> not_spoken(Bench& bench) {
  CAS_CO_TRY(const auto client, co_await bench.extra_session(false));
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
  CAS_CO_CHECK(expect(mail, "MAIL outside of TLS", "250 or 530"));
  CAS_CO_TRY(const Reply reply, co_await client->ask(bench.confirm(draft)));
  // RFC 3207 §4: a server may want STARTTLS before anything else.
  CAS_CO_CHECK(expect(reply, "CONFIRM outside of TLS", "502 5.5.1 or 530"));
  co_await client->quit();
  co_return Outcome();
}

constexpr std::array checks{
    Check{"rset", "5.7", "RSET leaves no CAS state", Need::nothing, after_rset},
    Check{"ehlo", "5.7", "EHLO leaves no CAS state", Need::nothing, after_ehlo},
    Check{"end-of-data", "5.7", "the end of data leaves no CAS state", Need::nothing, after_data},
    Check{"reservation", "5.7", "RSET frees what was reserved", Need::nothing, reservation_freed},
    Check{"clear-keyword", "5.8", "CAS is not announced outside of TLS", Need::nothing, not_announced},
    Check{"clear-confirm", "5.8", "CONFIRM is not known outside of TLS", Need::nothing, not_spoken},
};

}  // namespace

std::span<const Check> state_checks() {
  return checks;
}

}  // namespace cas::conformance
