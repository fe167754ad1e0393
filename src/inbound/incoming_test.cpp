// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message on its way in: the same result however it is cut, and every bound holds.
#include "inbound/incoming.hpp"

#include <gtest/gtest.h>

#include "smtp/data.hpp"
#include "testing/fake_random.hpp"

namespace cas::inbound {
namespace {

const std::string header =
    "Authentication-Results: mx.b.example; cas=pass\r\n"
    "From: Joe <joe@a.example>\r\nDate: Mon, 23 Nov 2026 19:00:00 +0000\r\nMessage-ID: <1@a.example>\r\n";

policy::BoundaryFacts boundary() {
  return {"mx.b.example", policy::Origin::Outside, UnixTime{seconds{1795460400}}, "x@mx.b.example"};
}

struct Outcome {
  std::string kept;
  confirm::MessageHashes hashes;
  std::optional<smtp::Reply> refusal;
  bool operator==(const Outcome&) const = default;
};

Outcome receive(std::string_view text, std::size_t piece, const smtp::Limits& limits = {}) {
  IncomingMessage message(boundary(), limits);
  Outcome outcome;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    message.add(text.substr(at, piece));
    while (message.chunk_ready()) outcome.kept += message.take_chunk();
  }
  outcome.refusal = message.finish();
  while (message.has_pending()) outcome.kept += message.take_chunk();
  outcome.hashes = message.facts().hashes;
  return outcome;
}

/// Fed by a decoder.
class DecodedMessage {
 public:
  smtp::DataDecoder::Sink sink() {
    return [this](std::string_view octets) { message_.add(octets); };
  }
  Outcome finish() {
    Outcome outcome;
    outcome.refusal = message_.finish();
    while (message_.has_pending()) outcome.kept += message_.take_chunk();
    outcome.hashes = message_.facts().hashes;
    return outcome;
  }

 private:
  IncomingMessage message_{boundary(), smtp::Limits{}};
};

TEST(Incoming, EveryCutGivesTheSameMessageAndHashes) {
  const std::string text = header + "\r\nHi.\r\n\r\nBody.  \r\n\r\n";
  const Outcome whole = receive(text, text.size());
  EXPECT_EQ(whole.kept, text.substr(text.find("From:")));
  EXPECT_FALSE(whole.refusal);
  for (std::size_t piece = 1; piece < text.size(); ++piece) EXPECT_EQ(receive(text, piece), whole) << piece;
}

TEST(Incoming, AMessageWithoutBodyOrWithoutHeaderIsAMessage) {
  EXPECT_EQ(receive(header, 7).kept, header.substr(header.find("From:")) + "\r\n");
  EXPECT_EQ(receive("\r\nonly a body\r\n", 3).kept, "\r\nonly a body\r\n");
}

TEST(Incoming, TooLargeIsRefusedAndNothingIsKept) {
  smtp::Limits limits;
  limits.message = 1000;
  const auto outcome = receive(header + "\r\n" + std::string(2000, 'x') + "\r\n", 100, limits);
  ASSERT_TRUE(outcome.refusal);
  EXPECT_EQ(outcome.refusal->code, 552);
}

TEST(Incoming, AHeaderWithoutEndDoesNotGrow) {
  smtp::Limits limits;
  limits.header = 1000;
  IncomingMessage message(boundary(), limits);
  for (int i = 0; i < 1000; ++i) message.add("X-Filler: " + std::string(100, 'x') + "\r\n");
  const auto refusal = message.finish();
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, 552);
  EXPECT_FALSE(message.has_pending());
}

TEST(Incoming, ALoopIsBroken) {
  std::string hops;
  for (std::size_t i = 0; i <= policy::max_hops; ++i)
    hops += "Received: from a by b; Mon, 23 Nov 2026 19:00:00 +0000\r\n";
  const auto refusal = receive(hops + header + "\r\nx\r\n", 100).refusal;
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->enhanced, (smtp::EnhancedCode{5, 4, 6}));
}

TEST(Incoming, ChunksAreBounded) {
  IncomingMessage message(boundary(), smtp::Limits{});
  message.add(header + "\r\n");
  message.add(std::string(3 * IncomingMessage::chunk_size, 'x'));
  while (message.chunk_ready()) EXPECT_LE(message.take_chunk().size(), IncomingMessage::chunk_size);
}

/// CAS §4.4: what a message is, and what is kept of it, does not depend on how it came.
TEST(Incoming, DataAndBdatInAnyChunkingGiveOneMessageAndOneDigest_Cas4_4) {
  cas::testing::FakeRandom random(17);
  const std::string_view words[] = {"\r\n", ".", "..", "word ", " \t", "\r\n.\r\n", "\r\n\r\n", "\xc3\xa4"};
  for (int round = 0; round < 100; ++round) {
    std::string text = random.below(10) == 0 ? std::string() : header;
    if (random.below(10) != 0) text += "\r\n";
    const std::size_t count = random.below(30);
    for (std::size_t n = 0; n < count; ++n) text += words[random.below(std::size(words))];

    DecodedMessage data;
    smtp::DataDecoder decoder(data.sink());
    std::string wire;
    smtp::DataEncoder encoder;
    encoder.encode(text, wire);
    encoder.finish(wire);
    ASSERT_EQ(decoder.feed(wire), wire.size());

    DecodedMessage bdat;
    smtp::ChunkDecoder chunks(bdat.sink());
    for (std::string_view rest = text; !rest.empty();) {
      const std::size_t octets = std::min<std::size_t>(random.below(20), rest.size());
      chunks.begin(octets);
      ASSERT_EQ(chunks.feed(rest), octets);
      rest.remove_prefix(octets);
    }
    chunks.end();
    ASSERT_FALSE(decoder.malformed() || chunks.malformed());
    ASSERT_EQ(bdat.finish(), data.finish()) << ::testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace cas::inbound
