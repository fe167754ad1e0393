// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.hpp"

#include <gtest/gtest.h>

namespace cas {
namespace {

std::string canonical(std::string_view text) {
  const auto address = IpAddress::parse(text);
  return address ? address->text() : "refused";
}

TEST(IpAddress, IsReadInEitherFamilyAndWrittenInOneForm) {
  EXPECT_EQ(canonical("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("0.0.0.0"), "0.0.0.0");
  EXPECT_EQ(canonical("2001:DB8:0:0:0::1"), "2001:db8::1");
  EXPECT_EQ(canonical("::"), "::");
  EXPECT_EQ(canonical("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", " 1.2.3.4", "1.2.3.4 ", "fe80::1%eth0",
        "::1::", "12345::", "[::1]", "IPv6:::1", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2555555"})
    EXPECT_EQ(canonical(text), "refused") << text;
  EXPECT_EQ(canonical(std::string_view("1.2.3.4\0", 8)), "refused");
}

TEST(IpAddress, AMappedAddressIsTheIpv4AddressUnlessAskedForAsIpv6) {
  EXPECT_EQ(canonical("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(canonical("::FFFF:c000:0201"), "192.0.2.1");
  EXPECT_EQ(canonical("::192.0.2.1"), "::192.0.2.1");
  EXPECT_FALSE(IpAddress::parse_v6("::ffff:192.0.2.1")->is_v4());
  EXPECT_FALSE(IpAddress::parse_v4("::ffff:192.0.2.1"));
  EXPECT_FALSE(IpAddress::parse_v6("192.0.2.1"));
}

TEST(Port, IsDigitsAndNothingElse) {
  EXPECT_EQ(parse_port("0"), 0);
  EXPECT_EQ(parse_port("65535"), 65535);
  for (const std::string_view text : {"", "65536", "-1", "+1", " 1", "1 ", "0x1", "1a"}) {
    EXPECT_FALSE(parse_port(text)) << text;
  }
}

TEST(IpAddress, GivesItsOctets) {
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->octets().size(), 4U);
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->octets().back(), 1);
  EXPECT_EQ(IpAddress::parse("2001:db8::7")->octets().size(), 16U);
  EXPECT_EQ(IpAddress::parse("2001:db8::7")->octets().back(), 7);
}

struct Prefix {
  const char *address, *network;
  unsigned bits;
  bool within;
};

TEST(IpAddress, PrefixesAreComparedBitByBit) {
  for (const Prefix& c : {
           Prefix{"192.0.2.129", "192.0.2.128", 25, true},
           Prefix{"192.0.2.127", "192.0.2.128", 25, false},
           Prefix{"192.0.2.1", "192.0.2.1", 32, true},
           Prefix{"192.0.2.1", "192.0.2.0", 32, false},
           Prefix{"192.0.2.1", "192.0.2.0", 31, true},
           Prefix{"203.0.113.9", "192.0.2.0", 0, true},
           Prefix{"192.0.3.1", "192.0.2.0", 24, false},
           Prefix{"192.0.3.1", "192.0.2.0", 23, true},
           Prefix{"192.0.2.1", "192.0.2.1", 33, false},
           Prefix{"2001:db8::1", "2001:db8::", 127, true},
           Prefix{"2001:db8::2", "2001:db8::", 127, false},
           Prefix{"2001:db8:8000::", "2001:db8::", 32, true},
           Prefix{"2001:db8:8000::", "2001:db8::", 33, false},
           Prefix{"2001:db8::1", "2001:db8::1", 128, true},
           Prefix{"2001:db8::1", "2001:db8::1", 129, false},
           Prefix{"2001:db8::1", "::", 0, true},
       })
    EXPECT_EQ(IpAddress::parse(c.address)->is_within(*IpAddress::parse(c.network), c.bits), c.within)
        << c.address << " in " << c.network << "/" << c.bits;
}

TEST(IpAddress, NoNetworkHoldsAddressesOfTheOtherFamily) {
  EXPECT_FALSE(IpAddress::parse("192.0.2.1")->is_within(*IpAddress::parse("::"), 0));
  EXPECT_FALSE(IpAddress::parse("::1")->is_within(*IpAddress::parse("0.0.0.0"), 0));
  EXPECT_FALSE(IpAddress::parse("::1")->is_within(*IpAddress::parse("0.0.0.0"), 64));
}

}  // namespace
}  // namespace cas
