// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Domains, local parts, mailboxes and paths.
#include "message/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace cas {
namespace {

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}
std::string wire_of(std::string_view text) {
  const auto mailbox = Mailbox::parse(text);
  return mailbox ? mailbox->wire() : "refused";
}

TEST(DomainParse, GivesTheOneSpelling) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"example", "example"},
      {"Mail.EXAMPLE.com", "mail.example.com"},
      {"example.com.", "example.com"},
      {"_dmarc.example.com", "_dmarc.example.com"},
      {"a-b.c--d.example", "a-b.c--d.example"},
      {"3com.example", "3com.example"},
      {"b\xC3\xBC"
       "cher.example",
       "xn--bcher-kva.example"},
      {"B\xC3\x9C"
       "CHER.Example",
       "xn--bcher-kva.example"},
      {"xn--bcher-kva.example", "xn--bcher-kva.example"},
      {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
      {"stra\xC3\x9F"
       "e.example",
       "xn--strae-oqa.example"},  // nontransitional: not "strasse"
      {"\xE4\xBE\x8B\xE3\x81\x88.\xE3\x83\x86\xE3\x82\xB9\xE3\x83\x88", "xn--r8jz45g.xn--zckzah"},
      {"xn--i-7iq.ws", "xn--i-7iq.ws"},  // an emoji: not IDNA 2008, and in use
      {"1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"},
  };
  for (const auto& [given, expected] : cases) {
    const auto parsed = Domain::parse(given);
    ASSERT_TRUE(parsed) << given << ": " << parsed.error().private_reason;
    EXPECT_EQ(parsed->text(), expected);
    EXPECT_EQ(domain(parsed->text()), *parsed) << "the one spelling stands for itself";
  }
}

TEST(DomainParse, RefusesWhatIsNoDomain) {
  const std::string label63(63, 'a');
  const std::string refused[] = {
      "",
      ".",
      "..",
      ".example",
      "a..b",
      "a.b..",
      "-a.example",
      "a-.example",
      "a b.example",
      "a@b",
      "a!b.example",
      "[192.0.2.1]",
      "192.0.2.1",
      "[IPv6:::1]",
      "a.1",
      "example.com\r\n",
      std::string("a\0b.example", 11),
      label63 + "a.example",
      "b\xC3.example",
      "b\xC3\xBC"
      "cher..example",
      "xn--.example",
      "xn--\x7F.example",
      "xn--abc-.example",
      "xn--99999999999.example",
      label63 + '.' + label63 + '.' + label63 + '.' + label63,  // 255 octets
      std::string(100'000, 'a'),
      std::string(2000, '\xC3'),
  };
  for (const std::string& text : refused) {
    const auto parsed = Domain::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().lasting, Lasting::Permanent);
  }
}

TEST(DomainParse, TakesTheLongestName) {
  const std::string label(63, 'a');
  const std::string name = label + '.' + label + '.' + label + '.' + std::string(61, 'b');
  ASSERT_EQ(name.size(), 253U);
  EXPECT_TRUE(Domain::parse(name));
  EXPECT_TRUE(Domain::parse(name + '.'));
  EXPECT_FALSE(Domain::parse(name + 'b'));
}

TEST(Domain, KnowsWhatIsBelowIt) {
  EXPECT_TRUE(domain("a.b.example").is_within(domain("b.example")));
  EXPECT_TRUE(domain("b.example").is_within(domain("b.example")));
  EXPECT_FALSE(domain("ab.example").is_within(domain("b.example")));
  EXPECT_FALSE(domain("example").is_within(domain("b.example")));
  EXPECT_EQ(domain("a.b.example").parent(), domain("b.example"));
  EXPECT_EQ(domain("example").parent(), std::nullopt);
}

TEST(LocalPart, QuotesOnlyWhereItMust) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a", "a"},
      {"a.b+c", "a.b+c"},
      {"a b", "\"a b\""},
      {".a", "\".a\""},
      {"a.", "\"a.\""},
      {"a..b", "\"a..b\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"a@b", "\"a@b\""},
      {"\xC3\xBC"
       "ber",
       "\xC3\xBC"
       "ber"},
  };
  for (const auto& [value, wire] : cases) EXPECT_EQ(LocalPart::from_value(value)->wire(), wire);
}

TEST(LocalPart, RefusesControlsBrokenUtf8AndLength) {
  for (const std::string& value :
       {std::string(), std::string(65, 'a'), std::string("a\0b", 3), std::string("a\rb"), std::string("a\tb"),
        std::string("a\x7F"), std::string("\xC3"), std::string("\xC2\x85"), std::string("\xED\xA0\x80")}) {
    EXPECT_FALSE(LocalPart::from_value(value)) << value;
  }
  EXPECT_TRUE(LocalPart::from_value(std::string(64, 'a')));
}

TEST(MailboxParse, ReadsRfc5321Mailboxes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"a@b.example", "a@b.example"},
      {"A.B@B.Example", "A.B@b.example"},
      {"!#$%&'*+-/=?^_`{|}~@b.example", "!#$%&'*+-/=?^_`{|}~@b.example"},
      {"\"a b\"@b.example", "\"a b\"@b.example"},
      {"\"a@b\"@b.example", "\"a@b\"@b.example"},
      {"\"a\\\"b\"@b.example", "\"a\\\"b\"@b.example"},
      {"\"a\"@b.example", "a@b.example"},
      {"\"\\a\"@b.example", "a@b.example"},
      {"\xC3\xBC@b\xC3\xBC"
       "cher.example",
       "\xC3\xBC@xn--bcher-kva.example"},
      {"a@[192.0.2.1]", "a@[192.0.2.1]"},
      {"a@[ipv6:2001:DB8:0:0:0:0:0:1]", "a@[IPv6:2001:db8::1]"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(wire_of(given), expected);
}

TEST(MailboxParse, RefusesEverythingElse) {
  for (const std::string_view text : {"",
                                      "a",
                                      "@",
                                      "a@",
                                      "@b.example",
                                      "a@b@c.example",
                                      "a b@c.example",
                                      ".a@b.example",
                                      "a.@b.example",
                                      "a..b@c.example",
                                      "<a@b.example>",
                                      "a@b.example ",
                                      " a@b.example",
                                      "a@b.example.",
                                      "\"\"@b.example",
                                      "\"a@b",
                                      "\"a\"b@c.example",
                                      "\"a\r\n b\"@c.example",
                                      "\"a\tb\"@c.example",
                                      "\"a\\",
                                      "a@[192.0.2.01]",
                                      "a@[192.0.2]",
                                      "a@[2001:db8::1]",
                                      "a@[IPv6:fe80::1%eth0]",
                                      "a@[x400:b]",
                                      "a@[]",
                                      "a@[192.0.2.1",
                                      "a@192.0.2.1",
                                      "a(c)@b.example",
                                      "a@b.example\r\nRCPT TO:<c@d>",
                                      "\x80@b.example"}) {
    EXPECT_EQ(wire_of(text), "refused") << text;
  }
}

TEST(Mailbox, ComparesDomainInOneSpellingAndLocalPartByOctet) {
  const auto of = [](std::string_view text) { return Mailbox::parse(text).value(); };
  EXPECT_EQ(of("a@B\xC3\xBC"
               "cher.Example"),
            of("a@xn--bcher-kva.example"));
  EXPECT_NE(of("a@b.example"), of("A@b.example"));
  EXPECT_EQ(of("\"a\"@b.example"), of("a@b.example"));
  EXPECT_NE(of("a@[192.0.2.1]"), of("a@[192.0.2.2]"));
  EXPECT_FALSE(of("a@[192.0.2.1]").domain());
  EXPECT_TRUE(of("a@b\xC3\xBC.example").is_ascii());
  EXPECT_FALSE(of("\xC3\xBC@b.example").is_ascii());
}

TEST(ReversePath, IsAMailboxOrNobody) {
  EXPECT_TRUE(ReversePath::parse("<>")->is_null());
  EXPECT_EQ(ReversePath::parse("<>")->path(), "<>");
  EXPECT_EQ(ReversePath::parse("<a@b.example>")->path(), "<a@b.example>");
  EXPECT_EQ(ReversePath(), ReversePath::parse("<>"));
  for (const std::string_view text : {"", "<", ">", "a@b.example", "<a@b.example", "<a>", "<postmaster>", "< >",
                                      "<<a@b.example>>", "<a@b.example> ", "<>>"}) {
    EXPECT_FALSE(ReversePath::parse(text)) << text;
  }
}

TEST(ReversePath, DropsASourceRouteAsRfc5321AppendixC) {
  EXPECT_EQ(ReversePath::parse("<@x.example:a@b.example>")->path(), "<a@b.example>");
  EXPECT_EQ(ReversePath::parse("<@x.example,@y.example:a@b.example>")->path(), "<a@b.example>");
  for (const std::string_view text : {"<@x.example:>", "<@x.example>", "<@:a@b.example>", "<@x.example,:a@b.example>",
                                      "<@x.example,y.example:a@b.example>", "<:a@b.example>", "<,@x.example:a@b.c>",
                                      "<@x.example,,@y.example:a@b.example>"}) {
    EXPECT_FALSE(ReversePath::parse(text)) << text;
  }
}

TEST(ForwardPath, TakesPostmasterWithoutADomainRfc5321Section4_1_1_3) {
  const Domain host = domain("mx.example");
  EXPECT_EQ(parse_forward_path("<PostMaster>", host)->wire(), "postmaster@mx.example");
  EXPECT_EQ(parse_forward_path("<postmaster@b.example>", host)->wire(), "postmaster@b.example");
  EXPECT_EQ(parse_forward_path("<@x.example:a@b.example>", host)->wire(), "a@b.example");
  for (const std::string_view text : {"<>", "<abuse>", "postmaster", "<@x.example:postmaster>", "<a@b.example"}) {
    EXPECT_FALSE(parse_forward_path(text, host)) << text;
  }
  EXPECT_FALSE(parse_forward_path('<' + std::string(1'000'000, '@') + '>', host));
}

}  // namespace
}  // namespace cas
