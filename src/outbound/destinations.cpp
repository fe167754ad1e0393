// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See destinations.hpp.
#include "outbound/destinations.hpp"

#include "outbound/nearest.hpp"

#include <algorithm>

namespace cas::outbound {

const DestinationRules::Rule* DestinationRules::find(const Domain& domain) const {
  return find_nearest(rules_, domain);
}

std::optional<confirm::Fallback> DestinationRules::fallback(const Domain& domain) const {
  const Rule* rule = find(domain);
  return rule == nullptr ? std::nullopt : rule->fallback;
}

queue::ScheduleOptions::Destination describe(const std::string& domain, const Routes& routes,
                                             const DestinationRules& rules, const queue::PaceLimits& usual) {
  queue::ScheduleOptions::Destination destination{.name = domain, .limits = usual};
  const auto name = Domain::parse(domain);
  const NextHop* hop = name ? routes.find(*name) : routes.smarthost();
  if (hop != nullptr) {
    destination.name = hop->text();
    return destination;
  }
  const auto* rule = name ? rules.find(*name) : nullptr;
  if (rule == nullptr) return destination;
  if (rule->concurrency) destination.limits.most = *rule->concurrency;
  if (rule->messages_per_minute) destination.limits.per_minute = *rule->messages_per_minute;
  return destination;
}

}  // namespace cas::outbound
