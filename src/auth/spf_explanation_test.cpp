// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// exp=: what the domain's owner says to those who are refused (RFC 7208 §6.2).
#include "auth/spf_case_test.hpp"

namespace cas::auth {
namespace {

using test::check;
using test::Client;
using test::result_of;

std::string explanation(const std::string& text, const Client& client = {}) {
  const auto outcome = check("a.example TXT v=spf1 exp=why.%{d} -all\nwhy.a.example TXT " + text, client);
  EXPECT_EQ(result_of(outcome), "fail");
  return outcome.explanation;
}

TEST(SpfExplanation, IsFetchedAndExpanded) {
  EXPECT_EQ(explanation("Go away."), "Go away.");
  EXPECT_EQ(explanation("%{i} is not one of %{d}'s machines; ask %{r} at %{t}."),
            "192.0.2.1 is not one of a.example's machines; ask mx.south.example at 1795460400.");
  EXPECT_EQ(explanation("http://%{o}/why?s=%{S}&ip=%{C}&h=%{H}"),
            "http://a.example/why?s=joe%40a.example&ip=192.0.2.1&h=mail.a.example");
  EXPECT_EQ(explanation("%{c}", Client{.ip = "2001:db8::1"}), "2001:db8::1");
  EXPECT_EQ(explanation("a  blank%_or two."), "a  blank or two.");
}

TEST(SpfExplanation, IsGivenWithFailAlone) {
  for (const std::string qualifier : {"+", "~", "?"})
    EXPECT_EQ(check("a.example TXT v=spf1 exp=why.a.example " + qualifier + "all").explanation, "");
}

TEST(SpfExplanation, BelongsToAnyTermThatFails) {
  EXPECT_EQ(check("a.example TXT v=spf1 -ip4:192.0.2.0/24 +all exp=why.a.example\nwhy.a.example TXT No.").explanation,
            "No.");
}

TEST(SpfExplanation, IsNoneWhereItCannotBeHad) {
  for (const std::string why : {"NXDOMAIN", "TEMPFAIL", "A 192.0.2.1", "TXT one\nwhy.a.example TXT two", "TXT %{x}",
                                "TXT 100%", "TXT caf\xc3\xa9", "TXT \x07", "TXT a\tb"}) {
    const auto outcome = check("a.example TXT v=spf1 exp=why.a.example -all\nwhy.a.example " + why);
    EXPECT_EQ(result_of(outcome), "fail") << why;
    EXPECT_EQ(outcome.explanation, "") << why;
  }
  EXPECT_EQ(check("a.example TXT v=spf1 exp=b..example -all").explanation, "") << "no name";
}

TEST(SpfExplanation, HoldsNothingThatAClientSlippedIn) {
  EXPECT_EQ(explanation("you said %{h}", Client{.helo = "a\r\n250 ok"}), "");
  EXPECT_EQ(explanation("you said %{h}", Client{.helo = "\xff"}), "");
  EXPECT_EQ(explanation("you are %{l}", Client{.mail_from = "j\xc3\xb6@a.example"}), "");
  EXPECT_EQ(explanation("you said %{H}", Client{.helo = "a\r\nb"}), "you said a%0D%0Ab") << "escaped, it does no harm";
}

TEST(SpfExplanation, IsBounded) {
  EXPECT_EQ(explanation("%{h}", Client{.helo = std::string(1024, 'x')}).size(), 1024U);
  EXPECT_EQ(explanation("%{h}", Client{.helo = std::string(1025, 'x')}), "");
}

TEST(SpfExplanation, OfAnIncludedRecordIsNotUsed) {
  EXPECT_EQ(
      check(
          "a.example TXT v=spf1 include:b.example -all exp=why.a.example\nb.example TXT v=spf1 -all exp=why.b.example\n"
          "why.a.example TXT a says no")
          .explanation,
      "a says no");
  EXPECT_EQ(
      check("a.example TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 -all exp=why.b.example").explanation,
      "");
}

TEST(SpfExplanation, OfARedirectedRecordReplacesTheFirstOnes) {
  EXPECT_EQ(check("a.example TXT v=spf1 exp=why.a.example redirect=b.example\nb.example TXT v=spf1 -all exp=why.%{d}\n"
                  "why.b.example TXT b says no")
                .explanation,
            "b says no");
  EXPECT_EQ(check("a.example TXT v=spf1 exp=why.a.example redirect=b.example\nb.example TXT v=spf1 -all").explanation,
            "");
}

TEST(SpfExplanation, DoesNotCountAgainstTheLimits) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 a:n.example a:n.example exp=n.example -all\nn.example NXDOMAIN")),
            "fail");
  std::string terms;
  for (int n = 0; n < 10; ++n) terms += " a";
  EXPECT_EQ(
      check("a.example TXT v=spf1" + terms + " exp=why.a.example -all\na.example A 203.0.113.1\nwhy.a.example TXT No.")
          .explanation,
      "No.");
}

TEST(SpfExplanation, MayNameTheClient) {
  EXPECT_EQ(check("a.example TXT v=spf1 exp=why.a.example -all\nwhy.a.example TXT you are %{p}\n"
                  "1.2.0.192.in-addr.arpa PTR x.example\nx.example A 192.0.2.1")
                .explanation,
            "you are x.example");
}

}  // namespace
}  // namespace cas::auth
