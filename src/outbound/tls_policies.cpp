// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The questions, in the order in which they are worth asking.
#include "outbound/tls_policies.hpp"

#include "net/inquiry.hpp"

namespace cas::outbound {

using tlspolicy::Dane;
using tlspolicy::PinLevel;
using tlspolicy::TlsDemand;
using tlspolicy::TlsFailure;

namespace {

net::Task<dns::Answer> ask(net::Resolver& resolver, std::string name, dns::Type type) {
  dns::Question question;
  question.name = std::move(name);
  question.type = type;
  co_return co_await resolver.ask(std::move(question));
}

// The administrator has said all there is to say.
bool decides_alone(const tlspolicy::TlsPin* pin) {
  return pin != nullptr && pin->level != PinLevel::Required;
}

tlspolicy::ReportedPolicy reported(const DomainTls& domain, const Dane& dane) {
  tlspolicy::ReportedPolicy policy;
  if (dane.status == tlspolicy::DaneStatus::Usable || dane.status == tlspolicy::DaneStatus::Unusable) {
    policy.type = "tlsa";
    for (const auto& record : dane.records) policy.lines.push_back(tlspolicy::to_string(record));
  } else if (domain.sts.policy) {
    policy.type = "sts";
    policy.lines = tlspolicy::sts_policy_lines(*domain.sts.policy);
  }
  return policy;
}

}  // namespace

TlsPolicies::TlsPolicies(net::Resolver& resolver, StsBook* sts, TlsPolicyOptions options)
    : resolver_(resolver), sts_(sts), options_(std::move(options)) {}

net::Task<DomainTls> TlsPolicies::of_domain(std::optional<Domain> domain) const {
  DomainTls tls;
  if (!domain) co_return tls;
  tls.domain = domain->text();
  const auto pin = options_.pins.find(*domain);
  if (pin != options_.pins.end()) tls.pin = &pin->second;
  if (decides_alone(tls.pin)) co_return tls;
  if (options_.dane) {
    // Asked a moment ago for the route, and remembered since.
    const auto mx = co_await ask(resolver_, tls.domain, dns::Type::MX);
    tls.secure_route = mx.secure && mx.status != dns::Status::Failed;
  }
  if (sts_ != nullptr && options_.mta_sts) tls.sts = co_await sts_->find(*std::move(domain));
  co_return tls;
}

net::Task<Dane> TlsPolicies::dane_of(const DomainTls& domain, std::string host, std::uint16_t port) const {
  Dane dane;
  if (!options_.dane || !domain.secure_route || decides_alone(domain.pin)) co_return dane;
  dns::Answers answers;
  auto check = [&](dns::Answers& known) { return tlspolicy::find_dane(host, port, known); };
  co_return co_await net::inquire(resolver_, answers, std::move(check));
}

HostTls TlsPolicies::judge(const DomainTls& domain, const std::string& host, const Dane& dane,
                           const MessageTls& message) const {
  const tlspolicy::TlsFacts facts{.domain = domain.domain,
                                  .host = host,
                                  .pin = domain.pin,
                                  .require_always = options_.require_tls,
                                  .sts = domain.sts.policy ? &*domain.sts.policy : nullptr,
                                  .dane = dane,
                                  .requiretls = message.requiretls,
                                  .relaxed = message.relaxed};
  return HostTls{.demand = tlspolicy::judge_tls(facts), .reported = reported(domain, dane)};
}

net::PeerCheck check_of(const TlsDemand& demand, std::string peer) {
  net::PeerCheck check;
  switch (demand.verify) {
    case TlsDemand::Verify::Nothing: check.by = net::PeerCheck::By::Nothing; break;
    case TlsDemand::Verify::Names: check.by = net::PeerCheck::By::Names; break;
    case TlsDemand::Verify::Records: check.by = net::PeerCheck::By::Records; break;
  }
  check.enforce = demand.enforce;
  check.names = demand.names;
  check.records = demand.records;
  check.peer = std::move(peer);
  return check;
}

std::optional<TlsFailure> failure_of(net::CertificateFault fault, const TlsDemand& demand) {
  switch (fault) {
    case net::CertificateFault::None: return std::nullopt;
    case net::CertificateFault::HostMismatch: return TlsFailure::CertificateHostMismatch;
    case net::CertificateFault::Expired: return TlsFailure::CertificateExpired;
    case net::CertificateFault::NoRecord: return TlsFailure::ValidationFailure;
    case net::CertificateFault::NotTrusted:
      // By records, it is the records that nothing fits.
      return demand.verify == TlsDemand::Verify::Records ? TlsFailure::ValidationFailure
                                                         : TlsFailure::CertificateNotTrusted;
    case net::CertificateFault::Other: return TlsFailure::ValidationFailure;
  }
  return TlsFailure::ValidationFailure;
}

}  // namespace cas::outbound
