// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §4.4: what may change on the way, and what may not.
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

// Signs the draft, changes the letter, sends it.
net::Task<Outcome> send_changed(Bench& bench, void (*change)(Letter& letter), std::string what, std::string wanted) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  const std::string confirm = bench.confirm(draft);
  change(draft.letter);
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, confirm));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM, " + what, "250 2.7.0"));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT, " + what, "250"));
  CAS_CO_TRY(const Reply end, co_await bench.send(*client, draft.letter.text()));
  CAS_CO_CHECK(expect(end, "the end of data, " + what, wanted));
  bench.promise(draft, draft.to.front(), end.positive());
  co_return Outcome();
}

net::Task<Outcome> refolded(Bench& bench) {
  constexpr auto change = [](Letter& letter) {
    auto& subject = letter.field("Subject");
    subject = "SUBJECT:\t" + subject.substr(subject.find(' ') + 1);
    subject.replace(subject.rfind(' '), 1, "\r\n   ");
    letter.field("To") += " \t";
  };
  co_return co_await send_changed(bench, change, "with folded fields", "250");
}

net::Task<Outcome> trace_fields(Bench& bench) {
  constexpr auto change = [](Letter& letter) {
    letter.fields.insert(letter.fields.begin(),
                         {"Received: from a.example by b.example; Mon, 23 Nov 2026 19:00:00 +0000", "X-Seen: yes",
                          "DKIM-Signature: v=1; d=example"});
  };
  co_return co_await send_changed(bench, change, "with trace fields added", "250");
}

net::Task<Outcome> trailing_blanks(Bench& bench) {
  constexpr auto change = [](Letter& letter) {
    letter.body.replace(letter.body.find("\r\n"), 2, "  \t\r\n");
    letter.body.replace(letter.body.find(' '), 1, " \t ");
    letter.body += "\r\n\r\n";
  };
  co_return co_await send_changed(bench, change, "with blanks in the body", "250");
}

net::Task<Outcome> body_changed(Bench& bench) {
  constexpr auto change = [](Letter& letter) { letter.body += "One line more.\r\n"; };
  co_return co_await send_changed(bench, change, "with a line added to the body", "550 5.7.7");
}

net::Task<Outcome> header_changed(Bench& bench) {
  constexpr auto change = [](Letter& letter) { letter.field("Subject") += " (changed)"; };
  CAS_CO_CHECK(co_await send_changed(bench, change, "with another Subject", "550 5.7.7"));
  constexpr auto reply_to = [](Letter& letter) { letter.fields.emplace_back("Reply-To: <x@elsewhere.invalid>"); };
  CAS_CO_CHECK(co_await send_changed(bench, reply_to, "with a Reply-To added", "550 5.7.7"));
  constexpr auto attachment = [](Letter& letter) { letter.fields.emplace_back("Content-Disposition: attachment"); };
  co_return co_await send_changed(bench, attachment, "with a Content-Disposition added", "550 5.7.7");
}

net::Task<Outcome> second_from(Bench& bench) {
  constexpr auto above = [](Letter& letter) {
    letter.fields.insert(letter.fields.begin(), "From: <ceo@elsewhere.invalid>");
  };
  CAS_CO_CHECK(co_await send_changed(bench, above, "with another From above", "550 5.7.1 or 550 5.7.7"));
  constexpr auto below = [](Letter& letter) { letter.fields.emplace_back("From: <ceo@elsewhere.invalid>"); };
  co_return co_await send_changed(bench, below, "with another From below", "550 5.7.1 or 550 5.7.7");
}

net::Task<Outcome> empty_body(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.letter.body = "";
  co_return co_await bench.accept(*client, draft, "without a body");
}

net::Task<Outcome> eight_bits(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  if (!client->offers("8BITMIME")) co_return not_checked("the target does not offer 8BITMIME");
  Draft draft = bench.draft();
  draft.mail += " BODY=8BITMIME";
  draft.letter.fields.emplace_back("MIME-Version: 1.0");
  draft.letter.fields.emplace_back("Content-Type: text/plain; charset=utf-8");
  draft.letter.fields.emplace_back("Content-Transfer-Encoding: 8bit");
  draft.letter.body +=
      "Gr\xc3\xbc\xc3\x9f"
      "e \xff\x80\r\n";
  co_return co_await bench.accept(*client, draft, "with octets above 0x7F");
}

net::Task<Outcome> every_field(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  auto& fields = draft.letter.fields;
  const std::string from = draft.letter.field("From").substr(6);
  const std::array<std::string, 16> more{"Sender: " + from,
                                         "Reply-To: " + from,
                                         "Cc: undisclosed-recipients:;",
                                         "In-Reply-To: <a@example>",
                                         "References: <a@example>\r\n <b@example>",
                                         "References: <c@example>",
                                         "MIME-Version: 1.0",
                                         "Content-Type: text/plain; charset=us-ascii",
                                         "Content-Transfer-Encoding: 7bit",
                                         "Auto-Submitted: no",
                                         "Content-Disposition: inline",
                                         "Content-ID: <d@example>",
                                         "Content-Location: http://west.example/",
                                         "Disposition-Notification-To: " + from,
                                         "Resent-From: " + from,
                                         "Resent-Sender: " + from};
  for (const std::string& field : more) {
    fields.insert(fields.begin() + static_cast<std::ptrdiff_t>(fields.size() / 2), field);
  }
  co_return co_await bench.accept(*client, draft, "with every field that is hashed, in another order");
}

constexpr std::array checks{
    Check{"digest-refolded", "4.4", "folding and the case of names do not count", Need::nothing, refolded},
    Check{"digest-trace", "4.4", "added trace fields do not count", Need::nothing, trace_fields},
    Check{"digest-blanks", "4.4", "blanks and last empty lines of the body do not count", Need::nothing,
          trailing_blanks},
    Check{"digest-body", "4.4", "a changed body is refused", Need::nothing, body_changed},
    Check{"digest-header", "4.4", "a changed header field is refused", Need::nothing, header_changed},
    Check{"digest-second-from", "4.4", "a second From is refused", Need::nothing, second_from},
    Check{"digest-no-body", "4.4", "a message without a body has a digest", Need::nothing, empty_body},
    Check{"digest-8bit", "4.4", "octets above 0x7F count as they are", Need::nothing, eight_bits},
    Check{"digest-fields", "4.4", "all fields count, last to first", Need::nothing, every_field},
};

}  // namespace

std::span<const Check> digest_checks() {
  return checks;
}

}  // namespace cas::conformance
