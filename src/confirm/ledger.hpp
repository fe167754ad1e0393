// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The ledger's rules (CAS §10.1): which (d, i, recipient) was committed with which digest. Storage is store/'s
// business.
#pragma once

#include <compare>
#include <expected>
#include <optional>
#include <string>

#include "confirm/intent.hpp"

namespace cas::confirm {

/// Primary key of the ledger. `recipient` is the decoded local part; the recipient domain is part of the key since one
/// intent names exactly one.
struct LedgerKey {
  std::string d;
  IntentId i{};
  std::string recipient;  // local "@" q, as print_addr writes it
  auto operator<=>(const LedgerKey&) const = default;
};

struct LedgerRow {
  crypto::Sha256Digest m{};
  UnixTime keep_until;   // x + skew + 5 days
  std::string queue_id;  // which entry it committed
  bool operator==(const LedgerRow&) const = default;
};

enum class LedgerState { Absent, Reserved, Committed };

/// What to do with a recipient of an intent, given what the ledger holds.
enum class LedgerVerdict {
  Proceed,     // absent: reserve it
  Swallow,     // committed with the same digest: 250, no second copy
  Conflict,    // committed with other content: 550 5.7.1 (Replay)
  InProgress,  // reserved by another session: 451 4.3.0
};
[[nodiscard]] LedgerVerdict judge_ledger(LedgerState state, const std::optional<LedgerRow>& row,
                                         const crypto::Sha256Digest& m);

[[nodiscard]] LedgerKey ledger_key(const Intent& intent, const LocalPart& recipient);
[[nodiscard]] UnixTime ledger_keep_until(const Intent& intent);

}  // namespace cas::confirm
