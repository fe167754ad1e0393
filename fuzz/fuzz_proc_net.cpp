// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// /proc/net/tcp: whatever it says, what is found is bounded, has an address of one of the two families, and a file of
// one line more holds no less.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/shell_text.hpp"
#include "setup/machine.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "0123456789ABCDEF:: \n0A";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check(const std::string& text) {
  const auto found = setup::listening_in(text);
  require(found.size() <= text.size());
  for (const auto& one : found) {
    require(IpAddress::parse(one.address.text()).has_value());
    require(setup::is_in_the_way(one, one.address, one.port));
  }
  const auto more = setup::listening_in(text + "\n 1: 0100007F:0019 0:0 0A 0:0 0:0 0 0 0 7\n");
  require(more.size() == found.size() + 1 || found.size() == 10000);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  const auto word = shell_word(text);
  require(!word.empty());
  return 0;
}
