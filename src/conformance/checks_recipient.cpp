// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §5.5 and §5.6: an answer for each recipient, and one for the message, however it is transferred.
#include <array>

#include "base/encoding.hpp"
#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

net::Task<Outcome> two_recipients(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft_for({bench.target().recipient, *bench.target().second});
  co_return co_await bench.accept(*client, draft, "for two recipients");
}

net::Task<Outcome> unlisted(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT for a listed recipient", "250"));
  CAS_CO_TRY(const Reply other, co_await client->ask(rcpt_command(*bench.target().second)));
  CAS_CO_CHECK(expect(other, "RCPT for a recipient that is not listed", "550 5.7.1"));
  CAS_CO_TRY(const Reply end, co_await bench.send(*client, draft.letter.text()));
  CAS_CO_CHECK(expect(end, "the end of data", "250"));
  bench.promise(draft, draft.to.front());
  bench.promise(draft, *bench.target().second, false);
  co_return Outcome();
}

net::Task<Outcome> unknown(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft_for({bench.target().unknown});
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  co_return expect(answers.rcpt.front(), "RCPT for a listed recipient that does not exist", "550 5.1.1 or 451 4.7.0");
}

net::Task<Outcome> postmaster(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  const std::string command = "RCPT TO:<postmaster@" + draft.to.front().domain()->text() + ">";
  CAS_CO_TRY(const Reply reply, co_await client->ask(command));
  co_return expect(reply, "RCPT for postmaster, who is not listed", "250");
}

// CAS §2.3: local parts octet for octet once quoting is undone, domains in any case.
net::Task<Outcome> spelling(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  const std::string local = draft.to.front().local().value();
  const std::string domain = to_upper(draft.to.front().domain()->text());
  CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
  CAS_CO_CHECK(expect(mail, "MAIL", "250"));
  CAS_CO_TRY(const Reply confirm, co_await client->ask(bench.confirm(draft)));
  CAS_CO_CHECK(expect(confirm, "CONFIRM", "250 2.7.0"));
  if (to_upper(local) != local) {
    CAS_CO_TRY(const Reply other, co_await client->ask("RCPT TO:<" + to_upper(local) + "@" + domain + ">"));
    CAS_CO_CHECK(expect(other, "RCPT for a local part in upper case", "550 5.7.1"));
  }
  CAS_CO_TRY(const Reply same, co_await client->ask("RCPT TO:<\"" + local + "\"@" + domain + ">"));
  co_return expect(same, "RCPT for the listed mailbox, quoted, its domain in upper case", "250");
}

net::Task<Outcome> other_domain(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.statement.set("r", local_of(*bench.target().required));
  draft.to = {*bench.target().required};
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  co_return expect(answers.rcpt.front(), "RCPT for the listed local part in another domain", "550 5.7.1");
}

net::Task<Outcome> dots(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  Draft draft = bench.draft();
  draft.letter.body = ".\r\n..\r\n.leading\r\n\r\n" + draft.letter.body + ".\r\nlast\r\n";
  co_return co_await bench.accept(*client, draft, "with lines that begin with dots");
}

std::string bdat_command(const std::string& chunk, const std::string& end) {
  return "BDAT " + std::to_string(chunk.size()) + end + chunk;
}

// The message in chunks of `size` octets; `empty_last`: the end is a BDAT of its own.
net::Task<Outcome> send_chunks(Bench& bench, Draft draft, std::string text, std::size_t size, bool empty_last) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM", "250 2.7.0"));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT", "250"));
  for (std::size_t n = 0; n < text.size(); n += size) {
    const std::string chunk = text.substr(n, size);
    const std::string end = n + size >= text.size() && !empty_last ? " LAST\r\n" : "\r\n";
    CAS_CO_CHECK(co_await client->say(bdat_command(chunk, end)));
    CAS_CO_TRY(const Reply reply, co_await client->hear());
    CAS_CO_CHECK(expect(reply, "BDAT", "250"));
  }
  if (empty_last) {
    CAS_CO_TRY(const Reply reply, co_await client->ask("BDAT 0 LAST"));
    CAS_CO_CHECK(expect(reply, "BDAT 0 LAST", "250"));
  }
  bench.promise(draft, draft.to.front());
  co_return Outcome();
}

net::Task<Outcome> one_chunk(Bench& bench) {
  const Draft draft = bench.draft();
  const std::string text = draft.letter.text();
  co_return co_await send_chunks(bench, draft, text, text.size(), false);
}

// Chunks that begin with a dot, that end between CR and LF, and an end that holds nothing.
net::Task<Outcome> many_chunks(Bench& bench) {
  Draft draft = bench.draft();
  draft.letter.body = ".\r\n.\r\n" + draft.letter.body;
  const std::string text = draft.letter.text();
  CAS_CO_CHECK(co_await send_chunks(bench, draft, text, 7, false));
  Draft second = bench.draft();
  second.letter.body = draft.letter.body;
  const std::string second_text = second.letter.text();
  CAS_CO_CHECK(co_await send_chunks(bench, second, second_text, second_text.find("\r\n.") + 2, false));
  const Draft third = bench.draft();
  const std::string third_text = third.letter.text();
  co_return co_await send_chunks(bench, third, third_text, third_text.find("\r\n") + 1, true);
}

net::Task<Outcome> no_last_line_end(Bench& bench) {
  const Draft draft = bench.draft();
  const std::string text = draft.letter.text();
  const std::string cut = text.substr(0, text.size() - 2);
  co_return co_await send_chunks(bench, draft, cut, cut.size(), false);
}

net::Task<Outcome> changed_chunk(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT", "250"));
  const std::string text = draft.letter.text() + "One line more.\r\n";
  CAS_CO_CHECK(co_await client->say(bdat_command(text, " LAST\r\n")));
  CAS_CO_TRY(const Reply reply, co_await client->hear());
  bench.promise(draft, draft.to.front(), reply.positive());
  co_return expect(reply, "BDAT LAST with a body that was not signed", "550 5.7.7");
}

// RFC 5321 §2.3.8: a line ends with CRLF. What follows something else must not be read as commands: the message is
// refused, or the connection closed.
net::Task<Outcome> smuggle(Bench& bench, std::string end) {
  CAS_CO_TRY(const auto client, co_await bench.extra_session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, ""));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT without CONFIRM", "250"));
  CAS_CO_TRY(const Reply ready, co_await client->ask("DATA"));
  CAS_CO_CHECK(expect(ready, "DATA", "354"));
  bench.promise(draft, draft.to.front(), false);
  CAS_CO_CHECK(co_await client->say(draft.letter.text() + "before" + end + draft.mail + "\r\nafter\r\n.\r\n"));
  const auto reply = co_await client->hear();
  if (!reply && client->hung_up()) co_return Outcome();
  if (!reply) co_return std::unexpected(reply.error());
  CAS_CO_CHECK(expect(*reply, "a message with " + printable(end) + " in it", "4xx or 5xx"));
  if (!client->usable()) co_return Outcome();
  CAS_CO_TRY(const Reply bye, co_await client->ask("QUIT"));
  co_return expect(bye, "QUIT behind it (was a part of it read as commands?)", "221");
}

net::Task<Outcome> bare_line_feed(Bench& bench) {
  const std::array<std::string, 3> ends{"\n.\n", "\n.\r\n", "\r\n.\n"};
  for (const std::string& end : ends) CAS_CO_CHECK(co_await smuggle(bench, end));
  co_return Outcome();
}

net::Task<Outcome> bare_carriage_return(Bench& bench) {
  const std::array<std::string, 2> ends{"\r.\r", "\r\n.\r"};
  for (const std::string& end : ends) CAS_CO_CHECK(co_await smuggle(bench, end));
  co_return Outcome();
}

net::Task<Outcome> bare_in_chunk(Bench& bench) {
  CAS_CO_TRY(const auto client, co_await bench.extra_session());
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, ""));
  CAS_CO_CHECK(expect(answers.rcpt.front(), "RCPT without CONFIRM", "250"));
  bench.promise(draft, draft.to.front(), false);
  const std::string text = draft.letter.text() + "one\ntwo\r\n";
  CAS_CO_CHECK(co_await client->say(bdat_command(text, " LAST\r\n")));
  CAS_CO_TRY(const Reply reply, co_await client->hear());
  co_await client->quit();
  co_return expect(reply, "BDAT LAST with a bare LF", "4xx or 5xx");
}

constexpr std::array checks{
    Check{"recipients", "5.5", "each listed recipient is confirmed", Need::second, two_recipients},
    Check{"recipient-unlisted", "5.5", "a recipient that is not listed is refused, the others are not", Need::second,
          unlisted},
    Check{"recipient-unknown", "5.5", "a listed recipient that does not exist is refused", Need::nothing, unknown},
    Check{"recipient-postmaster", "5.5", "postmaster is exempt where not listed", Need::nothing, postmaster},
    Check{"recipient-spelling", "5.5", "who is listed is decided octet for octet, quoting undone", Need::nothing,
          spelling},
    Check{"recipient-elsewhere", "5.5", "a recipient in another domain than q is not listed", Need::required,
          other_domain},
    Check{"data-dots", "5.6", "dots that DATA doubles are no part of the message", Need::nothing, dots},
    Check{"bdat", "5.6", "BDAT in one chunk", Need::chunking, one_chunk},
    Check{"bdat-chunks", "5.6", "BDAT in any chunking gives one digest", Need::chunking, many_chunks},
    Check{"bdat-line-end", "5.6", "a last line without CRLF counts as if it had one", Need::chunking, no_last_line_end},
    Check{"bdat-digest", "5.6", "a changed body is refused behind BDAT too", Need::chunking, changed_chunk},
    Check{"bare-lf", "18", "a bare LF ends no line: nothing is smuggled", Need::nothing, bare_line_feed},
    Check{"bare-bdat", "18", "a bare LF is refused behind BDAT too", Need::chunking, bare_in_chunk},
    Check{"bare-cr", "18", "a bare CR ends no line: nothing is smuggled", Need::nothing, bare_carriage_return},
};

}  // namespace

std::span<const Check> recipient_checks() {
  return checks;
}

}  // namespace cas::conformance
