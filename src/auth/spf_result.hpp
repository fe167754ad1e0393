// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What SPF says of a host that speaks for a domain (RFC 7208 §2.6).
#pragma once

#include <string_view>

namespace cas::auth {

enum class SpfResult { None, Neutral, Pass, Fail, SoftFail, TempError, PermError };

/// As RFC 8601 §2.7.2 spells it: "softfail".
[[nodiscard]] std::string_view to_string(SpfResult result);

}  // namespace cas::auth
