// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A resolver for a command.
#include "cmd/resolver_options.hpp"

#include <sysexits.h>

#include "app/config.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

Or<net::ResolverOptions> options_of(const std::string& resolver, const std::optional<std::filesystem::path>& config) {
  if (!resolver.empty()) {
    net::ResolverOptions options;
    options.forwarders = {forwarder_of(resolver)};
    if (!app::is_forwarder(options.forwarders.front())) {
      return std::unexpected(Refusal{EX_USAGE, "--resolver: \"" + printable(resolver, 80) +
                                                   "\" is no address; write 192.0.2.53 or 127.0.0.1:5353"});
    }
    options.trust_anchor_file = "none";
    return options;
  }
  std::error_code fault;
  if (!config && !std::filesystem::exists(default_config, fault)) return net::ResolverOptions{};
  auto loaded = app::load_resolver(config.value_or(default_config));
  if (loaded) return *std::move(loaded);
  std::string text;
  for (const auto& error : loaded.error()) text += (text.empty() ? "" : "\n") + error.text();
  return std::unexpected(Refusal{EX_CONFIG, text});
}

}  // namespace

Or<std::unique_ptr<net::Resolver>> make_resolver(const std::string& resolver,
                                                 const std::optional<std::filesystem::path>& config) {
  CAS_TRY(const net::ResolverOptions options, options_of(resolver, config));
  auto made = net::Resolver::create(options);
  if (made) return *std::move(made);
  const std::string reason = printable(made.error().private_reason);
  if (resolver.empty()) return std::unexpected(Refusal{EX_CONFIG, "the resolver of [dns]: " + reason});
  return std::unexpected(Refusal{EX_USAGE, "--resolver: " + reason + "; write 192.0.2.53 or 127.0.0.1:5353"});
}

}  // namespace cas::cmd
