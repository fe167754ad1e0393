// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which replies to RCPT say something about the mailbox.
#include "outbound/callout.hpp"

#include <gtest/gtest.h>

namespace cas::outbound {
namespace {

using smtp::Reply;

TEST(JudgeCallout, OnlyAWordAboutTheAddressIsNoSuchUser) {
  const auto judge = [](int code, smtp::EnhancedCode enhanced) {
    return judge_callout(Reply(code, enhanced, "x"), true);
  };
  EXPECT_EQ(judge(250, {2, 1, 5}), MailboxWord::There);
  EXPECT_EQ(judge(252, {2, 0, 0}), MailboxWord::There);
  for (const int code : {550, 551, 553}) EXPECT_EQ(judge(code, {5, 1, 1}), MailboxWord::NotThere);
  EXPECT_EQ(judge(524, {5, 2, 4}), MailboxWord::NotThere) << "OpenSMTPD";
  EXPECT_EQ(judge(550, {5, 2, 4}), MailboxWord::Nothing);
  EXPECT_EQ(judge(550, {5, 7, 1}), MailboxWord::Nothing) << "a policy";
  EXPECT_EQ(judge(550, {5, 2, 1}), MailboxWord::Nothing) << "it is there, and closed";
  EXPECT_EQ(judge(552, {5, 2, 2}), MailboxWord::Nothing);
  EXPECT_EQ(judge(554, {5, 1, 1}), MailboxWord::Nothing);
  EXPECT_EQ(judge(450, {4, 1, 1}), MailboxWord::Nothing);
  EXPECT_EQ(judge(354, {}), MailboxWord::Nothing);
}

TEST(JudgeCallout, AServerWithoutEnhancedCodesIsTakenAtItsWord) {
  EXPECT_EQ(judge_callout(Reply(550, {}, "unknown user"), false), MailboxWord::NotThere);
  EXPECT_EQ(judge_callout(Reply(550, {}, "unknown user"), true), MailboxWord::Nothing);
  EXPECT_EQ(judge_callout(Reply(552, {}, "full"), false), MailboxWord::Nothing);
}

TEST(JudgeCallout, OpenSmtpdMeansTheAddressWithoutACode) {
  EXPECT_EQ(judge_callout(Reply(550, {}, "Invalid recipient: <nobody@south.example>"), true), MailboxWord::NotThere);
  EXPECT_EQ(judge_callout(Reply(451, {}, "Invalid recipient: <nobody@south.example>"), true), MailboxWord::Nothing);
  EXPECT_EQ(judge_callout(Reply(550, {5, 7, 1}, "Invalid recipient: <nobody@south.example>"), true),
            MailboxWord::Nothing);
}

}  // namespace
}  // namespace cas::outbound
