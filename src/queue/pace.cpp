// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See pace.hpp.
#include "queue/pace.hpp"

#include <algorithm>

namespace cas::queue {
namespace {

constexpr int slow_share = 12;  // a destination that asked for less rests a twelfth of the first rest
constexpr std::uint32_t longest_doubling = 20;

}  // namespace

Pace::Pace(PaceLimits limits) : limits_(limits) {
  limits_.most = std::max<std::size_t>(limits_.most, 1);
  limits_.initial = std::clamp<std::size_t>(limits_.initial, 1, limits_.most);
  window_ = limits_.initial;
}

std::optional<TimePoint> Pace::opens_at(TimePoint now) const {
  if (now >= not_before_) return std::nullopt;
  return not_before_;
}

void Pace::begun(TimePoint now) {
  ++in_flight_;
  if (limits_.per_minute == 0) return;
  not_before_ = std::max(now, not_before_) + milliseconds(60'000 / limits_.per_minute);
}

void Pace::ended(Feedback feedback, TimePoint now, std::uint64_t lot) {
  if (in_flight_ > 0) --in_flight_;
  switch (feedback) {
    case Feedback::Good:
      // After a failure the first success gives the initial window back, then one more for each.
      window_ = failures_ > 0 ? limits_.initial : std::min(window_ + 1, limits_.most);
      failures_ = 0;
      break;
    case Feedback::Slow:
      window_ = std::max<std::size_t>(1, window_ / 2);
      rest(limits_.first_rest / slow_share, now, lot);
      break;
    case Feedback::Unreachable:
      window_ = 1;
      if (now < not_before_ && failures_ > 0) break;  // others that ran beside the first one tell nothing new
      rest(std::min(limits_.longest_rest, limits_.first_rest * (1U << std::min(failures_, longest_doubling))), now,
           lot);
      ++failures_;
      break;
  }
}

void Pace::rest(milliseconds time, TimePoint now, std::uint64_t lot) {
  const milliseconds tenth = time / 10;
  const milliseconds spread(
      tenth.count() > 0 ? static_cast<std::int64_t>(lot % static_cast<std::uint64_t>(tenth.count())) : 0);
  not_before_ = std::max(not_before_, now + time + spread);
}

}  // namespace cas::queue
