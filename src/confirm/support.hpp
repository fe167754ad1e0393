// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a sender keeps in mind about a recipient domain, so that nobody on the path can make it forget that the domain
// speaks CAS (CAS §7.3). Pure: what was seen is handed in.
#pragma once

#include <optional>

#include "base/time.hpp"
#include "confirm/discovery.hpp"

namespace cas::confirm {

inline constexpr std::chrono::hours support_memory{7 * 24};
/// How long mail waits where CAS is suddenly missing, and with Fallback::Hold (CAS §9.6); since the message arrived.
inline constexpr std::chrono::hours longest_hold{4};

/// Until when each is in force; none: not known.
struct Support {
  std::optional<UnixTime> spoke;     // over authenticated TLS
  std::optional<UnixTime> required;  // in a signed zone
  bool operator==(const Support&) const = default;
};

/// After an answer about _cas of the domain. Only an answer that DNSSEC vouches for changes anything: m=required is
/// known from now on, any other mode or absence is no requirement, and m=off means that it no longer speaks CAS.
[[nodiscard]] Support learn(Support known, const dns::Answer& discovery, UnixTime now);
/// After a session in which the server offered CAS.
[[nodiscard]] Support learn_spoken(Support known, bool authenticated, UnixTime now);

/// Whether a server without CAS is a surprise: hold, and try the others first. An answer that failed is not absence
/// (CAS §7.2): what was known stays in force; where nothing was, it counts in a signed zone alone, since elsewhere who
/// can make it fail could have forged it.
[[nodiscard]] bool is_missing(const Support& known, const dns::Answer& discovery, bool signed_zone, UnixTime now);

/// Whether the domain is known to refuse what is not confirmed: then a CONFIRM that fails by our fault waits, and the
/// fallback is not asked (CAS §9.3).
[[nodiscard]] bool requires_confirmation(const Support& known, const dns::Answer& discovery, UnixTime now);

}  // namespace cas::confirm
