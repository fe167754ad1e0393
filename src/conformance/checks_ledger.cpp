// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §10.1: an intent that is shown again.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

// Plays it again: acknowledged all the way, and no second copy. The promise of the first showing says "exactly once".
net::Task<Outcome> acknowledged_again(Bench& bench, Client& client, const Draft& draft, std::string what) {
  CAS_CO_TRY(const Answers answers, co_await bench.offer(client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM, " + what, "250 2.7.0"));
  for (const Reply& reply : answers.rcpt) CAS_CO_CHECK(expect(reply, "RCPT, " + what, "250"));
  CAS_CO_TRY(const Reply end, co_await bench.send(client, draft.letter.text()));
  co_return expect(end, "the end of data, " + what, "250");
}

net::Task<Outcome> same_again(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_CHECK(co_await bench.accept(*client, draft, "shown for the first time"));
  CAS_CO_CHECK(co_await acknowledged_again(bench, *client, draft, "shown again in the session"));
  CAS_CO_TRY(const auto other, co_await bench.extra_session());
  CAS_CO_CHECK(co_await acknowledged_again(bench, *other, draft, "shown again in another session"));
  co_await other->quit();
  co_return Outcome();
}

net::Task<Outcome> fresh_times(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  CAS_CO_CHECK(co_await bench.accept(*client, draft, "shown for the first time"));
  draft.statement.set("t", seconds_text(bench.now() - seconds(60)));
  draft.statement.set("x", seconds_text(bench.now() + seconds(7200)));
  co_return co_await acknowledged_again(bench, *client, draft, "the same i with fresh times");
}

// A committed row wins over expiry (CAS §8.1, step 8).
net::Task<Outcome> committed_expired(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  CAS_CO_CHECK(co_await bench.accept(*client, draft, "shown for the first time"));
  draft.statement.set("t", seconds_text(bench.now() - seconds(7200)));
  draft.statement.set("x", seconds_text(bench.now() - seconds(3600)));
  co_return co_await acknowledged_again(bench, *client, draft, "expired, and committed before");
}

net::Task<Outcome> other_content(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft first = bench.draft();
  CAS_CO_CHECK(co_await bench.accept(*client, first, "shown for the first time"));
  Draft second = bench.draft();
  second.statement.set("i", first.statement.value("i"));
  bench.promise(second, second.to.front(), false);
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, second, bench.confirm(second)));
  Reply last = answers.confirm.positive() ? answers.rcpt.front() : answers.confirm;
  if (last.positive()) {
    CAS_CO_TRY(last, co_await bench.send(*client, second.letter.text()));
  }
  co_return expect(last, "the same i with another message", "550 5.7.1");
}

net::Task<Outcome> fewer_recipients(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft both = bench.draft_for({bench.target().recipient, *bench.target().second});
  CAS_CO_CHECK(co_await bench.accept(*client, both, "for two recipients"));
  Draft one = both;
  one.to = {*bench.target().second};
  one.statement.set("r", local_of(*bench.target().second));
  co_return co_await acknowledged_again(bench, *client, one, "the same i for one of the two");
}

net::Task<Outcome> more_recipients(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft one = bench.draft_for({bench.target().recipient});
  CAS_CO_CHECK(co_await bench.accept(*client, one, "for one recipient"));
  one.to = {*bench.target().second};
  one.statement.set("r", local_of(*bench.target().second));
  co_return co_await bench.accept(*client, one, "the same i for another recipient");
}

net::Task<Outcome> reserved(Bench& bench) {
  CAS_CO_TRY(const auto holder, co_await bench.extra_session());
  const Draft draft = bench.draft();
  const std::string confirm = bench.confirm(draft);
  CAS_CO_TRY(const Answers held, co_await bench.offer(*holder, draft, confirm));
  CAS_CO_CHECK(expect(held.confirm, "CONFIRM in a first session", "250 2.7.0"));
  CAS_CO_CHECK(expect(held.rcpt.front(), "RCPT in a first session", "250"));
  CAS_CO_TRY(Client* const client, co_await bench.session());
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, confirm));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT in a second session meanwhile", "451 4.3.0"));
  co_await holder->quit();
  CAS_CO_TRY(Client* const again, co_await bench.session());
  co_return co_await bench.accept(*again, draft, "when the first session has ended");
}

constexpr std::array checks{
    Check{"again", "10.1", "the same intent and message again: acknowledged, no second copy", Need::nothing,
          same_again},
    Check{"again-times", "10.1", "the same with fresh times", Need::nothing, fresh_times},
    Check{"again-expired", "8.1", "what was committed wins over expiry", Need::nothing, committed_expired},
    Check{"again-other", "10.1", "the same i with another message is refused", Need::nothing, other_content},
    Check{"again-fewer", "10.1", "the same with fewer recipients", Need::second, fewer_recipients},
    Check{"again-more", "10.1", "the same i for another recipient is a new copy", Need::second, more_recipients},
    Check{"reserved", "10.1", "an intent in use in another session waits, and is free again", Need::nothing, reserved},
};

}  // namespace

std::span<const Check> ledger_checks() {
  return checks;
}

}  // namespace cas::conformance
