// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 5322 §3.3 date-time.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"

namespace cas {

/// "Mon, 23 Nov 2026 19:00:00 +0000", always UTC.
[[nodiscard]] std::string format_date(UnixTime time);
/// Understands comments, folding, missing day name and seconds, the obsolete zones and two- and three-digit years of
/// §4.3. A wrong day name is forgiven. Anything else is a permanent error.
[[nodiscard]] Result<UnixTime> parse_date(std::string_view text);

}  // namespace cas
