// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas dns` with its options.
#include <memory>

#include "cmd/dns.hpp"
#include "cmd/line.hpp"

namespace cas::cmd {

namespace {

CLI::App* add(CLI::App& dns, Line& line, const char* name, const char* what, const std::shared_ptr<DnsOptions>& options,
              int (*act)(const DnsOptions&)) {
  auto* command = dns.add_subcommand(name, what);
  command->add_option("DOMAIN", options->domains, "which; all of the configuration when left out");
  command->add_option("--config", options->config, std::string("the configuration file [") + default_config + "]");
  command->callback([&line, options, act] { line.action = [options, act] { return act(*options); }; });
  return command;
}

}  // namespace

void add_dns_commands(CLI::App& app, Line& line) {
  auto* dns = app.add_subcommand("dns", "What domains must publish in the DNS, and what is wrong with what they do");
  dns->require_subcommand(1);

  const auto checking = std::make_shared<DnsOptions>();
  auto* check = add(*dns, line, "check", "What is there beside what should be, with the mend; 1: errors, 2: warnings",
                    checking, check_dns);
  check->add_option("--from", checking->from, "one of our domains: how does mail from there to DOMAIN go?");
  check->add_option("--resolver", checking->resolver, "ask this DNS server alone: 192.0.2.53, 127.0.0.1:5353");
  check->add_flag("--dns-only", checking->dns_only, "connect to no mail server and no web server");
  check->add_flag("--all", checking->all, "notes and what is in order too");
  check->add_flag("--json", checking->json, "JSON, all of it");

  add(*dns, line, "zone", "The records to publish, as lines of a zone file", std::make_shared<DnsOptions>(),
      print_zone);

  const auto watching = std::make_shared<DnsWatchOptions>();
  auto* watch = add_asking(*dns, line, "watch", "What the server's daily check found", watching, show_dns_watch);
  watch->add_flag("--now", watching->now, "have it made now");
}

}  // namespace cas::cmd
