// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See quotas.hpp.
#include "policy/quotas.hpp"

namespace cas::policy {

namespace {

// An hour's worth at once, then as it comes back.
std::unique_ptr<Buckets> buckets_of(std::size_t per_hour) {
  if (per_hour == 0) return nullptr;
  const auto share = static_cast<double>(per_hour);
  return std::make_unique<Buckets>(BucketOptions{.per_minute = share / 60, .burst = share});
}

}  // namespace

void UserQuotas::set_limits(QuotaLimits limits) {
  state_.with([&](State& state) {
    if (state.limits == limits) return;
    state.limits = limits;
    state.messages = buckets_of(limits.messages_per_hour);
    state.recipients = buckets_of(limits.recipients_per_hour);
  });
}

bool UserQuotas::allow_message(const std::string& user, TimePoint now) {
  return state_.with([&](State& state) { return !state.messages || state.messages->take(user, now); });
}

bool UserQuotas::allow_recipient(const std::string& user, TimePoint now) {
  return state_.with([&](State& state) { return !state.recipients || state.recipients->take(user, now); });
}

std::size_t UserQuotas::size() const {
  return state_.with([](const State& state) {
    return (state.messages ? state.messages->size() : 0) + (state.recipients ? state.recipients->size() : 0);
  });
}

}  // namespace cas::policy
