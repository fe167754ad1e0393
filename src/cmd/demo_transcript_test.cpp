// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the demo says about round trips is only as good as the counting.
#include "cmd/demo_transcript.hpp"

#include <gtest/gtest.h>

namespace cas::cmd {
namespace {

using std::chrono::milliseconds;

Recorder::Time at(int ms) {
  return Recorder::Time(milliseconds(ms));
}

Recorder pipelined_session() {
  Recorder tape;
  tape.on_octets(Speaker::Server, "220 mx ESMTP\r\n", at(0));
  tape.on_octets(Speaker::Client, "EHLO a\r\n", at(1));
  tape.on_octets(Speaker::Server, "250-mx\r\n250 PIPELINING\r\n", at(2));
  tape.on_octets(Speaker::Client, "MAIL FROM:<a@a.example>\r\nRCPT TO:<b@b.example>\r\nDATA\r\n", at(3));
  tape.on_octets(Speaker::Server, "250 ok\r\n", at(5));
  tape.on_octets(Speaker::Server, "250 ok\r\n354 go\r\n", at(6));
  tape.on_octets(Speaker::Client, "Subject: x\r\n\r\n..dot\r\nSTARTTLS\r\n", at(7));
  tape.on_octets(Speaker::Client, ".\r\nQUIT\r\n", at(8));
  tape.on_octets(Speaker::Server, "250 queued\r\n221 bye\r\n", at(9));
  return tape;
}

TEST(Recorder, CutsLinesWhereverTheOctetsAreCut) {
  Recorder tape;
  for (const char c : std::string_view("EHLO a\r\nNOOP\r\n"))
    tape.on_octets(Speaker::Client, std::string_view(&c, 1), {});
  ASSERT_EQ(tape.lines().size(), 2U);
  EXPECT_EQ(tape.lines()[0].text, "EHLO a");
  EXPECT_EQ(tape.lines()[1].text, "NOOP");
}

TEST(Recorder, TellsTheMessageFromTheCommands) {
  const Recorder tape = pipelined_session();
  EXPECT_EQ(body_lines(tape.lines()), 4U);
  EXPECT_FALSE(tape.starttls_asked()) << "STARTTLS in a message is no command";
  EXPECT_EQ(wire_body(tape.lines()), "Subject: x\r\n\r\n..dot\r\nSTARTTLS\r\n.\r\n");
}

TEST(Recorder, TellsAChunkFromTheCommands_Rfc3030) {
  const std::string_view octets =
      "MAIL FROM:<>\r\nBDAT 30\r\nSubject: x\r\n\r\n.dot\r\nSTARTTLS\r\nBDAT 4 LAST\r\nDATAQUIT\r\n";
  for (const std::size_t piece : {1U, 7U, 1000U}) {
    Recorder tape;
    for (std::string_view rest = octets; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
      tape.on_octets(Speaker::Client, rest.substr(0, piece), {});
    EXPECT_FALSE(tape.starttls_asked()) << "STARTTLS in a message is no command";
    EXPECT_EQ(body_lines(tape.lines()), 5U);
    EXPECT_EQ(wire_body(tape.lines()), "Subject: x\r\n\r\n.dot\r\nSTARTTLS\r\nDATA\r\n");
    EXPECT_TRUE(said(tape.lines(), Speaker::Client, "BDAT 4 LAST"));
    EXPECT_EQ(tape.lines().back().text, "QUIT");
  }
}

TEST(Recorder, SeesTlsBeginOnlyWhenTheServerAgrees) {
  Recorder refused;
  refused.on_octets(Speaker::Client, "starttls\r\n", {});
  EXPECT_TRUE(refused.starttls_asked());
  refused.on_octets(Speaker::Server, "454 4.7.0 no\r\n", {});
  EXPECT_FALSE(refused.starttls_asked());
  EXPECT_FALSE(refused.take_starttls_agreed());

  Recorder agreed;
  agreed.on_octets(Speaker::Client, "STARTTLS\r\n", {});
  agreed.on_octets(Speaker::Server, "220 2.0.0 go", {});
  EXPECT_FALSE(agreed.take_starttls_agreed()) << "the line is not complete";
  agreed.on_octets(Speaker::Server, "\r\n", {});
  EXPECT_TRUE(agreed.take_starttls_agreed());
  EXPECT_FALSE(agreed.take_starttls_agreed());
}

TEST(Recorder, KeepsNoSecretOfAuth) {
  Recorder tape;
  tape.on_octets(Speaker::Client, "AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n", {});
  tape.on_octets(Speaker::Server, "535 no\r\n", {});
  tape.on_octets(Speaker::Client, "AUTH LOGIN\r\n", {});
  tape.on_octets(Speaker::Server, "334 VXNlcm5hbWU6\r\n", {});
  tape.on_octets(Speaker::Client, "am9l\r\n", {});
  for (const Spoken& line : tape.lines()) {
    EXPECT_EQ(line.text.find("AGpv"), std::string::npos);
    EXPECT_NE(line.text, "am9l");
  }
}

TEST(Recorder, IsBounded) {
  Recorder tape;
  for (int i = 0; i < 10000; ++i) tape.on_octets(Speaker::Client, "NOOP\r\n", {});
  tape.on_octets(Speaker::Server, std::string(100000, 'x') + "\r\n", {});
  EXPECT_LE(tape.lines().size(), 4000U);
}

TEST(LastTransaction, RunsFromMailToTheFinalReplyWithoutQuit) {
  const Transcript mail = last_transaction(pipelined_session().lines());
  ASSERT_FALSE(mail.empty());
  EXPECT_EQ(mail.front().text, "MAIL FROM:<a@a.example>");
  EXPECT_EQ(mail.back().text, "250 queued");
  EXPECT_EQ(duration(mail), milliseconds(6));
  EXPECT_TRUE(last_transaction({}).empty());
}

TEST(RoundTrips, APipelinedGroupIsOneAndTheMessageAnother) {
  EXPECT_EQ(round_trips(last_transaction(pipelined_session().lines())), 2U);
}

TEST(RoundTrips, LockStepCostsOneEachCommand) {
  Recorder tape;
  for (const char* command : {"MAIL FROM:<>\r\n", "CONFIRM v=CAS1\r\n", "RCPT TO:<b@b.example>\r\n"}) {
    tape.on_octets(Speaker::Client, command, {});
    tape.on_octets(Speaker::Server, "250 ok\r\n", {});
  }
  EXPECT_EQ(round_trips(tape.lines()), 3U);
}

TEST(Abbreviated, CutsLongBase64OfConfirmAndNothingElse) {
  const std::string key(43, 'A');
  EXPECT_EQ(abbreviated("CONFIRM v=CAS1;d=a.example;m=c1:" + key + ";b=" + key),
            "CONFIRM v=CAS1;d=a.example;m=c1:AAAAAAAA...;b=AAAAAAAA...");
  EXPECT_EQ(abbreviated("RCPT TO:<" + key + "@b.example>"), "RCPT TO:<" + key + "@b.example>");
  EXPECT_EQ(abbreviated("250 \x1b[31m"), "250 \\x1B[31m");
}

}  // namespace
}  // namespace cas::cmd
