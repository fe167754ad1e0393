// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One message by DATA and by BDAT, the chunks cut anywhere and the octets too: the same message and the same digest
// (CAS §4.4), the same verdict on bare CR, LF and NUL; and what is malformed leaves by DATA mended, never as it is.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "confirm/digest.hpp"
#include "crypto/hash.hpp"
#include "smtp/data.hpp"

namespace {

using namespace cas::smtp;

void require(bool condition) {
  if (!condition) std::abort();
}

/// Small numbers out of the input, for ever.
class Dice {
 public:
  explicit Dice(std::string_view seed) : seed_(seed) {}
  std::size_t next() { return seed_.empty() ? 1 : static_cast<std::uint8_t>(seed_[at_++ % seed_.size()]); }

 private:
  std::string_view seed_;
  std::size_t at_ = 0;
};

struct Taken {
  std::string text;
  bool malformed = false;
  cas::crypto::Sha256Digest body_hash{};
};

Taken by_data(std::string_view wire, Dice& dice) {
  Taken taken;
  cas::confirm::BodyHasher hash;
  DataDecoder decoder([&](std::string_view octets) {
    taken.text += octets;
    hash.update(octets);
  });
  while (!wire.empty()) {
    require(!decoder.finished());
    const std::string_view piece = wire.substr(0, 1 + dice.next() % 40);
    require(decoder.feed(piece) == piece.size());
    wire.remove_prefix(piece.size());
  }
  require(decoder.finished());
  taken.malformed = decoder.malformed();
  taken.body_hash = hash.finish();
  if (!taken.malformed) require(decoder.size() == taken.text.size());
  return taken;
}

void feed_chunk(ChunkDecoder& decoder, std::string_view chunk, Dice& dice) {
  decoder.begin(chunk.size());
  while (!chunk.empty()) {
    const std::string_view piece = chunk.substr(0, 1 + dice.next() % 40);
    require(!decoder.finished() && decoder.feed(piece) == piece.size());
    chunk.remove_prefix(piece.size());
  }
  require(decoder.finished() && decoder.feed("QUIT\r\n") == 0);
}

Taken by_chunks(std::string_view message, Dice& dice) {
  Taken taken;
  cas::confirm::BodyHasher hash;
  ChunkDecoder decoder([&](std::string_view octets) {
    taken.text += octets;
    hash.update(octets);
  });
  while (!message.empty()) {
    const std::string_view chunk = message.substr(0, dice.next() % 60);
    feed_chunk(decoder, chunk, dice);
    message.remove_prefix(chunk.size());
    if (!chunk.empty()) continue;
    feed_chunk(decoder, message.substr(0, 1), dice);  // an empty chunk was one of its own; go on
    message.remove_prefix(1);
  }
  decoder.end();
  taken.malformed = decoder.malformed();
  taken.body_hash = hash.finish();
  if (!taken.malformed) require(decoder.size() == taken.text.size());
  return taken;
}

/// Dots doubled and nothing mended: what a client may send that does not care (RFC 5321 §4.5.2).
std::string stuffed(std::string_view message) {
  std::string wire;
  for (std::size_t n = 0; n < message.size(); ++n) {
    const bool line_start = n == 0 || (n > 1 && message.substr(n - 2, 2) == "\r\n");
    if (line_start && message[n] == '.') wire += '.';
    wire += message[n];
  }
  if (!message.empty() && !message.ends_with("\r\n")) wire += "\r\n";
  return wire + ".\r\n";
}

std::string encoded(std::string_view message, Dice& dice) {
  DataEncoder encoder;
  std::string wire;
  while (!message.empty()) {
    const std::string_view piece = message.substr(0, 1 + dice.next() % 40);
    encoder.encode(piece, wire);
    message.remove_prefix(piece.size());
  }
  encoder.finish(wire);
  return wire;
}

}  // namespace

/// The first octet: how many octets of the rest decide where to cut; what follows them is the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t dice_octets = std::min<std::size_t>(data[0] % 16U, input.size());
  Dice dice(input.substr(0, dice_octets));
  const std::string_view message = input.substr(dice_octets);

  const Taken chunks = by_chunks(message, dice);
  const Taken raw = by_data(stuffed(message), dice);
  require(chunks.malformed == raw.malformed);
  const Taken mended = by_data(encoded(message, dice), dice);
  if (message.find('\0') == message.npos) require(!mended.malformed);
  if (chunks.malformed) return 0;
  require(chunks.text == raw.text && chunks.body_hash == raw.body_hash);
  require(chunks.text == mended.text && chunks.body_hash == mended.body_hash);
  require(chunks.text.starts_with(message));
  return 0;
}
