// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The client's hello and the commands it sends.
#include "smtp/client_session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "testing/client_kit.hpp"

namespace cas::smtp {
namespace {

using namespace cas::testing::client;

// ---- Hello ---------------------------------------------------------------------------------------------------------

TEST(ClientHello, LearnsWhatTheServerOffers) {
  const auto features =
      parse_features(reply("250-b.example STARTTLS\n250-starttls\n250-Chunking\n250-Size 100\n250-AUTH plain "
                           "LOGIN\n250-XFOO\n250-CAS 1\n250 PIPELINING"),
                     true);
  EXPECT_TRUE(features.starttls && features.pipelining && features.cas && features.chunking);
  EXPECT_FALSE(features.eight_bit_mime || features.smtputf8 || features.enhanced_codes);
  EXPECT_EQ(features.size, 100U);
  EXPECT_THAT(features.auth, ::testing::ElementsAre("PLAIN", "LOGIN"));
}

TEST(ClientHello, DoesNotTakeTheServersNameForAKeyword) {
  EXPECT_FALSE(parse_features(reply("250 STARTTLS"), false).starttls);
}

TEST(ClientHello, CountsCasOnlyInsideTlsAndOnlyVersion1_Cas5_8) {
  EXPECT_FALSE(parse_features(reply("250-b\n250 CAS 1"), false).cas);
  EXPECT_FALSE(parse_features(reply("250-b\n250 CAS 2"), true).cas);
  EXPECT_FALSE(parse_features(reply("250-b\n250 CAS"), true).cas);
  EXPECT_TRUE(parse_features(reply("250-b\n250 CAS 1 2"), true).cas);
}

TEST(ClientHello, ReadsSizeWithoutABound_Rfc1870_4) {
  EXPECT_EQ(parse_features(reply("250-b\n250 SIZE"), false).size, 0U);
  EXPECT_EQ(parse_features(reply("250-b\n250 SIZE 99999999999999999999999"), false).size, 0U);
  EXPECT_FALSE(parse_features(reply("250-b\n250 HELP"), false).size);
}

TEST(ClientHello, GoesThroughStartTls_Rfc3207_4_2) {
  ClientSession session({.helo = "a.example"});
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("220-hi\n220 there"))).octets, "EHLO a.example\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250-b\n250-PIPELINING\n250 STARTTLS"))).octets, "STARTTLS\r\n");
  EXPECT_TRUE(std::holds_alternative<StartTls>(session.on_reply(reply("220 go"))));
  EXPECT_EQ(std::get<Send>(session.on_tls()).octets, "EHLO a.example\r\n");
  EXPECT_FALSE(session.features().pipelining);
  EXPECT_TRUE(std::holds_alternative<Ready>(session.on_reply(reply("250-b\n250-STARTTLS\n250 CAS 1"))));
  EXPECT_TRUE(session.tls() && session.features().cas);
}

TEST(ClientHello, GoesOnWithoutTlsWhenItMay) {
  ClientSession session({.helo = "a.example"});
  (void)session.on_reply(reply("220 hi"));
  (void)session.on_reply(reply("250-b\n250 STARTTLS"));
  EXPECT_TRUE(std::holds_alternative<Ready>(session.on_reply(reply("454 4.7.0 not now"))));
  EXPECT_FALSE(session.tls());
}

TEST(ClientHello, IsUnusableWithoutTlsWhereItIsRequired) {
  for (const auto* ehlo : {"250 b", "250-b\n250 STARTTLS"}) {
    ClientSession session({.helo = "a.example", .require_tls = true});
    (void)session.on_reply(reply("220 hi"));
    auto step = session.on_reply(reply(ehlo));
    if (std::holds_alternative<Send>(step)) step = session.on_reply(reply("502 5.5.1 no"));
    EXPECT_EQ(std::get<Unusable>(step).reply.code, 454);
    EXPECT_EQ(std::get<Unusable>(step).reply.enhanced, (EnhancedCode{4, 7, 0}));
    EXPECT_EQ(std::get<Send>(session.quit()).octets, "QUIT\r\n");
    EXPECT_TRUE(std::holds_alternative<Bye>(session.on_reply(reply("221 bye"))));
  }
}

TEST(ClientHello, RequiretlsIsOfferedInsideTlsAndSaidByMail_Rfc8689_4_2) {
  for (const bool offered : {true, false}) {
    ClientSession session({.helo = "a.example", .require_tls = true, .require_requiretls = true});
    (void)session.on_reply(reply("220 hi"));
    (void)session.on_reply(reply("250-b\n250-REQUIRETLS\n250 STARTTLS"));
    EXPECT_FALSE(session.features().requiretls) << "before TLS anybody may have written it";
    (void)session.on_reply(reply("220 go"));
    (void)session.on_tls();
    const auto step = session.on_reply(reply(offered ? "250-b\n250 REQUIRETLS" : "250 b"));
    if (!offered) {
      EXPECT_EQ(std::get<Unusable>(step).reply.summary().substr(0, 10), "550 5.7.30");
      continue;
    }
    Transaction transaction;
    transaction.to = {Mailbox::parse("bob@b.example").value()};
    EXPECT_EQ(std::get<Send>(session.begin(std::move(transaction))).octets, "MAIL FROM:<> REQUIRETLS\r\n");
  }
}

TEST(ClientHello, FallsBackToHelo_Rfc5321_3_2) {
  for (const auto* refusal : {"500 what", "502 what"}) {
    ClientSession session({.helo = "a.example"});
    (void)session.on_reply(reply("220 hi"));
    EXPECT_EQ(std::get<Send>(session.on_reply(reply(refusal))).octets, "HELO a.example\r\n");
    EXPECT_TRUE(std::holds_alternative<Ready>(session.on_reply(reply("250 b"))));
    EXPECT_FALSE(session.features().pipelining || session.features().size);
  }
}

TEST(ClientHello, IsUnusableWhenRefused) {
  for (const auto* greeting : {"554 no", "421 busy", "450 later", "354 what"}) {
    ClientSession session({.helo = "a.example"});
    const auto step = session.on_reply(reply(greeting));
    EXPECT_GE(std::get<Unusable>(step).reply.code, 400) << greeting;
  }
  ClientSession session({.helo = "a.example"});
  (void)session.on_reply(reply("220 hi"));
  EXPECT_EQ(std::get<Unusable>(session.on_reply(reply("550 5.7.1 not you"))).reply.code, 550);
}

TEST(ClientHello, HearsA421WhileNothingGoesOn) {
  auto session = ready(pipelining);
  EXPECT_EQ(std::get<Unusable>(session.on_reply(reply("421 4.4.2 idle"))).reply.code, 421);
  EXPECT_TRUE(std::holds_alternative<Bye>(session.quit()));
}

// ---- What is sent --------------------------------------------------------------------------------------------------

TEST(ClientEnvelope, GoesInOneGroup_Cas5_3) {
  auto session = ready(pipelining);
  const auto done = run(session, confirmed({"suzie@b.example", "bob@b.example"}),
                        {"250 ok", "250 2.7.0 [CAS:ok]", "250 ok", "550 5.1.1 no", "354 go", "250 2.0.0 queued"});
  EXPECT_EQ(done.sent,
            "MAIL FROM:<joe@a.example>\r\nCONFIRM v=CAS1;x\r\nRCPT TO:<suzie@b.example>\r\nRCPT TO:<bob@b.example>\r\n"
            "DATA\r\nBODY\n");
  EXPECT_EQ(code_of(result_of(done).outcome(0)), 250);
  EXPECT_EQ(code_of(result_of(done).outcome(1)), 550);
  EXPECT_FALSE(result_of(done).must_close);
}

TEST(ClientEnvelope, WaitsForEachReplyWithoutPipelining_Rfc2920_3_1) {
  auto session = ready(bare);
  EXPECT_EQ(std::get<Send>(session.begin(confirmed())).octets, "MAIL FROM:<joe@a.example>\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250 ok"))).octets, "CONFIRM v=CAS1;x\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250 ok"))).octets, "RCPT TO:<suzie@b.example>\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250 ok"))).octets, "DATA\r\n");
  EXPECT_TRUE(std::holds_alternative<SendBody>(session.on_reply(reply("354 go"))));
  EXPECT_TRUE(std::holds_alternative<ReadReply>(session.on_body_sent()));
  EXPECT_TRUE(std::holds_alternative<TransactionDone>(session.on_reply(reply("250 queued"))));
}

TEST(ClientEnvelope, AnnouncesOnlyWhatIsOffered) {
  Transaction t = transaction({"jürgen@b.example"});
  t.size = 500;
  t.eight_bit = true;
  auto session = ready(pipelining);
  EXPECT_THAT(std::get<Send>(session.begin(t)).octets,
              ::testing::StartsWith("MAIL FROM:<joe@a.example> SIZE=500 BODY=8BITMIME SMTPUTF8\r\n"));
  Transaction ascii = transaction();
  ascii.size = 500;
  auto old = ready(bare);
  EXPECT_EQ(std::get<Send>(old.begin(ascii)).octets, "MAIL FROM:<joe@a.example>\r\n");
  auto null = ready(pipelining);
  ascii.from = ReversePath();
  ascii.size = 0;
  EXPECT_THAT(std::get<Send>(null.begin(ascii)).octets, ::testing::StartsWith("MAIL FROM:<>\r\n"));
}

TEST(ClientEnvelope, RefusesEightBitWithoutTheExtension_Rfc6152_3) {
  auto session = ready(bare);
  Transaction t = transaction();
  t.eight_bit = true;
  const auto done = run(session, t, {});
  EXPECT_EQ(result_of(done).outcome(0)->enhanced, (EnhancedCode{5, 6, 3}));
  EXPECT_EQ(done.sent, "");
  EXPECT_EQ(std::get<Send>(session.begin(transaction())).octets, "MAIL FROM:<joe@a.example>\r\n");
}

TEST(ClientEnvelope, RefusesUtf8WithoutTheExtension_Rfc6531_3_2) {
  auto session = ready(bare);
  Transaction t = transaction();
  t.smtputf8 = true;
  EXPECT_EQ(result_of(run(session, t, {})).outcome(0)->enhanced, (EnhancedCode{5, 6, 7}));
}

TEST(ClientEnvelope, RefusesOnlyTheRecipientsThatNeedUtf8) {
  auto session = ready("250-b\n250 PIPELINING");
  const auto done =
      run(session, transaction({"jürgen@b.example", "bob@b.example"}), {"250 ok", "250 ok", "354 go", "250 ok"});
  EXPECT_EQ(done.sent, "MAIL FROM:<joe@a.example>\r\nRCPT TO:<bob@b.example>\r\nDATA\r\nBODY\n");
  EXPECT_EQ(code_of(result_of(done).outcome(0)), 553);
  EXPECT_EQ(code_of(result_of(done).outcome(1)), 250);
}

TEST(ClientEnvelope, SendsManyRecipientsInBoundedGroups) {
  std::vector<std::string> to;
  for (int n = 0; n < 450; ++n) to.push_back("u" + std::to_string(n) + "@b.example");
  auto session = ready(pipelining);
  ClientStep step = session.begin(transaction(to));
  std::size_t groups = 0;
  std::size_t commands = 0;
  while (const auto* send = std::get_if<Send>(&step)) {
    ++groups;
    const auto in_group = static_cast<std::size_t>(std::ranges::count(send->octets, '\n'));
    EXPECT_LE(in_group, 200U);
    commands += in_group;
    for (std::size_t n = 0; n < in_group; ++n)
      step = session.on_reply(reply(commands - in_group + n == 451 ? "354 go" : "250 ok"));
  }
  EXPECT_EQ(groups, 3U);
  EXPECT_EQ(commands, 452U);
  EXPECT_TRUE(std::holds_alternative<SendBody>(step));
}

// ---- Chunks --------------------------------------------------------------------------------------------------------

TEST(ClientChunk, ComesAfterTheRepliesAndInsteadOfData_Cas5_6) {
  auto session = ready(chunking);
  const auto envelope = std::get<Send>(session.begin(sized(confirmed({"suzie@b.example", "bob@b.example"})))).octets;
  EXPECT_EQ(
      envelope,
      "MAIL FROM:<joe@a.example>\r\nCONFIRM v=CAS1;x\r\nRCPT TO:<suzie@b.example>\r\nRCPT TO:<bob@b.example>\r\n");
  for (const auto* text : {"250 ok", "250 2.7.0 [CAS:ok]", "250 ok"}) {
    EXPECT_TRUE(std::holds_alternative<ReadReply>(session.on_reply(reply(text))));
  }
  EXPECT_EQ(std::get<SendChunk>(session.on_reply(reply("550 5.1.1 no"))).command, "BDAT 86 LAST\r\n");
  EXPECT_TRUE(std::holds_alternative<ReadReply>(session.on_body_sent()));
  const auto done = session.on_reply(reply("250 2.0.0 queued"));
  EXPECT_EQ(code_of(std::get<TransactionDone>(done).result.outcome(0)), 250);
  EXPECT_EQ(code_of(std::get<TransactionDone>(done).result.outcome(1)), 550);
}

TEST(ClientChunk, IsUsedWithoutPipeliningToo) {
  auto session = ready(chunking_only);
  EXPECT_EQ(std::get<Send>(session.begin(sized(confirmed()))).octets, "MAIL FROM:<joe@a.example>\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250 ok"))).octets, "CONFIRM v=CAS1;x\r\n");
  EXPECT_EQ(std::get<Send>(session.on_reply(reply("250 ok"))).octets, "RCPT TO:<suzie@b.example>\r\n");
  EXPECT_TRUE(std::holds_alternative<SendChunk>(session.on_reply(reply("250 ok"))));
}

// ---- Delivery status notifications ---------------------------------------------------------------------------------

TEST(ClientDsn, PassesOnWhatWasAsked_Rfc3461_5_2_1) {
  Transaction t = transaction({"suzie@b.example", "bob@b.example", "kim@b.example"});
  t.envid = "QQ 1=2";
  t.ret = DsnReturn::Headers;
  t.wishes = {{.notify = {.success = true, .delay = true}, .orcpt = "rfc822;Suzie+2B@a.example"},
              {.notify = {.never = true}},
              {}};
  auto session = ready("250-b.example\n250-PIPELINING\n250 DSN");
  EXPECT_EQ(run(session, t, {}).sent,
            "MAIL FROM:<joe@a.example> RET=HDRS ENVID=QQ+201+3D2\r\n"
            "RCPT TO:<suzie@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Suzie+2B@a.example\r\n"
            "RCPT TO:<bob@b.example> NOTIFY=NEVER\r\n"
            "RCPT TO:<kim@b.example>\r\n"
            "DATA\r\n");
}

TEST(ClientDsn, AddsNothing_Rfc3461_5_2_1) {
  auto session = ready("250-b.example\n250-PIPELINING\n250 DSN");
  EXPECT_EQ(run(session, transaction(), {}).sent, "MAIL FROM:<joe@a.example>\r\nRCPT TO:<suzie@b.example>\r\nDATA\r\n");
}

TEST(ClientDsn, SaysNothingOfItWhereItIsNotOffered_Rfc3461_5_2_2) {
  Transaction t = transaction();
  t.envid = "QQ1";
  t.ret = DsnReturn::Full;
  t.wishes = {{.notify = {.success = true}, .orcpt = "rfc822;suzie@b.example"}};
  auto session = ready(pipelining);
  EXPECT_EQ(run(session, t, {}).sent, "MAIL FROM:<joe@a.example>\r\nRCPT TO:<suzie@b.example>\r\nDATA\r\n");
}

TEST(ClientDsn, LetsNoWishBecomeASecondCommand) {
  Transaction t = transaction();
  t.wishes = {{.notify = {}, .orcpt = "rfc822;a\r\nRSET"}};
  auto session = ready("250-b.example\n250 DSN");
  EXPECT_THROW((void)session.begin(t), std::logic_error);
}

TEST(ClientChunk, NeedsTheExtensionAndTheSize) {
  EXPECT_FALSE(ready(pipelining).features().chunking);
  const auto last_line = [](ClientSession session, Transaction t) {
    const std::string octets = std::get<Send>(session.begin(std::move(t))).octets;
    return octets.substr(octets.rfind('\n', octets.size() - 2) + 1);
  };
  const std::string rcpt = "RCPT TO:<suzie@b.example>\r\n";
  EXPECT_EQ(last_line(ready(chunking), sized(transaction())), rcpt);
  EXPECT_EQ(last_line(ready(chunking), sized(transaction(), 0)), rcpt);
  EXPECT_EQ(last_line(ready(chunking), transaction()), "DATA\r\n");
  EXPECT_EQ(last_line(ready(pipelining), sized(transaction())), "DATA\r\n");
  EXPECT_EQ(last_line(ready(chunking, {.helo = "a.example", .use_chunking = false}), sized(transaction())), "DATA\r\n");
}

TEST(ClientChunk, GoesToManyRecipientsAfterTheLastOfTheirGroups) {
  std::vector<std::string> to;
  for (int n = 0; n < 450; ++n) to.push_back("u" + std::to_string(n) + "@b.example");
  auto session = ready(chunking);
  ClientStep step = session.begin(sized(transaction(to)));
  std::size_t groups = 0;
  while (const auto* send = std::get_if<Send>(&step)) {
    ++groups;
    const auto in_group = std::ranges::count(send->octets, '\n');
    for (std::ptrdiff_t n = 0; n < in_group; ++n) step = session.on_reply(reply("250 ok"));
  }
  EXPECT_EQ(groups, 3U);
  EXPECT_TRUE(std::holds_alternative<SendChunk>(step));
}

TEST(ClientEnvelope, NeverSendsAControlCharacter) {
  auto session = ready(pipelining);
  Transaction t = transaction();
  t.confirm = "x\r\nRSET";
  EXPECT_THROW((void)session.begin(t), std::logic_error);
  EXPECT_THROW(ClientSession({.helo = "a\r\nRSET"}), std::logic_error);
}

// ---- LMTP (RFC 2033) -----------------------------------------------------------------------------------------------

const std::vector<std::string> three{"a@b.example", "b@b.example", "c@b.example"};

TEST(ClientLmtp, GreetsWithLhloAndFallsBackToNothing) {
  ClientSession session({.helo = "a.example", .lmtp = true});
  const auto hello = session.on_reply(reply("220 hi"));
  EXPECT_EQ(std::get<Send>(hello).octets, "LHLO a.example\r\n");
  EXPECT_TRUE(std::holds_alternative<Unusable>(session.on_reply(reply("500 what"))));
}

TEST(ClientLmtp, HasAReplyForEachRecipientThatWasAccepted) {
  auto session = ready(pipelining, {.helo = "a.example", .lmtp = true});
  const auto course =
      run(session, transaction(three),
          {"250 mail", "250 a", "550 5.1.1 b", "250 c", "354 go", "250 2.0.0 a", "452 4.2.2 c is full"});
  const auto& result = result_of(course);
  EXPECT_EQ(result.outcome(0)->summary(), "250 2.0.0 a");
  EXPECT_EQ(result.outcome(1)->summary(), "550 5.1.1 b");
  EXPECT_EQ(result.outcome(2)->summary(), "452 4.2.2 c is full");
  EXPECT_FALSE(result.must_close);
  // The session is where it was: no RSET is needed.
  const auto next = session.begin(transaction());
  EXPECT_TRUE(std::get<Send>(next).octets.starts_with("MAIL "));
}

TEST(ClientLmtp, WhoWasNotAnsweredWhenTheConnectionBrokeIsNotKnown) {
  auto session = ready(pipelining, {.helo = "a.example", .lmtp = true});
  (void)run(session, transaction(three), {"250 mail", "250 a", "250 b", "250 c", "354 go", "250 a"});
  const auto result = session.on_disconnect();
  EXPECT_EQ(code_of(result.outcome(0)), 250);
  EXPECT_EQ(code_of(result.outcome(1)), 0);
  EXPECT_EQ(code_of(result.outcome(2)), 0);
}

TEST(ClientLmtp, NobodyAcceptedAndYet354IsTheEndOfTheSession) {
  auto session = ready(pipelining, {.helo = "a.example", .lmtp = true});
  const auto course = run(session, transaction(), {"250 mail", "550 a", "354 go"});
  EXPECT_TRUE(result_of(course).must_close);
  EXPECT_EQ(code_of(result_of(course).outcome(0)), 550);
}

TEST(ClientLmtp, ALastChunkIsAnsweredForEachToo) {
  auto session = ready(chunking, {.helo = "a.example", .lmtp = true});
  const auto course = run(session, sized(transaction({"a@b.example", "b@b.example"})),
                          {"250 mail", "250 a", "250 b", "250 a", "550 b"});
  EXPECT_EQ(code_of(result_of(course).outcome(0)), 250);
  EXPECT_EQ(code_of(result_of(course).outcome(1)), 550);
}

// ---- What the server cannot take
// -------------------------------------------------------------------------------------

TEST(ClientSize, AMessageAboveTheLimitIsNotSentRfc1870Section5) {
  struct Case {
    std::string_view ehlo;
    std::uint64_t size;
    bool goes;
  };
  const Case cases[] = {{"250-b\n250 SIZE 1000", 1001, false},
                        {"250-b\n250 SIZE 1000", 1000, true},
                        {"250-b\n250 SIZE 0", 1001, true},
                        {"250-b\n250 SIZE", 1001, true},
                        {"250 b", 1001, true}};
  for (const auto& [ehlo, size, goes] : cases) {
    auto session = ready(ehlo);
    auto message = transaction();
    message.size = size;
    const auto step = session.begin(std::move(message));
    ASSERT_EQ(std::holds_alternative<Send>(step), goes) << ehlo << size;
    if (goes) continue;
    EXPECT_EQ(std::get<TransactionDone>(step).result.outcome(0)->summary(),
              "552 5.3.4 the message is larger than the next server takes");
    EXPECT_TRUE(std::holds_alternative<Send>(session.begin(transaction())));
  }
}

TEST(ClientLimits, AreReadWhereTheyAreNumbers) {  // RFC 9422 §3
  const auto features = [](std::string_view limits) {
    return parse_features(reply("250-b\n250 " + std::string(limits)), false);
  };
  EXPECT_EQ(features("LIMITS RCPTMAX=50 mailmax=20 RCPTDOMAINMAX=1").rcpt_max, 50);
  EXPECT_EQ(features("LIMITS RCPTMAX=50 mailmax=20").mail_max, 20);
  for (const auto* wrong : {"LIMITS", "LIMITS RCPTMAX", "LIMITS RCPTMAX=", "LIMITS RCPTMAX=0", "LIMITS RCPTMAX=x",
                            "LIMITS RCPTMAX=-1", "LIMITS OTHER=1", "LIMITS RCPTMAX=99999999999999999999"}) {
    EXPECT_FALSE(features(wrong).rcpt_max) << wrong;
  }
}

// ---- AUTH ----------------------------------------------------------------------------------------------------------

ClientOptions with_password(bool implicit_tls = true) {
  return {.helo = "a.example", .implicit_tls = implicit_tls, .auth = PlainAuth{.user = "joe", .password = "secret"}};
}

TEST(ClientAuth, IsGivenInsideTlsBeforeTheFirstTransaction) {
  ClientSession session(with_password());
  (void)session.on_reply(reply("220 hi"));
  const auto step = session.on_reply(reply("250-b.example\n250-STARTTLS\n250 AUTH LOGIN PLAIN"));
  ASSERT_TRUE(std::holds_alternative<Send>(step));
  EXPECT_EQ(std::get<Send>(step).octets, "AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n");  // RFC 4616 §2
  EXPECT_TRUE(std::holds_alternative<Ready>(session.on_reply(reply("235 2.7.0 welcome"))));
}

TEST(ClientAuth, IsNeverGivenInTheClear) {  // RFC 4954 §4
  ClientSession session(with_password(false));
  (void)session.on_reply(reply("220 hi"));
  const auto step = session.on_reply(reply("250-b.example\n250 AUTH PLAIN"));
  ASSERT_TRUE(std::holds_alternative<Unusable>(step));
  EXPECT_EQ(std::get<Unusable>(step).reply.code, 454);
}

TEST(ClientAuth, AServerThatDoesNotTakeItIsOfNoUse) {
  for (const auto& [ehlo, answer] :
       {std::pair{"250-b.example\n250 AUTH LOGIN", ""}, std::pair{"250-b.example\n250 AUTH PLAIN", "535 5.7.8 wrong"},
        std::pair{"250-b.example\n250 AUTH PLAIN", "334 what"}}) {
    ClientSession session(with_password());
    (void)session.on_reply(reply("220 hi"));
    auto step = session.on_reply(reply(ehlo));
    if (*answer != '\0') step = session.on_reply(reply(answer));
    EXPECT_TRUE(std::holds_alternative<Unusable>(step)) << ehlo << answer;
  }
}

}  // namespace
}  // namespace cas::smtp
