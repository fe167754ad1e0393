// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How long a client may take for a message, and whether there is room to store one. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace cas::policy {

/// The time we waited for a message and what came of it: a start-up allowance, and after that no slower than a rate.
/// Only waiting counts, so that a slow disk of ours is not held against the client.
struct Pace {
  milliseconds waited{0};
  std::uint64_t octets = 0;

  /// What is left to wait, given the least rate in octets a second (0: any); not positive: too slow.
  [[nodiscard]] milliseconds left(milliseconds allowance, std::uint64_t least_rate) const {
    if (least_rate == 0) return allowance;
    // Capped far above any message, so that the product fits.
    const std::uint64_t counted = std::min(octets, std::uint64_t{1} << 50);
    return allowance + milliseconds(static_cast<std::int64_t>(counted * 1000 / least_rate)) - waited;
  }
};

/// A file system, as statvfs(3) sees it.
struct Space {
  std::uint64_t octets = 0;
  std::uint64_t inodes = 0;
  bool counts_inodes = true;  // some file systems have no fixed number
};

/// Room for a message of the size that was declared (RFC 1870 §6.1; 0: not declared), with `reserve` left.
[[nodiscard]] inline bool has_room(const Space& space, std::uint64_t declared, std::uint64_t reserve) {
  constexpr std::uint64_t least_inodes = 1000;
  if (space.counts_inodes && space.inodes < least_inodes) return false;
  return space.octets >= reserve && space.octets - reserve >= declared;
}

}  // namespace cas::policy
