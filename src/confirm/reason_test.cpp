// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Replies of CAS §15, and reading them.
#include "confirm/reason.hpp"

#include <gtest/gtest.h>

#include <set>

#include "smtp/server_session.hpp"

namespace cas::confirm {
namespace {

TEST(ReplyFor, FollowsTheTableOfCasSection152) {
  struct Row {
    Reason reason;
    int code;
    smtp::EnhancedCode enhanced;
  };
  const std::vector<Row> table{
      {Reason::Required, 530, {5, 7, 0}},   {Reason::Syntax, 501, {5, 5, 4}},    {Reason::TooLong, 500, {5, 5, 2}},
      {Reason::Sequence, 503, {5, 5, 1}},   {Reason::Version, 504, {5, 7, 6}},   {Reason::Algorithm, 504, {5, 7, 6}},
      {Reason::Expired, 451, {4, 7, 0}},    {Reason::Future, 451, {4, 7, 0}},    {Reason::Lifetime, 550, {5, 7, 1}},
      {Reason::KeyLookup, 451, {4, 7, 5}},  {Reason::Busy, 451, {4, 3, 2}},      {Reason::KeyMissing, 550, {5, 7, 5}},
      {Reason::KeyRevoked, 550, {5, 7, 5}}, {Reason::Signature, 550, {5, 7, 5}}, {Reason::Alignment, 550, {5, 7, 1}},
      {Reason::Envelope, 550, {5, 7, 1}},   {Reason::NotListed, 550, {5, 7, 1}}, {Reason::FromMismatch, 550, {5, 7, 1}},
      {Reason::Spf, 550, {5, 7, 23}},       {Reason::Rate, 451, {4, 7, 28}},     {Reason::Pending, 451, {4, 7, 0}},
      {Reason::NoSuchUser, 550, {5, 1, 1}}, {Reason::Refused, 550, {5, 7, 1}},   {Reason::Consent, 550, {5, 7, 1}},
      {Reason::Class, 550, {5, 7, 1}},      {Reason::Digest, 550, {5, 7, 7}},    {Reason::Replay, 550, {5, 7, 1}},
      {Reason::InProgress, 451, {4, 3, 0}}, {Reason::LedgerDown, 451, {4, 3, 0}}};
  std::set<std::string_view> words;
  for (const auto& [reason, code, enhanced] : table) {
    const auto reply = reply_for(reason);
    EXPECT_EQ(reply.code, code) << word(reason);
    EXPECT_EQ(reply.enhanced, enhanced) << word(reason);
    EXPECT_EQ(word_in(reply), word(reason));
    EXPECT_EQ(retry_in(reply), std::nullopt);
    EXPECT_TRUE(words.insert(word(reason)).second) << word(reason);
  }
  EXPECT_EQ(words.size(), 29U);
}

TEST(ReplyFor, WritesTheWordsOfCasSection151) {
  EXPECT_TRUE(reply_for(Reason::Signature).summary().starts_with("550 5.7.5 [CAS:signature] "));
  EXPECT_TRUE(reply_for(Reason::Required).summary().starts_with("530 5.7.0 [CAS:required] "));
}

TEST(ReplyFor, HintsARetryForPendingOnly) {
  const auto pending = reply_for(Reason::Pending, std::chrono::seconds(1800));
  EXPECT_TRUE(pending.summary().starts_with("451 4.7.0 [CAS:pending retry=1800] "));
  EXPECT_EQ(retry_in(pending), std::chrono::seconds(1800));
  EXPECT_EQ(word_in(pending), "pending");
  EXPECT_EQ(retry_in(reply_for(Reason::Rate, std::chrono::seconds(1800))), std::nullopt);
}

smtp::Reply said(std::string text) {
  return {451, {4, 7, 0}, std::move(text)};
}

TEST(WordIn, ReadsOnlyWellFormedBrackets) {
  EXPECT_EQ(word_in(said("please wait [CAS:pending] there")), "pending");
  EXPECT_EQ(word_in(said("wait")), std::nullopt);
  EXPECT_EQ(word_in(said("[CAS:]")), std::nullopt);
  EXPECT_EQ(word_in(said("[CAS:pending")), std::nullopt);
  EXPECT_EQ(word_in(said("[CAS:Pen\x1b[0m]")), std::nullopt);
  EXPECT_EQ(word_in(smtp::Reply()), std::nullopt);
  smtp::Reply two_lines = said("first");
  two_lines.lines.emplace_back("[CAS:rate] second");
  EXPECT_EQ(word_in(two_lines), "rate");
}

TEST(RetryIn, ReadsOnlyPlainNumbers) {
  EXPECT_EQ(retry_in(said("[CAS:pending retry=0]")), std::chrono::seconds(0));
  for (const std::string text :
       {"[CAS:pending]", "[CAS:pending retry=]", "[CAS:pending retry=-1]", "[CAS:pending retry=1h]",
        "[CAS:pending retry=9999999999]", "retry=5", "[CAS:retry=5"}) {
    EXPECT_EQ(retry_in(said(text)), std::nullopt) << text;
  }
}

TEST(Reason, TooLongIsWhatTheSessionSaysOfALineThatNobodyRead_Cas5_4) {
  EXPECT_EQ(reply_for(Reason::TooLong), smtp::confirm_too_long());
}

}  // namespace
}  // namespace cas::confirm
