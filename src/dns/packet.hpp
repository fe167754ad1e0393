// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A reply of the DNS as it came over the wire (RFC 1035 §4.1).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "dns/record.hpp"

namespace cas::dns {

/// The RDATA of each record of that type in the answer section, whoever owns it; views into `packet`. For types whose
/// RDATA holds no names: those may be compressed. A permanent error for what is no whole answer with RCODE 0 to one
/// question of that type.
[[nodiscard]] Result<std::vector<std::span<const std::uint8_t>>> answers_in_packet(std::span<const std::uint8_t> packet,
                                                                                   Type type);

}  // namespace cas::dns
