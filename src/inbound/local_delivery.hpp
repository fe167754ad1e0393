// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Delivers to the Maildirs of this host: jobs of Route::Local.
#pragma once

#include "inbound/maildir.hpp"
#include "inbound/services.hpp"
#include "net/task.hpp"
#include "queue/queue.hpp"

namespace cas::inbound {

/// Where the Screener keeps what waits: a folder beside the inbox (Maildir++).
inline constexpr std::string_view screener_folder = ".Screener";

/// The name of the file that a message's recipient gets.
[[nodiscard]] std::string maildir_file_name(UnixTime arrived, const store::QueueId& id, std::uint32_t index,
                                            const Domain& host);

/// `services` outlives it. Give attempt() to a delivery::Dispatcher.
class LocalDelivery {
 public:
  explicit LocalDelivery(const Services& services) : services_(services) {}
  /// One outcome a recipient. A mailbox that is gone, or is an alias now, fails (5.1.1); everything else that goes
  /// wrong is deferred.
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> attempt(const queue::Job& job);

 private:
  [[nodiscard]] net::Task<queue::Outcome> deliver(const queue::Job& job, const store::Recipient& recipient);
  [[nodiscard]] net::Task<queue::Outcome> write(const queue::Job& job, bool tried_before, MaildirFile& file);
  const Services& services_;
};

}  // namespace cas::inbound
