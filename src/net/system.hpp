// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The real clock and the real randomness.
#pragma once

#include "base/random.hpp"
#include "base/time.hpp"

namespace cas::net {

class SystemClock : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override;
};

/// getrandom(2).
class SystemRandom : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace cas::net
