// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What dialogs cannot show: the driver's side of the contract, and what the driver is told.
#include "smtp/server_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace cas::smtp {
namespace {

ServerOptions options_with(bool starttls, bool cas, bool submission = false) {
  return ServerOptions{.host = Domain::parse("mx.b.example").value(),
                       .limits = {},
                       .offer_starttls = starttls,
                       .offer_cas = cas,
                       .submission = submission};
}

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

TEST(ServerSession, TakesRequiretlsOnlyWhereItOffersIt_Rfc8689_4_1) {
  for (const bool offer : {true, false}) {
    for (const bool tls : {true, false}) {
      auto options = options_with(true, false);
      options.offer_requiretls = offer;
      ServerSession session(options);
      (void)session.on_connect(tls);
      const auto lines = reply_in(session.on_line("EHLO a.example")).lines;
      EXPECT_EQ(std::ranges::count(lines, "REQUIRETLS"), offer && tls ? 1 : 0);
      const auto step = session.on_line("MAIL FROM:<a@b.example> REQUIRETLS");
      if (offer && tls) {
        EXPECT_TRUE(std::get<AskMail>(step).mail.require_tls);
      } else {
        EXPECT_EQ(reply_in(step).code, 555);
      }
    }
  }
}

TEST(ServerSession, SaysGoodbyeAtTheNextBoundary_Rfc5321_3_8) {
  ServerSession session(options_with(false, false));
  (void)session.on_connect();
  const auto step = session.on_shutdown();
  EXPECT_EQ(reply_in(step), Reply(421, {4, 3, 2}, "mx.b.example is shutting down"));
  EXPECT_TRUE(std::get<Respond>(step).close);
}

TEST(ServerSession, LetsALongLineThroughOnlyWhereConfirmMayStand_Cas5_1) {
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

TEST(ServerSession, OffersToBindALoginWhereItsTlsCanBe_Rfc5802_6) {
  ServerOptions options = options_with(true, false, true);
  options.offer_scram = true;
  ServerSession session(options);
  (void)session.on_connect();
  session.bind_tls();
  EXPECT_FALSE(reply_in(session.on_line("EHLO a.example")).wire().contains("AUTH")) << "not without TLS";
  (void)session.on_line("STARTTLS");
  session.on_tls();
  EXPECT_TRUE(reply_in(session.on_line("EHLO a.example")).wire().contains("AUTH SCRAM-SHA-256 PLAIN LOGIN\r\n"));
  EXPECT_EQ(reply_in(session.on_line("AUTH SCRAM-SHA-256-PLUS YQ==")).code, 504);
  session.bind_tls();
  EXPECT_TRUE(reply_in(session.on_line("EHLO a.example"))
                  .wire()
                  .contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN LOGIN\r\n"));
  const auto step = session.on_line("auth scram-sha-256-plus YQ==");
  EXPECT_EQ(std::get<AskSasl>(step).mechanism, "SCRAM-SHA-256-PLUS");
  EXPECT_EQ(std::get<AskSasl>(step).response, "a");
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

// ---- Own networks --------------------------------------------------------------------------------------------------

TEST(ServerSession, AnOwnNetworkSubmitsWithoutAuthAndTlsAndAsOftenAsItLikes) {
  ServerOptions options = options_with(true, false, true);
  options.limits.transactions = 1;
  for (const bool own_network : {false, true}) {
    ServerSession session(options);
    (void)session.on_connect(false, own_network);
    (void)session.on_line("EHLO inner");
    for (int n = 0; n < 3; ++n) {
      const auto step = session.on_line("MAIL FROM:<joe@a.example>");
      ASSERT_EQ(std::holds_alternative<AskMail>(step), own_network);
      if (!own_network) {
        EXPECT_EQ(reply_in(step).summary(), "530 5.7.0 must issue a STARTTLS command first");
        break;
      }
      (void)session.on_answer(Reply(250, {2, 1, 0}, "ok"));
      (void)session.on_line("RSET");
    }
  }
}

TEST(ServerSession, ClientStaysOfItsNetworkBehindStartTls) {
  ServerSession session(options_with(true, false, true));
  (void)session.on_connect(false, true);
  (void)session.on_line("EHLO inner");
  (void)session.on_line("STARTTLS");
  session.on_tls();
  (void)session.on_line("EHLO inner");
  EXPECT_TRUE(std::holds_alternative<AskMail>(session.on_line("MAIL FROM:<joe@a.example>")));
}

}  // namespace
}  // namespace cas::smtp
