// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Finds out all that the judge of a domain's records wants to know (setup/check.hpp): asks the DNS, its MX hosts and
// its web server, within bounds of time and number.
#pragma once

#include <optional>
#include <vector>

#include "net/resolver.hpp"
#include "net/tls.hpp"
#include "outbound/server_probe.hpp"
#include "setup/check.hpp"

namespace cas::outbound {

struct SurveyOptions {
  ProbeOptions probe;
  std::uint16_t web_port = 443;
  std::chrono::milliseconds web_timeout{20000};
  bool ask_servers = true;  // false: the DNS alone
  bool validates = true;    // the resolver does (Facts::validates)
};

struct Surveyed {
  std::vector<setup::Finding> findings;
  std::optional<setup::StsBefore> sts;  // for the next survey
};

/// Of a domain of ours (`own`), or of somebody else's. `before`: what an earlier survey saw. `resolver` outlives the
/// task. The MX hosts are asked beside each other; a minute and a half is the longest that it can take.
[[nodiscard]] net::Task<Surveyed> survey(net::Resolver& resolver, net::TlsContext tls, SurveyOptions options,
                                         setup::Site site, bool own, std::optional<setup::StsBefore> before,
                                         UnixTime now);

}  // namespace cas::outbound
