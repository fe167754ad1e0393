// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas dns check` and `cas dns zone`: whom to look at, the looking, the words.
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "app/site.hpp"
#include "base/encoding.hpp"
#include "cmd/dns.hpp"
#include "cmd/perform.hpp"
#include "cmd/resolver_options.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"
#include "setup/zone_text.hpp"

namespace cas::cmd {

namespace {

struct Target {
  setup::Site site;
  bool own = true;
  bool sender_only = false;  // --from: what others say of mail from there
};

struct Plan {
  std::optional<app::Config> config;
  std::vector<Target> targets;
  outbound::SurveyOptions survey;
};

std::unexpected<Refusal> refuse(int code, std::string text) {
  return std::unexpected(Refusal{code, std::move(text)});
}

/// None: there is no default one, and none was named.
Or<std::optional<app::Config>> load(const DnsOptions& options) {
  std::error_code fault;
  if (!options.config && !std::filesystem::exists(default_config, fault)) return std::nullopt;
  auto config = app::load_config(options.config.value_or(default_config));
  if (config) return *std::move(config);
  std::string text;
  for (const auto& error : config.error()) text += (text.empty() ? "" : "\n") + error.text();
  return refuse(EX_CONFIG, text);
}

Or<Domain> domain_of(std::string_view text) {
  auto domain = Domain::parse(text);
  if (domain) return *std::move(domain);
  return refuse(EX_USAGE, "\"" + printable(text, 80) + "\" is no domain name; write one like north.example");
}

const app::DomainConfig* find(const std::optional<app::Config>& config, const Domain& domain) {
  if (!config) return nullptr;
  const auto found = std::ranges::find(config->domains, domain, &app::DomainConfig::name);
  return found == config->domains.end() ? nullptr : &*found;
}

Domain own_name(const std::optional<app::Config>& config) {
  if (config) return config->host;
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) == 0) {
    if (auto host = Domain::parse(name)) return *std::move(host);
  }
  return Domain::parse("localhost").value();
}

Target target_of(const Plan& plan, const Domain& domain) {
  const auto* own = find(plan.config, domain);
  if (own != nullptr) return {.site = app::site_of(*plan.config, *own)};
  return {.site = {.domain = domain, .host = own_name(plan.config)}, .own = false};
}

Or<void> add_sender(const DnsOptions& options, Plan& plan) {
  if (options.from.empty()) return {};
  CAS_TRY(const Domain from, domain_of(options.from));
  if (find(plan.config, from) == nullptr) {
    return refuse(EX_USAGE, "--from: " + from.text() + " is no domain of the configuration");
  }
  auto target = target_of(plan, from);
  target.sender_only = true;
  plan.targets.push_back(std::move(target));
  return {};
}

Or<Plan> plan_of(const DnsOptions& options) {
  Plan plan;
  CAS_TRY(plan.config, load(options));
  if (options.domains.empty() && !plan.config) {
    return refuse(EX_USAGE, "name a domain, or with --config a configuration file whose domains are to be checked");
  }
  if (plan.config) plan.survey = app::survey_options_of(*plan.config);
  plan.survey.probe.helo = own_name(plan.config).text();
  plan.survey.ask_servers = !options.dns_only;
  if (!options.resolver.empty()) plan.survey.validates = false;  // it is believed as it is
  CAS_CHECK(add_sender(options, plan));
  for (const auto& text : options.domains) {
    CAS_TRY(const Domain domain, domain_of(text));
    plan.targets.push_back(target_of(plan, domain));
  }
  if (!options.domains.empty()) return plan;
  for (const auto& domain : plan.config->domains) plan.targets.push_back(target_of(plan, domain.name));
  return plan;
}

/// What receivers look at of mail from a domain.
bool is_of_sender(const setup::Finding& finding) {
  constexpr std::string_view kinds[] = {"spf", "dkim", "dmarc", "ptr", "host", "dnssec.bogus", "domain"};
  return std::ranges::any_of(kinds, [&](std::string_view kind) {
    return finding.id == kind || finding.id.starts_with(std::string(kind) + ".");
  });
}

net::Task<void> look(const Plan& plan, net::Resolver& resolver, net::TlsContext tls, std::vector<DnsReport>& reports) {
  for (const auto& target : plan.targets) {
    auto options = plan.survey;
    if (target.sender_only) options.ask_servers = false;
    auto surveyed = co_await outbound::survey(resolver, tls, std::move(options), target.site, target.own, std::nullopt,
                                              to_unix(net::SystemClock().now()));
    DnsReport report{.domain = target.site.domain.text(), .own = target.own, .findings = std::move(surveyed.findings)};
    if (target.sender_only) std::erase_if(report.findings, [](const auto& one) { return !is_of_sender(one); });
    reports.push_back(std::move(report));
  }
}

bool wants_colours() {
  return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

Or<int> check(const DnsOptions& options) {
  CAS_TRY(const Plan plan, plan_of(options));
  CAS_TRY(const auto resolver, make_resolver(options.resolver, options.config));
  net::ClientTls trust;
  if (plan.config) trust.ca_file = plan.config->outbound.ca_file;
  const auto tls = net::TlsContext::client(trust);
  if (!tls) return refuse(EX_CONFIG, printable(tls.error().private_reason));
  std::vector<DnsReport> reports;
  const auto fault = perform([&] { return look(plan, *resolver, *tls, reports); });
  if (fault) return refuse(EX_SOFTWARE, "internal error: " + printable(*fault));
  std::string text;
  if (options.json) text = dns_json(reports);
  for (const auto& report : reports) {
    if (!options.json) text += (text.empty() ? "" : "\n") + dns_text(report, options.all, wants_colours());
  }
  if (!print(text)) return refuse(EX_IOERR, "standard output cannot be written");
  return dns_status(reports);
}

Or<int> zone(const DnsOptions& options) {
  CAS_TRY(const Plan plan, plan_of(options));
  std::string text;
  for (const auto& target : plan.targets) {
    if (!target.own) return refuse(EX_USAGE, target.site.domain.text() + " is no domain of the configuration");
    text += (text.empty() ? "" : "\n") + setup::zone_text(target.site);
  }
  if (!print(text)) return refuse(EX_IOERR, "standard output cannot be written");
  return EX_OK;
}

int ended(const Or<int>& status) {
  return status ? *status : complain(status.error().code, status.error().text);
}

}  // namespace

int check_dns(const DnsOptions& options) {
  return ended(check(options));
}

int print_zone(const DnsOptions& options) {
  return ended(zone(options));
}

}  // namespace cas::cmd
