// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Answers of before, in front of libunbound. It has a cache of its own, but on another thread: there and back costs a
// dozen times what the rest of a look-up does.
#pragma once

#include <chrono>
#include <map>
#include <optional>

#include "base/generations.hpp"
#include "base/guarded.hpp"
#include "dns/record.hpp"

namespace cas::net {

/// Thread-safe. Holds the answers used last, each until its time to live is over; no failures, and none that are larger
/// than `max_octets`.
class AnswerCache {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::size_t max_octets = 2048;

  explicit AnswerCache(std::size_t capacity = 4096) : entries_(Generations<Table>(capacity)) {}

  /// With the time that is left to it.
  [[nodiscard]] std::optional<dns::Answer> find(const dns::Question& question, Time now);
  void keep(const dns::Question& question, const dns::Answer& answer, Time now);

 private:
  struct Entry {
    dns::Answer answer;
    Time until;
  };
  using Table = std::map<dns::Question, Entry>;
  Guarded<Generations<Table>> entries_;
};

}  // namespace cas::net
