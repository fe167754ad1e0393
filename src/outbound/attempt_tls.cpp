// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From policies to one host's demand, and from its session to a count.
#include "outbound/attempt_tls.hpp"

#include "base/ip_network.hpp"

namespace cas::outbound {

namespace {

// LMTP delivers (RFC 2033 §1): to a mailbox on this machine, the message takes no way that TLS could protect.
bool delivers_here(const NextHop& hop) {
  if (!hop.lmtp) return false;
  if (!hop.unix_path.empty()) return true;
  static const std::vector<IpNetwork> loopback{*IpNetwork::parse("127.0.0.0/8"), *IpNetwork::parse("::1")};
  const auto address = IpAddress::parse(hop.host);
  return address && is_within_any(*address, loopback);
}

}  // namespace

AttemptTls::AttemptTls(const RelayServices& services, const RelayOptions& options, const TlsPolicies& policies,
                       const queue::Job& job)
    : services_(services), options_(options), policies_(policies), job_(job) {}

net::Task<void> AttemptTls::meet_domain(Domain domain) {
  domain_ = co_await policies_.of_domain(std::move(domain));
  if (!domain_.sts.failure) co_return;
  reported_.type = "sts";  // announced, and not to be had
  count(std::string(), std::string(), domain_.sts.failure);
}

net::Task<Demand> AttemptTls::of_host(std::string host) {
  const auto dane = co_await policies_.dane_of(domain_, host, options_.port);
  MessageTls message;
  message.requiretls = job_.message.require_tls;
  auto judged = policies_.judge(domain_, host, dane, message);
  // Only what a policy would change is worth a look at the header (RFC 8689 §3).
  const bool plain = judged.demand && *judged.demand == tlspolicy::TlsDemand{};
  if (!plain && !message.requiretls) {
    message = co_await message_tls();
    judged = policies_.judge(domain_, host, dane, message);
  }
  reported_ = std::move(judged.reported);
  if (judged.demand) co_return *std::move(judged.demand);
  auto& refusal = judged.demand.error();
  if (refusal.reply.permanent() && domain_.sts.unknown) {  // it may be said next time
    refusal.reply.code = 451;
    refusal.reply.enhanced.klass = 4;
  }
  if (refusal.failure) count(host, std::string(), refusal.failure);
  co_return std::unexpected(std::move(refusal.reply));
}

Demand AttemptTls::of_configured(const NextHop& hop) const {
  if (!job_.message.require_tls || delivers_here(hop)) return hop.tls;
  auto demand = tlspolicy::add_requiretls(hop.tls, hop.host);
  if (!demand) return std::unexpected(std::move(demand.error().reply));
  return *std::move(demand);
}

net::Task<MessageTls> AttemptTls::message_tls() {
  if (!message_tls_) {
    message_tls_.emplace();
    const auto header = co_await read_header(services_.queue, job_.message);
    // A header that cannot be read asks for nothing: the policies stay in force.
    message_tls_->relaxed = header && tlspolicy::says_tls_not_required(*header);
  }
  co_return *message_tls_;
}

void AttemptTls::count(const Connection& connection, const NextHop& hop, const std::string& address,
                       bool opened) const {
  auto failure = failure_of(connection.certificate_fault(), hop.tls);
  if (!failure && connection.handshake_failed()) failure = tlspolicy::TlsFailure::ValidationFailure;
  if (!failure && connection.greeted() && !connection.tls()) failure = tlspolicy::TlsFailure::StartTlsNotSupported;
  if (!failure && hop.tls.unlisted) failure = tlspolicy::TlsFailure::CertificateHostMismatch;
  if (!failure && !opened) return;
  count(hop.host, address, failure);
}

void AttemptTls::count(const std::string& host, const std::string& address,
                       std::optional<tlspolicy::TlsFailure> failure) const {
  if (services_.results == nullptr || domain_.domain.empty()) return;
  services_.results->add(tlspolicy::SessionResult{
      .domain = domain_.domain, .policy = reported_, .mx = host, .address = address, .failure = failure});
}

}  // namespace cas::outbound
