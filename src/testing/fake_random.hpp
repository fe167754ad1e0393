// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Randomness that repeats itself: the same seed gives the same octets, on every machine.
#pragma once

#include <cstdint>
#include <span>

#include "base/guarded.hpp"
#include "base/random.hpp"

namespace cas::testing {

/// SplitMix64. Not for anything but tests.
class FakeRandom final : public Random {
 public:
  explicit FakeRandom(std::uint64_t seed = 1) : state_(seed) {}

  void fill(std::span<std::uint8_t> out) override {
    for (auto& octet : out) octet = static_cast<std::uint8_t>(next());
  }
  std::uint64_t next() {
    return state_.with([](std::uint64_t& state) {
      state += 0x9e3779b97f4a7c15U;
      std::uint64_t z = state;
      z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27U)) * 0x94d049bb133111ebU;
      return z ^ (z >> 31U);
    });
  }
  /// 0 to bound - 1.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  Guarded<std::uint64_t> state_;
};

}  // namespace cas::testing
