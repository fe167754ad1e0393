// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Asks the server that has a domain's mailboxes whether it has this one: MAIL FROM:<>, RCPT, RSET. Only servers that
// the configuration names for a domain of its own are ever asked, never those of strangers.
#pragma once

#include "outbound/relay.hpp"
#include "recipients/cached_source.hpp"

namespace cas::outbound {

/// What the reply to RCPT says: there; 550, 551 and 553 about the address (RFC 3463 X.1), or from a server that has no
/// enhanced codes: not there; so are 524 5.2.4 and "550 Invalid recipient"; anything else is no answer.
enum class MailboxWord { There, NotThere, Nothing };
[[nodiscard]] MailboxWord judge_callout(const smtp::Reply& rcpt, bool enhanced_codes);

/// Thread-safe; asks on executors that have a pool, over its connections.
class Callout {
 public:
  Callout(RelayServices services, RelayOptions options);
  /// `hop` is the domain's own server. Within the time, in all; then, and when it cannot be used, it is down.
  [[nodiscard]] net::Task<recipients::Answer> ask(NextHop hop, Mailbox mailbox, milliseconds timeout) const;

 private:
  struct Asking;
  net::Task<void> run(std::shared_ptr<Asking> asking, NextHop hop, Mailbox mailbox) const;
  [[nodiscard]] net::Task<std::expected<std::unique_ptr<Connection>, std::string>> connect(NextHop hop,
                                                                                           milliseconds timeout) const;
  RelayServices services_;
  RelayOptions options_;
};

}  // namespace cas::outbound
