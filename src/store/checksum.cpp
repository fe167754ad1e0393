// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Four lanes of words, so that a processor works on four multiplications at once. Each step (xor with a word, times an
// odd number, rotated) is a bijection of its lane: a lane that saw another word never meets the old state again as long
// as the words behind it are the same.
#include "store/checksum.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace cas::store {
namespace {

constexpr std::uint64_t odd = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio
constexpr std::size_t word = sizeof(std::uint64_t);
constexpr std::size_t lanes = 4;

std::uint64_t word_at(const char* at) {
  std::uint64_t value = 0;
  std::memcpy(&value, at, word);
  return std::endian::native == std::endian::little ? value : std::byteswap(value);
}

std::uint64_t step(std::uint64_t lane, std::uint64_t value) {
  return std::rotl((lane ^ value) * odd, 29);
}

}  // namespace

std::uint64_t checksum(std::string_view octets) {
  std::array<std::uint64_t, lanes> state = {1, 2, 3, 4};
  std::uint64_t sum = octets.size();
  for (; octets.size() >= lanes * word; octets.remove_prefix(lanes * word)) {
    for (std::size_t n = 0; n < lanes; ++n) state[n] = step(state[n], word_at(octets.data() + n * word));
  }
  for (const auto lane : state) sum = step(sum, lane);
  while (!octets.empty()) {
    std::array<char, word> last{};
    const std::size_t size = std::min(octets.size(), word);
    std::memcpy(last.data(), octets.data(), size);
    sum = step(sum, word_at(last.data()));
    octets.remove_prefix(size);
  }
  sum ^= sum >> 32;
  return sum * odd;
}

}  // namespace cas::store
