// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Time as values. Nothing below the WORLD reads a clock: it is handed a time, or a Clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace cas {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Wall-clock time in milliseconds since the Unix epoch: what is stored, logged and compared.
using TimePoint = std::chrono::sys_time<milliseconds>;
/// Wall-clock time in whole seconds: what the protocol writes (CAS §4.1: t, x).
using UnixTime = std::chrono::sys_seconds;

[[nodiscard]] inline UnixTime to_unix(TimePoint t) {
  return std::chrono::floor<seconds>(t);
}

/// Less than `span` ago. A time that is to come is not: a clock was set back, and what it kept is not waited for.
[[nodiscard]] inline bool is_within(TimePoint since, TimePoint now, milliseconds span) {
  return since <= now && now - since < span;
}

/// Source of the current time. It may jump: who only waits takes std::chrono::steady_clock. Implementations are safe to
/// call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const = 0;
};

}  // namespace cas
