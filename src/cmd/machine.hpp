// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What this machine says of itself: addresses, name, who listens on which port. Nothing is sent anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "base/ip_address.hpp"
#include "setup/doctor.hpp"

namespace cas::cmd {

/// By which this machine is reached from its network, private ones too: neither loopback nor link-local.
[[nodiscard]] std::vector<IpAddress> outer_addresses();
[[nodiscard]] bool has_ipv6();
/// As complete as the system knows it; "" where it has none.
[[nodiscard]] std::string own_host_name();

/// Who holds each of these places. `own`: the process that is our running server; 0: none is known to run.
[[nodiscard]] std::vector<setup::PortFacts> holders_of(const std::vector<net::Endpoint>& places, std::int64_t own);

/// "cas", as the kernel names a process; "" when it is gone.
[[nodiscard]] std::string program_of(std::int64_t pid);

}  // namespace cas::cmd
