// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a site asks of clients for whom nothing speaks: no intent, no entry, no relationship.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "policy/dnsbl.hpp"

namespace cas::policy {

struct StrangerOptions {
  std::vector<DnsList> lists{};
  int dnsbl_score = 1;               // what the lists must weigh together for a refusal
  std::chrono::seconds greylist{0};  // how long a sender has to wait; 0: not at all
  bool operator==(const StrangerOptions&) const = default;
};

/// Of one client, towards one recipient: facts for the judge.
struct StrangerFacts {
  bool has_lists = false;                           // there are lists to ask
  std::optional<std::string> listed_by{};           // by which lists; "": by none that weigh enough
  bool greylists = false;                           // somebody may have to wait
  bool vouched_for = false;                         // the end of data: SPF or a signature passed, for whomever
  std::optional<std::chrono::seconds> must_wait{};  // 0: it need not
};

}  // namespace cas::policy
