// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// [[destination]]: the fallback and the pace of mail to one domain.
#include <algorithm>
#include <array>

#include "app/config_reader.hpp"
#include "outbound/nearest.hpp"

namespace cas::app {

namespace {

using Rule = outbound::DestinationRules::Rule;

// What a configured server takes has one pace, whatever domain it is for.
bool goes_to_hop(const Config& config, const Rule& rule) {
  if (config.outbound.smarthost) return true;
  return std::ranges::any_of(config.outbound.transports, [&](const TransportConfig& transport) {
    if (transport.domain == rule.domain) return transport.with_subdomains == rule.with_subdomains;
    return transport.with_subdomains && rule.domain.is_within(transport.domain);
  });
}

void check_pace(Section& section, const Config& config, const Rule& rule) {
  if (!goes_to_hop(config, rule)) return;
  for (const std::string_view key : {"concurrency", "messages_per_minute"}) {
    if (!section.has(key)) continue;
    section.fail(key, "has no effect: mail for this domain goes to a configured server, with all else that it takes",
                 "remove it; outbound.concurrency_per_domain holds for that server");
  }
}

}  // namespace

void read_destination(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 3> fallbacks{"send", "hold", "bounce"};
  const auto pattern = read_domain_pattern(section, "b.example", findings);
  Rule rule{.domain = pattern ? pattern->domain : config.host, .with_subdomains = pattern && pattern->with_subdomains};
  if (const auto index = section.choice("fallback", fallbacks)) rule.fallback = static_cast<confirm::Fallback>(*index);
  if (const auto n = section.integer("concurrency", 1, 10000)) rule.concurrency = static_cast<std::size_t>(*n);
  if (const auto n = section.integer("messages_per_minute", 1, 60000)) {
    rule.messages_per_minute = static_cast<std::uint32_t>(*n);
  }
  section.finish();
  if (!pattern) return;
  auto& rules = config.outbound.destinations;
  const auto same = [&](const Rule& other) { return outbound::same_domains(other, rule); };
  if (std::ranges::any_of(rules, same)) {
    section.fail("domain", in_quotes(pattern->text) + " is configured twice", "merge the two [[destination]] tables");
  }
  check_pace(section, config, rule);
  rules.push_back(std::move(rule));
}

}  // namespace cas::app
