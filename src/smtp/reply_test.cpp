// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Replies written and read.
#include "smtp/reply.hpp"

#include <gtest/gtest.h>

namespace cas::smtp {
namespace {

Result<std::optional<Reply>> parse(std::initializer_list<std::string_view> lines) {
  ReplyParser parser;
  Result<std::optional<Reply>> result;
  for (const auto line : lines) {
    result = parser.on_line(line);
    if (!result) break;
  }
  return result;
}

TEST(ReplyWire, HasTheCodeAndTheEnhancedCodeInEveryLine_Rfc2034_4) {
  Reply reply(550, {5, 1, 1}, "no such user");
  EXPECT_EQ(reply.wire(), "550 5.1.1 no such user\r\n");
  reply.lines = {"no such user", "", "ask postmaster"};
  EXPECT_EQ(reply.wire(), "550-5.1.1 no such user\r\n550-5.1.1\r\n550 5.1.1 ask postmaster\r\n");
}

TEST(ReplyWire, KeepsTheBlankBeforeAnEmptyText_Rfc4954_4) {
  EXPECT_EQ(Reply(334, {}, "").wire(), "334 \r\n");
  Reply without_lines;
  without_lines.code = 250;
  EXPECT_EQ(without_lines.wire(), "250 \r\n");
}

TEST(ReplyWire, CannotBeBrokenByItsText) {
  EXPECT_EQ(Reply(250, {2, 0, 0}, "a\r\n250 b\x1b[1m\x7f\0c").wire(), "250 2.0.0 a??250 b?[1m?\r\n");
  EXPECT_EQ(Reply(250, {}, "gr\xc3\xbc\xc3\x9f").wire(), "250 gr????\r\n");
}

TEST(ReplyWire, HasNoLineAbove512Octets_Rfc5321_4_5_3_1_5) {
  Reply reply(250, {2, 0, 0}, std::string(600, 'x'));
  EXPECT_EQ(reply.wire().size(), 512U);
  EXPECT_TRUE(reply.wire().ends_with("x\r\n"));
  reply.lines.emplace_back("short");
  EXPECT_EQ(reply.wire().size(), 512U + std::string_view("250 2.0.0 short\r\n").size());
}

TEST(ReplySummary, IsOneLine) {
  Reply reply(550, {5, 7, 1}, "first");
  reply.lines.emplace_back("");
  reply.lines.emplace_back("second\r\nthird");
  EXPECT_EQ(reply.summary(), "550 5.7.1 first second??third");
  EXPECT_EQ(Reply(354, {}, "go").summary(), "354 go");
}

TEST(ReplyForError, TellsThePublicTextAlone) {
  const Error disk{Lasting::Transient, "try later", "/var/spool is full"};
  EXPECT_EQ(reply_for(disk), Reply(451, {4, 3, 0}, "try later"));
  EXPECT_EQ(reply_for(Error{Lasting::Permanent, "no", "why"}), Reply(554, {5, 3, 0}, "no"));
}

TEST(ReplyParser, ReadsWhatWireWrites) {
  Reply reply(550, {5, 1, 1}, "no such user");
  reply.lines = {"no such user", "", "ask postmaster"};
  EXPECT_EQ(*parse({"550-5.1.1 no such user", "550-5.1.1", "550 5.1.1 ask postmaster"}).value(), reply);
}

TEST(ReplyParser, ReadsCodesWithoutText_Rfc5321_4_2) {
  EXPECT_EQ(*parse({"250"}).value(), Reply(250, {}, ""));
  EXPECT_EQ(*parse({"250 "}).value(), Reply(250, {}, ""));
  EXPECT_FALSE(parse({"250-"}).value());
}

TEST(ReplyParser, TakesAnEnhancedCodeOnlyOfTheReplysClass_Rfc2034_4) {
  EXPECT_EQ(parse({"550 2.1.1 x"}).value()->enhanced, EnhancedCode{});
  EXPECT_EQ(parse({"550 2.1.1 x"}).value()->lines[0], "2.1.1 x");
  EXPECT_EQ(parse({"550 5.1000.1 x"}).value()->enhanced, EnhancedCode{});
  EXPECT_EQ(parse({"550 5.1.1x"}).value()->lines[0], "5.1.1x");
  EXPECT_EQ(parse({"550 5.7.23"}).value()->enhanced, (EnhancedCode{5, 7, 23}));
}

TEST(ReplyParser, KeepsAnEnhancedCodeThatDiffersFromTheFirst) {
  const auto reply = parse({"550-5.7.1 a", "550 5.1.1 b"}).value();
  EXPECT_EQ(reply->enhanced, (EnhancedCode{5, 7, 1}));
  EXPECT_EQ(reply->lines[1], "5.1.1 b");
}

TEST(ReplyParser, RefusesWhatIsNoReply) {
  for (const auto line : {"", "25", "hello", "1xx no", "150 no", "650 no", "260 no", "2500 no", "250\tno", "-250 no"}) {
    const auto result = parse({line});
    ASSERT_FALSE(result) << line;
    EXPECT_EQ(result.error().lasting, Lasting::Transient);
  }
}

TEST(ReplyParser, RefusesACodeThatChanges_Rfc5321_4_2_1) {
  EXPECT_FALSE(parse({"250-one", "251 two"}));
}

TEST(ReplyParser, IsBounded) {
  ReplyParser parser;
  for (int n = 0; n < 128; ++n) ASSERT_TRUE(parser.on_line("250-x"));
  EXPECT_FALSE(parser.on_line("250-x"));
}

TEST(ReplyParser, BeginsAnewAfterEachReply) {
  ReplyParser parser;
  ASSERT_FALSE(parser.on_line("250-5.0.0 a").value());
  ASSERT_TRUE(parser.on_line("250 b").value());
  EXPECT_EQ(*parser.on_line("354 go").value(), Reply(354, {}, "go"));
}

TEST(Reply, WhatIsTooLongIsCutAtABorder) {
  Reply reply(550, {5, 1, 1}, "1234");
  reply.lines.emplace_back("aäb");  // a, 2 octets, b
  const auto at = [&](std::size_t most) { return reply.shortened(most).summary(); };
  EXPECT_EQ(at(9), "550 5.1.1 1234 aäb");
  EXPECT_EQ(reply.shortened(9), reply);
  EXPECT_EQ(at(8), "550 5.1.1 1234 aä [cut]");
  EXPECT_EQ(at(7), "550 5.1.1 1234 a [cut]");
  EXPECT_EQ(at(6), "550 5.1.1 1234 a [cut]");
  EXPECT_EQ(at(5), "550 5.1.1 1234  [cut]");
  EXPECT_EQ(at(3), "550 5.1.1 123 [cut]");
  EXPECT_EQ(at(0), "550 5.1.1  [cut]");
  EXPECT_EQ(Reply(550, {}, std::string(3, '\x80')).shortened(2).summary(), "550  [cut]") << "no UTF-8 at all";
}

TEST(Reply, ManyEmptyLinesAreLongToo) {
  Reply reply(451, {}, "");
  reply.lines.resize(100);
  EXPECT_LE(reply.shortened(10).lines.size(), 12U);
}

}  // namespace
}  // namespace cas::smtp
