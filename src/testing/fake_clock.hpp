// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A clock that moves when told to.
#pragma once

#include <atomic>

#include "base/time.hpp"

namespace cas::testing {

/// Starts at the time of the protocol's example (CAS §A.1): 2026-11-23 19:00:00 UTC.
class FakeClock final : public Clock {
 public:
  FakeClock() = default;
  explicit FakeClock(TimePoint start) : now_(start) {}

  [[nodiscard]] TimePoint now() const override { return now_.load(); }
  void advance(milliseconds step) { now_.store(now_.load() + step); }
  void set(TimePoint now) { now_.store(now); }

 private:
  std::atomic<TimePoint> now_{TimePoint{seconds{1795460400}}};
};

}  // namespace cas::testing
