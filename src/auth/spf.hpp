// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SPF (RFC 7208): may this host send for this domain? By replayed questions (dns/answers.hpp); no I/O.
//
// Domains are names of the DNS here, not mail domains: underscores and other odd octets are looked up as they are.
#pragma once

#include <optional>
#include <string>

#include "auth/spf_result.hpp"
#include "base/ip_address.hpp"
#include "base/time.hpp"
#include "dns/answers.hpp"

namespace cas::auth {

/// Who speaks, and for whom. Texts come as the client gave them.
struct SpfQuery {
  IpAddress ip;
  std::string helo;       // the argument of HELO or EHLO
  std::string mail_from;  // local@domain; empty, the null reverse-path: postmaster@HELO (§2.4)
  std::string receiver;   // our name, for %{r}
  UnixTime now;           // for %{t}
};

/// Which identity was checked (§2.3, §2.4): HELO where the reverse-path is null.
enum class SpfIdentity { Helo, MailFrom };

struct SpfOutcome {
  SpfResult result = SpfResult::None;
  SpfIdentity identity = SpfIdentity::MailFrom;
  std::string domain;       // that was checked, as the client wrote it
  std::string explanation;  // the domain owner's, only with Fail (§6.2); printable ASCII; show it as a stranger's words
  std::string reason;       // ours, for people: which record and term said so; what it quotes is printable
  // What decided. Empty where there is none: no record, no term that matched or is wrong.
  std::string record_domain;  // where the record stands
  std::string record;         // its text
  std::string term;           // "ip4:192.0.2.0/24", "-all"; of the outermost record where includes matched
};

/// check_host() of §4 with its limits: 10 terms that ask the DNS, 10 names for mx and ptr, 2 void look-ups; and ours: a
/// record of 8,192 octets. A check of HELO alone is a query without mail_from. No value while answers are missing; then
/// it asks for no more than ten names at once.
[[nodiscard]] std::optional<SpfOutcome> check_spf(const SpfQuery& query, dns::Answers& answers);

}  // namespace cas::auth
