// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How often the store goes to the disk, with how much, and how long that takes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>

namespace cas::store {

/// One writes, anybody reads.
class CommitCounts {
 public:
  static constexpr std::array<double, 10> bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2};  // s

  struct Seen {
    std::array<std::uint64_t, bounds.size() + 1> commits{};  // by how long each took; the last: longer than any bound
    std::uint64_t writes = 0;                                // that they held: messages, outcomes and the like
    double seconds = 0;
  };

  /// A transaction with so many writes reached the disk; `took`: the syncs and the commit.
  void add(std::size_t writes, std::chrono::nanoseconds took) {
    const double seconds = std::chrono::duration<double>(took).count();
    std::size_t bound = 0;
    while (bound < bounds.size() && seconds > bounds.at(bound)) ++bound;
    commits_.at(bound).fetch_add(1, std::memory_order_relaxed);
    writes_.fetch_add(writes, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
  }
  [[nodiscard]] Seen seen() const {
    Seen seen;
    for (std::size_t n = 0; n < commits_.size(); ++n) seen.commits.at(n) = commits_.at(n).load();
    seen.writes = writes_.load();
    seen.seconds = static_cast<double>(nanoseconds_.load()) / 1e9;
    return seen;
  }

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> commits_{};
  std::atomic<std::uint64_t> writes_ = 0;
  std::atomic<std::uint64_t> nanoseconds_ = 0;
};

}  // namespace cas::store
