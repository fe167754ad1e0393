// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// sendmail's words, and what becomes of a message.
#include "cmd/sendmail_words.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::cmd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const LocalSender joe{.address = Mailbox::parse("joe@host.example").value(), .full_name = "Joe \"J\" Bloggs"};
constexpr UnixTime now{seconds(1795460400)};

SendmailWords words(std::vector<std::string> arguments) {
  auto read = read_sendmail_words(arguments);
  EXPECT_TRUE(read) << read.error();
  return read.value_or(SendmailWords{});
}

Prepared prepared(std::vector<std::string> arguments, std::string_view input) {
  auto made = prepare(words(std::move(arguments)), input, joe, now, "ID1");
  EXPECT_TRUE(made) << made.error();
  return made.value_or(Prepared{});
}

std::vector<std::string> wire(const std::vector<Mailbox>& mailboxes) {
  std::vector<std::string> all;
  for (const auto& mailbox : mailboxes) all.push_back(mailbox.wire());
  return all;
}

TEST(SendmailWords, AreReadAsProgramsWriteThem) {
  const auto cron = words({"-FCronDaemon", "-i", "-B8BITMIME", "-oem", "root"});
  EXPECT_EQ(cron.full_name, "CronDaemon");
  EXPECT_FALSE(cron.dot_ends);
  EXPECT_THAT(cron.recipients, ElementsAre("root"));
  const auto php = words({"-t", "-i", "-f", "joe@a.example"});
  EXPECT_TRUE(php.from_header);
  EXPECT_EQ(php.sender, "joe@a.example");
  const auto dsn = words({"-N", "success,delay", "-Rhdrs", "-V", "abc", "--", "-odd@a.example"});
  EXPECT_EQ(dsn.notify, "SUCCESS,DELAY");
  EXPECT_EQ(dsn.ret, "HDRS");
  EXPECT_EQ(dsn.envid, "abc");
  EXPECT_THAT(dsn.recipients, ElementsAre("-odd@a.example"));
  EXPECT_TRUE(words({"-ti"}).from_header);
  EXPECT_FALSE(words({"-oi", "a"}).dot_ends);
  EXPECT_TRUE(words({"-f", "<>", "a"}).has_sender);
  EXPECT_EQ(words({"-bp"}).mode, SendmailWords::Mode::ListQueue);
  EXPECT_EQ(words({"-q"}).mode, SendmailWords::Mode::RunQueue);
  EXPECT_EQ(words({"-bi"}).mode, SendmailWords::Mode::NewAliases);
}

TEST(SendmailWords, AreRefusedWhereTheyMeanNothingHere) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"-bd"}, {"-bs"}, {"-f"}, {"-N", "sometimes"}, {"-N", ""}, {"-R", "half"}, {"-Z", "x"}, {"-tx"}}) {
    EXPECT_FALSE(read_sendmail_words(arguments)) << arguments.front();
  }
}

TEST(Sendmail, AddsWhatIsMissing) {
  const auto made = prepared({"suzie@b.example"}, "Subject: hi\n\nHello\n");
  EXPECT_EQ(
      made.octets,
      "Subject: hi\r\nFrom: \"Joe \\\"J\\\" Bloggs\" <joe@host.example>\r\nDate: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
      "Message-ID: <ID1@host.example>\r\n\r\nHello\r\n");
  EXPECT_FALSE(made.eight_bit);
}

TEST(Sendmail, LeavesWhatIsThere) {
  const std::string whole = "From: a@b.example\r\nDate: x\r\nMessage-ID: <1@b>\r\nBcc: c@b.example\r\n\r\nHello\r\n";
  EXPECT_EQ(prepared({"suzie@b.example"}, whole).octets, whole) << "Bcc goes with -t alone; the server removes it";
}

TEST(Sendmail, TakesRecipientsFromTheHeaderAndRemovesBcc) {
  const auto made = prepared({"-t", "x@b.example"},
                             "To: A <a@b.example>,\n c@b.example\nCc: a@b.example\nBcc: secret@b.example\n\nHello\n");
  EXPECT_THAT(wire(made.recipients), ElementsAre("x@b.example", "a@b.example", "c@b.example", "secret@b.example"));
  EXPECT_THAT(made.octets, Not(HasSubstr("secret")));
}

TEST(Sendmail, ANameWithoutDomainIsSomebodyHere) {
  EXPECT_THAT(wire(prepared({"root", "<suzie@b.example>"}, "\nHello\n").recipients),
              ElementsAre("root@host.example", "suzie@b.example"));
}

TEST(Sendmail, ADotAloneEndsTheMessageUnlessItIsTold) {
  EXPECT_THAT(prepared({"a"}, "S: x\n\none\n.\ntwo\n").octets, Not(HasSubstr("two")));
  EXPECT_THAT(prepared({"-i", "a"}, "S: x\n\none\n.\ntwo\n").octets, HasSubstr("\r\n.\r\ntwo\r\n"));
}

TEST(Sendmail, AMailboxLineInFrontIsDropped) {
  EXPECT_THAT(prepared({"a"}, "From joe Mon Nov 23\nSubject: x\n\nHello\n").octets, Not(HasSubstr("Mon Nov 23\r\n")));
}

TEST(Sendmail, SaysWhatIsWrong) {
  EXPECT_FALSE(prepare(words({}), "To: a@b.example\n\nx\n", joe, now, "I"));
  EXPECT_FALSE(prepare(words({"a b@c"}), "S: x\n\nx\n", joe, now, "I"));
  EXPECT_FALSE(prepare(words({"-t"}), "To: a@@b\n\nx\n", joe, now, "I"));
  EXPECT_FALSE(prepare(words({"a"}), "no field\n\nx\n", joe, now, "I"));
}

TEST(Sendmail, DotsAreDoubledAtTheBeginningOfLines_RFC5321_4_5_2) {
  EXPECT_EQ(with_dots(".a\r\nb.\r\n..\r\n"), "..a\r\nb.\r\n...\r\n.\r\n");
}

}  // namespace
}  // namespace cas::cmd
