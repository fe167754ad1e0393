// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Hosts by preference, a kept connection or a new one to each, until nobody is without an answer.
#include "outbound/attempt.hpp"

#include "outbound/route.hpp"

namespace cas::outbound {

namespace {

/// What is demanded of a host that the DNS names.
NextHop mx_hop(std::string host, const RelayOptions& options) {
  NextHop hop;
  hop.host = std::move(host);
  hop.port = options.port;
  if (options.require_tls) hop.tls.use = TlsDemands::Use::Required;
  return hop;
}

}  // namespace

Attempt::Attempt(const RelayServices& services, const RelayOptions& options, const TlsContexts& tls,
                 ConnectionPool& pool, const queue::Job& job, const SigningKeys::value_type* keys)
    : services_(services),
      options_(options),
      tls_(tls),
      pool_(pool),
      job_(job),
      conversation_(services, options, job, keys) {}

net::Task<std::vector<queue::Outcome>> Attempt::run() {
  co_await walk_hosts();
  co_return conversation_.outcomes();
}

net::Task<void> Attempt::walk_hosts() {
  const Mailbox& first = job_.recipients.front().address;
  if (const NextHop* hop = options_.routes.find(first)) {
    (void)co_await try_hop(*hop);
  } else if (first.literal()) {
    // RFC 5321 §5: an address literal names its server itself.
    std::string address = first.literal()->text;
    if (address.starts_with("IPv6:")) address.erase(0, 5);
    NextHop itself = mx_hop(std::move(address), options_);
    itself.is_address = true;
    (void)co_await try_hop(itself);
  } else {
    co_await walk_mx_hosts(*first.domain());
  }
}

net::Task<void> Attempt::walk_mx_hosts(Domain domain) {
  auto hosts = co_await find_hosts(services_.resolver, services_.random, std::move(domain));
  if (!hosts) {
    conversation_.settle_open(hosts.error(), "dns");
    co_return;
  }
  if (hosts->size() > options_.max_hosts) hosts->resize(options_.max_hosts);
  for (auto& host : *hosts) {
    const NextHop hop = mx_hop(std::move(host), options_);
    const bool done = co_await try_hop(hop);
    if (done) co_return;
  }
  if (hopeless_) conversation_.settle_open_with_last_failure();
}

// True when every recipient has an answer.
net::Task<bool> Attempt::try_hop(const NextHop& hop) {
  conversation_.meet_another_host();
  if (auto kept = pool_.take(hop)) {
    hopeless_ = false;
    co_await converse(hop, std::move(kept));
    if (conversation_.finished()) co_return true;
    // The server may have gone without a word: what is open is tried on a connection of its own.
  }
  Addresses addresses = std::vector<std::string>{hop.host};
  if (!hop.is_address) addresses = co_await find_addresses(services_.resolver, hop.host);
  if (!addresses) {
    hopeless_ = hopeless_ && addresses.error().permanent();
    conversation_.note_failure(addresses.error(), hop.host);
    co_return false;
  }
  hopeless_ = false;
  for (auto& address : *addresses) {
    co_await try_address(hop, std::move(address));
    if (conversation_.finished()) co_return true;
  }
  co_return false;
}

ConnectionOptions Attempt::connection_options(const NextHop& hop) const {
  std::optional<smtp::PlainAuth> auth;
  if (hop.credentials) auth = smtp::PlainAuth{.user = hop.credentials->user, .password = hop.credentials->password};
  return ConnectionOptions{.smtp = {.helo = options_.host.text(),
                                    .use_starttls = hop.tls.use != TlsDemands::Use::Off,
                                    .require_tls = hop.tls.required(),
                                    .implicit_tls = hop.tls.use == TlsDemands::Use::Implicit,
                                    .auth = std::move(auth)},
                           .host_name = hop.host,
                           .tls = hop.tls.verify ? tls_.verified : tls_.opportunistic,
                           .connect_timeout = options_.connect_timeout,
                           .command_timeout = options_.command_timeout,
                           .data_timeout = options_.data_timeout,
                           .final_timeout = options_.final_timeout};
}

net::Task<void> Attempt::try_address(NextHop hop, std::string address) {
  auto connection = std::make_unique<Connection>(connection_options(hop));
  net::Endpoint endpoint;
  endpoint.address = address;
  endpoint.port = hop.port;
  auto opened = co_await connection->open(std::move(endpoint));
  if (!opened) {
    conversation_.note_failure(opened.error().reply, connection->relay());
    const bool again = opened.error().tls_failed && hop.tls.use == TlsDemands::Use::Opportunistic;
    pool_.give(hop, std::move(connection));
    if (!again) co_return;
    // Opportunistic TLS (RFC 7435): a broken handshake must not stop mail that may go in the clear.
    hop.tls.use = TlsDemands::Use::Off;
    co_await try_address(std::move(hop), std::move(address));
    co_return;
  }
  const bool was_plain = conversation_.plain_only();
  co_await converse(hop, std::move(connection));
  const bool again = conversation_.plain_only() && !was_plain && !conversation_.finished();
  if (again) co_await try_address(std::move(hop), std::move(address));
}

net::Task<void> Attempt::converse(const NextHop& hop, std::unique_ptr<Connection> connection) {
  co_await conversation_.hold(*connection);
  pool_.give(hop, std::move(connection));
}

}  // namespace cas::outbound
