// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas dns check`, `cas dns zone` and `cas dns watch`: what a domain must publish, what is wrong with what it does, and
// what the running server found.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cmd/commands.hpp"
#include "setup/finding.hpp"

namespace cas::cmd {

/// As given on the command line.
struct DnsOptions {
  std::optional<std::filesystem::path> config;  // none: the default one, where there is one
  std::vector<std::string> domains;             // none: all of the configuration
  std::string from;                             // a domain of ours that mail to the others comes from
  std::string resolver;
  bool all = false, json = false, dns_only = false;
};
/// 0: nothing is wrong; 1: an error; 2: warnings alone; 75: no error is known and the DNS did not say all. 64 and 78 as
/// elsewhere.
[[nodiscard]] int check_dns(const DnsOptions& options);
/// The zone fragment of each domain, to paste.
[[nodiscard]] int print_zone(const DnsOptions& options);

struct DnsWatchOptions {
  AdminOptions admin;
  bool now = false;
};
[[nodiscard]] int show_dns_watch(const DnsWatchOptions& options);

/// One domain that was checked.
struct DnsReport {
  std::string domain;
  bool own = true;
  std::vector<setup::Finding> findings;
};
/// The worst first. Without `all`: errors, what could not be found out, warnings; the rest is counted.
[[nodiscard]] std::string dns_text(const DnsReport& report, bool all, bool colours);
[[nodiscard]] std::string dns_json(std::span<const DnsReport> reports);
[[nodiscard]] int dns_status(std::span<const DnsReport> reports);

}  // namespace cas::cmd
