// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is told when delivery failed for good: the envelope sender, when it is known to be theirs (submitted here with
// authentication, or confirmed by a signed intent). A forged sender is never told: such a message stays in the queue
// as Failed for the operator. Nothing is sent about a message from the null path (RFC 5321 §6.1).
#pragma once

#include <optional>
#include <vector>

#include "queue/queue.hpp"

namespace cas::queue {

/// Whether the sender of `message` may be told that it failed.
[[nodiscard]] bool may_tell(const store::Message& message);

/// The notification about the recipients of `message` that failed, addressed to its sender; none when nobody may be
/// told. Those whose outcome is Deferred failed because the queue's lifetime is over (RFC 3463: 4.4.7). `header` is the
/// beginning of the stored message. Never has a ledger key; its route is options.route_for's.
[[nodiscard]] std::optional<NewMessage> make_bounce(const store::Message& message, const std::string& header,
                                                    const std::vector<std::pair<Mailbox, Outcome>>& failed,
                                                    const Options& options, TimePoint now, Random& random);

/// A sentence for the person who reads it: what the reply means and what can be done.
[[nodiscard]] std::string explain(const smtp::Reply& reply);

}  // namespace cas::queue
