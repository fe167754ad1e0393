// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Milters, on both sides: the listener that MTAs ask, the domains whose MTA does.
#include <array>

#include "app/config_reader.hpp"

namespace cas::app {

namespace {

constexpr std::string_view unix_tag = "unix:";

void read_address(Section& section, ListenConfig& listen, const Config& config, Findings& findings) {
  const auto text = section.text("address");
  if (!text) {
    if (!section.has("address")) section.missing("address", "write address = \"127.0.0.1:8893\"");
    return;
  }
  if (text->value.starts_with(unix_tag)) {
    const ConfigText path{.value = text->value.substr(unix_tag.size()), .key = text->key};
    listen.socket = path_of(path, config, findings);
    listen.address = {.address = "unix", .port = 0};
    return;
  }
  auto endpoint = net::Endpoint::parse(text->value);
  if (!endpoint) {
    section.fail("address", in_quotes(text->value) + " is no address with a port",
                 "write \"127.0.0.1:8893\" or \"unix:/var/spool/postfix/cas/milter.sock\"");
    return;
  }
  // Whoever connects says whom mail comes from and who logged in, and is believed.
  if (!endpoint->is_local()) {
    section.fail("address", "can be reached from other machines, and whoever connects is believed",
                 "use \"127.0.0.1:" + std::to_string(endpoint->port) + "\" or a Unix socket");
  }
  listen.address = *std::move(endpoint);
}

}  // namespace

void read_milter_listener(Section& section, ListenConfig& listen, const Config& config, Findings& findings) {
  listen.tls = ListenTls::Off;
  read_address(section, listen, config, findings);
  read_listen_networks(section, listen, findings);
  for (const std::string_view key : {"proxy_from", "xclient_from"}) {
    if (section.has(key))
      section.fail(key, "belongs to a listener that speaks SMTP", "remove it: the MTA names the client");
  }
  // What programs of the MTA's own machine send.
  if (!section.has("trusted_networks")) {
    for (const std::string_view own : {"127.0.0.1", "::1"}) listen.trusted_networks.push_back(*IpNetwork::parse(own));
  }
}

void read_filter(Section section, Config& config, Findings& findings) {
  static constexpr std::array<std::string_view, 2> failures{"tempfail", "accept"};
  const std::string example = "write milter = \"127.0.0.1:11332\" or \"unix:/run/clamav/milter.sock\"";
  milter::FilterOptions filter;
  if (const auto text = section.text("milter")) {
    if (text->value.starts_with(unix_tag)) {
      const ConfigText path{.value = text->value.substr(unix_tag.size()), .key = text->key};
      filter.socket = path_of(path, config, findings);
    } else if (auto endpoint = net::Endpoint::parse(text->value); endpoint && endpoint->port != 0) {
      filter.address = *std::move(endpoint);
    } else {
      section.fail("milter", in_quotes(text->value) + " is no address with a port", example);
    }
  } else if (!section.has("milter")) {
    section.missing("milter", example);
  }
  if (const auto index = section.choice("on_failure", failures)) filter.accept_on_failure = *index == 1;
  if (const auto wanted = section.boolean("submissions")) filter.submissions = *wanted;
  // Before the client gives up waiting for its reply (RFC 5321 §4.5.3.2.6: 10 minutes).
  if (const auto time = section.duration("timeout", std::chrono::seconds{1}, std::chrono::minutes{5})) {
    filter.timeout = *time;
  }
  section.finish();
  config.filters.push_back(std::move(filter));
}

void check_milter_domain(Section& section, const DomainConfig& domain) {
  if (domain.screener == policy::Screening::Hold) {
    section.fail("screener", "is \"hold\", and there is no folder to hold mail in: the MTA delivers",
                 "use \"defer\", or \"off\"");
  }
}

}  // namespace cas::app
