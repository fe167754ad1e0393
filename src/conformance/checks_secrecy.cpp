// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §8.5: not one octet of a reply tells whether a mailbox exists.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

Outcome same(const Reply& existing, const Reply& unknown, std::string_view where) {
  if (existing == unknown) return {};
  return fails(std::string(where) + ": for a mailbox that exists " + shown(existing) + ", for one that does not " +
               shown(unknown));
}

net::Task<Outcome> after_failure(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = forged(bench);
  draft.to = {bench.target().recipient, bench.target().unknown};
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM signed with another key", "550 5.7.5"));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT behind it", "503"));
  co_return same(answers.rcpt[0], answers.rcpt[1], "RCPT behind a failed CONFIRM");
}

net::Task<Outcome> confirm_itself(Bench& bench) {
  std::vector<Reply> replies;
  const std::array mailboxes{bench.target().recipient, bench.target().unknown};
  for (const Mailbox& mailbox : mailboxes) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    const Draft draft = bench.draft_for({mailbox});
    CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
    CAS_CO_CHECK(expect(mail, "MAIL", "250"));
    CAS_CO_TRY(const Reply reply, co_await client->ask(bench.confirm(draft)));
    replies.push_back(reply);
  }
  co_return same(replies[0], replies[1], "CONFIRM that lists it");
}

net::Task<Outcome> not_listed(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.to = {bench.target().recipient, *bench.target().second, bench.target().unknown};
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  co_return same(answers.rcpt[1], answers.rcpt[2], "RCPT for a recipient that is not listed");
}

net::Task<Outcome> at_required(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Mailbox& existing = *bench.target().required;
  const Mailbox unknown(bench.target().unknown.local(), *existing.domain());
  const Draft draft = bench.draft_for({existing, unknown});
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, ""));
  CAS_CO_CHECK(expect(answers.rcpt[0], "RCPT without CONFIRM", "530 5.7.0"));
  co_return same(answers.rcpt[0], answers.rcpt[1], "RCPT without CONFIRM where it is required");
}

constexpr std::array checks{
    Check{"secret-after-failure", "8.5", "RCPT behind a failed CONFIRM tells nothing", Need::nothing, after_failure},
    Check{"secret-confirm", "8.5", "the reply to CONFIRM tells nothing", Need::nothing, confirm_itself},
    Check{"secret-unlisted", "8.5", "RCPT for who is not listed tells nothing", Need::second, not_listed},
    Check{"secret-required", "8.5", "RCPT without CONFIRM where it is required tells nothing", Need::required,
          at_required},
};

}  // namespace

std::span<const Check> secrecy_checks() {
  return checks;
}

}  // namespace cas::conformance
