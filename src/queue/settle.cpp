// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See settle.hpp.
#include "queue/settle.hpp"

#include <algorithm>

#include "confirm/sender.hpp"

namespace cas::queue {
namespace {

constexpr std::chrono::seconds longest_hint{24 * 3600};  // CAS §9.4: clamp(retry, 300 s, 24 h)
// An attempt that comes so much later than it was due: nobody tried meanwhile, because the machine was off, the queue
// paused, or the clock set forward. What fails then may fail because of that, and the lifetime ends with the next one.
constexpr std::chrono::hours neglected{24};
constexpr std::chrono::seconds shortest_delay{1};  // a driver that asks for 0 must not spin

/// Evenly from low to high, both included.
std::int64_t pick(std::int64_t low, std::int64_t high, std::uint64_t lot) {
  return low + static_cast<std::int64_t>(lot % static_cast<std::uint64_t>(high - low + 1));
}

}  // namespace

std::chrono::milliseconds retry_after(std::uint32_t attempts, std::optional<std::chrono::seconds> asked,
                                      const Options& options, std::uint64_t lot) {
  if (asked) {
    const milliseconds hint = std::clamp(*asked, shortest_delay, longest_hint);
    return std::min<milliseconds>(milliseconds(pick(hint.count(), hint.count() + hint.count() / 10, lot)),
                                  longest_hint);
  }
  milliseconds delay = std::max(options.first_retry, shortest_delay);
  for (std::uint32_t n = 1; n < attempts && delay < options.max_retry; ++n) delay *= 2;
  delay = std::clamp<milliseconds>(delay, shortest_delay, std::max(options.max_retry, shortest_delay));
  return milliseconds(pick(delay.count() - delay.count() / 10, delay.count() + delay.count() / 10, lot));
}

store::Recipient settle(const store::Message& message, store::Recipient recipient, const Outcome& outcome,
                        const Options& options, TimePoint now, std::uint64_t lot) {
  ++recipient.attempts;
  recipient.last_reply = said(outcome.reply);
  recipient.relay = outcome.relay;
  recipient.in_doubt = recipient.in_doubt || outcome.in_doubt;
  if (outcome.in_doubt && outcome.with_confirm && !recipient.confirm_until) {
    recipient.confirm_until = now + confirm::longest_doubt;
  }
  const TimePoint end = std::max(message.arrived, recipient.admitted.value_or(message.arrived)) + options.lifetime;
  switch (outcome.kind) {
    case Outcome::Kind::Delivered:
      recipient.state = store::RecipientState::Delivered;
      recipient.in_doubt = false;
      recipient.confirm_until.reset();
      break;
    case Outcome::Kind::Failed: recipient.state = store::RecipientState::Failed; break;
    case Outcome::Kind::Deferred:
      if (now >= end && now - recipient.next_attempt < neglected) {
        recipient.state = store::RecipientState::Failed;
      } else {
        const auto delay = retry_after(recipient.attempts, outcome.retry_after, options, lot);
        recipient.next_attempt = now >= end ? now + delay : std::min(now + delay, end);
      }
      break;
  }
  return recipient;
}

Feedback feedback_of(const std::vector<Outcome>& outcomes) {
  if (std::ranges::all_of(outcomes, &Outcome::unreachable)) return Feedback::Unreachable;
  const auto asks_for_less = [](const Outcome& outcome) {
    const auto& [code, enhanced, lines] = outcome.reply;
    const bool busy = enhanced.subject == 3 && enhanced.detail == 2;
    const bool congested = enhanced.subject == 4 && enhanced.detail == 5;
    const bool rate = enhanced.subject == 7 && enhanced.detail == 28;
    return outcome.kind == Outcome::Kind::Deferred && (code == 421 || busy || congested || rate);
  };
  return std::ranges::any_of(outcomes, asks_for_less) ? Feedback::Slow : Feedback::Good;
}

std::string said(const smtp::Reply& reply) {
  return reply.code == 0 ? "no reply" : reply.summary();
}

std::string status_of(const smtp::Reply& reply) {
  if (reply.enhanced.klass != 0) return reply.enhanced.text();
  return std::to_string(reply.code == 0 ? 4 : reply.code / 100) + ".0.0";
}

}  // namespace cas::queue
