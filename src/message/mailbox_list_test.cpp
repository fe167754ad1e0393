// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Address fields: the examples of RFC 5322 appendix A, and what hostile senders make of the grammar.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "message/address.hpp"

namespace cas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// The mailboxes as SMTP writes them, or "refused".
std::vector<std::string> list(std::string_view text) {
  const auto parsed = parse_mailbox_list(text);
  if (!parsed) return {"refused"};
  std::vector<std::string> wires;
  for (const Mailbox& mailbox : *parsed) wires.push_back(mailbox.wire());
  return wires;
}

std::string repeat(std::string_view piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(MailboxList, ReadsRfc5322AppendixA1_1) {
  EXPECT_THAT(list(" John Doe <jdoe@machine.example>"), ElementsAre("jdoe@machine.example"));
  EXPECT_THAT(list(" Mary Smith <mary@example.net>"), ElementsAre("mary@example.net"));
}

TEST(MailboxList, ReadsRfc5322AppendixA1_2) {
  EXPECT_THAT(list("\"Joe Q. Public\" <john.q.public@example.com>"), ElementsAre("john.q.public@example.com"));
  EXPECT_THAT(list("Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>"),
              ElementsAre("mary@x.test", "jdoe@example.org", "one@y.test"));
  EXPECT_THAT(list("<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <sysservices@example.net>"),
              ElementsAre("boss@nil.test", "sysservices@example.net"));
}

TEST(MailboxList, ReadsGroupsOfRfc5322AppendixA1_3) {
  EXPECT_THAT(list("A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;"),
              ElementsAre("c@a.test", "joe@where.test", "jdoe@one.test"));
  EXPECT_THAT(list("Undisclosed recipients:;"), IsEmpty());
  EXPECT_THAT(list("a: b@c.example;, d@e.example, f: ;"), ElementsAre("b@c.example", "d@e.example"));
}

TEST(MailboxList, ReadsCommentsAndFoldingOfRfc5322AppendixA5) {
  EXPECT_THAT(list(" Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"), ElementsAre("pete@silly.test"));
  EXPECT_THAT(list("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
                   "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)"),
              ElementsAre("c@public.example", "joe@example.org", "jdoe@one.test"));
  EXPECT_THAT(list("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;"), IsEmpty());
}

TEST(MailboxList, ReadsObsoleteAddressesOfRfc5322AppendixA6_1) {
  EXPECT_THAT(list("Joe Q. Public <john.q.public@example.com>"), ElementsAre("john.q.public@example.com"));
  EXPECT_THAT(list("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
              ElementsAre("mary@example.net", "jdoe@test.example"));
  EXPECT_THAT(list("x <,@a.test,,@b.test , : y . z @ example.net>,"), ElementsAre("y.z@example.net"));
}

TEST(MailboxList, ReadsObsoleteWhiteSpaceOfRfc5322AppendixA6_3) {
  EXPECT_THAT(list("  Mary Smith\r\n    \r\n          <mary@example.net>"), ElementsAre("mary@example.net"));
}

TEST(MailboxList, DropsDisplayNamesOfEveryKind) {
  EXPECT_THAT(list("=?UTF-8?Q?J=C3=BCrgen?= <j@b.example>"), ElementsAre("j@b.example"));
  EXPECT_THAT(list("J\xC3\xBCrgen <j@b.example>"), ElementsAre("j@b.example"));
  EXPECT_THAT(list("J\xFCrgen <j@b.example>"), ElementsAre("j@b.example"));  // raw ISO 8859-1: seen, harmless
  EXPECT_THAT(list("\"ceo@bank.example\" <me@evil.example>"), ElementsAre("me@evil.example"));
  EXPECT_THAT(list("\"\" <me@b.example>"), ElementsAre("me@b.example"));
}

TEST(MailboxList, ReadsInternationalisedAddressesRfc6532) {
  EXPECT_THAT(list("\xC3\xBC@b\xC3\xBC"
                   "cher.example"),
              ElementsAre("\xC3\xBC@xn--bcher-kva.example"));
  EXPECT_THAT(list("x@[ 192.0.2.1 ], y@[IPv6:2001:DB8::1]"), ElementsAre("x@[192.0.2.1]", "y@[IPv6:2001:db8::1]"));
}

TEST(MailboxList, ReadsQuotedLocalParts) {
  EXPECT_THAT(list("\"a b\"@c.example"), ElementsAre("\"a b\"@c.example"));
  EXPECT_THAT(list("\"a\".b.\"c\"@d.example"), ElementsAre("a.b.c@d.example"));
  EXPECT_THAT(list("\"a\r\n b\"@c.example"), ElementsAre("\"a b\"@c.example"));
  EXPECT_THAT(list("\"a\\,b\" (x) @c.example"), ElementsAre("\"a,b\"@c.example"));
}

TEST(MailboxList, RefusesWhatCouldShowOneAuthorAndMeanAnother) {
  for (const std::string_view text : {"ceo@bank.example <me@evil.example>",
                                      "<ceo@bank.example> <me@evil.example>",
                                      "a@b.example c@d.example",
                                      "a@b.example (x",
                                      "a@b.example)",
                                      "a <b@c.example",
                                      "b@c.example>",
                                      "<<b@c.example>>",
                                      "a b@c.example",
                                      "\"a\" b@c.example",
                                      "a@b@c.example",
                                      "<a@b.example>x",
                                      "a: b: c@d.example;;",
                                      "a: b@c.example",
                                      ":;",
                                      "<>",
                                      "a <>",
                                      "postmaster",
                                      "<postmaster>",
                                      "a..b@c.example",
                                      ".a@c.example",
                                      "a.@c.example",
                                      "a@.c.example",
                                      "a@c..example",
                                      "a@c.example.",
                                      "a@",
                                      "@c.example",
                                      "<@r.example a@b.example>",
                                      "<@:a@b.example>",
                                      "<:a@b.example>",
                                      "<,:a@b.example>",
                                      "a@[192.0.2.1",
                                      "a@[192.0.2.1\\]",
                                      "a@[[192.0.2.1]]",
                                      ";",
                                      "a;"}) {
    EXPECT_THAT(list(text), ElementsAre("refused")) << text;
  }
}

TEST(MailboxList, RefusesTheEmptyList) {
  for (const std::string_view text : {"", " ", ",", " , ,", "(nobody)"}) {
    const auto parsed = parse_mailbox_list(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().lasting, Lasting::Permanent);
  }
}

TEST(MailboxList, RefusesControlsAndLineEndsThatDoNotFold) {
  for (const std::string& text :
       {std::string("a@b.example\r\n"), std::string("a@b.example\r\nBcc: x@y.example"), std::string("a@b.example\n"),
        std::string("a@b.example\r x"), std::string("(\0) a@b.example", 15), std::string("\"\x1B\" <a@b.example>"),
        std::string("\"\\\r\n\" <a@b.example>"), std::string("(\\\n) a@b.example"), std::string("a\x7F@b.example")}) {
    EXPECT_THAT(list(text), ElementsAre("refused"));
  }
}

TEST(MailboxList, IsBounded) {
  EXPECT_EQ(list(repeat("a@b.example,", 10'000)).size(), 10'000U);
  EXPECT_THAT(list(repeat("a@b.example,", 10'001)), ElementsAre("refused"));
  EXPECT_THAT(list(repeat("(", 64) + repeat(")", 64) + "a@b.example"), ElementsAre("a@b.example"));
  EXPECT_THAT(list(repeat("(", 65) + repeat(")", 65) + "a@b.example"), ElementsAre("refused"));
  EXPECT_THAT(list(repeat("(", 1'000'000)), ElementsAre("refused"));
  EXPECT_THAT(list(repeat("a ", 500'000)), ElementsAre("refused"));
  EXPECT_THAT(list(repeat("<", 1'000'000)), ElementsAre("refused"));
}

}  // namespace
}  // namespace cas
