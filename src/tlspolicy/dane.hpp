// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DANE for SMTP (RFC 7672): which answers of the DNS bind a connection, and which TLSA records can be used.
#pragma once

#include <string>
#include <vector>

#include "dns/record.hpp"

namespace cas::tlspolicy {

/// What DANE says of one MX host.
enum class DaneStatus {
  Insecure,  // the DNS vouches for nothing (or DANE is off): DANE does not apply (RFC 7672 §2.2)
  Absent,    // securely no TLSA records (or not securely any): it does not apply either
  Usable,    // verify by `records`
  Unusable,  // securely records, none that can be used: TLS, of anybody (§2.2, §3.1)
  Failed,    // a bogus answer or none: the host must not be used now (§2.1.1)
};
struct Dane {
  DaneStatus status = DaneStatus::Insecure;
  std::vector<dns::Tlsa> records;  // the usable ones
};

/// RFC 7672 §3.1: only DANE-TA(2) and DANE-EE(3), selectors 0 and 1, matching types 0 to 2, a digest of the right
/// length.
[[nodiscard]] bool is_usable(const dns::Tlsa& record);
/// More records than these are passed over: a name with more is no mail host's.
inline constexpr std::size_t max_tlsa = 32;
[[nodiscard]] Dane judge_tlsa(const dns::Answer& answer);

/// Whether the TLSA records of a host may be asked for: the host came from a secure answer, and so did its addresses
/// (§2.2.1, §2.2.2). A failed answer for one family must not take away what the other says.
[[nodiscard]] bool may_ask_tlsa(bool secure_route, const dns::Answer& a, const dns::Answer& aaaa);
/// Whether these addresses leave open if the way is secure: a lookup failed, and what is known says nothing of it. The
/// host must not be used now (§2.2.2): an address that comes a moment later must not go without what binds it.
[[nodiscard]] bool is_way_unknown(const dns::Answer& a, const dns::Answer& aaaa);
/// "_25._tcp.mx.b.example" (§2.2.3)
[[nodiscard]] dns::Question tlsa_question(const std::string& host, std::uint16_t port);

/// "3 1 1 0123AB...": as reports quote it (RFC 8460 §4.4).
[[nodiscard]] std::string to_string(const dns::Tlsa& record);

}  // namespace cas::tlspolicy
