// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "base/ip_network.hpp"

#include <gtest/gtest.h>

namespace cas {
namespace {

TEST(IpNetwork, ReadsAndWrites) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"127.0.0.0/8", "127.0.0.0/8"},       {"::1", "::1/128"},         {"192.0.2.7", "192.0.2.7/32"},
      {"2001:db8::/32", "2001:db8::/32"},   {"0.0.0.0/0", "0.0.0.0/0"}, {"::/0", "::/0"},
      {"192.0.2.128/25", "192.0.2.128/25"},
  };
  for (const auto& [text, wanted] : cases) {
    const auto network = IpNetwork::parse(text);
    ASSERT_TRUE(network) << text;
    EXPECT_EQ(network->text(), wanted);
  }
}

TEST(IpNetwork, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/ 8", "10.0.0.0/8/8", "10.1.2.3/8",
        "2001:db8::1/32", "::/129", "::ffff:10.0.0.0/104", "example", "fe80::1%eth0", "10.0.0.0/4294967304"}) {
    EXPECT_FALSE(IpNetwork::parse(text)) << text;
  }
}

TEST(IpNetwork, HoldsItsAddressesOnly) {
  struct Case {
    std::string_view network, host;
    bool within;
  };
  const Case cases[] = {
      {"127.0.0.0/8", "127.255.0.9", true},
      {"127.0.0.0/8", "128.0.0.1", false},
      {"127.0.0.0/8", "::1", false},
      {"::1", "::1", true},
      {"::1", "::2", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.200", true},
      // RFC 4291 §2.5.5.2: the same client, through a socket that takes both families.
      {"127.0.0.0/8", "::ffff:127.0.0.1", true},
  };
  for (const auto& [network, host, within] : cases) {
    EXPECT_EQ(IpNetwork::parse(network)->contains(*IpAddress::parse(host)), within) << network << " " << host;
  }
}

TEST(IsPrivate, IsSoOfWhatNobodyReachesFromElsewhere) {
  for (const auto* text : {"10.1.2.3", "127.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "169.254.9.9", "::1",
                           "fd00::1", "fe80::1"}) {
    EXPECT_TRUE(is_private(*IpAddress::parse(text))) << text;
  }
  for (const auto* text : {"192.0.2.1", "172.32.0.1", "100.128.0.1", "8.8.8.8", "2001:db8::1"}) {
    EXPECT_FALSE(is_private(*IpAddress::parse(text))) << text;
  }
}

TEST(IsLoopback, IsSoOfThisMachineAlone) {
  for (const auto* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"}) {
    EXPECT_TRUE(is_loopback(*IpAddress::parse(text))) << text;
  }
  for (const auto* text : {"128.0.0.1", "10.0.0.1", "0.0.0.0", "::", "::2", "fe80::1"}) {
    EXPECT_FALSE(is_loopback(*IpAddress::parse(text))) << text;
  }
}

}  // namespace
}  // namespace cas
