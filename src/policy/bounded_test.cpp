// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A million names, each seen once, thrown at each table: none grows beyond its bound.
#include <gtest/gtest.h>

#include "policy/conduct.hpp"
#include "policy/connections.hpp"
#include "policy/quotas.hpp"

namespace cas::policy {
namespace {

constexpr std::uint32_t a_million = 1'000'000;
const TimePoint now{std::chrono::hours(24 * 20000)};

/// Each in a /48 of its own.
IpAddress address(std::uint32_t n) {
  return IpAddress(IpAddress::V6Octets{0x20, 1, static_cast<std::uint8_t>(n >> 24U),
                                       static_cast<std::uint8_t>(n >> 16U), static_cast<std::uint8_t>(n >> 8U),
                                       static_cast<std::uint8_t>(n)});
}
std::string name(std::uint32_t n) {
  return 'n' + std::to_string(n) + ".example";
}

TEST(BoundedMemory, Reputation) {
  Reputation table({.capacity = 5000});
  for (std::uint32_t n = 0; n < a_million; ++n) table.note(name(n), Deed::Miss, now);
  EXPECT_LE(table.size(), 5000U);
}

TEST(BoundedMemory, Buckets) {
  Buckets buckets({.max_keys = 5000});
  for (std::uint32_t n = 0; n < a_million; ++n) {
    (void)buckets.take(name(n), now);
    buckets.spend(name(n) + ".x", now, 3);
  }
  EXPECT_LE(buckets.size(), 5000U);
}

TEST(BoundedMemory, Conduct) {
  Conduct conduct;
  conduct.restore({}, now - std::chrono::hours(24 * 30), now);  // everybody is new
  SenderIdentity sender;
  for (std::uint32_t n = 0; n < a_million; ++n) {
    sender.client = address(n);
    sender.signer = Domain::parse(name(n)).value();
    const std::vector recipients{Mailbox(LocalPart::from_value("u").value(), *sender.signer)};
    conduct.accepted(sender, recipients, now);
    conduct.told_unknown(sender, now);
  }
  EXPECT_LE(conduct.size(), 300'000U);
  EXPECT_LE(conduct.remembered().size(), 100'000U);
}

TEST(BoundedMemory, ConfirmBuckets) {
  ConfirmBuckets buckets;
  for (std::uint32_t n = 0; n < a_million; ++n) {
    const auto peer = address(n).text();
    (void)buckets.allow_confirm(peer, now);
    (void)buckets.allow_domain(name(n), now);
    (void)buckets.allow_key_lookup(peer, name(n), now);
  }
  EXPECT_LE(buckets.size(), 400'000U);
}

TEST(BoundedMemory, UserQuotas) {
  UserQuotas quotas;
  quotas.set_limits({.messages_per_hour = 10, .recipients_per_hour = 10});
  for (std::uint32_t n = 0; n < a_million; ++n) {
    (void)quotas.allow_message(name(n), now);
    (void)quotas.allow_recipient(name(n), now);
  }
  EXPECT_LE(quotas.size(), 200'000U);
}

TEST(BoundedMemory, Connections) {
  Connections connections({.total = 1000, .per_client = 10, .per_network = 1000, .per_minute = 1});
  for (std::uint32_t n = 0; n < a_million; ++n) {
    const auto peer = address(n).text();
    connections.count_failed_handshake(peer, now);
    EXPECT_FALSE(connections.enter(peer, now).place);  // refused, and told of
  }
  EXPECT_LE(connections.remembered(), 120'000U);
}

}  // namespace
}  // namespace cas::policy
