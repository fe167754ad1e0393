// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See events.hpp.
#include "queue/events.hpp"

#include "queue/bounce.hpp"
#include "queue/settle.hpp"

namespace cas::queue {
namespace {

using store::RecipientState;

Event event(const store::Message& message, std::string_view name, Level level = Level::Info) {
  return {.level = level, .trace = message.trace, .queue_id = message.id, .name = name, .fields = {}};
}

/// Seconds with three decimals.
std::string in_seconds(milliseconds time) {
  const auto ms = std::max<std::int64_t>(time.count(), 0);
  const std::string fraction = std::to_string(ms % 1000);
  return std::to_string(ms / 1000) + '.' + std::string(3 - fraction.size(), '0') + fraction;
}

/// As Postfix has it: before the queue (it is not measured), in the queue, until there was a connection, transmission.
std::string delays(milliseconds total, const Outcome& outcome) {
  const milliseconds waited = total - outcome.connecting - outcome.talking;
  return "0/" + in_seconds(waited) + '/' + in_seconds(outcome.connecting) + '/' + in_seconds(outcome.talking);
}

/// In Postfix's words.
std::string_view status_word(RecipientState state, bool expired) {
  if (state == RecipientState::Delivered) return "sent";
  if (state == RecipientState::Waiting) return "deferred";
  return expired ? "expired" : "bounced";
}

std::string_view name_of(const FinishWork& work, std::size_t n) {
  switch (work.settled()[n].state) {
    case RecipientState::Delivered: return "delivered";
    case RecipientState::Waiting: return "deferred";
    case RecipientState::Failed:
    case RecipientState::Held: break;
  }
  return work.notice_about(n) != nullptr ? "bounced" : "failed";
}

void emit_recipient(EventSink& events, const FinishWork& work, std::size_t n) {
  const auto& [job, outcomes, at] = work.report();
  const store::Recipient& recipient = work.settled()[n];
  const bool failed = recipient.state == RecipientState::Failed;
  const bool expired = failed && outcomes[n].kind == Outcome::Kind::Deferred;
  Event one = event(job.message, name_of(work, n), failed ? Level::Warning : Level::Info);
  one.fields = {{"to", recipient.address.wire()},
                {"relay", outcomes[n].relay},
                {"delay", in_seconds(at - job.message.arrived)},
                {"delays", delays(at - job.message.arrived, outcomes[n])},
                {"dsn", expired ? "4.4.7" : status_of(outcomes[n].reply)},
                {"status", std::string(status_word(recipient.state, expired))},
                {"reply", recipient.last_reply}};
  if (const auto* notice = work.notice_about(n)) {
    one.fields.emplace_back(failed ? "bounce" : "notice", notice->entered.message.id);
  }
  events.emit(std::move(one));
}

}  // namespace

void emit_queued(EventSink& events, const Entered& entered) {
  for (const store::Recipient& recipient : entered.recipients) {
    Event one = event(entered.message, "queued");
    one.fields = {{"from", entered.message.sender.path()},
                  {"to", recipient.address.wire()},
                  {"size", std::to_string(entered.message.body_size)}};
    events.emit(std::move(one));
  }
}

void emit_finished(EventSink& events, const FinishWork& work) {
  const store::Message& message = work.report().job.message;
  for (std::size_t n = 0; n < work.settled().size(); ++n) emit_recipient(events, work, n);
  if (std::ranges::any_of(work.settled(), [&](const auto& recipient) { return is_kept(message, recipient); })) {
    Event kept = event(message, "undeliverable-kept", Level::Error);
    kept.fields = {{"from", message.sender.path()},
                   {"reason", message.sender.is_null() ? "the sender is the null path" : "the sender is not verified"}};
    events.emit(std::move(kept));
  }
  if (work.unreadable()) emit_trouble(events, message, "damaged", *work.unreadable());
  for (const auto& notice : work.notices()) emit_queued(events, notice.entered);
  if (work.removed()) emit_removed(events, message);
}

void emit_resting(EventSink& events, std::string_view domain, const Outcome& outcome) {
  Event event{.level = Level::Warning, .trace = {}, .queue_id = {}, .name = "resting", .fields = {}};
  event.fields.emplace_back("domain", domain);
  event.fields.emplace_back("relay", outcome.relay);
  event.fields.emplace_back("reply", said(outcome.reply));
  events.emit(std::move(event));
}

void emit_expired(EventSink& events, const store::Message& message) {
  Event one = event(message, "kept-removed", Level::Warning);
  one.fields = {{"from", message.sender.path()},
                {"arrived", std::to_string(to_unix(message.arrived).time_since_epoch().count())}};
  events.emit(std::move(one));
}

void emit_steered(EventSink& events, const store::Message& message, const Mailbox& address, std::string_view name,
                  const std::string& by, const std::string& reason) {
  Event one = event(message, name);
  one.fields = {{"to", address.wire()}, {"by", by}};
  if (!reason.empty()) one.fields.emplace_back("reason", reason);
  events.emit(std::move(one));
}

void emit_steering(EventSink& events, std::string_view name, const std::string& domain, const std::string& by,
                   const std::string& reason) {
  Event one = event({}, name, Level::Warning);
  if (!domain.empty()) one.fields.emplace_back("domain", domain);
  one.fields.emplace_back("by", by);
  if (!reason.empty()) one.fields.emplace_back("reason", reason);
  events.emit(std::move(one));
}

void emit_clock_set_back(EventSink& events, milliseconds by) {
  Event one = event({}, "clock-set-back", Level::Warning);
  one.fields = {{"by", std::to_string(std::chrono::ceil<seconds>(by).count()) + "s"}};
  events.emit(std::move(one));
}

void emit_removed(EventSink& events, const store::Message& message) {
  events.emit(event(message, "removed"));
}

void emit_trouble(EventSink& events, const store::Message& message, std::string_view name, const Error& error) {
  Event one = event(message, name, Level::Error);
  one.fields = {{"reason", error.private_reason}};
  events.emit(std::move(one));
}

}  // namespace cas::queue
