// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What SPF, DKIM, DMARC and ARC came to, in the words of Authentication-Results (RFC 8601 §2.7 and the registries that
// follow it).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/arc_validate.hpp"
#include "auth/authentication_results.hpp"
#include "auth/dkim_verify.hpp"
#include "auth/dmarc.hpp"
#include "auth/spf_result.hpp"

namespace cas::auth {

/// What was not checked stays empty and is not reported. Texts may be anybody's: format_authentication_results() makes
/// them harmless.
struct AuthenticationFindings {
  std::optional<SpfResult> spf;
  std::string spf_domain;    // that SPF spoke about
  bool null_sender = false;  // the reverse-path is "<>": that was the HELO name
  std::string spf_reason;
  std::vector<DkimOutcome> dkim;
  std::optional<DmarcOutcome> dmarc;
  std::optional<ArcOutcome> arc;
  std::string remote_ip;  // of the client; empty hides it (submission)
};

/// spf, each dkim (at most 20), dmarc, arc.
[[nodiscard]] std::vector<MethodResult> report_authentication(const AuthenticationFindings& findings);

}  // namespace cas::auth
