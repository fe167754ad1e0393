// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The certificate, the signing keys and the passwords of next hops that a configuration points to, and whether their
// files have changed since. Blocking.
#pragma once

#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "net/tls.hpp"
#include "outbound/next_hop.hpp"
#include "outbound/signing.hpp"

namespace cas::app {

struct KeyMaterial {
  std::optional<net::TlsContext> tls;
  outbound::SigningKeys signing;
  outbound::Routes routes;
};

/// The configured next hops, each as `hop_of` makes it.
[[nodiscard]] outbound::Routes routes_of(const Config& config,
                                         const std::function<outbound::NextHop(const NextHopConfig&)>& hop_of);

/// All of it, or what is in the way.
[[nodiscard]] std::expected<KeyMaterial, std::vector<ConfigError>> load_key_material(const Config& config);

/// Names, times and sizes of the files: another text when one of them was replaced.
[[nodiscard]] std::string key_stamp(const Config& config);

}  // namespace cas::app
