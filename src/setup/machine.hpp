// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a machine says of itself, judged: its addresses, its name, who listens on it. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"

namespace cas::setup {

/// Whether hosts elsewhere on the Internet can reach it (RFC 6890): not private, shared, link-local, loopback, ULA,
/// documentation and the like.
[[nodiscard]] bool is_global(const IpAddress& address);

/// Whether a host name may stand in an MX record: at least two labels, and none of the endings that only a local
/// network knows (localhost, .local, .localdomain, .internal, .lan, .home.arpa ...).
[[nodiscard]] bool is_public_name(std::string_view name);

/// A listening TCP socket.
struct Listening {
  IpAddress address;  // 0.0.0.0 and ::: all
  std::uint16_t port = 0;
  std::uint64_t inode = 0;  // by which /proc/PID/fd names it
};

/// Of /proc/net/tcp and tcp6 (proc(5)); lines that cannot be understood are passed over. 10,000 at most.
[[nodiscard]] std::vector<Listening> listening_in(std::string_view proc_net_tcp);

/// Whether a server that binds `address` and `port` finds `held` in its way. A socket on :: may hold IPv4 too.
[[nodiscard]] bool is_in_the_way(const Listening& held, const IpAddress& address, std::uint16_t port);

}  // namespace cas::setup
