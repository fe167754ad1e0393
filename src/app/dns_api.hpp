// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The daily check of own domains over the admin API:
//
//   GET  /v1/dns          when it was made last, and what was found then
//   POST /v1/dns/check    to be made soon
#pragma once

#include <boost/json.hpp>

#include "http/message.hpp"
#include "outbound/dns_watch.hpp"

namespace cas::app {

[[nodiscard]] bool is_dns_path(std::string_view path);
/// `watch` null: it is off.
[[nodiscard]] net::Task<http::Response> answer_dns(http::Request request, outbound::DnsWatch* watch);

/// By severity; none before the first check.
[[nodiscard]] std::map<std::string_view, std::size_t> finding_counts(const setup::WatchMemory& memory);

/// As `cas dns check --json` and others write it; texts printable.
[[nodiscard]] boost::json::object finding_json(const setup::Finding& finding);

}  // namespace cas::app
