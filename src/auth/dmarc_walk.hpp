// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The DNS Tree Walk (RFC 9989 §4.10): from a name towards the root, at most eight questions, to the Organizational
// Domain.
#pragma once

#include <optional>
#include <vector>

#include "auth/dmarc_record.hpp"
#include "dns/answers.hpp"
#include "message/address.hpp"

namespace cas::auth {

[[nodiscard]] dns::Question dmarc_question(const Domain& domain);

/// The names a walk from `start` looks at, `start` first: of a name with more than eight labels those between it and
/// its last seven are left out (§4.10, step 4), as are names too long for a record to stand at "_dmarc." of them.
[[nodiscard]] std::vector<Domain> walk_names(const Domain& start);

struct DmarcWalk {
  Domain organization;                             // §4.10.2
  std::optional<DmarcRecord> organization_record;  // what was found there
  std::optional<Domain> suffix;                    // above it, where psd=y was found
  std::optional<DmarcRecord> suffix_record;        // present with `suffix`
  bool lookup_failed = false;                      // a record may have been missed: nothing above can be relied on
};
/// All its questions are asked at once. No value while answers are missing.
[[nodiscard]] std::optional<DmarcWalk> walk_from(const Domain& start, dns::Answers& answers);

}  // namespace cas::auth
