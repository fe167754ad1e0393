// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §8.1 and §8.2: times, and the modes of domains.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using std::chrono::hours;

void set_times(Bench& bench, Statement& statement, seconds issued, seconds expires) {
  statement.set("t", seconds_text(bench.now() + issued));
  statement.set("x", seconds_text(bench.now() + expires));
}

net::Task<Outcome> refused_at(Bench& bench, std::string klass, seconds issued, seconds expires, std::string what,
                              std::string wanted) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  draft.statement.set("k", klass);
  set_times(bench, draft.statement, issued, expires);
  co_return co_await bench.confirm_only(*client, draft, what, wanted);
}

net::Task<Outcome> expired(Bench& bench) {
  co_return co_await refused_at(bench, "p", seconds(-5000), seconds(-1000), "expired", "451 4.7.0");
}

net::Task<Outcome> future(Bench& bench) {
  co_return co_await refused_at(bench, "p", seconds(1000), seconds(5000), "issued in the future", "451 4.7.0");
}

net::Task<Outcome> skew(Bench& bench) {
  struct Times {
    seconds issued, expires;
    std::string what;
  };
  const std::array cases{Times{seconds(200), seconds(3600), "issued in 200 seconds"},
                         Times{seconds(-3600), seconds(-200), "expired 200 seconds ago"}};
  for (const Times& times : cases) {
    CAS_CO_TRY(Client* const client, co_await bench.session());
    Draft draft = bench.draft();
    set_times(bench, draft.statement, times.issued, times.expires);
    CAS_CO_CHECK(co_await bench.accept(*client, draft, times.what));
  }
  co_return Outcome();
}

net::Task<Outcome> short_lifetime(Bench& bench) {
  CAS_CO_CHECK(
      co_await refused_at(bench, "p", seconds(0), hours(24) + seconds(1), "k=p, a second above 24 hours", "550 5.7.1"));
  CAS_CO_CHECK(co_await refused_at(bench, "a", seconds(0), hours(25), "k=a, 25 hours", "550 5.7.1"));
  co_return co_await refused_at(bench, "p", seconds(0), hours(24), "k=p, 24 hours", "250 2.7.0");
}

net::Task<Outcome> long_lifetime(Bench& bench) {
  CAS_CO_CHECK(
      co_await refused_at(bench, "t", seconds(0), hours(72) + seconds(1), "k=t, a second above 72 hours", "550 5.7.1"));
  co_return co_await refused_at(bench, "t", seconds(0), hours(72), "k=t, 72 hours", "250 2.7.0");
}

net::Task<Outcome> backwards(Bench& bench) {
  CAS_CO_CHECK(co_await refused_at(bench, "p", seconds(100), seconds(99), "x before t", "550 5.7.1"));
  co_return co_await refused_at(bench, "p", seconds(100), seconds(100), "x equal to t", "250 2.7.0");
}

// The first check that fails is the reply.
net::Task<Outcome> order(Bench& bench) {
  struct Case {
    std::string_view what, wanted;
    void (*change)(Bench& bench, Draft& draft);
  };
  const std::array cases{Case{"from the future and for another envelope", "451 4.7.0",
                              [](Bench& b, Draft& d) {
                                set_times(b, d.statement, seconds(1000), seconds(5000));
                                d.statement.set("f", "");
                              }},
                         Case{"for another envelope and forged", "550 5.7.1",
                              [](Bench& b, Draft& d) {
                                d = forged(b);
                                d.statement.set("f", "");
                              }},
                         Case{"forged and expired", "550 5.7.5", [](Bench& b, Draft& d) {
                                d = forged(b);
                                set_times(b, d.statement, seconds(-5000), seconds(-1000));
                              }}};
  for (const Case& one : cases) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    Draft draft = bench.draft();
    one.change(bench, draft);
    CAS_CO_CHECK(co_await bench.confirm_only(*client, draft, std::string(one.what), std::string(one.wanted)));
  }
  co_return Outcome();
}

net::Task<Outcome> required_refuses(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft_for({*bench.target().required});
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, ""));
  bench.promise(draft, draft.to.front(), false);
  co_return expect(answers.rcpt.front(), "RCPT without CONFIRM at a domain that requires it", "530 5.7.0");
}

net::Task<Outcome> required_accepts(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft_for({*bench.target().required});
  co_return co_await bench.accept(*client, draft, "to a domain that requires it");
}

net::Task<Outcome> required_exempts(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  CAS_CO_TRY(const auto mail, co_await client->ask(bench.draft().mail));
  CAS_CO_CHECK(expect(mail, "MAIL", "250"));
  const std::string command = "RCPT TO:<postmaster@" + bench.target().required->domain()->text() + ">";
  CAS_CO_TRY(const auto reply, co_await client->ask(command));
  co_return expect(reply, "RCPT for postmaster without CONFIRM", "250");
}

net::Task<Outcome> required_after_testing(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft_for({*bench.target().required});
  draft.statement.set("s", selector_for(bench.target(), Need::testing));
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM under a key for testing", "250 2.0.0"));
  bench.promise(draft, draft.to.front(), false);
  co_return expect(answers.rcpt.front(), "RCPT at a domain that requires CONFIRM", "530 5.7.0");
}

// The intent is not judged beyond its form: a signature that does not verify makes no difference.
net::Task<Outcome> off_ignores(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft_for({*bench.target().off});
  draft.statement.set("s", missing_selector(bench.target()));
  draft.statement.set("m", "c1:" + std::string(43, 'A'));
  co_return co_await ordinary(bench, *client, draft, bench.confirm(draft), "250 2.0.0", "at a domain that uses no CAS");
}

constexpr std::array checks{
    Check{"expired", "8.1", "an intent that has expired", Need::nothing, expired},
    Check{"future", "8.1", "an intent that is issued in the future", Need::nothing, future},
    Check{"skew", "8.1", "five minutes of difference between clocks are forgiven", Need::nothing, skew},
    Check{"lifetime-short", "8.1", "24 hours at most for p and a", Need::nothing, short_lifetime},
    Check{"lifetime-long", "8.1", "72 hours at most for t and b", Need::nothing, long_lifetime},
    Check{"lifetime-negative", "8.1", "x is not before t", Need::nothing, backwards},
    Check{"order", "8.1", "the first check that fails is the reply", Need::nothing, order},
    Check{"off", "8.1", "a domain that is off looks at no intent", Need::off, off_ignores},
    Check{"required", "8.2", "a domain that requires CONFIRM refuses mail without it", Need::required,
          required_refuses},
    Check{"required-confirmed", "8.2", "and takes what is confirmed", Need::required, required_accepts},
    Check{"required-exempt", "8.2", "postmaster is exempt", Need::required, required_exempts},
    Check{"required-testing", "8.2", "a CONFIRM that did not count is none", Need::required | Need::testing,
          required_after_testing},
};

}  // namespace

std::span<const Check> receiver_checks() {
  return checks;
}

}  // namespace cas::conformance
