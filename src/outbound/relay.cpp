// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Attempts share the relay's settings and nothing else.
#include "outbound/relay.hpp"

#include <boost/asio/this_coro.hpp>

#include "outbound/attempt.hpp"

namespace cas::outbound {

std::vector<queue::Outcome> Relay::cannot_sign(const queue::Job& job, const Error& error) const {
  Event event{.level = Level::Error,
              .trace = job.message.trace,
              .queue_id = job.message.id,
              .name = "cannot-sign",
              .fields = {}};
  event.fields.emplace_back("reason", error.private_reason);
  services_.events.emit(std::move(event));
  queue::Outcome outcome;
  outcome.reply = smtp::Reply(451, smtp::EnhancedCode{4, 3, 0}, error.public_text);
  return {job.recipients.size(), outcome};
}

Relay::Relay(RelayServices services, RelayOptions options)
    : services_(std::move(services)),
      options_(std::move(options)),
      tls_policies_(services_.resolver, services_.sts, options_.tls) {}

net::Task<std::vector<queue::Outcome>> Relay::attempt(const queue::Job& job) {
  const net::Executor executor = co_await boost::asio::this_coro::executor;
  const auto* keys = keys_for(options_.signing, job.message);
  queue::Job signed_job = job;
  const bool leaves = job.recipients.front().route == store::Route::Remote;
  if (leaves && job.message.forwarded_as) signed_job.message.sender = *job.message.forwarded_as;
  // What is sent on keeps the signatures it has. Ours would vouch for an author whom we do not know.
  if (keys != nullptr && !job.message.forwarded_as) {
    auto signatures = co_await make_signatures(services_.queue, job.message, *keys, to_unix(services_.clock.now()));
    if (!signatures) co_return cannot_sign(job, signatures.error());
    signed_job.message.prefix.insert(0, *signatures);
  }
  Attempt attempt(services_, options_, tls_policies_, services_.pools.of(executor), signed_job, keys);
  auto outcomes = co_await attempt.run();
  co_return outcomes;
}

}  // namespace cas::outbound
