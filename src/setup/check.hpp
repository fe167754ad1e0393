// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The judge of what a domain publishes: asks the DNS by replay (dns/answers.hpp), is handed the rest. Pure.
#pragma once

#include <optional>
#include <vector>

#include "dns/answers.hpp"
#include "setup/facts.hpp"
#include "setup/finding.hpp"
#include "setup/site.hpp"

namespace cas::setup {

/// Everything that was looked at, in the order of wanted_records(); what is in order too. Of a stranger's domain
/// (Facts::own is false) only `site.domain` counts: whether what it publishes fits together, and how mail to it would
/// travel. No value while answers are missing; all that is known to be missing is asked at once.
[[nodiscard]] std::optional<std::vector<Finding>> check_site(const Site& site, const Facts& facts,
                                                             dns::Answers& answers);

/// How many questions to the DNS an SPF record costs those who check it (RFC 7208 §4.6.4), whoever the client is.
struct SpfCost {
  int lookups = 0;
  std::vector<std::string> voids;  // names that were asked for and have nothing
  std::string fault;               // why the evaluation ends in an error: an include without a record
  bool unknown = false;            // the DNS failed for one of them
};
[[nodiscard]] std::optional<SpfCost> spf_cost(const std::string& domain, dns::Answers& answers);

}  // namespace cas::setup
