// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Hosts by preference, a kept connection or a new one to each, until nobody is without an answer.
#include "outbound/attempt.hpp"

#include <algorithm>

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

std::string place_of(const NextHop& hop, const std::string& address) {
  if (!hop.unix_path.empty()) return "unix:" + hop.unix_path;
  return net::Endpoint{.address = address, .port = hop.port}.text();
}

net::Task<std::expected<void, ConnectionFailure>> open(Connection& connection, const NextHop& hop,
                                                       std::string address) {
  if (!hop.unix_path.empty()) co_return co_await connection.open_unix(hop.unix_path);
  net::Endpoint endpoint;
  endpoint.address = std::move(address);
  endpoint.port = hop.port;
  co_return co_await connection.open(std::move(endpoint));
}

}  // namespace

Attempt::Attempt(const RelayServices& services, const RelayOptions& options, const TlsContexts& tls,
                 ConnectionPool& pool, Guarded<HostHealth>& health, const queue::Job& job,
                 const SigningKeys::value_type* keys)
    : services_(services),
      options_(options),
      tls_(tls),
      pool_(pool),
      health_(health),
      job_(job),
      conversation_(services, options, job, keys) {}

net::Task<std::vector<queue::Outcome>> Attempt::run() {
  const auto begun = services_.clock.now();
  co_await walk_hosts();
  const auto spent = services_.clock.now() - begun;
  auto outcomes = conversation_.outcomes();
  for (auto& outcome : outcomes) {
    outcome.talking = talked_;
    outcome.connecting = spent - talked_;
  }
  co_return outcomes;
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
  auto hosts = co_await find_hosts(services_.resolver, services_.random, domain, options_.host);
  if (!hosts) {
    conversation_.settle_open(hosts.error(), "dns");
    co_return;
  }
  if (hosts->size() > options_.max_hosts) hosts->resize(options_.max_hosts);
  for (std::size_t n = 0; n < hosts->size(); ++n) {
    const NextHop hop = mx_hop(std::move((*hosts)[n]), options_);
    const bool done = co_await try_hop(hop);
    if (done) co_return;
    if (!is_ourselves_) continue;
    // RFC 5321 §5.1: those behind us are no better than we are. That is for good where nobody stands before us.
    if (n == 0) conversation_.settle_open(loops_back(domain), hop.host);
    co_return;
  }
  if (hopeless_) conversation_.settle_open_with_last_failure();
}

// True when every recipient has an answer.
net::Task<bool> Attempt::try_hop(const NextHop& hop) {
  conversation_.meet_another_host();
  if (auto kept = pool_.take(hop)) {
    hopeless_ = false;
    (void)co_await converse(hop, std::move(kept));
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
  is_ourselves_ = !hop.lmtp &&
                  std::ranges::any_of(*addresses, [&](const auto& address) { return is_own_place(address, hop.port); });
  if (is_ourselves_) {
    conversation_.note_failure(smtp::Reply(451, smtp::EnhancedCode{4, 4, 6}, hop.host + " is this server"), hop.host);
    co_return false;
  }
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
                                    .lmtp = hop.lmtp,
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

bool Attempt::is_own_place(const std::string& address, std::uint16_t port) const {
  const net::Endpoint place{.address = address, .port = port};
  return std::ranges::find(options_.own_places, place) != options_.own_places.end();
}

void Attempt::note_health(const std::string& place, const std::expected<void, ConnectionFailure>& opened) {
  const auto now = services_.clock.now();
  health_.with([&](HostHealth& health) {
    if (opened) health.worked(place);
    if (!opened && opened.error().unreachable) health.failed(place, opened.error().reply, now);
  });
}

net::Task<void> Attempt::try_address(NextHop hop, std::string address) {
  const std::string place = place_of(hop, address);
  const auto now = services_.clock.now();
  const auto resting = [&](const HostHealth& health) { return health.resting(place, now); };
  if (const auto why = health_.with(resting)) {
    conversation_.note_failure(*why, place);
    co_return;
  }
  auto connection = std::make_unique<Connection>(connection_options(hop));
  auto opened = co_await open(*connection, hop, address);
  note_health(place, opened);
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
  const std::size_t were_open = conversation_.open();
  const bool full = co_await converse(hop, std::move(connection));
  const bool goes_on = full && conversation_.open() < were_open;  // RFC 9422: what is left, on another connection
  const bool again = !conversation_.finished() && (goes_on || (conversation_.plain_only() && !was_plain));
  if (again) co_await try_address(std::move(hop), std::move(address));
}

// Whether the connection carried all that it may.
net::Task<bool> Attempt::converse(const NextHop& hop, std::unique_ptr<Connection> connection) {
  const auto begun = services_.clock.now();
  co_await conversation_.hold(*connection);
  talked_ += services_.clock.now() - begun;
  const bool full = connection->stands() && connection->is_full();
  pool_.give(hop, std::move(connection));
  co_return full;
}

}  // namespace cas::outbound
