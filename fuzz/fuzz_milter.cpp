// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Packets of the milter protocol: a stream cut anywhere gives the same packets, and what is read writes itself so that
// the same is read again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "milter/packet.hpp"

namespace {

namespace milter = cas::milter;

std::vector<milter::Packet> packets_of(std::string_view stream, std::size_t piece) {
  milter::PacketReader reader;
  std::vector<milter::Packet> packets;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    reader.feed(stream.substr(at, piece));
    while (true) {
      const auto found = reader.next();
      if (!found) return packets;
      if (!*found) break;
      packets.push_back(**found);
    }
  }
  return packets;
}

void check(const milter::Packet& packet) {
  if (const auto command = milter::parse_command(packet)) {
    const auto again = milter::parse_command(milter::print(*command));
    if (!again || *again != *command) std::abort();
  }
  if (const auto reply = milter::parse_reply(packet)) {
    const auto again = milter::parse_reply(milter::print(*reply));
    if (!again || *again != *reply) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream(reinterpret_cast<const char*>(data), size);
  const auto packets = packets_of(stream, stream.size() + 1);
  if (packets != packets_of(stream, 1)) std::abort();
  for (const auto& packet : packets) check(packet);
  if (size > 0) check({.code = stream.front(), .data = std::string(stream.substr(1))});
  return 0;
}
