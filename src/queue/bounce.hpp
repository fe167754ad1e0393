// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is told what: the envelope sender, of what RFC 3461 lets him ask for, when the address is known to be theirs
// (submitted here, confirmed by a signed intent, or sent by a host that SPF says may use it). A forged sender is never
// told: what failed stays in the queue as Failed for the operator. Nothing is sent about a message from the null path
// (RFC 5321 §6.1).
#pragma once

#include <optional>
#include <vector>

#include "message/dsn.hpp"
#include "queue/queue.hpp"

namespace cas::queue {

/// Whether the sender of `message` may be told anything about it.
[[nodiscard]] bool may_tell(const store::Message& message);

/// Whether a recipient that failed is kept for the operator: nobody may be told, and the sender did not say that nobody
/// is to be (NOTIFY=NEVER).
[[nodiscard]] bool is_kept(const store::Message& message, const store::Recipient& recipient);

/// What the sender is to be told of a recipient (RFC 3461 §4.1, §5.2, §5.3), as it stands after `outcome`; none:
/// nothing. A delay is told of when it has lasted for options.delay_warning and was not told of before.
[[nodiscard]] std::optional<DsnAction> notice_due(const store::Message& message, const store::Recipient& recipient,
                                                  const Outcome& outcome, const Options& options, TimePoint now);

/// How much of the message a notification wants to quote: all of it (RET=FULL, a failure, at most 64 KiB), or its
/// header.
[[nodiscard]] bool returns_whole(const store::Message& message, DsnAction action);

struct Concerned {
  store::Recipient recipient;
  Outcome outcome;
};
/// The notification that tells the sender of `message` about recipients of one action; may_tell() holds, and there is
/// one recipient at least. Those that failed with Deferred did so because the queue's lifetime is over (RFC 3463:
/// 4.4.7). `original` is the message where returns_whole(), otherwise its beginning; empty: it cannot be read. Its
/// author is postmaster of a domain that we sign for: of options.host, else of the sender's, else of a recipient's.
/// Never has a ledger key; its route is options.route_for's.
[[nodiscard]] NewMessage make_notice(DsnAction action, const store::Message& message, const std::string& original,
                                     const std::vector<Concerned>& recipients, const Options& options, TimePoint now,
                                     Random& random);

/// A sentence for the person who reads it: what the reply means and what can be done.
[[nodiscard]] std::string explain(const smtp::Reply& reply);
/// The same where it is tried again.
[[nodiscard]] std::string explain_delay(const smtp::Reply& reply);
/// Whether the reply is a server's own words: what this one concluded names no host, or is about the way to it.
[[nodiscard]] bool is_peers(const Outcome& outcome);

}  // namespace cas::queue
