// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The mechanisms that compare addresses and names (RFC 7208 §5.3 to §5.7).
#include "auth/spf_case_test.hpp"
#include "auth/spf_macro.hpp"

namespace cas::auth {
namespace {

using test::check;
using test::Client;
using test::result_of;

struct Match {
  const char *terms, *ip, *result;
};

void expect(const std::string& zone, std::initializer_list<Match> cases) {
  for (const Match& c : cases) {
    EXPECT_EQ(result_of(check("a.example TXT v=spf1 " + std::string(c.terms) + " -all\n" + zone, Client{.ip = c.ip})),
              c.result)
        << c.terms << " from " << c.ip;
  }
}

TEST(SpfMechanisms, Ip4AndIp6MatchByPrefixSection56) {
  expect("", {
                 {"ip4:192.0.2.1", "192.0.2.1", "pass"},
                 {"ip4:192.0.2.1", "192.0.2.2", "fail"},
                 {"ip4:192.0.2.1/32", "192.0.2.1", "pass"},
                 {"ip4:192.0.2.99/24", "192.0.2.1", "pass"},
                 {"ip4:192.0.2.128/25", "192.0.2.1", "fail"},
                 {"ip4:192.0.2.128/25", "192.0.2.200", "pass"},
                 {"ip4:203.0.113.1/0", "192.0.2.1", "pass"},
                 {"ip4:192.0.2.1/0", "2001:db8::1", "fail"},
                 {"ip6:2001:db8::1", "2001:db8::1", "pass"},
                 {"ip6:2001:db8::1", "2001:db8::2", "fail"},
                 {"ip6:2001:db8::/32", "2001:db8:ffff::2", "pass"},
                 {"ip6:2001:db8::/33", "2001:db8:ffff::2", "fail"},
                 {"ip6:::/0", "2001:db8::1", "pass"},
                 {"ip6:::/0", "192.0.2.1", "fail"},
                 {"ip6:::ffff:192.0.2.1", "192.0.2.1", "fail"},
                 {"ip6:::ffff:192.0.2.1", "::ffff:192.0.2.1", "fail"},
                 {"ip4:192.0.2.1", "::ffff:192.0.2.1", "pass"},
             });
}

constexpr const char* hosts =
    "a.example A 192.0.2.1\na.example AAAA 2001:db8::1\n"
    "two.example A 192.0.2.7\ntwo.example A 192.0.2.9\n"
    "v6.example AAAA 2001:db8::1\n"
    "none.example NXDOMAIN\nslow.example TEMPFAIL\n";

TEST(SpfMechanisms, AComparesTheAddressesOfANameSection53) {
  expect(hosts, {
                    {"a", "192.0.2.1", "pass"},
                    {"a", "192.0.2.2", "fail"},
                    {"a", "2001:db8::1", "pass"},
                    {"a", "::ffff:192.0.2.1", "pass"},
                    {"a:two.example", "192.0.2.9", "pass"},
                    {"a:two.example", "192.0.2.8", "fail"},
                    {"a:two.example/24", "192.0.2.8", "pass"},
                    {"a/24//126", "192.0.2.200", "pass"},
                    {"a/24//126", "2001:db8::2", "pass"},
                    {"a/24//126", "2001:db8::4", "fail"},
                    {"a/24", "2001:db8::2", "fail"},
                    {"a//64", "192.0.2.2", "fail"},
                    {"a/0", "203.0.113.9", "pass"},
                    {"a:v6.example/0", "203.0.113.9", "fail"},
                    {"a:two.example//0", "2001:db8::1", "fail"},
                    {"a:none.example/0", "192.0.2.1", "fail"},
                    {"a:slow.example", "192.0.2.1", "temperror"},
                    {"a:two.example.", "192.0.2.9", "pass"},
                    {"a:TWO.Example", "192.0.2.9", "pass"},
                });
}

TEST(SpfMechanisms, ATargetThatCannotBeANameDoesNotMatchSection48) {
  const std::string label(64, 'a');
  for (const std::string mechanism : {"a:", "mx:", "ptr:", "exists:"}) {
    for (const std::string& target : {std::string("b..example"), std::string(".b.example"), label + ".example"})
      EXPECT_EQ(result_of(check("a.example TXT v=spf1 " + mechanism + target + " -all")), "fail")
          << mechanism << target;
  }
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 a:%{h}.b.example a:%{h} -all", Client{.helo = ""})), "fail");
}

constexpr const char* exchanges =
    "a.example MX 10 mx1.example\na.example MX 20 mx2.example\na.example A 192.0.2.99\n"
    "mx1.example A 192.0.2.1\nmx1.example AAAA 2001:db8::1\nmx2.example A 192.0.2.2\nmx2.example A 192.0.2.3\n"
    "null.example MX 0 .\nempty.example A 192.0.2.1\nnone.example NXDOMAIN\nslow.example TEMPFAIL\n"
    "half.example MX 10 slow.example\nhalf.example MX 5 mx1.example\n"
    "gone.example MX 10 none.example\ngone.example MX 20 mx2.example\n";

TEST(SpfMechanisms, MxComparesTheAddressesOfExchangesSection54) {
  expect(exchanges, {
                        {"mx", "192.0.2.1", "pass"},
                        {"mx", "192.0.2.3", "pass"},
                        {"mx", "192.0.2.99", "fail"},
                        {"mx", "2001:db8::1", "pass"},
                        {"mx/24", "192.0.2.77", "pass"},
                        {"mx//64", "192.0.2.77", "fail"},
                        {"mx//64", "2001:db8::77", "pass"},
                        {"mx:a.example", "192.0.2.2", "pass"},
                        {"mx:null.example", "192.0.2.1", "fail"},
                        {"mx:null.example/0", "192.0.2.1", "fail"},
                        {"mx:empty.example", "192.0.2.1", "fail"},
                        {"mx:none.example", "192.0.2.1", "fail"},
                        {"mx:slow.example", "192.0.2.1", "temperror"},
                        {"mx:half.example", "192.0.2.1", "pass"},
                        {"mx:half.example", "192.0.2.2", "temperror"},
                        {"mx:gone.example", "192.0.2.2", "pass"},
                        {"mx:gone.example", "192.0.2.1", "fail"},
                    });
}

constexpr const char* pointers =
    "1.2.0.192.in-addr.arpa PTR mail.a.example\n"
    "2.2.0.192.in-addr.arpa PTR forged.a.example\n"
    "3.2.0.192.in-addr.arpa NXDOMAIN\n"
    "4.2.0.192.in-addr.arpa TEMPFAIL\n"
    "5.2.0.192.in-addr.arpa PTR slow.a.example\n5.2.0.192.in-addr.arpa PTR Mail.A.Example\n"
    "6.2.0.192.in-addr.arpa PTR nota.example\n"
    "7.2.0.192.in-addr.arpa PTR a.example\n"
    "mail.a.example A 192.0.2.1\nmail.a.example A 192.0.2.5\nforged.a.example A 203.0.113.1\n"
    "slow.a.example TEMPFAIL\na.example A 192.0.2.7\nmail.a.example AAAA 2001:db8::1\n";

TEST(SpfMechanisms, PtrComparesTheValidatedNamesOfTheClientSection55) {
  expect(pointers, {
                       {"ptr", "192.0.2.1", "pass"},
                       {"ptr:a.example", "192.0.2.1", "pass"},
                       {"ptr:A.EXAMPLE.", "192.0.2.1", "pass"},
                       {"ptr:mail.a.example", "192.0.2.1", "pass"},
                       {"ptr:l.a.example", "192.0.2.1", "fail"},
                       {"ptr:b.example", "192.0.2.1", "fail"},
                       {"ptr", "192.0.2.2", "fail"},
                       {"ptr", "192.0.2.3", "fail"},
                       {"ptr", "192.0.2.4", "fail"},
                       {"ptr", "192.0.2.5", "pass"},
                       {"ptr", "192.0.2.6", "fail"},
                       {"ptr", "192.0.2.7", "pass"},
                   });
}

TEST(SpfMechanisms, PtrWorksForIpv6) {
  const std::string reverse = spf_reverse_name(IpAddress::parse("2001:db8::1").value()) + ".ip6.arpa";
  const std::string zone = std::string(pointers) + reverse + " PTR mail.a.example\n";
  expect(zone, {{"ptr", "2001:db8::1", "pass"}, {"ptr:b.example", "2001:db8::1", "fail"}});
}

TEST(SpfMechanisms, ExistsAsksForAWhateverTheFamilySection57) {
  const char* zone =
      "b.example A 127.0.0.2\nv6.example AAAA 2001:db8::1\nnone.example NXDOMAIN\nslow.example TEMPFAIL\n"
      "1.2.0.192.list.example A 127.0.0.2\n";
  expect(zone, {
                   {"exists:b.example", "192.0.2.1", "pass"},
                   {"exists:b.example", "2001:db8::1", "pass"},
                   {"exists:v6.example", "2001:db8::1", "fail"},
                   {"exists:none.example", "192.0.2.1", "fail"},
                   {"exists:slow.example", "192.0.2.1", "temperror"},
                   {"-exists:%{ir}.list.example +all", "192.0.2.1", "fail"},
               });
}

TEST(SpfMechanisms, AnErrorIsNoMatterOnceATermBeforeItMatched) {
  expect("slow.example TEMPFAIL\nb.example A 127.0.0.2\n",
         {
             {"ip4:192.0.2.1 a:slow.example", "192.0.2.1", "pass"},
             {"exists:b.example a:slow.example", "192.0.2.1", "pass"},
             {"a:slow.example ip4:192.0.2.1", "192.0.2.1", "temperror"},
         });
}

struct Named {
  const char *ip, *p;
};

TEST(SpfMechanisms, TheValidatedNameOfTheClientIsTheBestThatThereIsSection73) {
  const char* zone =
      "a.example TXT v=spf1 exists:%{p}.p.example -all\n"
      "1.2.0.192.in-addr.arpa PTR x.example\n1.2.0.192.in-addr.arpa PTR sub.a.example\n1.2.0.192.in-addr.arpa PTR "
      "a.example\n"
      "2.2.0.192.in-addr.arpa PTR x.example\n2.2.0.192.in-addr.arpa PTR sub.a.example\n"
      "3.2.0.192.in-addr.arpa PTR x.example\n3.2.0.192.in-addr.arpa PTR nota.example\n"
      "4.2.0.192.in-addr.arpa PTR forged.example\n5.2.0.192.in-addr.arpa TEMPFAIL\n6.2.0.192.in-addr.arpa NXDOMAIN\n"
      "x.example A 192.0.2.1\nx.example A 192.0.2.2\nx.example A 192.0.2.3\nsub.a.example A 192.0.2.1\n"
      "sub.a.example A 192.0.2.2\na.example A 192.0.2.1\nforged.example A 203.0.113.1\nnota.example A 203.0.113.1\n"
      "a.example.p.example A 127.0.0.2\nsub.a.example.p.example A 127.0.0.2\nx.example.p.example A 127.0.0.2\n"
      "unknown.p.example A 127.0.0.2\n";
  for (const Named& c :
       {Named{"192.0.2.1", "a.example"}, Named{"192.0.2.2", "sub.a.example"}, Named{"192.0.2.3", "x.example"},
        Named{"192.0.2.4", "unknown"}, Named{"192.0.2.5", "unknown"}, Named{"192.0.2.6", "unknown"}}) {
    testing::Zone names(zone);
    EXPECT_EQ(result_of(check(names, Client{.ip = c.ip})), "pass") << c.ip;
    EXPECT_EQ(names.asked().back().name, std::string(c.p) + ".p.example");
  }
}

}  // namespace
}  // namespace cas::auth
