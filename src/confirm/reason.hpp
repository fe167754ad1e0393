// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Why CAS says no, and the reply that says it (CAS §15.2). The bracketed word in the reply text is for people and logs;
// behaviour follows the code alone.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "smtp/reply.hpp"

namespace cas::confirm {

enum class Reason {
  Required,      // 530 5.7.0
  Syntax,        // 501 5.5.4
  TooLong,       // 500 5.5.2
  Sequence,      // 503 5.5.1
  Version,       // 504 5.7.6
  Algorithm,     // 504 5.7.6
  Expired,       // 451 4.7.0
  Future,        // 451 4.7.0
  Lifetime,      // 550 5.7.1
  KeyLookup,     // 451 4.7.5
  Busy,          // 451 4.3.2
  KeyMissing,    // 550 5.7.5
  KeyRevoked,    // 550 5.7.5
  Signature,     // 550 5.7.5
  Alignment,     // 550 5.7.1
  Envelope,      // 550 5.7.1
  NotListed,     // 550 5.7.1
  FromMismatch,  // 550 5.7.1
  Spf,           // 550 5.7.23
  Rate,          // 451 4.7.28
  Pending,       // 451 4.7.0 retry=N
  NoSuchUser,    // 550 5.1.1
  Refused,       // 550 5.7.1
  Consent,       // 550 5.7.1
  Class,         // 550 5.7.1
  Digest,        // 550 5.7.7
  Replay,        // 550 5.7.1
  InProgress,    // 451 4.3.0
  LedgerDown,    // 451 4.3.0
};

/// The word in brackets: "signature", "pending"...
[[nodiscard]] std::string_view word(Reason reason);
/// "550 5.7.5 [CAS:signature] the signature does not verify". `retry` is written for Pending only.
[[nodiscard]] smtp::Reply reply_for(Reason reason, std::optional<std::chrono::seconds> retry = {});
/// The reason a reply names, when it names one: for logs and bounces.
[[nodiscard]] std::optional<std::string_view> word_in(const smtp::Reply& reply);
/// "[CAS:pending retry=1800]" (CAS §15.1); advisory.
[[nodiscard]] std::optional<std::chrono::seconds> retry_in(const smtp::Reply& reply);

}  // namespace cas::confirm
