// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A TLSRPT report as it leaves (RFC 8460 §4.4, §5.3): JSON, gzip, mail. Pure.
#pragma once

#include <string>

#include "base/time.hpp"
#include "message/address.hpp"
#include "tlspolicy/tlsrpt.hpp"

namespace cas::outbound {

struct TlsReport {
  std::string domain;  // about whom
  const tlspolicy::DomainCounters& counters;
  std::chrono::sys_days day;  // UTC
  Mailbox from;
  std::string id;  // letters and digits
  [[nodiscard]] std::string submitter() const { return from.domain() ? from.domain()->text() : std::string(); }
};

[[nodiscard]] std::string report_json(const TlsReport& report);
/// Transient error: out of memory.
[[nodiscard]] Result<std::string> gzip(std::string_view text);
/// The whole message, CRLF line ends. It says "TLS-Required: No": a report about broken TLS must get there (RFC 8460
/// §5.3).
[[nodiscard]] std::string report_message(const TlsReport& report, const Mailbox& to, std::string_view zipped,
                                         UnixTime now);

}  // namespace cas::outbound
