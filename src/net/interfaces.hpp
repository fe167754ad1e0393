// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The addresses of this machine.
#pragma once

#include <vector>

#include "base/ip_address.hpp"

namespace cas::net {

/// Those of interfaces that are up, loopback and link-local ones too. Sorted.
[[nodiscard]] std::vector<IpAddress> interface_addresses();

/// Of these, those by which others could reach it: not private, not loopback, not link-local.
/// None behind a router that translates addresses.
[[nodiscard]] std::vector<IpAddress> public_addresses();

}  // namespace cas::net
