// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Ledger rules (CAS §10.1).
#include "confirm/ledger.hpp"

namespace cas::confirm {

LedgerVerdict judge_ledger(LedgerState state, const std::optional<LedgerRow>& row, const crypto::Sha256Digest& m) {
  switch (state) {
    case LedgerState::Absent: return LedgerVerdict::Proceed;
    case LedgerState::Reserved: return LedgerVerdict::InProgress;
    case LedgerState::Committed: break;
  }
  if (!row) return LedgerVerdict::InProgress;  // committed, but with what is not known: transient
  return row->m == m ? LedgerVerdict::Swallow : LedgerVerdict::Conflict;
}

LedgerKey ledger_key(const Intent& intent, const LocalPart& recipient) {
  return {.d = intent.signing_domain.text(),
          .i = intent.id,
          .recipient = percent_encode(recipient.value()) + '@' + intent.recipient_domain.text()};
}

UnixTime ledger_keep_until(const Intent& intent) {
  return intent.expires + clock_skew + ledger_keep;
}

}  // namespace cas::confirm
