// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How fast one destination is given mail: attempts at once, which grow while they go well and shrink when it asks for
// less; a rate; a rest when none of its servers can be used, which doubles and ends with one attempt alone. Pure; not
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace cas::queue {

struct PaceLimits {
  std::size_t initial = 5;  // attempts at once, before anything is known
  std::size_t most = 20;
  std::uint32_t per_minute = 0;  // attempts begun; 0: as many as can be
  milliseconds first_rest{60'000};
  milliseconds longest_rest{3'600'000};
};

/// What an attempt says about its destination as a whole.
enum class Feedback : std::uint8_t {
  Good,         // it answered, whatever became of the recipients
  Slow,         // it asked for fewer connections or less mail
  Unreachable,  // no server of it could be used
};

class Pace {
 public:
  explicit Pace(PaceLimits limits);

  /// Whether an attempt may begin.
  [[nodiscard]] bool open(TimePoint now) const { return in_flight_ < window_ && now >= not_before_; }
  /// When it may by time alone, later than `now`; none: at once, or when one that runs has ended.
  [[nodiscard]] std::optional<TimePoint> opens_at(TimePoint now) const;
  [[nodiscard]] bool resting(TimePoint now) const { return failures_ > 0 && now < not_before_; }
  /// It failed, and has not been seen to work since.
  [[nodiscard]] bool failed() const { return failures_ > 0; }
  [[nodiscard]] std::size_t window() const { return window_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }

  void begun(TimePoint now);
  /// `lot` spreads rests: any number.
  void ended(Feedback feedback, TimePoint now, std::uint64_t lot);
  /// Somebody knows better: no rest.
  void wake() { not_before_ = TimePoint(); }
  /// Holds for attempts to come.
  void set_limits(PaceLimits limits) {
    limits_ = limits;
    window_ = std::min(window_, limits_.most);
  }

 private:
  void rest(milliseconds time, TimePoint now, std::uint64_t lot);

  PaceLimits limits_;
  std::size_t window_;
  std::size_t in_flight_ = 0;
  std::uint32_t failures_ = 0;
  TimePoint not_before_;
};

}  // namespace cas::queue
