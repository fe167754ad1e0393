// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The discovery record (CAS §7.1): _cas.D TXT "v=CAS1; m=optional; e=host; p=all; rua=mailto:...".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dns/record.hpp"

namespace cas::confirm {

/// How a domain receives (m=), and what an unconfirmed message meets there.
enum class Mode { Off, Optional, Required };
enum class Promise { None, Some, All, Strict };

struct DiscoveryRecord {
  Mode mode = Mode::Optional;
  std::optional<Domain> endpoint;  // e=
  Promise promise = Promise::None;
  std::vector<std::string> rua;
};

[[nodiscard]] std::string discovery_name(const Domain& domain);
/// One record's text; none when it does not begin with v=CAS1 or is malformed, an unknown m= or p= included. Unknown
/// tags are ignored; m= is optional and p= none where absent; of rua= the first ten mailto: URIs are kept.
[[nodiscard]] std::optional<DiscoveryRecord> parse_discovery(std::string_view text);
/// The record of an answer; none when there is none or when there are several. Ask first whether the answer Failed:
/// that is not absence.
[[nodiscard]] std::optional<DiscoveryRecord> find_discovery(const dns::Answer& answer);
[[nodiscard]] std::string_view to_string(Mode mode);
[[nodiscard]] std::optional<Mode> parse_mode(std::string_view text);

}  // namespace cas::confirm
