// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses, names and listening sockets.
#include "setup/machine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::setup {
namespace {

// As the kernel of a little-endian machine writes it, cut.
constexpr std::string_view table =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    "   0: 00000000:0019 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n"
    "   1: 0100007F:2729 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 100 0 0 10 0\n"
    "   2: 0100007F:2729 0100007F:D431 01 00000000:00000000 00:00000000 00000000  1000        0 4713 1 0 20 4 30 10 "
    "-1\n";

IpAddress address(const char* text) {
  return *IpAddress::parse(text);
}

TEST(Machine, AddressesThatOthersReach) {
  for (const char* text : {"8.8.8.8", "100.128.0.1", "172.32.0.1", "2a01:4f8::1"})
    EXPECT_TRUE(is_global(address(text))) << text;
}

TEST(Machine, AddressesThatNobodyElseReaches) {
  for (const char* text : {"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "0.0.0.0",
                           "192.0.2.1", "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fd00::1",
                           "2001:db8::1", "ff02::1", "::ffff:10.0.0.1"}) {
    EXPECT_FALSE(is_global(address(text))) << text;
  }
}

TEST(Machine, NamesThatMayStandInAnMxRecord) {
  for (const char* name : {"mx.north.example", "mail.b.de", "a.b.c.d.example"})
    EXPECT_TRUE(is_public_name(name)) << name;
}

TEST(Machine, NamesThatOnlyALocalNetworkKnows) {
  for (const char* name : {"", "debian", "localhost", "mail.local", "debian.localdomain", "ip-10-0-0-1.ec2.internal",
                           "nas.home.arpa", "a..b", "mx.corp"}) {
    EXPECT_FALSE(is_public_name(name)) << name;
  }
}

TEST(Machine, SocketsThatListenAreFound) {
  const auto found = listening_in(table);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].port, 25);
  EXPECT_EQ(found[0].inode, 4711U);
  EXPECT_EQ(found[1].address, address("127.0.0.1"));
  EXPECT_EQ(found[1].port, 10025);
}

TEST(Machine, WhatIsNoTableHoldsNoSockets) {
  for (const char* text :
       {"", "\n\n", "0: 0100007F", "0: 0100007F:ZZZZ 0:0 0A a b c d e 1", "0: 01:0019 0:0 0A a b c d e 1"}) {
    EXPECT_TRUE(listening_in(text).empty()) << text;
  }
}

TEST(Machine, WhoIsInTheWayOfWhom) {
  const Listening all{.address = address("0.0.0.0"), .port = 25};
  const Listening one{.address = address("192.0.2.1"), .port = 25};
  const Listening six{.address = *IpAddress::parse_v6("::"), .port = 25};
  EXPECT_TRUE(is_in_the_way(all, address("192.0.2.9"), 25));
  EXPECT_TRUE(is_in_the_way(one, address("0.0.0.0"), 25));
  EXPECT_TRUE(is_in_the_way(six, address("0.0.0.0"), 25));
  EXPECT_TRUE(is_in_the_way(one, address("192.0.2.1"), 25));
  EXPECT_FALSE(is_in_the_way(one, address("192.0.2.2"), 25));
  EXPECT_FALSE(is_in_the_way(all, address("192.0.2.9"), 587));
  EXPECT_FALSE(is_in_the_way(all, *IpAddress::parse_v6("2a01:4f8::1"), 25));
}

}  // namespace
}  // namespace cas::setup
