// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What follows from an attempt: the recipient's next row, or its end. Pure.
#pragma once

#include "queue/queue.hpp"

namespace cas::queue {

/// `recipient` as it stood before the attempt; with attempts, last reply and either a new state or a next attempt. A
/// deferral that comes when the lifetime is over is a failure, but for one a day or more after it was due; the attempt
/// before it is placed at the lifetime's end. A doubt (CAS §9.5) stays until the recipient is delivered, and counts
/// from the first one. `lot` spreads attempts; one for all recipients of a job keeps them together.
[[nodiscard]] store::Recipient settle(const store::Message& message, store::Recipient recipient, const Outcome& outcome,
                                      const Options& options, TimePoint now, std::uint64_t lot);

/// From this attempt to the next. `asked` (the retry hint of CAS §15.1) is honoured up to a day and never undercut;
/// without it first_retry doubles with each attempt up to max_retry, one tenth more or less. `attempts` is at least 1.
[[nodiscard]] std::chrono::milliseconds retry_after(std::uint32_t attempts, std::optional<std::chrono::seconds> asked,
                                                    const Options& options, std::uint64_t lot);

/// What the outcomes of a job say about its destination: unreachable when all of them were; slow where a server asked
/// for less (421, RFC 3463 X.3.2, X.4.5, RFC 7372 X.7.28).
[[nodiscard]] Feedback feedback_of(const std::vector<Outcome>& outcomes);

/// The reply as one line; a driver that gave none is said so.
[[nodiscard]] std::string said(const smtp::Reply& reply);
/// The reply's enhanced code, or "N.0.0" after its class (RFC 3463).
[[nodiscard]] std::string status_of(const smtp::Reply& reply);

}  // namespace cas::queue
