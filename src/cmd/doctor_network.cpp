// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One question to the DNS, one connection to a server that was named.
#include <algorithm>
#include <array>
#include <future>

#include "base/encoding.hpp"
#include "cmd/doctor.hpp"
#include "cmd/perform.hpp"
#include "net/unbound_context.hpp"
#include "outbound/next_hop.hpp"

namespace cas::cmd {

namespace {

constexpr milliseconds connect_patience{10000};
constexpr milliseconds greeting_patience{15000};
constexpr milliseconds farewell_patience{1000};
constexpr std::size_t most_addresses = 3;

dns::Answer ask(net::Resolver& resolver, const std::string& name, dns::Type type) {
  std::promise<dns::Answer> promise;
  auto coming = promise.get_future();
  dns::Question question;
  question.name = name;
  question.type = type;
  resolver.ask(std::move(question),
               [promise = std::move(promise)](dns::Answer found) mutable { promise.set_value(std::move(found)); });
  return coming.get();
}

std::vector<std::string> addresses_of(net::Resolver& resolver, const std::string& host) {
  std::vector<std::string> addresses;
  for (const auto type : {dns::Type::A, dns::Type::AAAA}) {
    for (const auto& record : ask(resolver, host, type).records) {
      if (const auto* v4 = std::get_if<dns::A>(&record)) addresses.push_back(dns::to_string(*v4));
      if (const auto* v6 = std::get_if<dns::Aaaa>(&record)) addresses.push_back(dns::to_string(*v6));
    }
  }
  if (addresses.size() > most_addresses) addresses.resize(most_addresses);
  return addresses;
}

/// The best MX host of a domain, the domain itself where it has none; or why it takes no mail.
std::expected<std::string, std::string> mail_host(net::Resolver& resolver, const Domain& domain) {
  const auto answer = ask(resolver, domain.text(), dns::Type::MX);
  if (answer.status == dns::Status::Failed) return std::unexpected("its MX records could not be looked up");
  std::optional<dns::Mx> best;
  for (const auto& record : answer.records) {
    const auto* mx = std::get_if<dns::Mx>(&record);
    if (mx != nullptr && (!best || mx->preference < best->preference)) best = *mx;
  }
  if (!best) return domain.text();
  if (best->exchange.empty()) return std::unexpected("it takes no mail (null MX)");
  return best->exchange;
}

net::Task<void> greet(net::Endpoint place, bool implicit_tls, std::string host, setup::OutboundFacts& facts) {
  auto stream = co_await net::connect(place, connect_patience);
  if (!stream) {
    facts.fault = place.text() + ": " + printable(stream.error().private_reason, 200);
    co_return;
  }
  facts.connected = true;
  facts.fault.clear();
  if (implicit_tls) {
    auto context = net::TlsContext::client(false);
    if (!context) co_return;
    const auto done = co_await stream->start_tls_client(*context, host, greeting_patience);
    if (!done) {
      facts.greeting = "no TLS: " + printable(done.error().private_reason, 200);
      co_return;
    }
  }
  std::array<char, 512> buffer{};
  const auto got = co_await stream->read_some(buffer, greeting_patience);
  if (got && *got > 0) {
    std::string_view said(buffer.data(), *got);
    said = said.substr(0, said.find_first_of("\r\n"));
    facts.greeting = printable(said, 200);
    static_cast<void>(co_await stream->write("QUIT\r\n", farewell_patience));
  }
  co_await stream->close();
}

}  // namespace

setup::ResolverFacts look_at_resolver(const net::ResolverOptions& options, const std::string& name) {
  setup::ResolverFacts facts{.who = "the root servers", .question = name, .fault = {}};
  if (!options.forwarders.empty()) facts.who.clear();
  for (const auto& forwarder : options.forwarders) facts.who += (facts.who.empty() ? "" : ", ") + forwarder;
  facts.validates = net::validates(options);
  auto resolver = net::Resolver::create(options);
  if (!resolver) {
    facts.fault = printable(resolver.error().private_reason);
    return facts;
  }
  const auto answer = ask(**resolver, name, dns::Type::MX);
  facts.answered = answer.status != dns::Status::Failed;
  facts.secure = answer.secure;
  if (!facts.answered) facts.fault = printable(answer.private_reason);
  return facts;
}

setup::OutboundFacts look_outside(const app::Config& config, const std::string& target) {
  setup::OutboundFacts facts{.target = target, .greeting = {}, .fault = {}};
  outbound::NextHop hop;
  if (target.empty()) {
    if (!config.outbound.smarthost) return facts;
    hop = config.outbound.smarthost->hop;
    facts.target = hop.text();
    facts.is_smarthost = true;
  } else if (auto named = outbound::NextHop::parse(target)) {
    hop = *std::move(named);
  }
  auto resolver = net::Resolver::create(config.dns);
  if (!resolver) {
    facts.fault = "no resolver: " + printable(resolver.error().private_reason);
    return facts;
  }
  if (hop.host.empty()) {
    const auto domain = Domain::parse(target);
    const auto host = domain ? mail_host(**resolver, *domain) : std::unexpected(std::string("is no domain"));
    if (!host) {
      facts.fault = host.error();
      return facts;
    }
    hop.host = *host;
    hop.port = config.outbound.port;
    facts.target = target + " (" + hop.host + ")";
  }
  const auto literal = IpAddress::parse(hop.host);
  const auto addresses = literal ? std::vector{literal->text()} : addresses_of(**resolver, hop.host);
  if (addresses.empty()) facts.fault = hop.host + " has no address";
  const bool implicit_tls = hop.tls.use == tlspolicy::TlsDemand::Use::Implicit;
  for (const auto& address : addresses) {
    const net::Endpoint place{.address = address, .port = hop.port};
    const auto fault = perform([&] { return greet(place, implicit_tls, hop.host, facts); });
    if (fault) facts.fault = printable(*fault);
    if (facts.connected) break;
  }
  return facts;
}

}  // namespace cas::cmd
