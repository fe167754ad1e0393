// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The grammar of commands. Refusals that a dialog shows are in testdata/syntax.smtp.
#include "smtp/command.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "smtp/dsn_parameters.hpp"

namespace cas::smtp {
namespace {

const Domain host = Domain::parse("mx.b.example").value();

int mail_code(std::string_view argument) {
  const auto mail = parse_mail(argument, true);
  return mail ? 250 : mail.error().code;
}
int rcpt_code(std::string_view argument, bool smtputf8 = false) {
  const auto rcpt = parse_rcpt(argument, smtputf8, host);
  return rcpt ? 250 : rcpt.error().code;
}

TEST(ParseCommand, KnowsVerbsInAnyCase) {
  EXPECT_EQ(parse_command("mAiL FROM:<>").verb, Verb::Mail);
  EXPECT_EQ(parse_command("starttls").verb, Verb::StartTls);
  EXPECT_EQ(parse_command("MAILFROM:<>").verb, Verb::Unknown);
  EXPECT_EQ(parse_command("").verb, Verb::Unknown);
  EXPECT_EQ(parse_command(" NOOP").verb, Verb::Unknown);
}

TEST(ParseCommand, TrimsTheArgument_Rfc5321_4_1_1) {
  EXPECT_EQ(parse_command("EHLO  a.example \t").argument, "a.example");
  EXPECT_EQ(parse_command("QUIT  ").argument, "");
}

TEST(ParseCommand, LeavesAnIntentAsItStands_Cas5_2) {
  EXPECT_EQ(parse_command("CONFIRM v=CAS1;i=x").argument, "v=CAS1;i=x");
  EXPECT_EQ(parse_command("CONFIRM  v=CAS1 ").argument, " v=CAS1 ");
  EXPECT_EQ(parse_command("confirm").argument, "");
}

TEST(ParseMail, RequiretlsTakesNoValue_Rfc8689_2) {
  EXPECT_TRUE(parse_mail("FROM:<a@b.example> requiretls", false).value().require_tls);
  EXPECT_FALSE(parse_mail("FROM:<a@b.example>", false).value().require_tls);
  EXPECT_EQ(parse_mail("FROM:<a@b.example> REQUIRETLS=yes", false).error().code, 501);
}

TEST(ParseMail, ReadsParametersInAnyOrderAndCase) {
  const auto mail = parse_mail("from: <joe@a.example> body=8bitMime  AUTH=joe+40a Size=0012 smtputf8", true);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->from.path(), "<joe@a.example>");
  EXPECT_EQ(mail->size, 12U);
  EXPECT_EQ(mail->body, BodyType::EightBitMime);
  EXPECT_EQ(mail->auth, "joe+40a");
  EXPECT_TRUE(mail->smtputf8);
}

TEST(ParseMail, TakesTheNullPath) {
  const auto mail = parse_mail("FROM:<>", true);
  ASSERT_TRUE(mail);
  EXPECT_TRUE(mail->from.is_null());
  EXPECT_FALSE(mail->size);
  EXPECT_EQ(mail->body, BodyType::SevenBit);
}

TEST(ParseMail, TakesAQuotedBracketAsPartOfTheAddress) {
  const auto mail = parse_mail(R"(FROM:<"a>\"b"@a.example> SIZE=1)", true);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->from.mailbox()->local().value(), "a>\"b");
}

TEST(ParseMail, ReadsSizesUpToTwentyDigits_Rfc1870_3) {
  EXPECT_EQ(parse_mail("FROM:<> SIZE=18446744073709551615", true)->size, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_mail("FROM:<> SIZE=99999999999999999999", true)->size, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(mail_code("FROM:<> SIZE=000000000000000000001"), 501);
  EXPECT_EQ(mail_code("FROM:<> SIZE=-1"), 501);
  EXPECT_EQ(mail_code("FROM:<> SIZE="), 501);
  EXPECT_EQ(mail_code("FROM:<> SIZE"), 501);
}

TEST(ParseMail, RefusesBrokenSyntaxWith501) {
  for (const auto argument : {"",
                              "FROM",
                              "FROM :<>",
                              "FROM:",
                              "FROM:a@a.example",
                              "FROM:<a@a.example",
                              "FROM:<\"a@a.example>",
                              "FROM:<>>",
                              "FROM:<>x",
                              "FROM:<>\tSIZE=1",
                              "FROM:<> =1",
                              "FROM:<> -A=1",
                              "FROM:<> A==1",
                              "FROM:<> BODY",
                              "FROM:<> AUTH=a+4",
                              "FROM:<> AUTH=+4g",
                              "FROM:<> AUTH",
                              "FROM:<> a=1 A=2 ",
                              "TO:<a@a.example>",
                              "FROM:<> BODY=\x01"}) {
    EXPECT_EQ(mail_code(argument), 501) << argument;
  }
}

TEST(ParseMail, Refuses16ParametersAndMore) {
  std::string argument = "FROM:<>";
  for (char c = 'A'; c <= 'Q'; ++c) argument += std::string(" ") + c;
  EXPECT_EQ(mail_code(argument), 501);
}

TEST(ParseMail, RefusesParametersThatNobodyOfferedWith555_Rfc5321_4_1_1_11) {
  EXPECT_EQ(mail_code("FROM:<> NOTIFY=NEVER"), 555);
  EXPECT_EQ(mail_code("FROM:<> XNOBODY"), 555);
  EXPECT_EQ(mail_code("FROM:<> BODY=BINARYMIME"), 555);
  EXPECT_EQ(parse_mail("FROM:<> SMTPUTF8", false).error().code, 555);
}

TEST(ParseMail, RefusesAddressesThatCannotBeWith553) {
  for (const auto argument : {"FROM:<joe>", "FROM:<@a.example>", "FROM:<joe@>", "FROM:<j oe@a.example>",
                              "FROM:<joe@-a>", "FROM:<.joe@a.example>", "FROM:< >", "FROM:<joe@[999.0.0.1]>"}) {
    const auto mail = parse_mail(argument, true);
    ASSERT_FALSE(mail) << argument;
    EXPECT_EQ(mail.error().code, 553) << argument;
    EXPECT_EQ(mail.error().enhanced, (EnhancedCode{5, 1, 7})) << argument;
  }
}

TEST(ParseRcpt, ReadsPathsWithRoutesAndPostmaster) {
  EXPECT_EQ(parse_rcpt("TO:<bob@b.example>", false, host)->to.wire(), "bob@b.example");
  EXPECT_EQ(parse_rcpt("to:  <@x.example:bob@b.example>", false, host)->to.wire(), "bob@b.example");
  EXPECT_EQ(parse_rcpt("TO:<bob@[192.0.2.1]>", false, host)->to.literal()->text, "192.0.2.1");
  EXPECT_EQ(parse_rcpt("TO:<postMASTER>", false, host)->to.domain(), host);
}

TEST(ParseRcpt, RefusesWhatIsNoRecipient) {
  EXPECT_EQ(rcpt_code("TO:<>"), 553);
  EXPECT_EQ(rcpt_code("TO:<bob>"), 553);
  EXPECT_EQ(rcpt_code("TO:bob@b.example"), 501);
  EXPECT_EQ(rcpt_code("FROM:<bob@b.example>"), 501);
  EXPECT_EQ(rcpt_code("TO:<bob@b.example> RET=FULL"), 555);
  EXPECT_EQ(rcpt_code("TO:<bob@b.example>NOTIFY=NEVER"), 501);
}

TEST(ParseRcpt, TakesUtf8OnlyWithSmtputf8_Rfc6531_3_5) {
  EXPECT_EQ(parse_rcpt("TO:<jürgen@b.example>", false, host).error().enhanced, (EnhancedCode{5, 6, 7}));
  EXPECT_EQ(rcpt_code("TO:<jürgen@b.example>", true), 250);
  EXPECT_EQ(rcpt_code("TO:<\xff@b.example>", true), 553);
}

// ---- Delivery status notifications (RFC 3461) ----

TEST(ParseMail, ReadsWhatIsToBeToldOfTheMessage_Rfc3461_4_3_4_4) {
  const auto mail = parse_mail("FROM:<joe@a.example> ret=hdrs ENVID=QQ+2B31+20+3D", true);
  ASSERT_TRUE(mail);
  EXPECT_EQ(mail->ret, DsnReturn::Headers);
  EXPECT_EQ(mail->envid, "QQ+31 =");
  EXPECT_EQ(parse_mail("FROM:<> RET=FULL", true)->ret, DsnReturn::Full);
  EXPECT_EQ(parse_mail("FROM:<>", true)->ret, DsnReturn::Unspecified);
  EXPECT_EQ(mail_code("FROM:<> ENVID=" + std::string(100, 'e')), 250);
  std::string encoded = "FROM:<> ENVID=";
  for (int n = 0; n < 100; ++n) encoded += "+2B";
  EXPECT_EQ(mail_code(encoded), 250) << "the bound is that of the decoded text";
}

TEST(ParseMail, RefusesMalformedEnvidAndRetWith501) {
  for (const std::string argument :
       {"ENVID", "ENVID=", "ENVID=a=b", "ENVID=+4a", "ENVID=+4", "ENVID=+0A", "ENVID=+7F", "ENVID=+E4",
        "ENVID=j\xC3\xBC", "ENVID=a ENVID=b", "RET", "RET=", "RET=BODY", "RET=FULL,HDRS", "RET=FULL RET=FULL"}) {
    const auto mail = parse_mail("FROM:<> " + argument, true);
    ASSERT_FALSE(mail) << argument;
    EXPECT_EQ(mail.error().code, 501) << argument;
    EXPECT_EQ(mail.error().enhanced, (EnhancedCode{5, 5, 4})) << argument;
  }
  EXPECT_EQ(mail_code("FROM:<> ENVID=" + std::string(101, 'e')), 501);
}

TEST(ParseRcpt, ReadsNotify_Rfc3461_4_1) {
  const auto notify = [](const std::string& words) {
    const auto rcpt = parse_rcpt("TO:<bob@b.example> NOTIFY=" + words, false, host);
    return rcpt ? rcpt->notify : DsnNotify{.never = true, .success = true};
  };
  EXPECT_EQ(notify("NEVER"), DsnNotify{.never = true});
  EXPECT_EQ(notify("success,DELAY"), (DsnNotify{.success = true, .delay = true}));
  EXPECT_EQ(notify("DELAY,FAILURE,SUCCESS"), (DsnNotify{.success = true, .failure = true, .delay = true}));
  EXPECT_TRUE(parse_rcpt("TO:<bob@b.example>", false, host)->notify.unspecified());
}

TEST(ParseRcpt, KeepsTheOriginalRecipientAsItCame_Rfc3461_4_2) {
  const auto rcpt = parse_rcpt("TO:<bob@b.example> orcpt=rfc822;Bob+2Bx@a.example NOTIFY=SUCCESS", false, host);
  ASSERT_TRUE(rcpt);
  EXPECT_EQ(rcpt->orcpt, "rfc822;Bob+2Bx@a.example");
  for (const std::string value : {"rfc822;no-address-at-all", "x400;/C+3Dde/S+3Dx", "utf-8;j\\x{FC}rgen@a.example",
                                  "UTF-8;\\x{10FFFF}", "utf-8;\\x{2B}\\x{5C}\\x{20}"}) {
    EXPECT_EQ(rcpt_code("TO:<bob@b.example> ORCPT=" + value), 250) << value;
  }
  EXPECT_EQ(rcpt_code("TO:<bob@b.example> ORCPT=utf-8;j\xC3\xBCrgen@a.example", true), 250) << "RFC 6533 §3";
  EXPECT_EQ(rcpt_code("TO:<bob@b.example> ORCPT=rfc822;" + std::string(493, 'a')), 250);
}

TEST(ParseRcpt, RefusesMalformedNotifyAndOrcptWith501) {
  for (const std::string argument : {"NOTIFY",
                                     "NOTIFY=",
                                     "NOTIFY=,",
                                     "NOTIFY=SUCCESS,",
                                     "NOTIFY=NEVER,SUCCESS",
                                     "NOTIFY=DELAY,NEVER",
                                     "NOTIFY=DELAY,DELAY",
                                     "NOTIFY=OFTEN",
                                     "NOTIFY=NEVER NOTIFY=NEVER",
                                     "ORCPT",
                                     "ORCPT=",
                                     "ORCPT=bob@b.example",
                                     "ORCPT=;bob@b.example",
                                     "ORCPT=rfc822;",
                                     "ORCPT=rfc 822;a",
                                     "ORCPT=rfc(822);a",
                                     "ORCPT=rfc822;a+2b",
                                     "ORCPT=rfc822;a+",
                                     "ORCPT=rfc822;j\xC3\xBCrgen@a.example",
                                     "ORCPT=utf-8;j\xC3\xBCrgen@a.example",
                                     "ORCPT=utf-8;",
                                     "ORCPT=utf-8;\\x{41}",
                                     "ORCPT=utf-8;\\x{D800}",
                                     "ORCPT=utf-8;\\x{110000}",
                                     "ORCPT=utf-8;\\x{0FC}",
                                     "ORCPT=utf-8;\\x{fc}",
                                     "ORCPT=utf-8;\\x{FC",
                                     "ORCPT=utf-8;a+2B",
                                     "ORCPT=rfc822;a ORCPT=rfc822;a"}) {
    EXPECT_EQ(rcpt_code("TO:<bob@b.example> " + argument), 501) << argument;
  }
  EXPECT_EQ(rcpt_code("TO:<bob@b.example> ORCPT=rfc822;" + std::string(494, 'a')), 501);
}

TEST(NotifyText, SaysWhatWasRead) {
  for (const std::string_view text :
       {"NEVER", "SUCCESS", "FAILURE", "DELAY", "SUCCESS,FAILURE,DELAY", "FAILURE,DELAY"}) {
    EXPECT_EQ(notify_text(parse_notify(text).value()), text);
  }
  EXPECT_EQ(notify_text({}), "");
}

TEST(Xtext, WritesWhatItReads_Rfc3461_4) {
  std::string all;
  for (int n = 0; n < 256; ++n) all += static_cast<char>(n);
  EXPECT_EQ(from_xtext(xtext(all), 1000), all);
  EXPECT_EQ(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
}

TEST(ParseHelo, TakesAnyPrintableWord) {
  EXPECT_EQ(parse_helo("a.example"), "a.example");
  EXPECT_EQ(parse_helo("[IPv6:::1]"), "[IPv6:::1]");
  EXPECT_EQ(parse_helo("my_pc!"), "my_pc!");
  EXPECT_FALSE(parse_helo(""));
  EXPECT_FALSE(parse_helo("a b"));
  EXPECT_FALSE(parse_helo("a\x01"));
  EXPECT_FALSE(parse_helo("b\xc3\xbc"));
  EXPECT_TRUE(parse_helo(std::string(255, 'x')));
  EXPECT_FALSE(parse_helo(std::string(256, 'x')));
}

TEST(ParseBdat, TakesASizeAndLast_Rfc3030_2) {
  EXPECT_EQ(parse_bdat("0")->octets, 0U);
  EXPECT_FALSE(parse_bdat("86")->last);
  for (const auto* argument : {"86 LAST", "86 last", "00000000000000000086 LaSt"}) {
    const auto chunk = parse_bdat(argument);
    ASSERT_TRUE(chunk) << argument;
    EXPECT_EQ(chunk->octets, 86U);
    EXPECT_TRUE(chunk->last && chunk->well_formed);
  }
  EXPECT_EQ(parse_bdat("18446744073709551615")->octets, 18446744073709551615U);
  EXPECT_EQ(parse_command("bDaT  5 LAST ").verb, Verb::Bdat);
  EXPECT_EQ(parse_command("bDaT  5 LAST ").argument, "5 LAST");
}

TEST(ParseBdat, KnowsTheSizeOfAChunkThatIsNotWellFormed) {
  for (const auto* argument : {"86 FIRST", "86 LAST LAST", "86  LAST", "86 LASTX", "86 "}) {
    const auto chunk = parse_bdat(argument);
    ASSERT_TRUE(chunk) << argument;
    EXPECT_EQ(chunk->octets, 86U);
    EXPECT_FALSE(chunk->last || chunk->well_formed) << argument;
  }
}

TEST(ParseBdat, HasNoSizeToGoOnWith) {
  for (const auto* argument : {"", " ", "LAST", "-1", "+1", "0x10", "1.5", "86LAST", "86\tLAST", "18446744073709551616",
                               "000000000000000000001", "\xd9\xa3"}) {
    EXPECT_FALSE(parse_bdat(argument)) << argument;
  }
}

}  // namespace
}  // namespace cas::smtp
