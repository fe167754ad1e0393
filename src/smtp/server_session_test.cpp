// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What dialogs cannot show: properties over random dialogs (CAS §21 I4, I6, I9), the driver's side of the contract,
// and what the driver is told.
#include "smtp/server_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "testing/fake_random.hpp"
#include "testing/player.hpp"

namespace cas::smtp {
namespace {

using cas::testing::Conversation;
using cas::testing::StubWorld;

ServerOptions options_with(bool starttls, bool cas, bool submission = false) {
  return ServerOptions{.host = Domain::parse("mx.b.example").value(),
                       .limits = {},
                       .offer_starttls = starttls,
                       .offer_cas = cas,
                       .submission = submission};
}

StubWorld world() {
  StubWorld world;
  world.mail.insert_or_assign("<spam@a.example>", Reply(550, {5, 7, 1}, "no"));
  world.confirm.insert_or_assign("good", Reply(250, {2, 7, 0}, "[CAS:ok]"));
  world.confirm.insert_or_assign("bad", Reply(550, {5, 7, 5}, "[CAS:signature]"));
  world.rcpt.insert_or_assign("none@b.example", Reply(550, {5, 1, 1}, "no such user"));
  return world;
}

/// The codes of whole replies, in order.
std::vector<int> codes_of(std::string_view replies) {
  std::vector<int> codes;
  while (!replies.empty()) {
    const std::string_view line = replies.substr(0, replies.find("\r\n"));
    replies.remove_prefix(line.size() + 2);
    if (line.at(3) == ' ') codes.push_back(std::stoi(std::string(line.substr(0, 3))));
  }
  return codes;
}

// ---- Random dialogs ------------------------------------------------------------------------------------------------

constexpr std::string_view commands[] = {
    "EHLO a.example",
    "HELO a.example",
    "MAIL FROM:<joe@a.example>",
    "MAIL FROM:<spam@a.example>",
    "CONFIRM good",
    "CONFIRM bad",
    "RCPT TO:<bob@b.example>",
    "RCPT TO:<none@b.example>",
    "DATA",
    "BDAT 0",
    "BDAT 9",
    "BDAT 31",
    "BDAT 64 LAST",
    "BDAT 0 LAST",
    "BDAT 6 FIRST",
    "RSET",
    "NOOP",
    "STARTTLS",
    "VRFY x",
    "MAIL FROM:<joe@example",
    "RCPT TO:<bob>",
    "WHAT",
};

/// What a client sends that does not wait: the command and, for BDAT, its chunk, which looks like commands.
std::string octets_of(std::string_view command) {
  constexpr std::string_view chunk = "RSET\r\nMAIL FROM:<evil@a.example>\r\nRCPT TO:<bob@b.example>\r\nQUIT\r\n";
  std::string octets = std::string(command) + "\r\n";
  const auto bdat = parse_command(command).verb == Verb::Bdat ? parse_bdat(command.substr(5)) : std::nullopt;
  if (bdat) octets += chunk.substr(0, bdat->octets);
  return octets;
}

/// A second opinion on what the session may know, kept from nothing but commands and codes.
struct Model {
  bool mail = false;
  bool confirmed = false;
  bool poisoned = false;  // a CONFIRM failed and no MAIL was accepted since

  void on_reply(std::string_view command, int code) {
    const bool good = code >= 200 && code < 300;
    const bool forgets = command.starts_with("RSET") || command.starts_with("EHLO") || command.starts_with("HELO") ||
                         command.starts_with("STARTTLS");
    if (command.starts_with("CONFIRM")) {
      confirmed = good;
      if (!good) poisoned = true, mail = false;
    } else if (command.starts_with("BDAT") && (!good || command.ends_with("LAST"))) {
      mail = confirmed = false;
    } else if (command.starts_with("MAIL") && good) {
      *this = Model{.mail = true, .confirmed = false, .poisoned = false};
    } else if (forgets && good) {
      mail = confirmed = false;
    }
  }
};

void check_against(const Model& model, std::string_view command, int code, const Conversation& conversation) {
  const bool goes_on = command.starts_with("RCPT") || command == "DATA" || command.starts_with("BDAT");
  if (model.poisoned && goes_on) EXPECT_TRUE(code == 503 || code == 502) << command;  // I4
  if (command.starts_with("BDAT") && code == 502) EXPECT_FALSE(conversation.session().extended());
  EXPECT_EQ(conversation.session().confirmed(), model.confirmed) << command;  // I6
  EXPECT_EQ(conversation.session().mail().has_value(), model.mail) << command;
}

class RandomDialogs : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomDialogs, KeepI4I6AndI9) {
  cas::testing::FakeRandom random(GetParam());
  ServerOptions options = options_with(true, true);
  options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation conversation(options, random.below(2) == 0, world());
  Model model;
  for (int n = 0; n < 300; ++n) {
    const std::string_view command = commands[random.below(std::size(commands))];
    const std::size_t before = conversation.replies().size();
    conversation.feed(octets_of(command));
    const auto codes = codes_of(std::string_view(conversation.replies()).substr(before));
    ASSERT_EQ(codes.size(), 1U) << command;  // I9
    model.on_reply(command, codes[0]);
    check_against(model, command, codes[0], conversation);
    if (codes[0] != 354) continue;
    conversation.feed("hello\r\n.\r\n");
    ASSERT_TRUE(conversation.replies().ends_with("250 2.0.0 queued\r\n"));
    model = Model{};
  }
}

TEST_P(RandomDialogs, GetTheSameRepliesHoweverTheyAreCut) {
  cas::testing::FakeRandom random(GetParam());
  std::vector<std::string> steps;
  for (int n = 0; n < 200; ++n) {
    const std::string_view command = commands[random.below(std::size(commands))];
    if (command == "STARTTLS") continue;  // a client that knows the answer waits for it
    steps.push_back(octets_of(command));
    if (command == "DATA") steps.back() += "Subject: x\r\n\r\n..\r\n.\r\n";
    if (random.below(40) == 0) steps.push_back(std::string(random.below(9000), 'x') + "\r\n");
    if (random.below(40) == 0) steps.push_back("CONFIRM " + std::string(random.below(16000), 'x') + "\r\n");
    if (random.below(150) == 0) steps.emplace_back("BDAT what\r\n");
    if (random.below(200) == 0) steps.emplace_back("bare\nLF\r\n");
  }
  ServerOptions options = options_with(false, true);
  if (GetParam() % 2 == 0) options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation one_by_one(options, true, world());
  std::string octets;
  for (const auto& step : steps) {
    one_by_one.feed(step);
    octets += step;
  }
  for (const std::size_t longest : {1000000U, 1U, 50U}) {
    Conversation cut(options, true, world());
    for (std::string_view rest = octets; !rest.empty();) {
      const std::size_t piece = longest == 50 ? 1 + random.below(longest) : longest;
      cut.feed(rest.substr(0, piece));
      rest.remove_prefix(std::min(piece, rest.size()));
    }
    EXPECT_EQ(cut.replies(), one_by_one.replies());
    EXPECT_EQ(cut.asked(), one_by_one.asked());
    EXPECT_EQ(cut.messages(), one_by_one.messages());
    EXPECT_EQ(cut.closed(), one_by_one.closed());
  }
}

/// What is pipelined behind a failed CONFIRM never becomes a message, whatever it is and however it is sent.
TEST_P(RandomDialogs, NeverTakeAMessageBehindAFailedConfirm_Cas5_4) {
  cas::testing::FakeRandom random(GetParam());
  ServerOptions options = options_with(false, true);
  options.limits.bad_commands = options.limits.failed_confirms = 100000;
  Conversation conversation(options, true, world());
  std::string flight = "EHLO a.example\r\nMAIL FROM:<joe@a.example>\r\nCONFIRM ";
  flight += random.below(2) == 0 ? "bad\r\n" : std::string(9000, 'x') + "\r\n";
  const std::string_view behind[] = {
      "RCPT TO:<bob@b.example>", "BDAT 31", "BDAT 64 LAST", "BDAT 0 LAST", "BDAT 6 X", "DATA", "CONFIRM good", "NOOP"};
  for (int n = 0; n < 100; ++n) flight += octets_of(behind[random.below(std::size(behind))]);
  conversation.feed(flight);
  const auto codes = codes_of(conversation.replies());
  ASSERT_EQ(codes.size(), 104U);  // I9, with the greeting
  for (std::size_t n = 4; n < codes.size(); ++n) EXPECT_TRUE(codes[n] == 503 || codes[n] == 250) << codes[n];
  EXPECT_TRUE(conversation.messages().empty());
  EXPECT_THAT(conversation.asked(), ::testing::Not(::testing::Contains(::testing::HasSubstr("rcpt"))));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomDialogs, ::testing::Range<std::uint64_t>(1, 61));

// ---- The driver's side ---------------------------------------------------------------------------------------------

Reply reply_in(const Step& step) {
  return std::get<Respond>(step).reply;
}

TEST(ServerSession, ThrowsWhenCalledOutOfTurn) {
  ServerSession session(options_with(true, false));
  EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error);
  EXPECT_THROW((void)session.on_answer(Reply(250, {}, "")), std::logic_error);
  (void)session.on_connect();
  EXPECT_THROW((void)session.on_connect(), std::logic_error);
  EXPECT_THROW((void)session.on_body(Reply(250, {}, "")), std::logic_error);
  EXPECT_THROW(session.on_tls(), std::logic_error);
  (void)session.on_line("HELO a.example");
  EXPECT_TRUE(std::holds_alternative<AskMail>(session.on_line("MAIL FROM:<>")));
  EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error);
  EXPECT_THROW((void)session.on_malformed_line(), std::logic_error);
  EXPECT_EQ(reply_in(session.on_answer(Reply(250, {}, "ok"))).code, 250);
  (void)session.on_line("QUIT");
  EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error);
}

TEST(ServerSession, GivesEveryTransactionASerialOfItsOwn) {
  ServerSession session(options_with(false, false));
  (void)session.on_connect();
  (void)session.on_line("HELO a.example");
  const auto first = session.transaction_serial();
  (void)session.on_line("MAIL FROM:<>");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  (void)session.on_line("RCPT TO:<bob@b.example>");
  (void)session.on_answer(Reply(250, {2, 1, 5}, "ok"));
  EXPECT_EQ(session.transaction_serial(), first);
  EXPECT_EQ(session.recipients().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<ReadBody>(session.on_line("DATA")));
  EXPECT_EQ(session.transaction_serial(), first);
  (void)session.on_body(Reply(451, {4, 3, 0}, "later"));
  EXPECT_NE(session.transaction_serial(), first);
  EXPECT_TRUE(session.recipients().empty());
}

TEST(ServerSession, SaysGoodbyeAtTheNextBoundary_Rfc5321_3_8) {
  ServerSession session(options_with(false, false));
  (void)session.on_connect();
  const auto step = session.on_shutdown();
  EXPECT_EQ(reply_in(step), Reply(421, {4, 3, 2}, "mx.b.example is shutting down"));
  EXPECT_TRUE(std::get<Respond>(step).close);
}

TEST(ServerSession, LetsALongLineThroughOnlyWhereConfirmMayStand_Cas2) {
  ServerSession session(options_with(true, true));
  const Limits limits;
  (void)session.on_connect();
  (void)session.on_line("EHLO a.example");
  (void)session.on_line("MAIL FROM:<>");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  EXPECT_EQ(session.line_limit(), limits.command_line);
  (void)session.on_line("STARTTLS");
  session.on_tls();
  EXPECT_EQ(session.line_limit(), limits.command_line);
  (void)session.on_line("EHLO a.example");
  (void)session.on_line("MAIL FROM:<>");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  EXPECT_EQ(session.line_limit(), limits.confirm_line);
  EXPECT_TRUE(std::holds_alternative<AskConfirm>(session.on_line("CONFIRM " + std::string(8182, 'x'))));
}

TEST(ServerSession, TakesAuthLinesOfTheirOwnLength_Rfc4954_4) {
  ServerSession session(options_with(false, false, true));
  (void)session.on_connect(true);
  (void)session.on_line("EHLO a.example");
  EXPECT_TRUE(std::holds_alternative<ReadAuth>(session.on_line("AUTH PLAIN")));
  EXPECT_EQ(session.line_limit(), Limits{}.auth_line);
}

TEST(ServerSession, AsksAboutASecretAsItWasGiven_Rfc4616_2) {
  ServerSession session(options_with(false, false, true));
  (void)session.on_connect(true);
  (void)session.on_line("EHLO a.example");
  const auto step = session.on_line("AUTH PLAIN Ym9zcwBqb2UAcGFzcyB3w7ZyZA==");
  const auto& ask = std::get<AskAuth>(step);
  EXPECT_EQ(ask.authzid, "boss");
  EXPECT_EQ(ask.authcid, "joe");
  EXPECT_EQ(ask.password, "pass w\xc3\xb6rd");
  (void)session.on_answer(Reply(454, {4, 7, 0}, "later"));
  EXPECT_FALSE(session.user());
  (void)session.on_line("AUTH PLAIN Ym9zcwBqb2UAcGFzcyB3w7ZyZA==");
  (void)session.on_answer(Reply(235, {2, 7, 0}, "ok"));
  EXPECT_EQ(session.user(), "joe");
}

TEST(ServerSession, NamesTheProtocol_Rfc3848_Rfc6531) {
  ServerSession session(options_with(true, false, true));
  (void)session.on_connect();
  (void)session.on_line("HELO a.example");
  EXPECT_EQ(session.protocol_word(), "SMTP");
  (void)session.on_line("EHLO a.example");
  EXPECT_EQ(session.protocol_word(), "ESMTP");
  (void)session.on_line("STARTTLS");
  session.on_tls();
  (void)session.on_line("EHLO a.example");
  EXPECT_EQ(session.protocol_word(), "ESMTPS");
  (void)session.on_line("AUTH PLAIN AGpvZQBz");
  (void)session.on_answer(Reply(235, {2, 7, 0}, "ok"));
  EXPECT_EQ(session.protocol_word(), "ESMTPSA");
  (void)session.on_line("MAIL FROM:<> SMTPUTF8");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  EXPECT_EQ(session.protocol_word(), "UTF8SMTPSA");
}

TEST(ServerSession, ForgetsWhoAuthenticatedWithTls_Rfc3207_4_2) {
  ServerSession session(options_with(true, true));
  (void)session.on_connect();
  (void)session.on_line("EHLO a.example");
  EXPECT_TRUE(std::holds_alternative<UpgradeTls>(session.on_line("STARTTLS")));
  session.on_tls();
  EXPECT_TRUE(session.helo().empty());
  EXPECT_TRUE(session.tls());
  EXPECT_FALSE(session.extended());
}

TEST(ServerSession, RemembersOffencesAcrossStartTls) {
  ServerOptions options = options_with(true, false);
  options.limits.bad_commands = 2;
  ServerSession session(options);
  (void)session.on_connect();
  (void)session.on_line("FOO");
  (void)session.on_line("STARTTLS");
  session.on_tls();
  EXPECT_EQ(reply_in(session.on_line("FOO")).code, 421);
}

// ---- Chunks --------------------------------------------------------------------------------------------------------

ServerSession with_recipient(ServerOptions options) {
  ServerSession session(std::move(options));
  (void)session.on_connect();
  (void)session.on_line("EHLO a.example");
  (void)session.on_line("MAIL FROM:<>");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  (void)session.on_line("RCPT TO:<bob@b.example>");
  (void)session.on_answer(Reply(250, {2, 1, 5}, "ok"));
  return session;
}

TEST(ServerChunks, AreReadOneByOneAndTheLastIsTheMessage_Rfc3030_2) {
  auto session = with_recipient(options_with(false, false));
  const auto serial = session.transaction_serial();
  const auto first = session.on_line("BDAT 86");
  EXPECT_EQ(std::get<ReadChunk>(first).octets, 86U);
  EXPECT_FALSE(std::get<ReadChunk>(first).last);
  EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error);
  EXPECT_THROW((void)session.on_body(Reply(250, {}, "")), std::logic_error);
  EXPECT_EQ(reply_in(session.on_chunk({})), Reply(250, {2, 0, 0}, "86 octets received"));
  EXPECT_TRUE(std::get<ReadChunk>(session.on_line("BDAT 0 LAST")).last);
  EXPECT_THROW((void)session.on_chunk({}), std::logic_error);
  EXPECT_EQ(session.transaction_serial(), serial);
  EXPECT_EQ(reply_in(session.on_body(Reply(250, {2, 0, 0}, "queued"))).code, 250);
  EXPECT_NE(session.transaction_serial(), serial);
  EXPECT_FALSE(session.mail());
}

TEST(ServerChunks, ThatFailEndTheTransactionAndForgiveThoseUnderWay_Rfc3030_2) {
  ServerOptions options = options_with(false, false);
  options.limits.bad_commands = 2;
  auto session = with_recipient(options);
  (void)session.on_line("BDAT 5");
  EXPECT_EQ(reply_in(session.on_chunk(Reply(550, {5, 6, 0}, "bare"))).code, 550);
  EXPECT_FALSE(session.mail());
  for (int n = 0; n < 100; ++n) {
    EXPECT_EQ(std::get<SkipChunk>(session.on_line("BDAT 7")).octets, 7U);
    EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error);
    EXPECT_EQ(reply_in(session.on_skipped()).code, 503);
  }
}

TEST(ServerChunks, OfAClientThatNeverStopsAreNotForgivenForever) {
  auto session = with_recipient(options_with(false, false));
  (void)session.on_line("BDAT 5 LAST");
  (void)session.on_body(Reply(250, {2, 0, 0}, "queued"));
  int answers = 0;
  Step step = Respond{};
  while (!std::get<Respond>(step).close && ++answers < 1000) {
    EXPECT_TRUE(std::holds_alternative<SkipChunk>(session.on_line("BDAT 0")));
    step = session.on_skipped();
  }
  EXPECT_EQ(answers, 20);
  EXPECT_EQ(reply_in(step).code, 421);
}

TEST(ServerChunks, AreBoundedTogetherAndSkippedWhateverTheirSize_Rfc1870_6_3) {
  ServerOptions options = options_with(false, false);
  options.limits.message = 100;
  auto session = with_recipient(options);
  (void)session.on_line("BDAT 60");
  (void)session.on_chunk({});
  EXPECT_EQ(std::get<SkipChunk>(session.on_line("BDAT 18446744073709551615")).octets, 18446744073709551615U);
  EXPECT_FALSE(session.mail());
  EXPECT_EQ(reply_in(session.on_skipped()), Reply(552, {5, 3, 4}, "message is larger than this server takes"));
}

TEST(ServerChunks, MayBeTheWorldsLastWord_Rfc5321_3_8) {
  auto session = with_recipient(options_with(false, false));
  (void)session.on_line("BDAT 5");
  EXPECT_TRUE(std::get<Respond>(session.on_chunk(Reply(421, {4, 3, 2}, "going down"))).close);
}

TEST(ServerSession, JudgesAConfirmLineThatNobodyReadAsAFailedConfirm_Cas5_4) {
  ServerSession session(options_with(false, true));
  (void)session.on_connect(true);
  (void)session.on_line("EHLO a.example");
  for (const auto* beginning : {"CONFIRM v=CAS1;i", "confirm ", "Confirm"}) {
    (void)session.on_line("MAIL FROM:<>");
    (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
    const Reply reply = reply_in(session.on_too_long_line(beginning));
    EXPECT_TRUE(reply == confirm_too_long() || reply.code == 421) << reply.summary();
    EXPECT_FALSE(session.mail());
  }
  EXPECT_THROW((void)session.on_line("NOOP"), std::logic_error) << "three are too many";
}

TEST(ServerSession, AnUnreadableLineEndsTheTransaction_Cas5_4) {
  ServerSession session(options_with(false, true));
  (void)session.on_connect(true);
  (void)session.on_line("EHLO a.example");
  (void)session.on_line("MAIL FROM:<>");
  (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
  EXPECT_EQ(reply_in(session.on_too_long_line("NOOP xxxxxxxxxxx")), Reply(500, {5, 5, 2}, "line too long"));
  EXPECT_FALSE(session.mail());
  EXPECT_TRUE(std::get<Respond>(session.on_malformed_line()).close);
}

}  // namespace
}  // namespace cas::smtp
