// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A checksum against disks, not against people.
#pragma once

#include <cstdint>
#include <string_view>

namespace cas::store {

/// 64 bits over any octets; the same on every machine. Octets that differ within one aligned word of eight always have
/// another sum; others have the same by a chance of 2^-64. It is written into databases: never change it.
[[nodiscard]] std::uint64_t checksum(std::string_view octets);

}  // namespace cas::store
