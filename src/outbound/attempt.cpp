// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Hosts by preference, a kept connection or a new one to each, until nobody is without an answer.
#include "outbound/attempt.hpp"

#include <algorithm>

#include "outbound/route.hpp"

namespace cas::outbound {

namespace {

using tlspolicy::TlsDemand;

NextHop mx_hop(std::string host, std::uint16_t port, TlsDemand tls) {
  NextHop hop;
  hop.host = std::move(host);
  hop.port = port;
  hop.tls = std::move(tls);
  return hop;
}

net::Task<std::expected<void, ConnectionFailure>> open(Connection& connection, const NextHop& hop, std::string address,
                                                       std::optional<net::Stream> stream) {
  if (!stream) co_return co_await connection.open_unix(hop.unix_path);
  net::Endpoint endpoint;
  endpoint.address = std::move(address);
  endpoint.port = hop.port;
  co_return co_await connection.open(std::move(endpoint), *std::move(stream));
}

}  // namespace

std::string place_of(const NextHop& hop, const std::string& address) {
  if (!hop.unix_path.empty()) return "unix:" + hop.unix_path;
  return net::Endpoint{.address = address, .port = hop.port}.text();
}

ConnectionOptions connection_options(const RelayServices& services, const RelayOptions& options, const NextHop& hop,
                                     const std::string& place) {
  std::optional<smtp::PlainAuth> auth;
  if (hop.credentials) auth = smtp::PlainAuth{.user = hop.credentials->user, .password = hop.credentials->password};
  return ConnectionOptions{.smtp = {.helo = options.host.text(),
                                    .lmtp = hop.lmtp,
                                    .use_starttls = hop.tls.use != TlsDemand::Use::Off,
                                    .require_tls = hop.tls.required(),
                                    .require_requiretls = hop.tls.requiretls,
                                    .implicit_tls = hop.tls.use == TlsDemand::Use::Implicit,
                                    .auth = std::move(auth),
                                    .xclient = hop.xclient},
                           .host_name = hop.host,
                           .server_name = hop.tls.server_name,
                           .tls = services.tls,
                           .check = check_of(hop.tls, place),
                           .connect_timeout = options.connect_timeout,
                           .command_timeout = options.command_timeout,
                           .data_timeout = options.data_timeout,
                           .final_timeout = options.final_timeout};
}

Attempt::Attempt(const RelayServices& services, const RelayOptions& options, const TlsPolicies& policies,
                 ConnectionPool& pool, const queue::Job& job, const SigningKeys::value_type* keys)
    : services_(services),
      options_(options),
      pool_(pool),
      job_(job),
      conversation_(services, options, job, keys),
      tls_(services, options, policies, job) {}

net::Task<std::vector<queue::Outcome>> Attempt::run() {
  const auto begun = services_.clock.now();
  conversation_.give_up_old_doubts();
  if (!conversation_.finished()) co_await walk_hosts();
  auto outcomes = conversation_.outcomes();
  // What one message requires says nothing about the destination.
  const bool nobody_there = !was_there_ && !job_.message.require_tls;
  const auto spent = services_.clock.now() - begun;
  for (auto& outcome : outcomes) {
    outcome.talking = talked_;
    outcome.connecting = spent - talked_;
    outcome.unreachable = nobody_there && outcome.kind == queue::Outcome::Kind::Deferred;
  }
  co_return outcomes;
}

net::Task<void> Attempt::walk_hosts() {
  const Mailbox& first = job_.recipients.front().address;
  if (const NextHop* hop = options_.routes.find(first)) {
    co_await try_configured(*hop);
  } else if (first.literal()) {
    co_await try_literal(first.literal()->text);
  } else {
    co_await walk_mx_hosts(*first.domain());
  }
}

// No policy of a domain changes what the configuration says of a server.
net::Task<void> Attempt::try_configured(NextHop hop) {
  auto demand = tls_.of_configured(hop);
  if (demand) {
    hop.tls = *std::move(demand);
    (void)co_await try_hop(hop);
  } else {
    note_unusable(demand.error(), hop.host);
  }
  // That its name has no address is a mistake of the configuration, and nothing for good.
  if (tlspolicy::says_requiretls_not_possible(conversation_.last_failure())) settle_where_hopeless();
}

// RFC 5321 §5: an address literal names its server itself.
net::Task<void> Attempt::try_literal(std::string address) {
  if (address.starts_with("IPv6:")) address.erase(0, 5);
  auto demand = co_await tls_.of_host(address);
  if (demand) {
    NextHop itself = mx_hop(std::move(address), options_.port, *std::move(demand));
    itself.is_address = true;
    (void)co_await try_hop(itself);
  } else {
    note_unusable(demand.error(), address);
  }
  settle_where_hopeless();
}

net::Task<void> Attempt::walk_mx_hosts(Domain domain) {
  conversation_.meet_hosts_of(domain);
  auto hosts = co_await find_hosts(services_.resolver, services_.random, domain, options_.host);
  if (!hosts) {
    conversation_.settle_open(hosts.error(), "dns");
    co_return;
  }
  co_await tls_.meet_domain(domain);
  std::size_t n = 0;
  std::size_t dialed = 0;
  for (; n < std::min(hosts->size(), options_.max_hosts_looked_up) && dialed < options_.max_hosts; ++n) {
    dialed_ = false;
    const bool done = co_await try_mx_host((*hosts)[n]);
    if (done) co_return;
    if (dialed_) ++dialed;
    if (!is_ourselves_) continue;
    // RFC 5321 §5.1: those behind us are no better than we are. That is for good where nobody stands before us.
    if (n == 0) conversation_.settle_open(loops_back(domain), (*hosts)[n]);
    co_return;
  }
  if (n < hosts->size()) hopeless_ = false;  // a bound of ours is no reason to give up
  settle_where_hopeless();
}

void Attempt::settle_where_hopeless() {
  if (hopeless_ && !conversation_.finished()) conversation_.settle_open_with_last_failure();
}

// A host that is of no use to the message; others may be.
void Attempt::note_unusable(const smtp::Reply& reply, const std::string& host) {
  hopeless_ = hopeless_ && reply.permanent();
  conversation_.note_failure(reply, host);
}

net::Task<bool> Attempt::try_mx_host(std::string host) {
  auto demand = co_await tls_.of_host(host);
  if (!demand) {
    note_unusable(demand.error(), host);
    co_return false;
  }
  const NextHop hop = mx_hop(std::move(host), options_.port, *std::move(demand));
  co_return co_await try_hop(hop);
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
    note_unusable(addresses.error(), hop.host);
    co_return false;
  }
  is_ourselves_ = !hop.lmtp &&
                  std::ranges::any_of(*addresses, [&](const auto& address) { return is_own_place(address, hop.port); });
  if (is_ourselves_) {
    hopeless_ = false;
    conversation_.note_failure(smtp::Reply(451, smtp::EnhancedCode{4, 4, 6}, hop.host + " is this server"), hop.host);
    co_return false;
  }
  if (hop.unix_path.empty()) {
    co_await race(hop, *std::move(addresses));
  } else {
    co_await try_again(hop, hop.host);
  }
  co_return conversation_.finished();
}

// Hosts keep their order (RFC 5321 §5.1); the addresses of one host race (RFC 8305 §5). Whoever wins and does not take
// all is followed by the winner among the rest.
net::Task<void> Attempt::race(const NextHop& hop, std::vector<std::string> addresses) {
  std::vector<net::Endpoint> endpoints;
  for (auto& address : addresses) {
    if (endpoints.size() == options_.max_addresses) break;
    if (!is_resting(place_of(hop, address))) {
      endpoints.push_back(net::Endpoint{.address = std::move(address), .port = hop.port});
    }
  }
  dialed_ = dialed_ || !endpoints.empty();
  DialOptions dial;
  dial.timeout = options_.connect_timeout;
  Dialer dialer(std::move(endpoints), dial);
  while (!conversation_.finished()) {
    auto dialed = co_await dialer.next();
    for (const auto& failure : dialed.failures) note_failure_at(hop, failure);
    if (!dialed.line) co_return;
    std::optional<net::Stream> stream = std::move(dialed.line->stream);
    co_await try_address(hop, std::move(dialed.line->endpoint.address), std::move(stream));
  }
}

// Notes why, too.
bool Attempt::is_resting(const std::string& place) {
  const auto now = services_.clock.now();
  const auto why = services_.health.with([&](const HostHealth& health) { return health.resting(place, now); });
  if (!why) return false;
  hopeless_ = false;
  conversation_.note_failure(*why, place);
  return true;
}

void Attempt::note_failure_at(const NextHop& hop, const Dialed::Failure& failure) {
  const std::string relay = relay_text(hop.host, failure.endpoint);
  auto why = unreachable(relay, failure.error);
  conversation_.note_failure(why.reply, relay);
  hopeless_ = false;
  note_health(failure.endpoint.text(), std::unexpected(std::move(why)));
}

// On a connection of its own.
net::Task<void> Attempt::try_again(NextHop hop, std::string address) {
  if (!hop.unix_path.empty()) {
    const bool resting = is_resting(place_of(hop, address));
    if (!resting) co_await try_address(std::move(hop), std::move(address), std::nullopt);
    co_return;
  }
  std::vector<std::string> one;
  one.push_back(std::move(address));
  co_await race(hop, std::move(one));
}

bool Attempt::is_own_place(const std::string& address, std::uint16_t port) const {
  const net::Endpoint place{.address = address, .port = port};
  return std::ranges::find(options_.own_places, place) != options_.own_places.end();
}

void Attempt::note_health(const std::string& place, const std::expected<void, ConnectionFailure>& opened) {
  const auto now = services_.clock.now();
  services_.health.with([&](HostHealth& health) {
    if (opened) health.worked(place);
    if (!opened && opened.error().unreachable) health.failed(place, opened.error().reply, now);
  });
}

net::Task<void> Attempt::try_address(NextHop hop, std::string address, std::optional<net::Stream> stream) {
  const std::string place = place_of(hop, address);
  const auto now = services_.clock.now();
  const bool chunks = services_.health.with([&](const HostHealth& health) { return health.takes_chunks(place, now); });
  auto options = connection_options(services_, options_, hop, place);
  options.smtp.use_chunking = chunks;
  auto connection = std::make_unique<Connection>(std::move(options));
  auto opened = co_await open(*connection, hop, address, std::move(stream));
  note_health(place, opened);
  if (hop.tls.use != TlsDemand::Use::Off) tls_.count(*connection, hop, address, opened.has_value());
  if (!opened) {
    const auto& reply = opened.error().reply;
    conversation_.note_failure(reply, connection->relay());
    // A greeting of 5yz may be a mistake of today; that REQUIRETLS is not offered is none (RFC 8689 §4.2.1).
    hopeless_ = hopeless_ && hop.tls.requiretls && tlspolicy::says_requiretls_not_possible(reply);
    const bool again = opened.error().tls_failed && hop.tls.may_go_in_the_clear();
    pool_.give(hop, std::move(connection));
    if (!again) co_return;
    // Opportunistic TLS (RFC 7435): a broken handshake must not stop mail that may go in the clear.
    hop.tls.use = TlsDemand::Use::Off;
    co_await try_again(std::move(hop), std::move(address));
    co_return;
  }
  hopeless_ = false;
  const bool was_plain = conversation_.plain_only();
  const std::size_t were_open = conversation_.open();
  const bool full = co_await converse(hop, std::move(connection));
  const bool goes_on = full && conversation_.open() < were_open;  // RFC 9422: what is left, on another connection
  if (conversation_.chunk_refused()) {
    services_.health.with([&](HostHealth& health) { health.refused_chunks(place, services_.clock.now()); });
  }
  const bool other_way = (conversation_.plain_only() && !was_plain) || (conversation_.chunk_refused() && chunks);
  const bool again = !conversation_.finished() && (goes_on || other_way);
  if (again) co_await try_again(std::move(hop), std::move(address));
}

// Whether the connection carried all that it may.
net::Task<bool> Attempt::converse(const NextHop& hop, std::unique_ptr<Connection> connection) {
  // A connection that was kept proves nothing before it was used.
  const std::size_t were_open = conversation_.open();
  const bool kept = connection->was_kept();
  const auto begun = services_.clock.now();
  co_await conversation_.hold(*connection);
  talked_ += services_.clock.now() - begun;
  if (!kept || connection->stands() || conversation_.open() < were_open) was_there_ = true;
  const bool full = connection->stands() && connection->is_full();
  pool_.give(hop, std::move(connection));
  co_return full;
}

}  // namespace cas::outbound
