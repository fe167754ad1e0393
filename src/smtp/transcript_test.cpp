// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Every transcript of testdata/, however its octets are cut.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/player.hpp"
#include "testing/transcript.hpp"

namespace cas::smtp {
namespace {

using cas::testing::Cut;
using ::testing::IsEmpty;

class Transcripts : public ::testing::TestWithParam<std::string> {};

TEST_P(Transcripts, GiveTheirRepliesHoweverTheOctetsAreCut) {
  const auto transcript = cas::testing::load_transcript(GetParam());
  ASSERT_TRUE(transcript) << transcript.error().public_text;
  const auto lock_step = cas::testing::play(*transcript, Cut::LockStep);
  EXPECT_THAT(lock_step.faults, IsEmpty());

  const auto same = [&](Cut cut, std::uint64_t seed) {
    const auto played = cas::testing::play(*transcript, cut, seed);
    EXPECT_EQ(played.replies, lock_step.replies) << "seed " << seed;
    EXPECT_EQ(played.asked, lock_step.asked) << "seed " << seed;
    EXPECT_EQ(played.messages, lock_step.messages) << "seed " << seed;
    EXPECT_EQ(played.closed, lock_step.closed) << "seed " << seed;
  };
  same(Cut::AtOnce, 0);
  same(Cut::OctetWise, 0);
  for (std::uint64_t seed = 1; seed <= 20; ++seed) same(Cut::Pieces, seed);
}

INSTANTIATE_TEST_SUITE_P(Testdata, Transcripts, ::testing::ValuesIn(cas::testing::transcript_names()),
                         [](const auto& test) {
                           std::string name = test.param;
                           std::ranges::replace(name, '-', '_');
                           return name;
                         });

// ---- The player itself: a transcript that does not fit is found out ------------------------------------------------

std::vector<std::string> faults_of(std::string_view text) {
  const auto transcript = cas::testing::parse_transcript("t", text);
  EXPECT_TRUE(transcript) << transcript.error().public_text;
  return transcript ? cas::testing::play(*transcript, Cut::LockStep).faults : std::vector<std::string>{};
}

TEST(Player, FindsAWrongReply) {
  EXPECT_THAT(faults_of("S: 220 mx.b.example ESMTP\nC: NOOP\nS: 251 2.0.0 ok\n"),
              ::testing::ElementsAre(R"(t:3: expected "251 2.0.0 ok", heard "250 2.0.0 ok")"));
}
TEST(Player, FindsAMissingReply) {
  EXPECT_THAT(faults_of("S: 220 mx.b.example ESMTP\nC: NOOP\nS: 250 2.0.0 ok\nS: 250 2.0.0 ok\n"),
              ::testing::ElementsAre(R"(t:4: expected "250 2.0.0 ok", heard nothing)"));
}
TEST(Player, FindsAReplyTooManyAndOneThatComesTooEarly) {
  EXPECT_THAT(faults_of("S: 220 mx.b.example ESMTP\nC: NOOP\n"), ::testing::SizeIs(1));
  EXPECT_THAT(faults_of("C: NOOP\nS: 220 mx.b.example ESMTP\nS: 250 2.0.0 ok\n"), ::testing::SizeIs(1));
}
TEST(Player, FindsAMessageThatDiffers) {
  const std::string dialog =
      "S~ 220 .*\nC: HELO a\nS~ 250 .*\nC: MAIL FROM:<>\nC: RCPT TO:<b@b.example>\nC: DATA\nS~ 250.*\nS~ 250.*\nS~ "
      "354.*\n"
      "C: one\nC: two\nC: .\nS~ 250.*\n";
  const std::string end = "C: QUIT\nS~ 221.*\n";
  EXPECT_THAT(faults_of(dialog + "M: one\nM: two\n" + end), IsEmpty());
  EXPECT_THAT(faults_of(dialog + "M: one\n" + end), ::testing::SizeIs(1));
  EXPECT_THAT(faults_of(dialog + "M: two\nM: one\n" + end), ::testing::Not(IsEmpty()));
}
TEST(Player, NamesTheLineThatItDoesNotUnderstand) {
  EXPECT_EQ(cas::testing::parse_transcript("t", "# ok\nX: what\n").error().public_text, "t:2: unknown mark");
  EXPECT_EQ(cas::testing::parse_transcript("t", "! offer tea\n").error().public_text, "t:1: unknown offer tea");
  EXPECT_FALSE(cas::testing::parse_transcript("t", "C~ \\q\n"));
  EXPECT_FALSE(cas::testing::parse_transcript("t", "C: NOOP\n! offer tls\n"));
  EXPECT_FALSE(cas::testing::parse_transcript("t", "! rcpt bob@b.example no\n"));
}

}  // namespace
}  // namespace cas::smtp
