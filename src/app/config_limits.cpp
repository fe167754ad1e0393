// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// [limits]: of a message, of a session, and of all sessions together.
#include "app/config_reader.hpp"

namespace cas::app {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <class T>
void assign(T& target, Section& section, std::string_view key, std::int64_t least, std::int64_t most) {
  if (const auto number = section.integer(key, least, most)) target = static_cast<T>(*number);
}

void assign(seconds& target, Section& section, std::string_view key, seconds least, seconds most) {
  if (const auto time = section.duration(key, least, most)) target = *time;
}

void read_session_limits(Section& section, smtp::Limits& limits) {
  // RFC 5321 §4.5.3.1.7: at least 64K octets; §4.5.3.1.8: at least 100 recipients.
  assign(limits.message, section, "message", 65536, std::int64_t{1} << 32);
  assign(limits.recipients, section, "recipients", 100, 100000);
  assign(limits.command_timeout, section, "command_timeout", seconds{1}, hours{1});
  assign(limits.busy_timeout, section, "busy_timeout", seconds{1}, hours{1});
  assign(limits.tls_timeout, section, "tls_timeout", seconds{1}, minutes{10});
  assign(limits.data_timeout, section, "data_timeout", seconds{1}, hours{1});
  assign(limits.data_rate, section, "data_rate", 0, std::int64_t{1} << 30);
  assign(limits.idle_commands, section, "idle_commands", 10, 1000000);
  assign(limits.session_timeout, section, "session_timeout", seconds{1}, hours{24});
}

void read_exempt(Section& section, policy::ConnectionLimits& limits, Findings& findings) {
  for (const auto& text : section.texts("exempt").value_or(std::vector<ConfigText>{})) {
    if (const auto network = policy::Network::parse(text.value)) {
      limits.exempt.push_back(*network);
    } else {
      findings.add_at(text.key, in_quotes(text.value) + " is no network",
                      "write an address or a prefix: \"192.0.2.1\", \"2001:db8::/32\"");
    }
  }
}

void read_conduct_limits(Section& section, policy::ConductLimits& limits) {
  constexpr std::int64_t most = std::int64_t{1} << 30;
  assign(limits.network_messages_per_hour, section, "network_messages_per_hour", 0, most);
  assign(limits.network_unknown_per_hour, section, "network_unknown_per_hour", 0, most);
  assign(limits.mailbox_messages_per_hour, section, "mailbox_messages_per_hour", 0, most);
  assign(limits.signer_unknown_per_day, section, "signer_unknown_per_day", 0, most);
  assign(limits.new_domain, section, "new_domain", seconds{0}, hours{90 * 24});
  assign(limits.new_domain_messages_per_day, section, "new_domain_messages_per_day", 0, most);
  assign(limits.new_domain_recipients_per_day, section, "new_domain_recipients_per_day", 0, most);
}

}  // namespace

void read_limits(Section section, Config& config, Findings& findings) {
  constexpr std::int64_t many = 1000000;
  read_session_limits(section, config.limits);
  auto& connections = config.load.connections;
  assign(connections.total, section, "connections", 10, many);
  assign(connections.per_client, section, "connections_per_client", 1, many);
  assign(connections.per_network, section, "connections_per_network", 1, many);
  assign(connections.per_minute, section, "connections_per_minute", 1, many);
  assign(connections.handshakes, section, "handshakes", 1, many);
  read_exempt(section, connections, findings);
  assign(config.load.confirms.per_minute, section, "confirms_per_minute", 0, std::int64_t{1} << 30);
  config.load.confirms.exempt = connections.exempt;
  config.load.conduct.exempt = connections.exempt;
  read_conduct_limits(section, config.load.conduct);
  assign(config.load.auth.per_network, section, "auth_failures_per_network", 0, many);
  assign(config.load.auth.per_account, section, "auth_failures_per_account", 0, many);
  config.load.auth.exempt = connections.exempt;
  if (connections.per_network < connections.per_client) {
    section.fail(section.has("connections_per_network") ? "connections_per_network" : "connections_per_client",
                 "a network may have fewer connections than one of its clients",
                 "make connections_per_network at least connections_per_client");
  }
  assign(config.load.users.messages_per_hour, section, "user_messages_per_hour", 0, std::int64_t{1} << 30);
  assign(config.load.users.recipients_per_hour, section, "user_recipients_per_hour", 0, std::int64_t{1} << 30);
  assign(config.load.memory, section, "memory", std::int64_t{16} << 20, std::int64_t{1} << 40);
  if (const auto octets = section.integer("min_free_disk", 0, std::int64_t{1} << 50)) {
    config.load.min_free_disk = static_cast<std::uint64_t>(*octets);
  }
  section.finish();
}

std::uint64_t Config::disk_reserve() const {
  constexpr std::uint64_t base = 100'000'000;
  return load.min_free_disk.value_or(limits.message + limits.message / 2 + base);
}

}  // namespace cas::app
