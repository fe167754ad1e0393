// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where mail for a domain goes (RFC 5321 §5.1): MX hosts in order of preference, at random among equals; the domain
// itself without MX; nowhere with a null MX (RFC 7505).
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "base/random.hpp"
#include "dns/record.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"
#include "smtp/reply.hpp"

namespace cas::outbound {

/// Host names to try, best first; or the reply that says why there is none.
using Hosts = std::expected<std::vector<std::string>, smtp::Reply>;

/// What an MX answer means for a domain. Pure.
[[nodiscard]] Hosts judge_mx(const Domain& domain, const dns::Answer& answer, Random& random);

/// The addresses of a host, as texts, the families taking turns and IPv6 first (RFC 8305 §4). The reply says why there
/// is none.
using Addresses = std::expected<std::vector<std::string>, smtp::Reply>;
[[nodiscard]] Addresses judge_addresses(const std::string& host, const dns::Answer& a, const dns::Answer& aaaa);

[[nodiscard]] net::Task<Hosts> find_hosts(net::Resolver& resolver, Random& random, Domain domain);
[[nodiscard]] net::Task<Addresses> find_addresses(net::Resolver& resolver, std::string host);

}  // namespace cas::outbound
