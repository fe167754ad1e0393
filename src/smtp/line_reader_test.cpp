// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines, strictly (RFC 5321 §2.3.8).
#include "smtp/line_reader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/fake_random.hpp"

namespace cas::smtp {
namespace {

using ::testing::ElementsAre;
using namespace std::string_view_literals;

void drain(LineReader& reader, std::size_t limit, std::vector<std::string>& events) {
  while (true) {
    const auto event = reader.next(limit);
    if (std::holds_alternative<NeedMore>(event)) return;
    if (const auto* line = std::get_if<Line>(&event)) events.push_back("=" + std::string(line->text));
    if (const auto* line = std::get_if<TooLong>(&event)) events.push_back("too long: " + std::string(line->beginning));
    if (std::holds_alternative<Malformed>(event)) events.emplace_back("malformed");
  }
}

std::vector<std::string> read(std::string_view octets, std::size_t limit = 100, std::size_t piece = 1000000) {
  LineReader reader;
  std::vector<std::string> events;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) {
    reader.feed(octets.substr(0, piece));
    drain(reader, limit, events);
  }
  return events;
}

TEST(LineReader, GivesLinesWithoutTheirCrlf) {
  EXPECT_THAT(read("one\r\n\r\ntwo\r\nthr"), ElementsAre("=one", "=", "=two"));
}

TEST(LineReader, TakesNoOtherLineEnd_Rfc5321_2_3_8) {
  EXPECT_THAT(read("a\nb\r\nc\r\n"), ElementsAre("malformed", "=c"));
  EXPECT_THAT(read("a\rb\r\nc\r\n"), ElementsAre("malformed", "=c"));
  EXPECT_THAT(read("a\r\r\nc\r\n"), ElementsAre("malformed", "=c"));
  EXPECT_THAT(read("\n\r\nc\r\n"), ElementsAre("malformed", "=c"));
  EXPECT_THAT(read("a\0b\r\nc\r\n"sv), ElementsAre("malformed", "=c"));
}

TEST(LineReader, CountsTheCrlf) {
  EXPECT_THAT(read("12345678\r\n123456789\r\n1\r\n", 10), ElementsAre("=12345678", "too long: 123456789", "=1"));
}

TEST(LineReader, SaysMalformedOfALongLineToo) {
  EXPECT_THAT(read("1234\n567890123\r\n1\r\n", 10), ElementsAre("malformed", "=1"));
  EXPECT_THAT(read("12345678901234567890\n3\r\n1\r\n", 10, 3), ElementsAre("malformed", "=1"));
}

TEST(LineReader, ThrowsAwayWhatIsTooLongAsItComes) {
  LineReader reader;
  for (int n = 0; n < 1000; ++n) {
    reader.feed(std::string(1000, 'x'));
    EXPECT_TRUE(std::holds_alternative<NeedMore>(reader.next(100)));
    EXPECT_LE(reader.pending().size(), 1U);
  }
  reader.feed("\r\nok\r\n");
  EXPECT_TRUE(std::holds_alternative<TooLong>(reader.next(100)));
  EXPECT_EQ(std::get<Line>(reader.next(100)).text, "ok");
}

TEST(LineReader, TellsHowALineThatIsTooLongBegan_Cas5_4) {
  const std::string line = "CONFIRM v=CAS1;i=" + std::string(50, 'x') + "\r\nNOOP\r\n";
  for (const std::size_t limit : {4U, 10U, 30U}) {
    for (const std::size_t piece : {1U, 2U, 7U, 100U}) {
      LineReader reader;
      std::vector<std::string> events;
      for (std::string_view rest = line; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
        reader.feed(rest.substr(0, piece));
        drain(reader, limit, events);
      }
      ASSERT_FALSE(events.empty());
      EXPECT_EQ(events[0], "too long: CONFIRM v=CAS1;i") << limit << ' ' << piece;
    }
  }
  EXPECT_THAT(read("1234567890\r\nabcdefghijk\r\n", 10), ElementsAre("too long: 1234567890", "too long: abcdefghijk"));
}

TEST(LineReader, GivesTheRestToADataPhase) {
  LineReader reader;
  reader.feed("DATA\r\nbody\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(std::get<Line>(reader.next(100)).text, "DATA");
  EXPECT_EQ(reader.pending(), "body\r\n.\r\nQUIT\r\n");
  reader.consume(9);
  EXPECT_EQ(std::get<Line>(reader.next(100)).text, "QUIT");
  EXPECT_EQ(reader.pending(), "");
}

TEST(LineReader, ForgetsWhenToldTo_Rfc3207_4_2) {
  LineReader reader;
  reader.feed(std::string(200, 'x') + "\n");
  EXPECT_TRUE(std::holds_alternative<NeedMore>(reader.next(100)));
  reader.clear();
  reader.feed("NOOP\r\n");
  EXPECT_EQ(std::get<Line>(reader.next(100)).text, "NOOP");
}

TEST(LineReader, SaysTheSameHoweverTheOctetsAreCut) {
  cas::testing::FakeRandom random(7);
  constexpr std::string_view alphabet = "\r\n\r\n\r\nab\0"sv;
  for (int round = 0; round < 300; ++round) {
    std::string octets;
    for (int n = 0; n < 60; ++n) octets += alphabet[random.below(alphabet.size())];
    const auto whole = read(octets, 6);
    for (const std::size_t piece : {1U, 2U, 3U, 7U}) {
      ASSERT_EQ(read(octets, 6, piece), whole) << ::testing::PrintToString(octets) << " in pieces of " << piece;
    }
  }
}

}  // namespace
}  // namespace cas::smtp
