// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to what works with it.
#include "app/live.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace cas::app {

bool is_backend_domain(const Config& config, const Domain& domain) {
  return std::ranges::any_of(config.domains,
                             [&](const DomainConfig& own) { return own.name == domain && own.backend.has_value(); });
}

namespace {

// A first rest that is short beside the first retry: what waits for the destination is not delayed by it.
queue::PaceLimits rests_of(const Config& config) {
  constexpr milliseconds longest_first{60'000};
  constexpr milliseconds shortest{100};
  queue::PaceLimits limits;
  limits.first_rest = std::clamp<milliseconds>(milliseconds(config.queue.first_retry) / 5, shortest, longest_first);
  limits.longest_rest = std::clamp<milliseconds>(config.queue.max_retry, limits.first_rest, std::chrono::hours(1));
  return limits;
}

}  // namespace

std::shared_ptr<const Paces> paces_of(const Config& config) {
  auto usual = rests_of(config);
  usual.most = config.outbound.concurrency_per_domain;
  return std::make_shared<const Paces>(
      Paces{.routes = routes_of(config, [](const NextHopConfig& configured) { return configured.hop; }),
            .rules = outbound::DestinationRules(config.outbound.destinations),
            .usual = usual});
}

queue::PaceLimits local_pace(const Config& config) {
  auto limits = rests_of(config);
  limits.initial = limits.most = queue::ScheduleOptions().local.most;
  // Whoever mends a server of his own does not want to wait for an hour.
  limits.longest_rest = std::clamp<milliseconds>(std::chrono::minutes(5), limits.first_rest, limits.longest_rest);
  return limits;
}

std::shared_ptr<const inbound::Directory> directory_of(const Config& config, Domains which) {
  std::vector<inbound::DomainSettings> domains;
  for (const auto& domain : config.domains) {
    if (domain.milter && which == Domains::ServedHere) continue;
    domains.push_back(inbound::DomainSettings{.name = domain.name,
                                              .mode = domain.mode,
                                              .authentication = domain.authentication,
                                              .screener = domain.screener,
                                              .observe = domain.observe,
                                              .elsewhere = domain.milter,
                                              .maildir = domain.maildir});
  }
  return std::make_shared<const inbound::Directory>(std::move(domains));
}

std::vector<registry::Account> accounts_of(const Config& config) {
  std::vector<registry::Account> accounts;
  for (const auto& user : config.users) {
    accounts.push_back({.name = user.name, .secret = {.password = user.password}, .send_as = user.send_as});
  }
  return accounts;
}

milter::ServerOptions milter_options(const Config& config, const ListenConfig& listen) {
  return {.limits = config.limits,
          .trusted_networks = listen.trusted_networks,
          .hold_quarantined = listen.hold_quarantined};
}

inbound::AcceptorOptions acceptor_options(const Live& live, const ListenConfig& listen) {
  const auto& config = live.config;
  const auto speaks = [](const DomainConfig& domain) { return domain.mode != confirm::Mode::Off; };
  const bool mx = listen.role == Role::Mx;
  inbound::AcceptorOptions options{
      .smtp = smtp::ServerOptions{.host = config.host,
                                  .limits = config.limits,
                                  .offer_starttls = listen.tls == ListenTls::StartTls,
                                  .offer_cas = mx && std::ranges::any_of(config.domains, speaks),
                                  .submission = !mx,
                                  .offer_requiretls = true},
      .tls = {},
      .implicit_tls = listen.tls == ListenTls::Implicit,
      .disk_reserve = config.disk_reserve(),
      .trusted_networks = listen.trusted_networks,
      .proxy_from = listen.proxy_from,
      .xclient_from = listen.xclient_from,
      .local_users = listen.local_users};
  if (listen.tls != ListenTls::Off) options.tls = live.keys.tls;
  return options;
}

std::vector<std::string> needs_restart(const Config& running, const Config& fresh) {
  const auto same_listener = [](const ListenConfig& a, const ListenConfig& b) {
    return a.address == b.address && a.role == b.role && a.tls == b.tls && a.socket == b.socket;
  };
  const auto same_dns = [](const net::ResolverOptions& a, const net::ResolverOptions& b) {
    return a.forwarders == b.forwarders && a.local_zones == b.local_zones && a.local_data == b.local_data &&
           a.trust_anchor_file == b.trust_anchor_file && a.timeout == b.timeout;
  };
  std::vector<std::string> keys;
  const auto compare = [&](bool same, std::string_view key) {
    if (!same) keys.emplace_back(key);
  };
  compare(running.host == fresh.host, "host");
  compare(running.state_dir == fresh.state_dir, "state_dir");
  compare(running.admin_socket == fresh.admin_socket, "admin_socket");
  compare(running.submission_socket == fresh.submission_socket, "submission_socket");
  compare(running.metrics.listen == fresh.metrics.listen, "metrics.listen");
  compare(running.run_as == fresh.run_as, "run_as");
  compare(running.threads == fresh.threads, "threads");
  compare(std::ranges::equal(running.listen, fresh.listen, same_listener), "listen");
  compare(same_dns(running.dns, fresh.dns) && running.dns_check == fresh.dns_check, "dns");
  compare(running.outbound.concurrency == fresh.outbound.concurrency, "outbound.concurrency");
  compare(running.outbound.idle_timeout == fresh.outbound.idle_timeout, "outbound.idle_timeout");
  compare(running.outbound.host_backoff == fresh.outbound.host_backoff, "outbound.host_backoff");
  compare(running.outbound.connection_messages == fresh.outbound.connection_messages, "outbound.connection_messages");
  compare(running.outbound.ca_file == fresh.outbound.ca_file, "outbound.ca_file");
  compare(running.tls_reports_from == fresh.tls_reports_from, "tls_reports");
  compare(running.queue == fresh.queue, "queue");
  compare(running.log.format == fresh.log.format, "log.format");
  return keys;
}

std::size_t connections_that_fit(const Config& config) {
  const std::size_t wanted = config.load.connections.total;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return wanted;
  const std::size_t others = other_files(config);
  const std::size_t fit = limit.rlim_cur > others ? limit.rlim_cur - others : 10;
  return std::min(wanted, fit);
}

}  // namespace cas::app
