// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Times as people write them (RFC 3339), in UTC.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace cas {

/// "2026-12-31T00:00:00Z"
[[nodiscard]] std::string utc_text(UnixTime time);
/// The same; also "2026-12-31T00:00Z", and "2026-12-31", which is its first second. Years 1970 to 9999.
[[nodiscard]] std::optional<UnixTime> read_utc(std::string_view text);

}  // namespace cas
