// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a sender asks about delivery status notifications (RFC 3461 §4). Pure.
#pragma once

#include <cstdint>

namespace cas {

/// RET (§4.3): how much of the message a notification of failure returns.
enum class DsnReturn : std::uint8_t { Unspecified = 0, Full = 1, Headers = 2 };

/// NOTIFY (§4.1): `never` alone, or any of the others; none: the sender said nothing, which means failure and perhaps
/// delay.
struct DsnNotify {
  bool never = false;
  bool success = false;
  bool failure = false;
  bool delay = false;
  bool operator==(const DsnNotify&) const = default;

  [[nodiscard]] bool unspecified() const { return !never && !success && !failure && !delay; }
  [[nodiscard]] bool wants_failure() const { return failure || unspecified(); }
  [[nodiscard]] bool wants_delay() const { return delay || unspecified(); }
};

}  // namespace cas
