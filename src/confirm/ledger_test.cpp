// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Ledger rules, CAS §10.1.
#include "confirm/ledger.hpp"

#include <gtest/gtest.h>

#include "confirm/intent_samples.hpp"

namespace cas::confirm {
namespace {

using namespace samples;

TEST(JudgeLedger, FollowsCasSection101ForEveryState) {
  const crypto::Sha256Digest m = crypto::sha256("this");
  const LedgerRow same{.m = m, .keep_until = vector_issued, .queue_id = "Q"};
  const LedgerRow other{.m = crypto::sha256("that"), .keep_until = vector_issued, .queue_id = "Q"};
  EXPECT_EQ(judge_ledger(LedgerState::Absent, std::nullopt, m), LedgerVerdict::Proceed);
  EXPECT_EQ(judge_ledger(LedgerState::Reserved, std::nullopt, m), LedgerVerdict::InProgress);
  EXPECT_EQ(judge_ledger(LedgerState::Committed, same, m), LedgerVerdict::Swallow);
  EXPECT_EQ(judge_ledger(LedgerState::Committed, other, m), LedgerVerdict::Conflict);
}

TEST(JudgeLedger, SwallowsNothingItCannotCompare) {
  EXPECT_EQ(judge_ledger(LedgerState::Committed, std::nullopt, {}), LedgerVerdict::InProgress);
}

TEST(LedgerKey, IsSigningDomainIdAndRecipientAsSpelt) {
  const auto key = ledger_key(vector_intent(), local("a b"));
  EXPECT_EQ(key.d, "football.example.com");
  EXPECT_EQ(key.i, vector_intent().id);
  EXPECT_EQ(key.recipient, "a%20b@shopping.example.net");
}

TEST(LedgerKeepUntil, IsADayAndTheSkewAfterExpiry) {
  EXPECT_EQ(ledger_keep_until(vector_intent()), vector_intent().expires + std::chrono::hours(120) + seconds(300));
}

}  // namespace
}  // namespace cas::confirm
