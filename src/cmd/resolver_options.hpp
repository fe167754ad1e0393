// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How commands that look into the DNS ask it: --resolver, --config, or as the server would.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cmd/forwarder.hpp"
#include "cmd/intent_request.hpp"
#include "net/resolver.hpp"

namespace cas::cmd {

/// Asks `resolver` alone, which is then believed without DNSSEC; without one, as `config` says; without that, as the
/// default configuration file says where there is one, else from the root servers. Refused with 64 for an address that
/// is none, with 78 for a configuration that cannot be used.
[[nodiscard]] Or<std::unique_ptr<net::Resolver>> make_resolver(const std::string& resolver,
                                                               const std::optional<std::filesystem::path>& config);

}  // namespace cas::cmd
