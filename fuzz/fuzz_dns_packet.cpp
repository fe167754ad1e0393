// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DNS packets: nothing beyond their end is read, and every record found lies within.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "dns/packet.hpp"

namespace {

using namespace cas;

void check(const std::vector<std::uint8_t>& packet) {
  const auto found = dns::answers_in_packet(packet, dns::Type::TXT);
  if (!found) return;
  std::size_t octets = 12 + 5;  // header and the shortest question
  for (const auto rdata : *found) {
    octets += 11 + rdata.size();
    if (rdata.data() < packet.data() || rdata.data() + rdata.size() > packet.data() + packet.size()) std::abort();
  }
  if (octets > packet.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check({data, data + size});
  std::vector<std::uint8_t> answer{0, 0, 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0, 1, 'a', 0, 0, 16, 0, 1};
  answer.insert(answer.end(), data, data + size);
  check(answer);
  return 0;
}
