// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is to be made: all of it, what is missing of it, or one more domain of a server that is set up.
#include <sysexits.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "cmd/init.hpp"

namespace cas::cmd {

namespace {

namespace fs = std::filesystem;

bool receives(const app::Config& config) {
  return std::ranges::any_of(config.listen, [](const auto& listen) { return listen.role == app::Role::Mx; });
}

setup::Role role_of(const app::Config& config, const app::DomainConfig& domain) {
  if (!domain.backend) return setup::Role::AllInOne;
  return receives(config) ? setup::Role::Gateway : setup::Role::Smarthost;
}

std::string deliver_text(const app::DomainConfig& domain) {
  if (!domain.backend) return {};
  return (domain.backend->lmtp ? "" : "smtp:") + domain.backend->text();
}

/// What a plan would have been that made this configuration, as far as records and words depend on it.
setup::Plan plan_of(const app::Config& config, const app::DomainConfig& like, Domain domain,
                    const setup::Layout& layout) {
  setup::Plan plan{.role = role_of(config, like),
                   .domain = std::move(domain),
                   .host = config.host,
                   .addresses = {},
                   .layout = layout,
                   .run_as = config.run_as,
                   .certificate = config.tls_certificate,
                   .key = config.tls_key,
                   .deliver = deliver_text(like)};
  plan.layout.state_dir = config.state_dir;
  for (const auto& listen : config.listen) {
    (listen.role == app::Role::Mx ? plan.mx_listeners : plan.submission_listeners).push_back(listen.address.text());
  }
  return plan;
}

/// What was asked for and is otherwise in the file.
Or<void> fits(const InitOptions& options, const setup::Plan& plan) {
  struct Answer {
    const char* option;
    std::string wanted, there;
  };
  const auto host = Domain::parse(options.host);
  const Answer answers[] = {{"--role", options.role, std::string(setup::to_string(plan.role))},
                            {"--host", host ? host->text() : options.host, plan.host.text()},
                            {"--deliver", options.deliver, plan.deliver}};
  for (const auto& [option, wanted, there] : answers) {
    if (wanted.empty() || wanted == there) continue;
    return leave(EX_CONFIG, shown(plan.layout.config_file) + " is there, with " + (there.empty() ? "nothing" : there) +
                                " for " + option + ", not " + printable(wanted) + ": change it there, or move it away");
  }
  return {};
}

fs::path file_of(const setup::Layout& layout, const Domain& domain) {
  return fs::path(layout.config_file).parent_path() / "conf.d" / (domain.text() + ".toml");
}

// ---- One more domain ----

/// What all domains of a server share is in its configuration, and nothing here would change it.
Or<void> asks_for_nothing_shared(const InitOptions& options, const setup::Plan& first) {
  const std::pair<const char*, bool> shared[] = {{"--address", !options.addresses.empty()},
                                                 {"--listen", !options.mx_listeners.empty()},
                                                 {"--submission", !options.submission_listeners.empty()},
                                                 {"--trust", !options.trusted.empty()},
                                                 {"--certificate", !options.certificate.empty()},
                                                 {"--resolver", !options.resolver.empty()},
                                                 {"--run-as", !options.run_as.empty()}};
  for (const auto& [option, given] : shared) {
    if (!given) continue;
    return leave(EX_USAGE, std::string(option) + " is for all domains of a server, and " +
                               shown(first.layout.config_file) + " is there: change it there");
  }
  const auto host = Domain::parse(options.host);
  if (options.host.empty() || (host && *host == first.host)) return {};
  return leave(EX_CONFIG, shown(first.layout.config_file) + " is there, with " + first.host.text() +
                              " for --host, not " + printable(options.host) + ": one server has one name");
}

Or<void> can_have_role(const app::Config& config, const setup::Plan& plan) {
  if (receives(config) == (plan.role != setup::Role::Smarthost)) return {};
  const std::string file = shown(plan.layout.config_file);
  return leave(EX_CONFIG, "--role: " + std::string(setup::to_string(plan.role)) +
                              (receives(config) ? " takes no mail from outside, and " + file + " has a listener for it"
                                                : " takes mail from outside, and " + file +
                                                      " has no [[listen]] with role = \"mx\": add one first"));
}

Or<Intended> begin_beside(const InitOptions& options, app::Config config, const Domain& domain,
                          const setup::Layout& layout) {
  const auto first = plan_of(config, config.domains.front(), domain, layout);
  if (auto own = asks_for_nothing_shared(options, first); !own) return std::unexpected(own.error());
  auto planned = plan_beside(options, first, domain);
  if (!planned) return std::unexpected(planned.error());
  if (auto role = can_have_role(config, planned->plan); !role) return std::unexpected(role.error());
  const auto file = file_of(layout, domain);
  if (is_there(file)) {
    return leave(EX_CONFIG, shown(file) + " is there and does not have " + domain.text() + ": move it away");
  }
  auto text = setup::domain_file_text(planned->plan);
  auto joined = app::read_config(layout.config_file, app::FileToBe{.path = file, .text = text});
  if (!joined)
    return leave(EX_CONFIG, "with this domain the configuration cannot be used:\n     " + lines_of(joined.error()));
  return Intended{.plan = std::move(planned->plan),
                  .config = *std::move(joined),
                  .file = file,
                  .text = std::move(text),
                  .password = std::move(planned->password)};
}

}  // namespace

bool is_there(const fs::path& path) {
  std::error_code fault;
  return fs::exists(fs::symlink_status(path, fault));
}

std::string shown(const fs::path& path) {
  return printable(path.string(), 1024);
}

std::string lines_of(const std::vector<app::ConfigError>& errors) {
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "\n     ") + error.text();
  return text;
}

Or<Intended> begin(const InitOptions& options, const Domain& domain, const setup::Layout& layout) {
  auto planned = make_plan(options, domain, layout);
  if (!planned) return std::unexpected(planned.error());
  auto text = setup::config_text(planned->plan);
  auto config = app::read_config(text, layout.config_file);
  if (!config) return leave(EX_USAGE, "these answers make no configuration:\n     " + lines_of(config.error()));
  return Intended{.plan = std::move(planned->plan),
                  .config = *std::move(config),
                  .file = layout.config_file,
                  .text = std::move(text),
                  .password = std::move(planned->password)};
}

Or<Intended> take_up(const InitOptions& options, const Domain& domain, const setup::Layout& layout) {
  auto config = app::read_config(fs::path(layout.config_file));
  if (!config) {
    return leave(EX_CONFIG, shown(layout.config_file) +
                                " is there and cannot be used. Mend it, or move it away:\n     " +
                                lines_of(config.error()));
  }
  const auto own = std::ranges::find(config->domains, domain, &app::DomainConfig::name);
  if (own == config->domains.end()) return begin_beside(options, *std::move(config), domain, layout);
  auto plan = plan_of(*config, *own, domain, layout);
  if (auto fitting = fits(options, plan); !fitting) return std::unexpected(fitting.error());
  const auto file = file_of(layout, domain);
  return Intended{.plan = std::move(plan),
                  .config = *std::move(config),
                  .file = is_there(file) ? file : fs::path(layout.config_file)};
}

}  // namespace cas::cmd
