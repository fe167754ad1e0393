// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Address literals as text (RFC 5321 §4.1.3).
#pragma once

#include <string_view>

#include "message/address.hpp"

namespace cas {

/// What stands between the brackets: "192.0.2.1" or "IPv6:2001:db8::1" (the tag in any case), made canonical. Other
/// tags, zones and leading zeros are permanent errors.
[[nodiscard]] Result<AddressLiteral> parse_address_literal(std::string_view text);

}  // namespace cas
