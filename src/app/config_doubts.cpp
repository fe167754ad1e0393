// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a configuration may say and hardly anybody means.
#include "app/config.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

using confirm::Fallback;

std::string_view word(Fallback fallback) {
  return fallback == Fallback::Bounce ? "bounce" : "hold";
}

/// The fallback holds for a configured server as for any other: one without CAS then takes nothing that is signed.
void doubt_fallback(const Config& config, const NextHopConfig& next_hop, Fallback fallback, const std::string& key,
                    std::vector<ConfigError>& doubts) {
  if (fallback == Fallback::Send) return;
  const bool at_once = fallback == Fallback::Bounce;
  doubts.push_back(config.error(
      key,
      "all signed mail that goes to " + next_hop.hop.text() + (at_once ? " comes back" : " comes back after 4 hours") +
          " unless that server speaks CAS, because the fallback is \"" + std::string(word(fallback)) + "\"",
      "write fallback = \"send\", unless you know that it does"));
}

}  // namespace

std::vector<ConfigError> doubts_of(const Config& config) {
  std::vector<ConfigError> doubts;
  const auto& outbound = config.outbound;
  if (outbound.smarthost) {
    doubt_fallback(config, *outbound.smarthost, outbound.fallback, "outbound.fallback", doubts);
  }
  const outbound::DestinationRules rules(outbound.destinations);
  for (const auto& transport : outbound.transports) {
    const auto fallback = rules.fallback(transport.domain).value_or(outbound.fallback);
    doubt_fallback(config, transport.next_hop, fallback, transport.next_hop.where + ".next_hop", doubts);
  }
  return doubts;
}

std::size_t other_files(const Config& config) {
  constexpr std::size_t base = 200;  // database, sockets, files of deliveries
  return base + config.outbound.concurrency;
}

std::optional<ConfigError> doubt_of_files(const Config& config, std::uint64_t files) {
  const std::uint64_t wanted = config.load.connections.total + other_files(config);
  if (files >= wanted) return std::nullopt;
  const auto fit = files > other_files(config) ? files - other_files(config) : 0;
  return config.error("limits.connections",
                      std::to_string(config.load.connections.total) + " do not fit: this process may open " +
                          std::to_string(files) + " files, " + std::to_string(wanted) + " are needed",
                      "give the server LimitNOFILE=" + std::to_string(wanted) +
                          " (systemd; elsewhere `ulimit -n`), or "
                          "make connections at most " +
                          std::to_string(fit));
}

}  // namespace cas::app
