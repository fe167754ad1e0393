// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §8.3: what is checked at the end of data. The digest is right in all of these: the signer signed just that.
#include <array>

#include "base/encoding.hpp"
#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;
using Change = void (*)(Draft& draft);

// Changed, then signed, then sent: refused at the end.
net::Task<Outcome> refused_at_end(Bench& bench, Change change, std::string what, std::string wanted) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  change(draft);
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM, " + what, "250 2.7.0"));
  bench.promise(draft, draft.to.front(), false);
  // Bulk may be refused for want of consent before the message is seen (CAS §8.2, step 12).
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT, " + what, "250 or 550 5.7.1"));
  if (answers.rcpt.front().permanent()) co_return Outcome();
  CAS_CO_TRY(const Reply end, co_await bench.send(*client, draft.letter.text()));
  co_return expect(end, "the end of data, " + what, wanted);
}

net::Task<Outcome> other_author(Bench& bench) {
  constexpr Change foreign = [](Draft& d) { d.letter.field("From") = "From: The Boss <ceo@bank.example>"; };
  CAS_CO_CHECK(co_await refused_at_end(bench, foreign, "From in another domain", "550 5.7.1"));
  constexpr Change same_domain = [](Draft& d) {
    auto& from = d.letter.field("From");
    from.insert(from.find('<') + 1, "other-");
  };
  CAS_CO_CHECK(co_await refused_at_end(bench, same_domain, "From with another local part", "550 5.7.1"));
  constexpr Change name_only = [](Draft& d) {
    auto& from = d.letter.field("From");
    from = "From: \"" + from.substr(from.find('<')) + "\" <ceo@bank.example>";
  };
  co_return co_await refused_at_end(bench, name_only, "o as the display name of another", "550 5.7.1");
}

net::Task<Outcome> spelling(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  const Mailbox& author = bench.target().author;
  const std::string domain = to_upper(author.domain()->text());
  draft.letter.field("From") = "From: \"A, B\" <\"" + author.local().value() + "\"@" + domain + ">";
  CAS_CO_CHECK(co_await bench.accept(*client, draft, "From quoted, its domain in upper case"));
  constexpr Change upper = [](Draft& d) {
    auto& from = d.letter.field("From");
    const auto at = from.find('@');
    from = "From: " + to_upper(from.substr(6, at - 6)) + from.substr(at);
  };
  co_return co_await refused_at_end(bench, upper, "From with the local part in upper case", "550 5.7.1");
}

net::Task<Outcome> two_authors(Bench& bench) {
  constexpr Change second = [](Draft& d) { d.letter.field("From") += ", <ceo@bank.example>"; };
  CAS_CO_CHECK(co_await refused_at_end(bench, second, "a second mailbox in From", "550 5.7.1"));
  constexpr Change first = [](Draft& d) { d.letter.field("From").replace(0, 6, "From: <ceo@bank.example>, "); };
  co_return co_await refused_at_end(bench, first, "a mailbox before that of o in From", "550 5.7.1");
}

net::Task<Outcome> two_from_fields(Bench& bench) {
  constexpr Change first = [](Draft& d) {
    d.letter.fields.insert(d.letter.fields.begin(), "From: <ceo@bank.example>");
  };
  CAS_CO_CHECK(co_await refused_at_end(bench, first, "another From above, signed", "550 5.7.1"));
  constexpr Change last = [](Draft& d) { d.letter.fields.emplace_back("From: <ceo@bank.example>"); };
  CAS_CO_CHECK(co_await refused_at_end(bench, last, "another From below, signed", "550 5.7.1"));
  constexpr Change twice = [](Draft& d) { d.letter.fields.push_back(d.letter.field("From")); };
  co_return co_await refused_at_end(bench, twice, "the same From twice, signed", "550 5.7.1");
}

net::Task<Outcome> no_author(Bench& bench) {
  constexpr Change none = [](Draft& d) { d.letter.remove("From"); };
  CAS_CO_CHECK(co_await refused_at_end(bench, none, "no From", "550 5.7.1"));
  constexpr Change group = [](Draft& d) { d.letter.field("From") = "From: nobody:;"; };
  co_return co_await refused_at_end(bench, group, "a group as From", "550 5.7.1");
}

net::Task<Outcome> dates(Bench& bench) {
  constexpr Change none = [](Draft& d) { d.letter.remove("Date"); };
  CAS_CO_CHECK(co_await refused_at_end(bench, none, "no Date", "550 5.7.7"));
  constexpr Change twice = [](Draft& d) { d.letter.fields.push_back(d.letter.field("Date")); };
  co_return co_await refused_at_end(bench, twice, "two Dates", "550 5.7.7");
}

net::Task<Outcome> message_ids(Bench& bench) {
  constexpr Change none = [](Draft& d) {
    d.letter.remove("Message-ID");
    d.letter.message_id = "";
  };
  CAS_CO_CHECK(co_await refused_at_end(bench, none, "no Message-ID", "550 5.7.7"));
  constexpr Change twice = [](Draft& d) { d.letter.fields.push_back(d.letter.field("Message-ID")); };
  co_return co_await refused_at_end(bench, twice, "two Message-IDs", "550 5.7.7");
}

net::Task<Outcome> not_personal(Bench& bench) {
  constexpr Change list = [](Draft& d) { d.letter.fields.emplace_back("List-Id: News <news.list.example>"); };
  CAS_CO_CHECK(co_await refused_at_end(bench, list, "k=p with a List-Id", "550 5.7.1"));
  constexpr Change automatic = [](Draft& d) { d.letter.fields.emplace_back("Auto-Submitted: auto-replied; x=y"); };
  CAS_CO_CHECK(co_await refused_at_end(bench, automatic, "k=p with Auto-Submitted", "550 5.7.1"));
  constexpr Change unsubscribe = [](Draft& d) { d.letter.fields.emplace_back("List-Unsubscribe: <mailto:u@example>"); };
  co_return co_await refused_at_end(bench, unsubscribe, "k=p with List-Unsubscribe", "550 5.7.1");
}

net::Task<Outcome> not_automatic(Bench& bench) {
  constexpr Change plain = [](Draft& d) { d.statement.set("k", "a"); };
  co_return co_await refused_at_end(bench, plain, "k=a without Auto-Submitted", "550 5.7.1");
}

void claim_list(Draft& d) {
  d.statement.set("k", "b");
  d.statement.insert("m", {"l", "news.list.example"});
}

net::Task<Outcome> not_bulk(Bench& bench) {
  CAS_CO_CHECK(co_await refused_at_end(bench, claim_list, "k=b without a List-Id", "550 5.7.1"));
  constexpr Change other = [](Draft& d) {
    claim_list(d);
    d.letter.fields.emplace_back("List-Id: <other.list.example>");
  };
  co_return co_await refused_at_end(bench, other, "k=b with another List-Id", "550 5.7.1");
}

net::Task<Outcome> right_classes(Bench& bench) {
  struct Case {
    std::string klass, field;
  };
  const std::array cases{Case{"a", "Auto-Submitted: auto-generated"}, Case{"t", "Auto-Submitted: auto-generated"},
                         Case{"t", "X-Receipt: yes"}, Case{"p", "Auto-Submitted: NO"}};
  for (const Case& one : cases) {
    CAS_CO_TRY(Client* const client, co_await bench.session());
    Draft draft = bench.draft();
    draft.statement.set("k", one.klass);
    draft.letter.fields.push_back(one.field);
    CAS_CO_CHECK(co_await bench.accept(*client, draft, "k=" + one.klass + " with " + one.field));
  }
  co_return Outcome();
}

constexpr std::array checks{
    Check{"from-other", "8.3", "From shows o and nobody else", Need::nothing, other_author},
    Check{"from-spelling", "8.3", "From is compared octet for octet, quoting undone", Need::nothing, spelling},
    Check{"from-two", "8.3", "two authors are not one", Need::nothing, two_authors},
    Check{"from-fields", "8.3", "two From fields are refused, signed or not", Need::nothing, two_from_fields},
    Check{"from-none", "8.3", "no author is not one", Need::nothing, no_author},
    Check{"date", "8.3", "one Date", Need::nothing, dates},
    Check{"message-id", "8.3", "one Message-ID", Need::nothing, message_ids},
    Check{"class-personal", "8.3", "lists and automatic mail are not personal", Need::nothing, not_personal},
    Check{"class-automatic", "8.3", "what a person wrote is not automatic", Need::nothing, not_automatic},
    Check{"class-bulk", "8.3", "bulk has the List-Id that it claims", Need::nothing, not_bulk},
    Check{"class-right", "8.3", "a class that fits is accepted", Need::nothing, right_classes},
};

}  // namespace

std::span<const Check> message_checks() {
  return checks;
}

}  // namespace cas::conformance
