// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Dot-stuffing both ways (RFC 5321 §4.5.2), chunks (RFC 3030), and what ends a message.
#include "smtp/data.hpp"

#include <gtest/gtest.h>

#include "testing/fake_random.hpp"

namespace cas::smtp {
namespace {

using namespace std::string_view_literals;

struct Decoded {
  std::string text;
  std::size_t used = 0;
  bool finished = false;
  bool malformed = false;
  bool operator==(const Decoded&) const = default;
};

Decoded decode(std::string_view octets, std::size_t piece = 1000000) {
  Decoded decoded;
  DataDecoder decoder([&](std::string_view run) {
    EXPECT_FALSE(run.empty());
    decoded.text += run;
  });
  for (; !octets.empty() && !decoder.finished(); octets.remove_prefix(std::min(piece, octets.size()))) {
    decoded.used += decoder.feed(octets.substr(0, piece));
  }
  decoded.finished = decoder.finished();
  decoded.malformed = decoder.malformed();
  if (!decoded.malformed) EXPECT_EQ(decoder.size(), decoded.text.size());
  return decoded;
}

std::string encode(std::string_view octets, std::size_t piece = 1000000) {
  DataEncoder encoder;
  std::string out;
  for (; !octets.empty(); octets.remove_prefix(std::min(piece, octets.size()))) {
    encoder.encode(octets.substr(0, piece), out);
  }
  encoder.finish(out);
  return out;
}

TEST(DataDecoder, EndsAtALoneDotAndLeavesWhatFollows) {
  const auto decoded = decode("a\r\nb\r\n.\r\nQUIT\r\n");
  EXPECT_EQ(decoded.text, "a\r\nb\r\n");
  EXPECT_EQ(decoded.used, 9U);
  EXPECT_TRUE(decoded.finished);
  EXPECT_FALSE(decoded.malformed);
}

TEST(DataDecoder, TakesAnEmptyMessage) {
  EXPECT_EQ(decode(".\r\n"), (Decoded{.text = "", .used = 3, .finished = true, .malformed = false}));
}

TEST(DataDecoder, DropsOneLeadingDot_Rfc5321_4_5_2) {
  EXPECT_EQ(decode("..\r\n...\r\n.x\r\nx.\r\n.\r\n").text, ".\r\n..\r\nx\r\nx.\r\n");
}

TEST(DataDecoder, IsNotEndedByAnythingElse_Rfc5321_2_3_8) {
  for (const auto octets : {"a\n.\n"sv, "a\n.\r\n"sv, "a\r\n.\n"sv, "a\r.\r"sv, "a\r.\r\n"sv, "a\r\n.\r"sv,
                            "a\r\n.\r\r\n"sv, ".\n"sv, "\n.\r\n"sv, "a\r\n.\0\r\n"sv, "a\r\n\0.\r\n"sv}) {
    EXPECT_FALSE(decode(octets).finished) << ::testing::PrintToString(octets);
    const auto rest = decode(std::string(octets) + "\r\n.\r\n");
    EXPECT_TRUE(rest.finished && rest.malformed) << ::testing::PrintToString(octets);
  }
}

TEST(DataDecoder, SaysMalformedOfBareCrLfAndNul) {
  for (const auto octets :
       {"a\nb\r\n.\r\n"sv, "a\rb\r\n.\r\n"sv, "a\r\r\n.\r\n"sv, "a\0b\r\n.\r\n"sv, ".\rx\r\n.\r\n"sv}) {
    EXPECT_TRUE(decode(octets).malformed) << ::testing::PrintToString(octets);
  }
  EXPECT_FALSE(decode("\x01\xff\t a\r\n.\r\n").malformed);
}

TEST(DataDecoder, GivesNothingAfterAFault) {
  std::string text;
  DataDecoder decoder([&](std::string_view run) { text += run; });
  (void)decoder.feed("good\r\n");
  (void)decoder.feed("bad\n");
  (void)decoder.feed("more\r\n.\r\n");
  EXPECT_EQ(text, "good\r\n");
}

TEST(DataDecoder, SaysTheSameHoweverTheOctetsAreCut) {
  cas::testing::FakeRandom random(3);
  constexpr std::string_view alphabet = "\r\n\r\n..ab\0"sv;
  for (int round = 0; round < 500; ++round) {
    std::string octets;
    for (int n = 0; n < 40; ++n) octets += alphabet[random.below(alphabet.size() - (round % 2))];
    octets += "\r\n.\r\n";
    const auto whole = decode(octets);
    for (const std::size_t piece : {1U, 2U, 3U, 5U}) {
      const auto cut = decode(octets, piece);
      ASSERT_EQ(cut.used, whole.used);
      ASSERT_EQ(cut.malformed, whole.malformed);
      if (!whole.malformed) ASSERT_EQ(cut.text, whole.text);
    }
  }
}

// ---- Chunks --------------------------------------------------------------------------------------------------------

struct Gathered {
  std::string text;
  bool malformed = false;
  bool operator==(const Gathered&) const = default;
};

/// The chunks of one message, each fed in pieces.
Gathered gather(const std::vector<std::string_view>& chunks, std::size_t piece = 1000000) {
  Gathered gathered;
  ChunkDecoder decoder([&](std::string_view run) {
    EXPECT_FALSE(run.empty());
    gathered.text += run;
  });
  for (std::string_view chunk : chunks) {
    decoder.begin(chunk.size());
    while (!decoder.finished()) {
      EXPECT_EQ(decoder.feed(chunk.substr(0, piece)), std::min(piece, chunk.size()));
      chunk.remove_prefix(std::min(piece, chunk.size()));
    }
  }
  decoder.end();
  gathered.malformed = decoder.malformed();
  if (!gathered.malformed) EXPECT_EQ(decoder.size(), gathered.text.size());
  return gathered;
}

TEST(ChunkDecoder, TakesWhatWasAnnouncedAndLeavesWhatFollows_Rfc3030_2) {
  std::string text;
  ChunkDecoder decoder([&](std::string_view run) { text += run; });
  EXPECT_TRUE(decoder.finished());
  decoder.begin(6);
  EXPECT_EQ(decoder.feed("a\r\n"), 3U);
  EXPECT_FALSE(decoder.finished());
  EXPECT_EQ(decoder.feed(".\r\nQUIT\r\n"), 3U);
  EXPECT_TRUE(decoder.finished());
  EXPECT_EQ(decoder.feed("QUIT\r\n"), 0U);
  EXPECT_EQ(text, "a\r\n.\r\n");
}

TEST(ChunkDecoder, PutsChunksTogether) {
  EXPECT_EQ(gather({"a\r", "\nb", "", "\r\n", "..\r\n"}), (Gathered{"a\r\nb\r\n..\r\n", false}));
  EXPECT_EQ(gather({}), (Gathered{"", false}));
  EXPECT_EQ(gather({"", ""}), (Gathered{"", false}));
}

TEST(ChunkDecoder, EndsALineThatIsNotEnded_Cas4_4) {
  EXPECT_EQ(gather({"a\r\nb"}), (Gathered{"a\r\nb\r\n", false}));
  EXPECT_EQ(gather({"a", ""}), (Gathered{"a\r\n", false}));
}

TEST(ChunkDecoder, SaysMalformedOfBareCrLfAndNulAcrossBorders_Rfc5321_2_3_8) {
  const std::vector<std::vector<std::string_view>> faulty = {
      {"a\nb"}, {"a", "\n"}, {"\n"},     {"a\rb"}, {"a\r", "b"}, {"a\r", "\r\n"},
      {"a\r"},  {"a\r", ""}, {"a\0b"sv}, {"\0"sv}, {"a\r\r\n"},  {"a\r\n", "\n"}};
  for (const auto& chunks : faulty) EXPECT_TRUE(gather(chunks).malformed) << ::testing::PrintToString(chunks);
}

TEST(ChunkDecoder, HoldsACrAtTheEndOfAChunkBackUntilItIsKnown) {
  std::string text;
  ChunkDecoder decoder([&](std::string_view run) { text += run; });
  decoder.begin(2);
  (void)decoder.feed("a\r");
  EXPECT_FALSE(decoder.malformed());
  EXPECT_EQ(text, "a");
  decoder.begin(1);
  (void)decoder.feed("b");
  EXPECT_TRUE(decoder.malformed());
  EXPECT_EQ(text, "a");
}

TEST(ChunkDecoder, GivesNothingAfterAFault) {
  EXPECT_EQ(gather({"good\r\n", "bad\n", "more\r\n"}), (Gathered{"good\r\n", true}));
}

/// CAS §4.4: one message, whichever way it came and wherever it was cut.
TEST(ChunkDecoder, GivesTheMessageThatDataGivesInAnyChunking) {
  cas::testing::FakeRandom random(11);
  const std::string_view words[] = {".", "..", "\r\n", "a", "\r\n.", "\r\n.\r\n", "Subject: x\r\n", "\xc3\xa4"};
  for (int round = 0; round < 500; ++round) {
    std::string message;
    const std::size_t count = random.below(20);
    for (std::size_t n = 0; n < count; ++n) message += words[random.below(std::size(words))];
    const auto by_data = decode(encode(message), 1 + random.below(9));
    ASSERT_TRUE(by_data.finished && !by_data.malformed);
    std::vector<std::string_view> chunks;
    for (std::string_view rest = message; !rest.empty();) {
      chunks.push_back(rest.substr(0, random.below(12)));
      rest.remove_prefix(chunks.back().size());
    }
    const auto by_chunks = gather(chunks, 1 + random.below(9));
    ASSERT_EQ(by_chunks, (Gathered{by_data.text, false})) << ::testing::PrintToString(chunks);
  }
}

TEST(ChunkDecoder, FindsTheFaultsThatDataFindsInAnyChunking) {
  cas::testing::FakeRandom random(13);
  constexpr std::string_view alphabet = "\r\n\r\n\r\nab\0"sv;
  int faults = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string message;
    const std::size_t count = random.below(8);
    for (std::size_t n = 0; n < count; ++n) message += alphabet[random.below(alphabet.size() - (round % 2))];
    const auto by_data = decode(message + "\r\n.\r\n");  // no line begins with a dot: nothing is to be doubled
    std::vector<std::string_view> chunks;
    for (std::string_view rest = message; !rest.empty();) {
      chunks.push_back(rest.substr(0, random.below(4)));
      rest.remove_prefix(chunks.back().size());
    }
    ASSERT_EQ(gather(chunks).malformed, by_data.malformed) << ::testing::PrintToString(chunks);
    faults += by_data.malformed ? 1 : 0;
  }
  EXPECT_GT(faults, 500);
  EXPECT_LT(faults, 1900);
}

TEST(ChunkSkipper, DropsExactlyTheChunk) {
  ChunkSkipper skipper(5);
  EXPECT_EQ(skipper.feed("abc"), 3U);
  EXPECT_FALSE(skipper.finished());
  EXPECT_EQ(skipper.feed("deNOOP"), 2U);
  EXPECT_TRUE(skipper.finished());
  EXPECT_TRUE(ChunkSkipper(0).finished());
}

// ---- Out -----------------------------------------------------------------------------------------------------------

TEST(DataEncoder, DoublesLeadingDotsAndEnds) {
  EXPECT_EQ(encode(".a\r\nb\r\n..\r\n"), "..a\r\nb\r\n...\r\n.\r\n");
  EXPECT_EQ(encode(""), ".\r\n");
}

TEST(DataEncoder, EndsALineThatIsNotEnded) {
  EXPECT_EQ(encode("a"), "a\r\n.\r\n");
  EXPECT_EQ(encode("a\r"), "a\r\n.\r\n");
  EXPECT_EQ(encode("."), "..\r\n.\r\n");
}

TEST(DataEncoder, LetsNoBareCrOrLfOut_Rfc5321_2_3_8) {
  EXPECT_EQ(encode("a\n.\nb\r.\rc\r\n"), "a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n");
  EXPECT_EQ(encode("a\r\r\n"), "a\r\n\r\n.\r\n");
}

TEST(DataEncoder, IsUndoneByTheDecoderHoweverBothAreCut) {
  cas::testing::FakeRandom random(5);
  const std::string_view words[] = {".", "..", "\r\n", "a", "\r\n.", "\r\n.\r\n"};
  for (int round = 0; round < 300; ++round) {
    std::string message;
    for (int n = 0; n < 20; ++n) message += words[random.below(std::size(words))];
    message += "\r\n";
    const std::size_t piece = 1 + random.below(9);
    const auto decoded = decode(encode(message, piece), 1 + random.below(9));
    ASSERT_TRUE(decoded.finished && !decoded.malformed);
    ASSERT_EQ(decoded.text, message);
  }
}

}  // namespace
}  // namespace cas::smtp
