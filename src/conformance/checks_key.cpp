// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §6.1: what the key record says.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

Draft under(Bench& bench, const std::string& selector) {
  Draft draft = bench.draft();
  draft.statement.set("s", selector);
  return draft;
}

net::Task<Outcome> refused_under(Bench& bench, std::string selector, std::string what) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  co_return co_await bench.confirm_only(*client, under(bench, selector), what, "550 5.7.5");
}

net::Task<Outcome> missing(Bench& bench) {
  co_return co_await refused_under(bench, missing_selector(bench.target()), "under a selector that does not exist");
}

net::Task<Outcome> revoked(Bench& bench) {
  co_return co_await refused_under(bench, selector_for(bench.target(), Need::revoked), "under a revoked key");
}

net::Task<Outcome> other_service(Bench& bench) {
  co_return co_await refused_under(bench, selector_for(bench.target(), Need::service), "under a key for s=web");
}

net::Task<Outcome> several(Bench& bench) {
  co_return co_await refused_under(bench, selector_for(bench.target(), Need::several), "under a name with two records");
}

// The record is of one kind, the intent of the other; signed rightly for what it claims.
net::Task<Outcome> other_kind(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = under(bench, selector_for(bench.target(), Need::rsa));
  co_return co_await bench.confirm_only(*client, draft, "a does not fit k of the record", "550 5.7.5");
}

// The signature is not looked at, nor is the message: it is ordinary mail with whatever digest.
net::Task<Outcome> testing(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = under(bench, selector_for(bench.target(), Need::testing));
  draft.statement.set("m", "c1:" + std::string(43, 'A'));
  CAS_CO_CHECK(co_await ordinary(bench, *client, draft, bench.confirm(draft), "250 2.0.0", "under a key for testing"));
  CAS_CO_TRY(Client* const again, co_await bench.session(1));
  Draft bad = forged(bench);
  bad.statement.set("s", selector_for(bench.target(), Need::testing));
  co_return co_await bench.confirm_only(*again, bad, "forged, under a key for testing", "250 2.0.0");
}

net::Task<Outcome> strict(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const std::string selector = selector_for(bench.target(), Need::strict);
  CAS_CO_CHECK(co_await bench.accept(*client, under(bench, selector), "under t=s, o in d itself"));
  Draft below = under(bench, selector);
  below.statement.set("o", local_of(bench.target().author) + "@lab." + bench.target().domain.text());
  co_return co_await bench.confirm_only(*client, below, "under t=s, o below d", "550 5.7.1");
}

constexpr std::array checks{
    Check{"key-missing", "6.1", "a key that does not exist", Need::nothing, missing},
    Check{"key-revoked", "6.1", "a revoked key confirms nothing", Need::revoked, revoked},
    Check{"key-testing", "6.1", "t=y: the transaction goes on as without CONFIRM", Need::testing, testing},
    Check{"key-strict", "6.1", "t=s: d speaks for itself alone", Need::strict, strict},
    Check{"key-service", "6.1", "s=web: the key is not for mail", Need::service, other_service},
    Check{"key-several", "6.1", "several records are none", Need::several, several},
    Check{"key-kind", "6.1", "the key is of the kind that a claims", Need::rsa, other_kind},
};

}  // namespace

std::span<const Check> key_checks() {
  return checks;
}

}  // namespace cas::conformance
