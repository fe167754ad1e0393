// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Randomness as something one is handed. The real source stands in net/system.hpp.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace cas {

/// Source of cryptographically strong random octets. Implementations are safe to call from any thread and never fail
/// (they end the process rather than return weak octets).
class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

/// Any 64 bits.
[[nodiscard]] inline std::uint64_t draw(Random& random) {
  std::array<std::uint8_t, 8> octets{};
  random.fill(octets);
  std::uint64_t drawn = 0;
  for (const std::uint8_t octet : octets) drawn = drawn << 8 | octet;
  return drawn;
}

}  // namespace cas
