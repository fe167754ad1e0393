// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MTA-STS (RFC 8461): the TXT record, the policy file, which MX hosts it allows, and what a remembered policy is worth.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dns/record.hpp"
#include "message/address.hpp"

namespace cas::tlspolicy {

/// "v=STSv1; id=20160831085700Z;" (RFC 8461 §3.1): its id. None for anything else.
[[nodiscard]] std::optional<std::string> parse_sts_record(std::string_view text);
/// The id of the one record among the TXT records of an answer; none without one, and with several (§3.1).
[[nodiscard]] std::optional<std::string> find_sts_record(const dns::Answer& answer);

enum class StsMode { None, Testing, Enforce };
[[nodiscard]] std::string_view to_string(StsMode mode);

struct StsPolicy {
  StsMode mode = StsMode::None;
  std::chrono::seconds max_age{0};
  std::vector<std::string> mx;  // "mx.b.example", "*.b.example"; never empty unless the mode is None
  bool operator==(const StsPolicy&) const = default;
};

inline constexpr std::size_t max_sts_policy = 64UL * 1024;  // octets of a policy file (§3.3 suggests 64 KB)

/// RFC 8461 §3.2. Unknown fields are passed over; of a field that stands twice the first counts, but for mx. A
/// permanent error says what is wrong; it names no octet of the file. Refused too: more than 256 patterns.
[[nodiscard]] Result<StsPolicy> parse_sts_policy(std::string_view text);
/// The file again, as fields: what is remembered, and what reports quote (RFC 8460 §4.4).
[[nodiscard]] std::vector<std::string> sts_policy_lines(const StsPolicy& policy);

/// §4.1: a wildcard stands for exactly one label. `host` in lower case.
[[nodiscard]] bool sts_allows(const StsPolicy& policy, std::string_view host);

/// A policy as it was fetched.
struct StsEntry {
  StsPolicy policy;
  std::string id;
  UnixTime fetched;
  bool operator==(const StsEntry&) const = default;
};

/// An entry as a text that survives a restart: the policy file with two fields more. None for a damaged one.
[[nodiscard]] std::string save_sts_entry(const StsEntry& entry);
[[nodiscard]] std::optional<StsEntry> load_sts_entry(std::string_view text);

/// What the DNS says about a domain's policy.
struct StsLookup {
  bool known = false;             // false: the DNS gave no answer, which says nothing
  std::optional<std::string> id;  // none: there is no (one) record
};

struct StsUse {
  bool apply = false;  // the entry is in force
  bool fetch = false;  // the file is to be fetched
};
/// §5.1, §3.3: an entry is in force until max_age is over, whatever the DNS says or does not say; the file is fetched
/// when the record names another id, and again each day. `entry` may be null.
[[nodiscard]] StsUse judge_sts_entry(const StsEntry* entry, const StsLookup& lookup, UnixTime now);
/// §3.3, §10.2: whether the DNS is to be asked and the file fetched though nobody writes to the domain now: each day
/// while it is in force, so that it does not end between two messages. What was not used for 30 days is left to end.
[[nodiscard]] bool is_refresh_due(const StsEntry& entry, UnixTime used, UnixTime now);

}  // namespace cas::tlspolicy
