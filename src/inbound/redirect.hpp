// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Mail that waits for a name which has no mailbox of its own and leads on: a notification to somebody who writes as an
// alias, or an alias that took a mailbox's place since.
#pragma once

#include <optional>

#include "inbound/services.hpp"
#include "net/task.hpp"
#include "queue/queue.hpp"

namespace cas::inbound {

/// Puts it into the queue anew, for where it leads, and says that this name is done with. None: it is to be delivered,
/// to a mailbox or to a server that knows better. Deferred: it cannot be looked up, or not be put into the queue.
/// `services` and the rest outlive the task. A crash in between makes a second copy.
[[nodiscard]] net::Task<std::optional<queue::Outcome>> redirect(const Services& services, const queue::Job& job,
                                                                const store::Recipient& recipient);

/// Of a job for a server that has the mailboxes: what becomes of each recipient here. None: that server gets it. A
/// notification to who writes as an alias leads on; what the Screener keeps goes on waiting, in the queue: it came
/// when there was a folder for it.
[[nodiscard]] net::Task<std::vector<std::optional<queue::Outcome>>> before_backend(const Services& services,
                                                                                   const queue::Job& job);

}  // namespace cas::inbound
