// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §4.5, §4.6, §4.7: who signed, and for whom.
#include <array>

#include "base/encoding.hpp"
#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

// Moves the author to another domain, in the intent and in the message.
void write_as(Bench& bench, Draft& draft, const std::string& domain) {
  const std::string local = bench.target().author.local().wire();
  draft.statement.set("o", local_of(bench.target().author) + "@" + domain);
  draft.letter.field("From") = "From: <" + local + "@" + domain + ">";
}

net::Task<Outcome> right_signature(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  co_return co_await bench.accept(*client, bench.draft(), "signed with the published key");
}

net::Task<Outcome> wrong_key(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  co_return co_await bench.confirm_only(*client, forged(bench), "signed with another key", "550 5.7.5");
}

// The line was signed, and then one thing in it is changed to something as well-formed.
net::Task<Outcome> changed_octet(Bench& bench) {
  struct Change {
    std::string_view what, from, to;
  };
  constexpr std::array changes{Change{"k", ";k=p;", ";k=t;"}, Change{"w", ";m=c1:", ";w=fwd;m=c1:"},
                               Change{"m", ";m=c1:", ";m=c1:"}, Change{"b", ";b=", ";b="}};
  for (const Change& change : changes) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    const Draft draft = bench.draft();
    std::string line = bench.confirm(draft);
    const auto at = line.find(change.from);
    line.replace(at, change.from.size(), change.to);
    // Where the texts are equal, the octet behind them is another one.
    char& next = line[at + change.to.size()];
    if (change.from == change.to) next = next == 'A' ? 'B' : 'A';
    CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
    CAS_CO_CHECK(expect(mail, "MAIL", "250"));
    CAS_CO_TRY(const Reply reply, co_await client->ask(line));
    CAS_CO_CHECK(expect(reply, "CONFIRM, " + std::string(change.what) + " changed after signing", "550 5.7.5"));
  }
  co_return Outcome();
}

net::Task<Outcome> rsa_signature(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.key = &*bench.target().rsa_key;
  draft.statement.set("s", selector_for(bench.target(), Need::rsa));
  draft.statement.set("a", "rsa-sha256");
  co_return co_await bench.accept(*client, draft, "signed with RSA");
}

net::Task<Outcome> other_domain(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  write_as(bench, draft, "bank.example");
  co_return co_await bench.confirm_only(*client, draft, "o in a domain that d has nothing to do with", "550 5.7.1");
}

net::Task<Outcome> suffix_of_letters(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  write_as(bench, draft, "not" + bench.target().domain.text());
  co_return co_await bench.confirm_only(*client, draft, "o in not" + bench.target().domain.text(), "550 5.7.1");
}

net::Task<Outcome> parent_domain(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  draft.statement.set("d", "lab." + bench.target().domain.text());
  co_return co_await bench.confirm_only(*client, draft, "d below the domain of o", "550 5.7.1");
}

net::Task<Outcome> subdomain(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  write_as(bench, draft, "lab." + bench.target().domain.text());
  co_return co_await bench.accept(*client, draft, "o below d");
}

net::Task<Outcome> other_envelope(Bench& bench) {
  const std::string domain = bench.target().domain.text();
  const std::array<std::string, 2> mails{"MAIL FROM:<cas-other@" + domain + ">", "MAIL FROM:<>"};
  for (const std::string& mail : mails) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    Draft draft = bench.draft();
    draft.mail = mail;
    CAS_CO_CHECK(co_await bench.confirm_only(*client, draft, "f is not what MAIL says", "550 5.7.1"));
  }
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  draft.statement.set("f", "");
  co_return co_await bench.confirm_only(*client, draft, "f is empty and MAIL is not", "550 5.7.1");
}

net::Task<Outcome> envelope_spelling(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Mailbox& author = bench.target().author;
  Draft draft = bench.draft();
  draft.mail = "MAIL FROM:<\"" + author.local().value() + "\"@" + to_upper(author.domain()->text()) + ">";
  CAS_CO_CHECK(
      co_await bench.confirm_only(*client, draft, "MAIL with f quoted, its domain in upper case", "250 2.7.0"));
  CAS_CO_TRY(Client* const again, co_await bench.session(1));
  draft = bench.draft();
  draft.mail = "MAIL FROM:<" + to_upper(author.local().value()) + "@" + author.domain()->text() + ">";
  co_return co_await bench.confirm_only(*again, draft, "MAIL with the local part of f in upper case", "550 5.7.1");
}

net::Task<Outcome> null_envelope(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.mail = "MAIL FROM:<>";
  draft.statement.set("f", "");
  draft.statement.set("k", "a");
  draft.letter.fields.emplace_back("Auto-Submitted: auto-generated");
  co_return co_await bench.accept(*client, draft, "with the null path and an empty f");
}

net::Task<Outcome> foreign_envelope(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.mail = "MAIL FROM:<bounces@" + bench.target().foreign.text() + ">";
  draft.statement.set("f", "bounces@" + bench.target().foreign.text());
  CAS_CO_CHECK(co_await bench.confirm_only(*client, draft, "f in a domain that is not d", "250 2.7.0"));
  co_return Outcome();
}

net::Task<Outcome> foreign_recipients(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  draft.statement.set("q", bench.target().foreign.text());
  co_return co_await bench.confirm_only(*client, draft, "q is none of the target's domains", "550 5.7.1");
}

net::Task<Outcome> forwarded(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  write_as(bench, draft, bench.target().foreign.text());
  draft.statement.insert("m", {"w", "fwd"});
  co_return co_await ordinary(bench, *client, draft, bench.confirm(draft), "250 2.0.0",
                              "of a forwarder that nobody trusts");
}

net::Task<Outcome> forged_forward(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = forged(bench);
  draft.statement.insert("m", {"w", "fwd"});
  co_return co_await bench.confirm_only(*client, draft, "w=fwd, signed with another key", "550 5.7.5");
}

constexpr std::array checks{
    Check{"signature-right", "4.5", "what the published key signed is accepted", Need::nothing, right_signature},
    Check{"signature-other-key", "4.5", "what another key signed is refused", Need::nothing, wrong_key},
    Check{"signature-octet", "4.5", "one changed octet breaks the signature", Need::nothing, changed_octet},
    Check{"signature-rsa", "4.5", "rsa-sha256 is verified", Need::rsa, rsa_signature},
    Check{"align-other", "4.6", "d does not speak for another domain", Need::nothing, other_domain},
    Check{"align-letters", "4.6", "a suffix of letters is no subdomain", Need::nothing, suffix_of_letters},
    Check{"align-parent", "4.6", "d does not speak for the domain above it", Need::nothing, parent_domain},
    Check{"align-below", "4.6", "d speaks for a domain below it", Need::nothing, subdomain},
    Check{"envelope-other", "4.6", "f is what MAIL says", Need::nothing, other_envelope},
    Check{"envelope-spelling", "4.6", "f is compared octet for octet, quoting undone", Need::nothing,
          envelope_spelling},
    Check{"envelope-null", "4.6", "an empty f goes with the null path", Need::nothing, null_envelope},
    Check{"envelope-unaligned", "4.6", "f need not be aligned with d", Need::nothing, foreign_envelope},
    Check{"recipient-domain", "4.6", "q is a domain of the target", Need::nothing, foreign_recipients},
    Check{"forwarded", "4.7", "w=fwd waives alignment and confirms nothing", Need::nothing, forwarded},
    Check{"forwarded-forged", "4.7", "w=fwd does not waive the signature", Need::nothing, forged_forward},
};

}  // namespace

std::span<const Check> signature_checks() {
  return checks;
}

}  // namespace cas::conformance
