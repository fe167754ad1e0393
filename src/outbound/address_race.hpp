// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which of a host's addresses is to be connected to, and when (RFC 8305 §5): one after the other, the next a short time
// after the one before it or as soon as that one has failed; the first that answers wins. Pure: the time is handed in.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>

#include "base/time.hpp"

namespace cas::outbound {

/// RFC 8305 §5: the recommended Connection Attempt Delay.
inline constexpr milliseconds connection_attempt_delay{250};

/// Addresses are numbered from 0, the best first.
class AddressRace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit AddressRace(std::size_t addresses, milliseconds delay = connection_attempt_delay)
      : addresses_(addresses), delay_(delay) {}

  /// The address to be connected to now. None: nothing is to be begun yet, or ever. Ask until there is none.
  [[nodiscard]] std::optional<std::size_t> start(Time now);
  /// When the next one begins, whatever happens until then; none: all have, or the race is over.
  [[nodiscard]] std::optional<Time> next_start() const;

  /// False once the race is over: what ends then says nothing about the address.
  bool failed(std::size_t address);
  /// True for the winner alone.
  bool connected(std::size_t address);

  /// One has connected, or all have failed.
  [[nodiscard]] bool over() const { return winner_ || failed_ == addresses_; }
  [[nodiscard]] std::optional<std::size_t> winner() const { return winner_; }

 private:
  std::size_t addresses_;
  milliseconds delay_;
  std::size_t started_ = 0;
  std::size_t failed_ = 0;
  Time next_ = Time::min();
  std::optional<std::size_t> winner_;
};

}  // namespace cas::outbound
