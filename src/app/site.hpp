// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a configuration says of its domains that others must be able to read in the DNS. Blocking: reads keys and the
// certificate.
#pragma once

#include <vector>

#include "app/config.hpp"
#include "outbound/survey.hpp"
#include "setup/site.hpp"

namespace cas::app {

/// dns.addresses, or those of this machine's interfaces that others can reach.
[[nodiscard]] std::vector<IpAddress> addresses_of(const Config& config);
/// Keys that cannot be read are left out; others tell about them.
[[nodiscard]] setup::Site site_of(const Config& config, const DomainConfig& domain);
/// Of all its domains.
[[nodiscard]] std::vector<setup::Site> sites_of(const Config& config);
/// How they are looked at: with our name in EHLO.
[[nodiscard]] outbound::SurveyOptions survey_options_of(const Config& config);

}  // namespace cas::app
