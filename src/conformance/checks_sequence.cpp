// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §5.3 and §5.4: replies in order, and what a failed CONFIRM leaves.
#include <algorithm>
#include <array>

#include "conformance/check.hpp"

namespace cas::conformance {
namespace {

using smtp::Reply;

std::string status(const Reply& reply) {
  return std::to_string(reply.code) + (reply.enhanced.klass != 0 ? " " + reply.enhanced.text() : "");
}

net::Task<Checked<std::vector<Reply>>> play(Client& client, std::vector<std::string> commands, bool pipelined) {
  if (pipelined) co_return co_await client.group(std::move(commands));
  std::vector<Reply> replies;
  for (const std::string& command : commands) {
    CAS_CO_TRY(Reply reply, co_await client.ask(command));
    replies.push_back(std::move(reply));
  }
  co_return replies;
}

// Both ways of saying the same give the same codes.
net::Task<Outcome> same_replies(Bench& bench, bool forge) {
  std::vector<std::string> seen;
  constexpr std::array ways{false, true};
  for (const bool pipelined : ways) {
    CAS_CO_TRY(Client* const client, co_await bench.session(1));
    const Draft draft = forge ? forged(bench) : bench.draft();
    std::vector<std::string> commands{draft.mail, bench.confirm(draft), rcpt_command(draft.to.front()),
                                      rcpt_command(bench.target().unknown)};
    if (forge) commands.emplace_back("RSET");  // DATA must not be answered 354, but might be
    CAS_CO_TRY(const auto replies, co_await play(*client, std::move(commands), pipelined));
    std::string all;
    for (const Reply& reply : replies) all += status(reply) + ", ";
    if (!forge) {
      CAS_CO_CHECK(expect(replies[1], "CONFIRM", "250 2.7.0"));
      CAS_CO_TRY(const Reply end, co_await bench.send(*client, draft.letter.text()));
      CAS_CO_CHECK(expect(end, "the end of data", "250"));
      bench.promise(draft, draft.to.front());
      all += status(end);
    }
    seen.push_back(all);
  }
  if (seen[0] == seen[1]) co_return Outcome();
  co_return fails("one by one: " + seen[0] + "; pipelined: " + seen[1]);
}

net::Task<Outcome> same_when_right(Bench& bench) {
  co_return co_await same_replies(bench, false);
}

net::Task<Outcome> same_when_forged(Bench& bench) {
  co_return co_await same_replies(bench, true);
}

net::Task<Outcome> one_reply_each(Bench& bench) {
  struct Step {
    std::string command;
    std::string_view wanted;
  };
  CAS_CO_TRY(const auto client, co_await bench.extra_session());
  const Draft draft = bench.draft();
  const Draft second = bench.draft();
  const std::string rcpt = rcpt_command(draft.to.front());
  const std::vector<Step> steps{{"NOOP", "250"},
                                {draft.mail, "250"},
                                {bench.confirm(draft), "250 2.7.0"},
                                {rcpt, "250"},
                                {"NOOP", "250"},
                                {"RSET", "250"},
                                {bench.confirm(second), "503 5.5.1"},
                                {rcpt, "503"},
                                {second.mail, "250"},
                                {bench.confirm(second), "250 2.7.0"},
                                {rcpt, "250"},
                                {"RSET", "250"}};
  std::vector<std::string> commands;
  std::ranges::transform(steps, std::back_inserter(commands), &Step::command);
  CAS_CO_TRY(const auto replies, co_await client->group(std::move(commands)));
  for (std::size_t n = 0; n < steps.size(); ++n) {
    const std::string verb = steps[n].command.substr(0, steps[n].command.find(' '));
    CAS_CO_CHECK(expect(replies[n], "command " + std::to_string(n + 1) + " of a group, " + verb, steps[n].wanted));
  }
  CAS_CO_TRY(const Reply bye, co_await client->ask("QUIT"));
  co_return expect(bye, "QUIT behind the group (a reply too many?)", "221");
}

// RCPT and DATA behind a failed CONFIRM, and then the session goes on.
net::Task<Outcome> poisoned(Bench& bench, bool pipelined) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft bad = forged(bench);
  std::vector<std::string> commands{bad.mail, bench.confirm(bad), rcpt_command(bad.to.front()), "DATA"};
  CAS_CO_TRY(const auto replies, co_await play(*client, std::move(commands), pipelined));
  CAS_CO_CHECK(expect(replies[0], "MAIL", "250"));
  CAS_CO_CHECK(expect(replies[1], "CONFIRM signed with another key", "550 5.7.5"));
  bench.promise(bad, bad.to.front(), false);
  CAS_CO_CHECK(expect(replies[2], "RCPT behind a failed CONFIRM", "503"));
  CAS_CO_CHECK(expect(replies[3], "DATA behind a failed CONFIRM", "503"));
  co_return co_await bench.accept(*client, bench.draft(), "in the same session after a failed one");
}

net::Task<Outcome> poison_one_by_one(Bench& bench) {
  co_return co_await poisoned(bench, false);
}

net::Task<Outcome> poison_pipelined(Bench& bench) {
  co_return co_await poisoned(bench, true);
}

net::Task<Outcome> poison_transient(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  Draft draft = bench.draft();
  draft.statement.set("t", seconds_text(bench.now() + seconds(3000)));
  draft.statement.set("x", seconds_text(bench.now() + seconds(3600)));
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, bench.confirm(draft)));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM from the future", "451 4.7.0"));
  co_return expect(answers.rcpt.front(), "RCPT behind a CONFIRM that was answered 451", "503");
}

net::Task<Outcome> poison_malformed(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft draft = bench.draft();
  CAS_CO_TRY(const Answers answers, co_await bench.offer(*client, draft, "CONFIRM nonsense"));
  CAS_CO_CHECK(expect(answers.confirm, "CONFIRM nonsense", "501 5.5.4"));
  co_return expect(answers.rcpt.front(), "RCPT behind it", "503");
}

// RFC 3030 §2: the chunk is read and dropped. Were it not, its octets would be read as commands.
net::Task<Outcome> poison_bdat(Bench& bench) {
  CAS_CO_TRY(Client* const client, co_await bench.session(1));
  const Draft bad = forged(bench);
  const std::string chunk = "QUIT\r\n";
  CAS_CO_CHECK(co_await client->say(bad.mail + "\r\n" + bench.confirm(bad) + "\r\n" + rcpt_command(bad.to.front()) +
                                    "\r\nBDAT " + std::to_string(chunk.size()) + " LAST\r\n" + chunk + "NOOP\r\n"));
  constexpr std::array wanted{"250", "550 5.7.5", "503", "503", "250"};
  constexpr std::array names{"MAIL", "CONFIRM signed with another key", "RCPT", "BDAT behind a failed CONFIRM",
                             "NOOP behind the chunk"};
  for (std::size_t n = 0; n < wanted.size(); ++n) {
    CAS_CO_TRY(const Reply reply, co_await client->hear());
    CAS_CO_CHECK(expect(reply, names.at(n), wanted.at(n)));
  }
  bench.drop();  // its count of failures is not known to the client
  co_return Outcome();
}

net::Task<Outcome> third_failure(Bench& bench) {
  CAS_CO_TRY(const auto client, co_await bench.extra_session());
  constexpr std::array<std::string_view, 3> replies{"550 5.7.5", "550 5.7.5", "421 4.7.0"};
  for (const std::string_view wanted : replies) {
    const Draft draft = forged(bench);
    CAS_CO_TRY(const Reply mail, co_await client->ask(draft.mail));
    CAS_CO_CHECK(expect(mail, "MAIL", "250"));
    CAS_CO_TRY(const Reply reply, co_await client->ask(bench.confirm(draft)));
    CAS_CO_CHECK(expect(reply, "CONFIRM, failing again", wanted));
  }
  const bool closed = co_await client->is_closed();
  if (!closed) co_return fails("after 421 the connection is not closed");
  co_return Outcome();
}

constexpr std::array checks{
    Check{"pipelined-right", "5.3", "a right transaction gets the same replies pipelined", Need::nothing,
          same_when_right},
    Check{"pipelined-forged", "5.3", "a failing transaction gets the same replies pipelined", Need::nothing,
          same_when_forged},
    Check{"one-reply-each", "5.3", "one reply for each command, in order", Need::nothing, one_reply_each},
    Check{"poison", "5.4", "a failed CONFIRM ends the transaction, not the session", Need::nothing, poison_one_by_one},
    Check{"poison-pipelined", "5.4", "the same for commands that were sent with it", Need::nothing, poison_pipelined},
    Check{"poison-transient", "5.4", "the same for a CONFIRM that is answered 4xx", Need::nothing, poison_transient},
    Check{"poison-malformed", "5.4", "the same for a CONFIRM that is malformed", Need::nothing, poison_malformed},
    Check{"poison-bdat", "5.4", "a chunk behind a failed CONFIRM is read and dropped", Need::chunking, poison_bdat},
    Check{"third-failure", "5.4", "the third failed CONFIRM gets 421 and ends the session", Need::nothing,
          third_failure},
};

}  // namespace

std::span<const Check> sequence_checks() {
  return checks;
}

}  // namespace cas::conformance
