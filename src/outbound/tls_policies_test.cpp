// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a DNS that fails half way means for TLS. The rest is in tests/e2e/test_tls_policy.py.
#include "outbound/tls_policies.hpp"

#include <gtest/gtest.h>

#include "net/runtime.hpp"

namespace cas::outbound {
namespace {

using tlspolicy::DaneStatus;

/// Local data alone, and nobody who answers for what is not in it.
std::unique_ptr<net::Resolver> make_resolver() {
  net::ResolverOptions options;
  options.trust_anchor_file = "none";
  options.forwarders = {"127.0.0.1@9"};
  options.timeout = milliseconds(100);
  options.local_zones = {"plain.example."};
  options.local_data = {"mx.plain.example. 60 IN A 127.0.0.1", "plain.example. 60 IN MX 10 mx.plain.example."};
  return net::Resolver::create(options).value();
}

class DanePolicies : public testing::Test {
 protected:
  DanePolicies() { runtime_.start(); }

  DaneStatus dane_of(DomainTls domain, std::string host) {
    DaneStatus status = DaneStatus::Insecure;
    net::run_and_wait(runtime_.executor(0), [&]() -> net::Task<void> {
      const auto dane = co_await policies_.dane_of(domain, host, 25);
      status = dane.status;
    });
    return status;
  }
  DomainTls of_domain(const std::string& name) {
    DomainTls found;
    net::run_and_wait(runtime_.executor(0),
                      [&]() -> net::Task<void> { found = co_await policies_.of_domain(Domain::parse(name).value()); });
    return found;
  }

  net::Runtime runtime_{1};
  std::unique_ptr<net::Resolver> resolver_ = make_resolver();
  TlsPolicies policies_{*resolver_, nullptr, TlsPolicyOptions()};
};

// RFC 7672 §2.2.2: what binds the host is not known, so it must not be used now.
TEST_F(DanePolicies, AddressesThatCannotBeLookedUpAreNoLeaveToGoWithoutRecords) {
  DomainTls domain;
  domain.domain = "b.example";
  domain.secure_route = true;
  EXPECT_EQ(dane_of(domain, "mx.b.example"), DaneStatus::Failed);
  EXPECT_EQ(dane_of(domain, "mx.plain.example"), DaneStatus::Insecure) << "it is not signed, and says so";
}

// RFC 7672 §2.2.1
TEST_F(DanePolicies, NeitherIsARouteThatIsNotKnownAnyMore) {
  EXPECT_EQ(dane_of(of_domain("b.example"), "mx.plain.example"), DaneStatus::Failed);
  EXPECT_EQ(dane_of(of_domain("plain.example"), "mx.plain.example"), DaneStatus::Insecure);
}

}  // namespace
}  // namespace cas::outbound
