// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What SPF makes of names and answers of the DNS. Internal to SPF.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "dns/record.hpp"

namespace cas::auth {

/// As it is asked for: lower case, without the final dot.
[[nodiscard]] std::string spf_dns_name(std::string_view domain);
/// A name that can be asked for: labels of 1 to 63 octets, 253 in all; any octets.
[[nodiscard]] bool is_spf_dns_name(std::string_view name);
/// One that can have an SPF record (RFC 7208 §4.3): has several labels, and is no address literal.
[[nodiscard]] bool is_spf_domain(std::string_view name);
/// `name` is `domain` or below it; both as spf_dns_name() gives them.
[[nodiscard]] bool is_name_within(std::string_view name, std::string_view domain);

/// The A and AAAA records of an answer.
[[nodiscard]] std::vector<IpAddress> addresses_in(const dns::Answer& answer);
/// The exchanges of an answer by preference, without the null MX (RFC 7505).
[[nodiscard]] std::vector<std::string> exchanges_in(const dns::Answer& answer);
[[nodiscard]] std::vector<std::string> names_in(const dns::Answer& answer);

}  // namespace cas::auth
