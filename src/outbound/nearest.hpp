// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Settings for a domain (`domain`), or for what is below one and not itself (`with_subdomains`).
#pragma once

#include <algorithm>
#include <ranges>

#include "message/address.hpp"

namespace cas::outbound {

/// Whether two settings are for the same domains.
[[nodiscard]] bool same_domains(const auto& a, const auto& b) {
  return a.domain == b.domain && a.with_subdomains == b.with_subdomains;
}

/// Of a vector of settings that of the domain itself, else that of the nearest domain above it; null: none.
[[nodiscard]] const auto* find_nearest(const auto& settings, const Domain& domain) {
  const auto of = [&](const Domain& name, bool with_subdomains) {
    const auto found = std::ranges::find_if(settings, [&](const auto& setting) {
      return setting.domain == name && setting.with_subdomains == with_subdomains;
    });
    return found == settings.end() ? nullptr : &*found;
  };
  const auto* found = of(domain, false);
  for (auto above = domain.parent(); found == nullptr && above; above = above->parent()) found = of(*above, true);
  return found;
}

}  // namespace cas::outbound
