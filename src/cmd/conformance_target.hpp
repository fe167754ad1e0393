// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The words of `cas conformance` made into what the checks need.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "cmd/commands.hpp"
#include "conformance/target.hpp"
#include "net/resolver.hpp"

namespace cas::cmd {

inline constexpr std::array address_types{dns::Type::A, dns::Type::AAAA};

struct HostAndPort {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  /// "192.0.2.1:25", "[2001:db8::1]:25"
  [[nodiscard]] std::string text() const;
};
/// "mx.example:25", "192.0.2.1:25", "[2001:db8::1]:25"; the port may be left out: 25.
[[nodiscard]] std::optional<HostAndPort> parse_host_and_port(std::string_view text);

/// Permanent error that names the option. Reads the keys; without a key file, or where it does not exist, makes one
/// (`made_key`), and writes it there.
[[nodiscard]] Result<conformance::Target> read_target(const ConformanceOptions& options, bool& made_key);

/// The servers of /etc/resolv.conf, unless `dns` names one.
[[nodiscard]] net::ResolverOptions resolver_options(const std::string& dns);

}  // namespace cas::cmd
