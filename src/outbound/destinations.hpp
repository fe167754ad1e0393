// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the administrator wants for mail to some domains: the fallback, and the pace of the queue. Values.
#pragma once

#include <optional>
#include <vector>

#include "confirm/sender.hpp"
#include "outbound/next_hop.hpp"
#include "queue/schedule.hpp"

namespace cas::outbound {

class DestinationRules {
 public:
  struct Rule {
    Domain domain;
    bool with_subdomains = false;  // what is below the domain, and not the domain itself
    std::optional<confirm::Fallback> fallback{};
    std::optional<std::size_t> concurrency{};
    std::optional<std::uint32_t> messages_per_minute{};
  };

  DestinationRules() = default;
  explicit DestinationRules(std::vector<Rule> rules) : rules_(std::move(rules)) {}

  /// The rule of the domain itself, else of the nearest domain above it; null: none.
  [[nodiscard]] const Rule* find(const Domain& domain) const;
  [[nodiscard]] std::optional<confirm::Fallback> fallback(const Domain& domain) const;

 private:
  std::vector<Rule> rules_;
};

/// Under which name the queue knows where mail for a domain goes (an address literal stands in brackets), and how fast:
/// the text of the next hop where one is configured, so that all that it takes shares its pace, at the usual limits;
/// otherwise the domain itself, with the limits of its rule.
[[nodiscard]] queue::ScheduleOptions::Destination describe(const std::string& domain, const Routes& routes,
                                                           const DestinationRules& rules,
                                                           const queue::PaceLimits& usual);

}  // namespace cas::outbound
