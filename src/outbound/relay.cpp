// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Attempts share the relay's settings and nothing else.
#include "outbound/relay.hpp"

#include "outbound/attempt.hpp"

namespace cas::outbound {

namespace {

net::TlsContext opportunistic_tls() {
  auto context = net::TlsContext::client(false);
  if (!context) throw std::runtime_error(context.error().private_reason);
  return std::move(*context);
}

}  // namespace

Relay::Relay(RelayServices services, RelayOptions options)
    : services_(services), options_(std::move(options)), tls_(opportunistic_tls()) {}

net::Task<std::vector<queue::Outcome>> Relay::attempt(const queue::Job& job) {
  Attempt attempt(services_, options_, tls_, job);
  auto outcomes = co_await attempt.run();
  co_return outcomes;
}

}  // namespace cas::outbound
