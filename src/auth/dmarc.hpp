// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DMARC (RFC 9989): whether the author's domain stands behind a message, and what its owner asks for where it does not.
// Judged from what SPF and DKIM came to. Pure: records from dns::Answers.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authors.hpp"
#include "auth/dkim_verify.hpp"
#include "auth/dmarc_record.hpp"
#include "auth/spf_result.hpp"
#include "dns/answers.hpp"
#include "message/address.hpp"

namespace cas::auth {

/// RFC 9989 §9.2. None: no record, so DMARC has nothing to say. PermError: it will never be known (a record without a
/// usable policy, a From that names no author). TempError: later it may be known; never to be read as Fail.
enum class DmarcResult { None, Pass, Fail, TempError, PermError };
[[nodiscard]] std::string_view to_string(DmarcResult result);

/// `spf_domain`: the MAIL FROM identity; with a null reverse-path the HELO name (RFC 9989 §3.2.4). Empty: none.
struct DmarcQuery {
  Authors authors;
  SpfResult spf = SpfResult::None;
  std::string spf_domain;
  std::vector<DkimOutcome> dkim;
};

struct DmarcOutcome {
  DmarcResult result = DmarcResult::None;
  std::optional<Domain> author_domain;          // the one that decided; none when the From is at fault
  std::optional<Domain> organizational_domain;  // of the author; none where alignment did not ask for it
  std::optional<Domain> record_domain;          // where the record was found
  DmarcPolicy policy = DmarcPolicy::None;       // published: p, sp or np, whichever applies or may
  DmarcPolicy disposition = DmarcPolicy::None;  // asked for when it fails: `policy`, or one step less with t=y
  bool authors_at_fault = false;                // RFC 9989 §11.5: such a message may be meant to get around DMARC
  bool one_of_several = false;                  // From names other domains too
  bool several_records = false;                 // at the author's domain, where they void each other (§4.7)
  bool spf_aligned = false;                     // SPF passed for a domain that is aligned
  std::vector<std::size_t> dkim_aligned;        // indexes of DmarcQuery::dkim: passed and aligned
  std::string reason;                           // ours; empty with Pass

  /// With TempError: whether more may be asked for than nothing, as far as is known.
  [[nodiscard]] bool may_ask_for_more() const { return !record_domain || disposition != DmarcPolicy::None; }
};

/// No value while answers are missing. Several author domains (RFC 9989 §11.5): each is checked; Pass when all pass;
/// the strictest policy of those that fail.
[[nodiscard]] std::optional<DmarcOutcome> check_dmarc(const DmarcQuery& query, dns::Answers& answers);

/// The records on the way from each author's domain to the root, at most eight for each: to ask early.
[[nodiscard]] std::vector<dns::Question> dmarc_questions(const Authors& authors);

}  // namespace cas::auth
