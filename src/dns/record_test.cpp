// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RDATA, whole and mutilated.
#include "dns/record.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.hpp"

namespace cas::dns {
namespace {

template <class T>
T parsed(Type type, std::string_view rdata) {
  auto record = parse_rdata(type, as_octets(rdata));
  EXPECT_TRUE(record) << (record ? "" : record.error().private_reason);
  return std::get<T>(std::move(record).value());
}

using std::string_literals::operator""s;

TEST(ParseRdata, ReadsAddresses) {
  EXPECT_EQ(to_string(parsed<A>(Type::A, "\xC0\x00\x02\x01"s)), "192.0.2.1");
  EXPECT_EQ(to_string(parsed<Aaaa>(Type::AAAA, "\x20\x01\x0D\xB8"s + std::string(11, '\0') + "\x01")), "2001:db8::1");
}

TEST(ToString, WritesIpv6AsRfc5952) {
  const auto written = [](std::initializer_list<std::uint16_t> words) {
    Aaaa address;
    std::size_t i = 0;
    for (const std::uint16_t word : words) {
      address.octets[i++] = static_cast<std::uint8_t>(word >> 8);
      address.octets[i++] = static_cast<std::uint8_t>(word);
    }
    return to_string(address);
  };
  EXPECT_EQ(written({0, 0, 0, 0, 0, 0, 0, 0}), "::");
  EXPECT_EQ(written({0, 0, 0, 0, 0, 0, 0, 1}), "::1");
  EXPECT_EQ(written({0x2001, 0xDB8, 0, 1, 1, 1, 1, 1}), "2001:db8:0:1:1:1:1:1");  // §4.2.2
  EXPECT_EQ(written({0x2001, 0, 0, 1, 0, 0, 0, 1}), "2001:0:0:1::1");             // §4.2.3
  EXPECT_EQ(written({0x2001, 0xDB8, 0, 0, 1, 0, 0, 1}), "2001:db8::1:0:0:1");     // §4.2.3
  EXPECT_EQ(written({0x2001, 0xDB8, 0xAAAA, 0xBBBB, 1, 0, 0, 0}), "2001:db8:aaaa:bbbb:1::");
  EXPECT_EQ(written({0, 0, 0, 0, 0, 0xFFFF, 0xC000, 0x0201}), "::ffff:192.0.2.1");  // §5
}

TEST(ParseRdata, ReadsMxAndTheNullMxOfRfc7505) {
  EXPECT_EQ(parsed<Mx>(Type::MX,
                       "\x00\x0A\x02MX\x07"
                       "eXample\x00"s),
            (Mx{10, "mx.example"}));
  EXPECT_EQ(parsed<Mx>(Type::MX, "\x01\x00\x00"s), (Mx{256, ""}));
}

TEST(ParseRdata, JoinsTheStringsOfTxtRfc7208Section3_3) {
  EXPECT_EQ(parsed<Txt>(Type::TXT, "\x07v=spf1 \x04-all"s).text, "v=spf1 -all");
  EXPECT_EQ(parsed<Txt>(Type::TXT, "\x00"s).text, "");
  EXPECT_EQ(parsed<Txt>(Type::TXT, "").text, "") << "RFC 1035 wants a string, and the records beside it count";
  EXPECT_EQ(parsed<Txt>(Type::TXT,
                        "\x03"
                        "a\0b"s)
                .text,
            "a\0b"s);
}

TEST(ParseRdata, ReadsNamesInLowerCaseWithoutTheDot) {
  EXPECT_EQ(parsed<Name>(Type::PTR,
                         "\x04Mail\x07"
                         "EXAMPLE\x00"s)
                .name,
            "mail.example");
  EXPECT_EQ(parsed<Name>(Type::CNAME, "\x00"s).name, "");
}

TEST(ParseRdata, EscapesADotWithinALabelSoThatItIsNoName) {
  const std::string name = parsed<Name>(Type::PTR,
                                        "\x0C"
                                        "mail.example\x04"
                                        "evil\x00"s)
                               .name;
  EXPECT_EQ(name, "mail\\.example.evil");
  EXPECT_FALSE(Domain::parse(name));
  EXPECT_EQ(parsed<Name>(Type::PTR, "\x03\x00\xFF\\\x00"s).name, "\\000\\255\\\\");
}

TEST(ParseRdata, ReadsTlsa) {
  EXPECT_EQ(parsed<Tlsa>(Type::TLSA, "\x03\x01\x01\xAB\xCD"s), (Tlsa{3, 1, 1, {0xAB, 0xCD}}));
}

TEST(ParseRdata, RefusesWhatIsMutilated) {
  const std::string label63 = "\x3F" + std::string(63, 'a');
  const std::pair<Type, std::string> cases[] = {
      {Type::A, ""},
      {Type::A, "\x01\x02\x03"s},
      {Type::A, "\x01\x02\x03\x04\x05"s},
      {Type::AAAA, std::string(15, 'x')},
      {Type::MX, ""},
      {Type::MX, "\x00\x0A"s},
      {Type::MX, "\x00\x0A\x02mx"s},
      {Type::MX, "\x00\x0A\x00\x00"s},
      {Type::TXT,
       "\x05"
       "abcd"s},
      {Type::TXT,
       "\x01"
       "a\x01"s},
      {Type::PTR, ""},
      {Type::PTR, "\x01"s},
      {Type::PTR,
       "\x01"
       "a"s},
      {Type::PTR, "\x40" + std::string(64, 'a') + "\x00"s},
      {Type::PTR, "\xC0\x0C"s},
      {Type::PTR, label63 + label63 + label63 + label63 + "\x00"s},  // 257 octets
      {Type::TLSA, "\x03\x01\x01"s},
      {static_cast<Type>(99), "\x00"s},
  };
  for (const auto& [type, rdata] : cases) {
    const auto record = parse_rdata(type, as_octets(rdata));
    ASSERT_FALSE(record) << to_string(type) << ' ' << hex(as_octets(rdata));
    EXPECT_EQ(record.error().lasting, Lasting::Permanent);
  }
}

TEST(ToString, NamesTheTypes) {
  EXPECT_EQ(to_string(Type::MX), "MX");
  EXPECT_EQ(to_string(Type::TLSA), "TLSA");
}

}  // namespace
}  // namespace cas::dns
