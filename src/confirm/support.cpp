// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// CAS §7.2, §7.3.
#include "confirm/support.hpp"

namespace cas::confirm {
namespace {

/// What reaches twice as far as it could was noted by a clock that was set back since.
bool in_force(const std::optional<UnixTime>& until, UnixTime now) {
  return until && now < *until && *until - now <= 2 * support_memory;
}

bool failed(const dns::Answer& answer) {
  return answer.status == dns::Status::Failed;
}

bool is_signed(const dns::Answer& answer) {
  return answer.secure && !failed(answer);
}

bool says(const dns::Answer& answer, Mode mode) {
  const auto record = find_discovery(answer);
  return record && record->mode == mode;
}

}  // namespace

Support learn(Support known, const dns::Answer& discovery, UnixTime now) {
  if (!is_signed(discovery)) return known;
  known.required.reset();
  if (says(discovery, Mode::Required)) known.required = now + support_memory;
  if (says(discovery, Mode::Off)) known.spoke.reset();
  return known;
}

Support learn_spoken(Support known, bool authenticated, UnixTime now) {
  if (authenticated) known.spoke = now + support_memory;
  return known;
}

bool is_missing(const Support& known, const dns::Answer& discovery, bool signed_zone, UnixTime now) {
  const Support now_known = learn(known, discovery, now);
  if (in_force(now_known.spoke, now) || in_force(now_known.required, now)) return true;
  return failed(discovery) && signed_zone;
}

bool requires_confirmation(const Support& known, const dns::Answer& discovery, UnixTime now) {
  return says(discovery, Mode::Required) || in_force(learn(known, discovery, now).required, now);
}

}  // namespace cas::confirm
