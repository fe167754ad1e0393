// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's events: what a transaction did, told once it is on the disk.
#pragma once

#include "queue/work.hpp"

namespace cas::queue {

/// "queued", for each recipient: from, to, size.
void emit_queued(EventSink& events, const Entered& entered);
/// "delivered", "deferred", "bounced" (failed, and the sender is told: bounce= names the notification) or "failed"
/// (nobody is told), for each recipient: to, relay, delay, delays, dsn, status (sent, deferred, bounced or expired),
/// reply; notice= names another notification. Then "undeliverable-kept" when something stays for the operator, "queued"
/// for each notification, and "removed".
void emit_finished(EventSink& events, const FinishWork& work);
/// "clock-set-back": the system's clock; what waits was brought back by as much: by.
void emit_clock_set_back(EventSink& events, milliseconds by);
/// "resting": a domain's destination is left in peace for a while, for no server of it could be used: domain, relay,
/// reply.
void emit_resting(EventSink& events, std::string_view domain, const Outcome& outcome);
/// "kept-removed": what failed, could be told to nobody and was kept long enough is gone: from, arrived.
void emit_expired(EventSink& events, const store::Message& message);
/// What a person did to a recipient: `name` is a literal; to, by, reason.
void emit_steered(EventSink& events, const store::Message& message, const Mailbox& address, std::string_view name,
                  const std::string& by, const std::string& reason);
/// What a person did to a domain, or to the queue: `name` is a literal; domain, by, reason.
void emit_steering(EventSink& events, std::string_view name, const std::string& domain, const std::string& by,
                   const std::string& reason);
void emit_removed(EventSink& events, const store::Message& message);
/// Something is wrong with the queue itself. `name` is a literal.
void emit_trouble(EventSink& events, const store::Message& message, std::string_view name, const Error& error);

}  // namespace cas::queue
