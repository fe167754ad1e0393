// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The client against servers made of replies: what follows from them, what it makes of a server that fails at any
// step; and the client against our own server.
#include "smtp/client_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "smtp/data.hpp"
#include "smtp/line_reader.hpp"
#include "testing/client_kit.hpp"
#include "testing/player.hpp"

namespace cas::smtp {
namespace {

using namespace cas::testing::client;

// ---- What follows from replies -------------------------------------------------------------------------------------

struct Case {
  const char* name;
  bool with_confirm;
  std::vector<std::string> replies;  // to MAIL [CONFIRM] RCPT suzie, RCPT bob, DATA, ...
  std::string after_envelope;        // what is sent after the group
  int suzie, bob;                    // outcomes; 0: nothing is known
  bool must_close;
};

class ClientReplies : public ::testing::TestWithParam<Case> {};

const Case cases[] = {
    {"Accepted", false, {"250 a", "250 b", "250 c", "354 d", "250 e"}, "BODY\n", 250, 250, false},
    {"OneRefused", false, {"250 a", "250 b", "550 c", "354 d", "250 e"}, "BODY\n", 250, 550, false},
    {"FinalRefused", false, {"250 a", "250 b", "451 c", "354 d", "554 e"}, "BODY\n", 554, 451, false},
    {"MailRefused", false, {"550 a", "503 b", "503 c", "503 d"}, "", 550, 550, false},
    {"MailDeferred", false, {"451 a", "503 b", "503 c", "503 d"}, "", 451, 451, false},
    {"NobodyAccepted", false, {"250 a", "550 b", "450 c", "554 d"}, "", 550, 450, false},
    {"NobodyAcceptedYet354", false, {"250 a", "550 b", "450 c", "354 d", "250 e"}, ".\r\n", 550, 450, false},
    {"NobodyAcceptedYet354Refused", false, {"250 a", "550 b", "450 c", "354 d", "554 e"}, ".\r\n", 550, 450, false},
    {"DataRefused", false, {"250 a", "250 b", "550 c", "451 d"}, "", 451, 550, false},
    {"MailRefusedYet354", false, {"550 a", "250 b", "250 c", "354 d"}, "", 550, 550, true},
    {"Confirmed", true, {"250 a", "250 b", "250 c", "451 d", "354 e", "250 f"}, "BODY\n", 250, 451, false},
    {"Poisoned", true, {"250 a", "550 b", "503 c", "503 d", "503 e"}, "", 550, 550, false},
    {"PoisonedForNow", true, {"250 a", "451 b", "503 c", "503 d", "503 e"}, "", 451, 451, false},
    {"ConfirmUnknownYet354", true, {"250 a", "500 b", "250 c", "250 d", "354 e"}, "", 500, 500, true},
    {"ConfirmUnknownYet354_502", true, {"250 a", "502 b", "250 c", "250 d", "354 e"}, "", 502, 502, true},
    {"PoisonedYet354", true, {"250 a", "550 b", "250 c", "250 d", "354 e"}, "", 550, 550, true},
    {"ConfirmUnknownNobodyYet354", true, {"250 a", "500 b", "550 c", "550 d", "354 e"}, "", 500, 500, true},
    {"ClosingAtMail", false, {"421 a"}, "", 421, 421, true},
    {"ClosingAtFirstRcpt", false, {"250 a", "421 b"}, "", 421, 0, true},
    {"ClosingAtSecondRcpt", false, {"250 a", "250 b", "421 c"}, "", 0, 421, true},
    {"ClosingAtData", false, {"250 a", "250 b", "550 c", "421 d"}, "", 421, 550, true},
    {"ClosingAtTheEnd", false, {"250 a", "250 b", "550 c", "354 d", "421 e"}, "BODY\n", 421, 550, true},
    {"ClosingAtConfirm", true, {"250 a", "421 b"}, "", 421, 421, true},
    {"MailAnsweredLikeData", false, {"354 a"}, "", 0, 0, true},
    {"RcptAnsweredLikeData", false, {"250 a", "354 b"}, "", 0, 0, true},
    {"DataAnsweredLikeRcpt", false, {"250 a", "250 b", "250 c", "250 d"}, "", 0, 0, true},
    {"EndAnsweredLikeData", false, {"250 a", "250 b", "250 c", "354 d", "354 e"}, "BODY\n", 0, 0, true},
};

TEST_P(ClientReplies, LeadToWhatTheTableSays) {
  const Case& c = GetParam();
  const std::vector<std::string> to = {"suzie@b.example", "bob@b.example"};
  auto session = ready(pipelining);
  const auto done = run(session, c.with_confirm ? confirmed(to) : transaction(to), c.replies);
  ASSERT_TRUE(std::holds_alternative<TransactionDone>(done.last));
  const std::string_view sent = done.sent;
  EXPECT_EQ(sent.substr(sent.find("DATA\r\n") + 6), c.after_envelope);
  EXPECT_EQ(code_of(result_of(done).outcome(0)), c.suzie);
  EXPECT_EQ(code_of(result_of(done).outcome(1)), c.bob);
  EXPECT_EQ(result_of(done).must_close, c.must_close);
  if (c.must_close) {
    EXPECT_TRUE(std::holds_alternative<Bye>(session.quit()));
  } else {
    EXPECT_TRUE(std::holds_alternative<Send>(session.begin(transaction())));
  }
}

/// The same replies one by one: nothing is sent that the group would have wasted, and nobody is told otherwise.
TEST_P(ClientReplies, LeadToTheSameInLockStep) {
  const Case& c = GetParam();
  const std::vector<std::string> to = {"suzie@b.example", "bob@b.example"};
  auto session = ready(bare);
  Course done;
  note(done, session.begin(c.with_confirm ? confirmed(to) : transaction(to)));
  for (const auto& text : c.replies) {
    note(done, session.on_reply(reply(text)));
    if (std::holds_alternative<SendBody>(done.last)) note(done, session.on_body_sent());
    if (std::holds_alternative<TransactionDone>(done.last)) break;
  }
  ASSERT_TRUE(std::holds_alternative<TransactionDone>(done.last));
  EXPECT_EQ(code_of(result_of(done).outcome(0)), c.suzie);
  EXPECT_EQ(code_of(result_of(done).outcome(1)), c.bob);
  EXPECT_EQ(done.sent.find(".\r\n"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Table, ClientReplies, ::testing::ValuesIn(cases),
                         [](const auto& test) { return test.param.name; });

// ---- The same with a chunk -----------------------------------------------------------------------------------------

class ChunkReplies : public ::testing::TestWithParam<Case> {};

const Case chunk_cases[] = {
    {"Accepted", false, {"250 a", "250 b", "250 c", "250 d"}, "BDAT 86 LAST\r\nBODY\n", 250, 250, false},
    {"OneRefused", false, {"250 a", "250 b", "550 c", "250 d"}, "BDAT 86 LAST\r\nBODY\n", 250, 550, false},
    {"FinalDeferred", false, {"250 a", "250 b", "550 c", "451 d"}, "BDAT 86 LAST\r\nBODY\n", 451, 550, false},
    {"FinalRefused", false, {"250 a", "250 b", "451 c", "554 d"}, "BDAT 86 LAST\r\nBODY\n", 554, 451, false},
    {"MailRefused", false, {"550 a", "503 b", "503 c"}, "", 550, 550, false},
    {"NobodyAccepted", false, {"250 a", "550 b", "450 c"}, "", 550, 450, false},
    {"MailRefusedYetRcpt", false, {"550 a", "250 b", "250 c"}, "", 550, 550, false},
    {"Confirmed", true, {"250 a", "250 b", "250 c", "451 d", "250 e"}, "BDAT 86 LAST\r\nBODY\n", 250, 451, false},
    {"Poisoned", true, {"250 a", "550 b", "503 c", "503 d"}, "", 550, 550, false},
    {"PoisonedForNow", true, {"250 a", "451 b", "503 c", "503 d"}, "", 451, 451, false},
    {"ConfirmUnknown", true, {"250 a", "500 b", "250 c", "250 d"}, "", 500, 500, false},
    {"PoisonedYetRcpt", true, {"250 a", "550 b", "250 c", "250 d"}, "", 550, 550, false},
    {"ClosingAtConfirm", true, {"250 a", "421 b"}, "", 421, 421, true},
    {"ClosingAtSecondRcpt", false, {"250 a", "250 b", "421 c"}, "", 0, 421, true},
    {"ClosingAtTheEnd", false, {"250 a", "250 b", "550 c", "421 d"}, "BDAT 86 LAST\r\nBODY\n", 421, 550, true},
    {"EndAnsweredLikeData", false, {"250 a", "250 b", "250 c", "354 d"}, "BDAT 86 LAST\r\nBODY\n", 0, 0, true},
    {"BdatUnknown", false, {"250 a", "250 b", "250 c", "500 d"}, "BDAT 86 LAST\r\nBODY\n", 500, 500, true},
    {"BdatNotImplemented", false, {"250 a", "250 b", "250 c", "502 d"}, "BDAT 86 LAST\r\nBODY\n", 502, 502, true},
};

TEST_P(ChunkReplies, LeadToWhatTheTableSays) {
  const Case& c = GetParam();
  const std::vector<std::string> to = {"suzie@b.example", "bob@b.example"};
  for (const auto ehlo : {chunking, chunking_only}) {
    auto session = ready(ehlo);
    Course done;
    note(done, session.begin(sized(c.with_confirm ? confirmed(to) : transaction(to))));
    for (const auto& text : c.replies) {
      if (std::holds_alternative<TransactionDone>(done.last)) break;  // in lock-step nothing more is asked
      note(done, session.on_reply(reply(text)));
      if (wants_body(done.last)) note(done, session.on_body_sent());
    }
    ASSERT_TRUE(std::holds_alternative<TransactionDone>(done.last)) << ehlo;
    EXPECT_EQ(done.sent.find("DATA\r\n"), std::string::npos);
    const std::size_t chunk = std::min(done.sent.find("BDAT"), done.sent.size());
    EXPECT_EQ(done.sent.substr(chunk), c.after_envelope);
    EXPECT_EQ(code_of(result_of(done).outcome(0)), c.suzie);
    EXPECT_EQ(code_of(result_of(done).outcome(1)), c.bob);
    EXPECT_EQ(result_of(done).must_close, c.must_close);
    if (c.must_close) {
      EXPECT_TRUE(std::holds_alternative<Bye>(session.quit()));
      continue;
    }
    // What was given up is cleared before the next, unless the server never began it or came to its end.
    const bool stale = c.after_envelope.empty() && code_of(result_of(done).mail) < 400;
    const std::string next = std::get<Send>(session.begin(transaction())).octets;
    EXPECT_EQ(next.starts_with("RSET\r\n"), stale) << next;
  }
}

INSTANTIATE_TEST_SUITE_P(Table, ChunkReplies, ::testing::ValuesIn(chunk_cases),
                         [](const auto& test) { return test.param.name; });

TEST(ClientSession, HearsAServerThatGivesUpInTheMiddleOfAChunk) {
  auto session = ready(chunking);
  (void)session.begin(sized(transaction()));
  for (const auto* text : {"250 a", "250 b"}) (void)session.on_reply(reply(text));
  const auto step = session.on_reply(reply("552 5.3.4 too much"));
  EXPECT_EQ(code_of(std::get<TransactionDone>(step).result.outcome(0)), 552);
  EXPECT_TRUE(std::get<TransactionDone>(step).result.must_close);
}

TEST(ClientSession, KnowsNothingOfAChunkWhoseReplyIsLost) {
  auto session = ready(chunking);
  (void)session.begin(sized(transaction()));
  for (const auto* text : {"250 a", "250 b"}) (void)session.on_reply(reply(text));
  (void)session.on_body_sent();
  const auto result = session.on_disconnect();
  EXPECT_FALSE(result.outcome(0));
  EXPECT_TRUE(result.must_close);
}

TEST(ClientSession, ClearsATransactionThatWasGivenUpBeforeTheNext_Rfc5321_4_1_1_5) {
  auto session = ready(pipelining);
  (void)run(session, transaction(), {"250 a", "550 b", "554 c"});
  const auto next = run(session, transaction(), {"250 rset", "250 a", "250 b", "354 c", "250 d"});
  EXPECT_TRUE(next.sent.starts_with("RSET\r\nMAIL FROM:"));
  EXPECT_EQ(code_of(result_of(next).outcome(0)), 250);
  EXPECT_TRUE(run(session, transaction(), {}).sent.starts_with("MAIL FROM:"));
}

TEST(ClientSession, DoesNotClearWhatTheServerNeverBegan) {
  auto session = ready(pipelining);
  (void)run(session, transaction(), {"550 a", "503 b", "503 c"});
  EXPECT_TRUE(run(session, transaction(), {}).sent.starts_with("MAIL FROM:"));
}

TEST(ClientSession, SendsNoDataToNobodyInLockStep) {
  auto session = ready(bare);
  const auto done = run(session, transaction(), {"250 a", "550 b"});
  EXPECT_EQ(done.sent, "MAIL FROM:<joe@a.example>\r\nRCPT TO:<suzie@b.example>\r\n");
  EXPECT_EQ(code_of(result_of(done).outcome(0)), 550);
}

TEST(ClientSession, HearsAServerThatGivesUpInTheMiddleOfABody) {
  auto session = ready(pipelining);
  (void)session.begin(transaction());
  for (const auto* text : {"250 a", "250 b", "354 c"}) (void)session.on_reply(reply(text));
  const auto step = session.on_reply(reply("552 5.3.4 too much"));
  const auto& result = std::get<TransactionDone>(step).result;
  EXPECT_EQ(code_of(result.outcome(0)), 552);
  EXPECT_TRUE(result.must_close);
}

TEST(ClientSession, BelievesNo250BeforeTheBodyWasSent) {
  auto session = ready(pipelining);
  (void)session.begin(transaction());
  for (const auto* text : {"250 a", "250 b", "354 c"}) (void)session.on_reply(reply(text));
  const auto step = session.on_reply(reply("250 2.0.0 queued"));
  EXPECT_FALSE(std::get<TransactionDone>(step).result.outcome(0));
}

TEST(ClientSession, ThrowsWhenCalledOutOfTurn) {
  ClientSession session({.helo = "a.example"});
  EXPECT_THROW((void)session.begin(transaction()), std::logic_error);
  EXPECT_THROW((void)session.on_tls(), std::logic_error);
  EXPECT_THROW((void)session.on_body_sent(), std::logic_error);
  auto idle = ready(pipelining);
  EXPECT_THROW((void)idle.begin(transaction({})), std::logic_error);
  (void)idle.quit();
  (void)idle.on_reply(reply("221 bye"));
  EXPECT_THROW((void)idle.on_reply(reply("250 ok")), std::logic_error);
}

// ---- Failing at every step in turn ---------------------------------------------------------------------------------

/// The replies of a transaction that goes well with a server that says this after EHLO.
std::vector<std::string> happy_replies(std::string_view ehlo) {
  std::vector<std::string> happy = {"250 mail", "250 confirm", "250 suzie", "250 bob"};
  if (ehlo == pipelining || ehlo == bare) happy.emplace_back("354 data");
  happy.emplace_back("250 final");
  return happy;
}

constexpr std::string_view kinds_of_server[] = {pipelining, bare, chunking, chunking_only};

/// Nobody is told "delivered" or "never" by a connection that ends, wherever it ends.
TEST(ClientFailure, ALostConnectionLeavesTheOutcomeOpen) {
  for (const auto ehlo : kinds_of_server) {
    const auto happy = happy_replies(ehlo);
    for (std::size_t step = 0; step < happy.size(); ++step) {
      auto session = ready(ehlo);
      const std::vector<std::string> heard(happy.begin(), happy.begin() + static_cast<std::ptrdiff_t>(step));
      (void)run(session, sized(confirmed({"suzie@b.example", "bob@b.example"})), heard);
      const auto result = session.on_disconnect();
      EXPECT_TRUE(result.must_close);
      EXPECT_FALSE(result.outcome(0)) << "after " << step;
      EXPECT_FALSE(result.outcome(1)) << "after " << step;
      EXPECT_TRUE(std::holds_alternative<Bye>(session.quit()));
    }
  }
}

/// No body goes out after a refusal of all, and no outcome is ever positive but by the final reply.
TEST(ClientFailure, AnyReplyAtAnyStepIsSurvived) {
  for (const auto ehlo : kinds_of_server) {
    const auto happy = happy_replies(ehlo);
    for (const auto* fault :
         {"421 4.3.2 closing", "451 4.3.0 later", "550 5.7.1 no", "354 what", "503 5.5.1 eh", "252 hm"}) {
      for (std::size_t step = 0; step < happy.size(); ++step) {
        auto session = ready(ehlo);
        Course done;
        note(done, session.begin(sized(confirmed({"suzie@b.example", "bob@b.example"}))));
        for (std::size_t n = 0; n < happy.size() && !std::holds_alternative<TransactionDone>(done.last); ++n) {
          note(done, session.on_reply(reply(n == step ? fault : happy[n])));
          if (wants_body(done.last)) note(done, session.on_body_sent());
        }
        ASSERT_TRUE(std::holds_alternative<TransactionDone>(done.last)) << fault << " at " << step;
        const auto& result = result_of(done);
        for (std::size_t n = 0; n < 2; ++n) {
          const auto outcome = result.outcome(n);
          if (outcome && outcome->code < 400) EXPECT_EQ(outcome, result.final) << fault << " at " << step;
          if (outcome) EXPECT_NE(outcome->code, 354);
        }
        const bool all_refused = code_of(result.mail) >= 400 || code_of(result.confirm) >= 400;
        if (all_refused) EXPECT_EQ(done.sent.find("BODY"), std::string::npos) << fault << " at " << step;
      }
    }
  }
}

// ---- Against our own server ----------------------------------------------------------------------------------------

/// Carries octets between the two sessions until the client has nothing more to ask.
TransactionResult deliver(ClientSession& client, cas::testing::Conversation& server, Transaction t,
                          std::string_view body) {
  LineReader reader;
  ReplyParser parser;
  std::size_t heard = server.replies().size();
  t.chunk = body.size();
  ClientStep step = client.begin(std::move(t));
  while (!std::holds_alternative<TransactionDone>(step)) {
    if (const auto* send = std::get_if<Send>(&step)) server.feed(send->octets);
    if (const auto* chunk = std::get_if<SendChunk>(&step)) {
      server.feed(chunk->command);
      server.feed(body);
      (void)client.on_body_sent();
    }
    if (std::holds_alternative<SendBody>(step)) {
      DataEncoder encoder;
      std::string out;
      encoder.encode(body, out);
      encoder.finish(out);
      server.feed(out);
      (void)client.on_body_sent();
    }
    reader.feed(std::string_view(server.replies()).substr(heard));
    heard = server.replies().size();
    std::optional<Reply> whole;
    while (!whole) whole = parser.on_line(std::get<Line>(reader.next(512)).text).value();
    step = client.on_reply(*whole);
  }
  return std::get<TransactionDone>(step).result;
}

TEST(BothSessions, UnderstandEachOther) {
  cas::testing::StubWorld world;
  world.confirm.insert_or_assign("good", Reply(250, {2, 7, 0}, "[CAS:ok] intent accepted"));
  world.confirm.insert_or_assign("bad", Reply(550, {5, 7, 5}, "[CAS:signature] no"));
  world.rcpt.insert_or_assign("none@b.example", Reply(550, {5, 1, 1}, "no such user"));
  ServerOptions options{.host = Domain::parse("mx.b.example").value(), .limits = {}};
  options.offer_cas = true;
  for (const auto ehlo : {pipelining, bare, chunking, chunking_only}) {
    cas::testing::Conversation server(options, true, world);
    server.feed("EHLO a.example\r\n");
    auto client = ready(ehlo);

    Transaction good = transaction({"bob@b.example", "none@b.example"});
    good.confirm = "good";
    const auto first = deliver(client, server, good, "Subject: x\r\n\r\n.dots\r\n..\r\n");
    EXPECT_EQ(first.outcome(0)->summary(), "250 2.0.0 queued");
    EXPECT_EQ(first.outcome(1)->summary(), "550 5.1.1 no such user");
    EXPECT_EQ(server.messages().back(), "Subject: x\r\n\r\n.dots\r\n..\r\n");

    Transaction bad = transaction({"bob@b.example"});
    bad.confirm = "bad";
    EXPECT_EQ(deliver(client, server, bad, "x\r\n").outcome(0)->summary(), "550 5.7.5 [CAS:signature] no");
    EXPECT_EQ(deliver(client, server, transaction({"none@b.example"}), "x\r\n").outcome(0)->code, 550);
    EXPECT_EQ(deliver(client, server, good, "again\r\n").outcome(0)->code, 250);
    EXPECT_EQ(server.messages().size(), 2U);
  }
}

}  // namespace
}  // namespace cas::smtp
