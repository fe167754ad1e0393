// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which identity is checked, which record is taken, and how its terms decide (RFC 7208 §2 to §4.7, §5.1, §5.2, §6.1).
#include "auth/spf_case_test.hpp"

namespace cas::auth {
namespace {

using test::check;
using test::check_record;
using test::Client;
using test::result_of;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// ---- The identity ----

TEST(Spf, ChecksTheDomainOfMailFromSection24) {
  const auto outcome = check("a.example TXT v=spf1 ip4:192.0.2.1 -all");
  EXPECT_EQ(result_of(outcome), "pass");
  EXPECT_EQ(outcome.identity, SpfIdentity::MailFrom);
  EXPECT_EQ(outcome.domain, "a.example");
}

TEST(Spf, ANullReversePathIsPostmasterAtHeloSection24) {
  const auto outcome = check(
      "mail.b.example TXT v=spf1 exists:%{l}.%{o}.%{d} -all\n"
      "postmaster.mail.b.example.mail.b.example A 127.0.0.2",
      Client{.mail_from = "", .helo = "mail.b.example"});
  EXPECT_EQ(result_of(outcome), "pass");
  EXPECT_EQ(outcome.identity, SpfIdentity::Helo);
  EXPECT_EQ(outcome.domain, "mail.b.example");
}

TEST(Spf, ASenderWithoutLocalPartIsPostmasterSection43) {
  for (const std::string sender : {"@a.example", "a.example"})
    EXPECT_EQ(result_of(check("a.example TXT v=spf1 exists:%{l}.b.example -all\npostmaster.b.example A 127.0.0.2",
                              Client{.mail_from = sender})),
              "pass")
        << sender;
}

TEST(Spf, TheDomainStandsBehindTheLastAt) {
  EXPECT_EQ(check("a.example TXT v=spf1", Client{.mail_from = "\"b@c.example\"@a.example"}).domain, "a.example");
}

TEST(Spf, WhatIsNoDomainHasNoResultAndIsNotAskedForSection43) {
  const std::string label(64, 'a');
  for (const std::string& domain :
       {std::string(), std::string("localhost"), std::string("example."), std::string("."), std::string("a..example"),
        std::string(".a.example"), std::string("a.example.."), std::string("[192.0.2.1]"),
        std::string("[IPv6:2001:db8::1.2.3.4]"), label + ".example",
        label.substr(1) + "." + label.substr(1) + "." + label.substr(1) + "." + label.substr(1),
        std::string("\xff.example")}) {
    const auto outcome = check("", Client{.mail_from = "joe@" + domain, .helo = domain});
    EXPECT_EQ(result_of(outcome), "none") << domain;
    EXPECT_FALSE(outcome.reason.empty()) << domain;
  }
  EXPECT_EQ(result_of(check("", Client{.mail_from = "", .helo = "MAILHOST"})), "none");
  EXPECT_EQ(result_of(check("", Client{.mail_from = "", .helo = ""})), "none");
}

TEST(Spf, NamesThatNoMailDomainHasAreLookedUpAllTheSame) {
  EXPECT_EQ(result_of(check("_under.score.example TXT v=spf1 +all", Client{.mail_from = "a@_under.score.example"})),
            "pass");
  EXPECT_EQ(result_of(check("odd!name.example TXT v=spf1 +all", Client{.mail_from = "a@odd!name.example"})), "pass");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 +all", Client{.mail_from = "joe@A.Example."})), "pass");
  EXPECT_EQ(result_of(check(std::string(63, 'a') + ".example TXT v=spf1 +all",
                            Client{.mail_from = "joe@" + std::string(63, 'a') + ".example"})),
            "pass");
}

TEST(Spf, AnInternationalDomainIsAskedForAsALabelsRfc8616Section4) {
  const auto outcome = check(
      "xn--bcher-kva.example TXT v=spf1 exists:%{o}.b.example -all\n"
      "xn--bcher-kva.example.b.example A 127.0.0.2",
      Client{.mail_from = "joe@b\xc3\xbc"
                          "cher.example"});
  EXPECT_EQ(result_of(outcome), "pass");
  EXPECT_EQ(outcome.domain, "xn--bcher-kva.example");
}

TEST(Spf, ALocalPartThatIsNotAsciiMatchesNothingRfc8616Section4) {
  const Client joerg{.mail_from = "j\xc3\xb6rg@a.example"};
  for (const std::string terms : {"exists:%{l}.b.example -all", "a:%{s}.b.example -all", "include:%{L}.b.example -all"})
    EXPECT_EQ(result_of(check("a.example TXT v=spf1 " + terms, joerg)), "fail") << terms;
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 redirect=%{l}.b.example", joerg)), "permerror");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 exists:%{o}.b.example -all\na.example.b.example A 127.0.0.2", joerg)),
            "pass");
}

TEST(Spf, AnAddressMappedIntoIpv6IsIpv4Section5) {
  SpfQuery query = test::query_of({});
  query.ip = IpAddress::parse_v6("::ffff:192.0.2.1").value();
  testing::Zone zone("a.example TXT v=spf1 -ip6:::ffff:192.0.2.1 ip6:::/0 ip4:192.0.2.1 -all");
  const auto outcome = testing::replay(zone, [&](dns::Answers& answers) { return check_spf(query, answers); });
  EXPECT_EQ(result_of(outcome), "pass");
  EXPECT_EQ(outcome.term, "ip4:192.0.2.1");
}

// ---- The record ----

struct Selection {
  const char *zone, *result;
};

TEST(Spf, TakesTheOneRecordThatThereIsSection45) {
  for (const Selection& c : {
           Selection{"a.example NXDOMAIN", "none"},
           Selection{"a.example A 192.0.2.1", "none"},
           Selection{"a.example TEMPFAIL", "temperror"},
           Selection{"a.example TXT some text", "none"},
           Selection{"a.example TXT v=spf10 -all", "none"},
           Selection{"a.example TXT v=spf1", "neutral"},
           Selection{"a.example TXT V=SPF1 -all", "fail"},
           Selection{"a.example TXT some text\na.example TXT v=spf1 -all\na.example TXT v=spf2.0/pra +all", "fail"},
           Selection{"a.example TXT v=spf1 -all\na.example TXT v=spf1 +all", "permerror"},
           Selection{"a.example TXT v=spf1 -all\na.example TXT v=spf1 -all", "permerror"},
           Selection{"a.example TXT v=spf1 -all\na.example TXT v=spf1", "permerror"},
           Selection{"a.example TXT \x80\xff\na.example TXT v=spf1 -all", "fail"},
       })
    EXPECT_EQ(result_of(check(c.zone)), c.result) << c.zone;
}

TEST(Spf, ASyntaxErrorAnywhereIsFoundBeforeAnythingIsAskedSection46) {
  for (const std::string terms :
       {"ip4:192.0.2.1 -all moo", "a:b.example moo", "+all a:c", "+all redirect=x", "+all \xc3\xa4"}) {
    const auto outcome = check_record("v=spf1 " + terms);
    EXPECT_EQ(result_of(outcome), "permerror") << terms;
    EXPECT_EQ(outcome.record_domain, "a.example");
    EXPECT_THAT(outcome.reason, HasSubstr("syntax error"));
  }
  EXPECT_EQ(result_of(check_record("v=spf1 +all\n")), "permerror");
  EXPECT_EQ(result_of(check_record(std::string("v=spf1 +all\0", 12))), "permerror");
}

TEST(Spf, ARecordBeyondTheLimitIsAnError) {
  std::string record = "v=spf1";
  while (record.size() < 8192 - 11) record += " ip4:10.0.0.1";
  record.resize(8192 - 5, ' ');
  EXPECT_EQ(result_of(check_record(record + " +all")), "pass");
  EXPECT_EQ(result_of(check_record(record + "  +all")), "permerror");
}

struct Evaluation {
  const char *terms, *result, *term;
};

TEST(Spf, TheFirstTermThatMatchesDecidesByItsQualifierSection462) {
  for (const Evaluation& c : {
           Evaluation{"all", "pass", "all"},
           Evaluation{"+all", "pass", "+all"},
           Evaluation{"-all", "fail", "-all"},
           Evaluation{"~all", "softfail", "~all"},
           Evaluation{"?all", "neutral", "?all"},
           Evaluation{"?ip4:192.0.2.1 -all", "neutral", "?ip4:192.0.2.1"},
           Evaluation{"ip4:192.0.2.2 ~ip4:192.0.2.0/24 -all", "softfail", "~ip4:192.0.2.0/24"},
           Evaluation{"-all all", "fail", "-all"},
           Evaluation{"redirect=b.example -all", "fail", "-all"},
           Evaluation{"exp=b.example ~all moo=x", "softfail", "~all"},
       }) {
    const auto outcome = check(std::string("a.example TXT v=spf1 ") + c.terms);
    EXPECT_EQ(result_of(outcome), c.result) << c.terms;
    EXPECT_EQ(outcome.term, c.term);
    EXPECT_EQ(outcome.record_domain, "a.example");
    EXPECT_EQ(outcome.record, std::string("v=spf1 ") + c.terms);
  }
}

TEST(Spf, NoTermThatMatchesIsNeutralSection47) {
  for (const std::string terms : {"", " ip4:192.0.2.2", " ip6:::/0 moo=x default=pass"}) {
    const auto outcome = check("a.example TXT v=spf1" + terms);
    EXPECT_EQ(result_of(outcome), "neutral") << terms;
    EXPECT_THAT(outcome.term, IsEmpty());
    EXPECT_THAT(outcome.reason, HasSubstr("no term in the record of a.example matches"));
  }
}

// ---- include and redirect ----

TEST(Spf, IncludeMatchesAsItsTableSaysSection52) {
  for (const Evaluation& c : {
           Evaluation{"TXT v=spf1 +all", "softfail", "~include:b.example"},
           Evaluation{"TXT v=spf1 -all", "fail", "-all"},
           Evaluation{"TXT v=spf1 ~all", "fail", "-all"},
           Evaluation{"TXT v=spf1 ?all", "fail", "-all"},
           Evaluation{"TXT v=spf1", "fail", "-all"},
           Evaluation{"TEMPFAIL", "temperror", ""},
           Evaluation{"TXT v=spf1 moo", "permerror", "moo"},
           Evaluation{"TXT no record", "permerror", "~include:b.example"},
           Evaluation{"NXDOMAIN", "permerror", "~include:b.example"},
       }) {
    const auto outcome = check(std::string("a.example TXT v=spf1 ~include:b.example -all\nb.example ") + c.terms);
    EXPECT_EQ(result_of(outcome), c.result) << c.terms;
    if (*c.term != '\0') EXPECT_EQ(outcome.term, c.term) << c.terms;
  }
}

TEST(Spf, SaysWhichOfTheRecordsIsWrong) {
  const auto outcome = check(
      "a.example TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 include:c.example\nc.example TXT v=spf1 a:d");
  EXPECT_EQ(result_of(outcome), "permerror");
  EXPECT_EQ(outcome.record_domain, "c.example");
  EXPECT_EQ(outcome.record, "v=spf1 a:d");
  EXPECT_EQ(outcome.term, "a:d");
  const auto matched = check("a.example TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 ip4:192.0.2.1 -all");
  EXPECT_EQ(matched.record_domain, "a.example");
  EXPECT_THAT(matched.reason, HasSubstr("\"ip4:192.0.2.1\" in the record of b.example matches"));
}

TEST(Spf, IncludeWorksWithMacrosAndOddNames) {
  EXPECT_EQ(
      result_of(check("a.example TXT v=spf1 include:%{ir}._x_.%{d} -all\n1.2.0.192._x_.a.example TXT v=spf1 +all")),
      "pass");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:.b.example -all")), "permerror") << "no name, no record";
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:b.example. -all\nb.example TXT v=spf1 +all")), "pass");
}

TEST(Spf, TheDomainOfAnIncludedRecordIsItsOwnSection48) {
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:b.example -all\n"
                            "b.example TXT v=spf1 a exists:%{d}.%{o}.c.example -all\n"
                            "b.example A 192.0.2.7\nb.example.a.example.c.example A 127.0.0.2")),
            "pass");
}

TEST(Spf, RedirectTakesTheOtherRecordsResultSection61) {
  for (const Evaluation& c : {
           Evaluation{"TXT v=spf1 ip4:192.0.2.1 -all", "pass", "ip4:192.0.2.1"},
           Evaluation{"TXT v=spf1 -all", "fail", "-all"},
           Evaluation{"TXT v=spf1 ~all", "softfail", "~all"},
           Evaluation{"TXT v=spf1", "neutral", ""},
           Evaluation{"TEMPFAIL", "temperror", ""},
           Evaluation{"TXT v=spf1 moo", "permerror", "moo"},
           Evaluation{"TXT no record", "permerror", "redirect=b.example"},
           Evaluation{"NXDOMAIN", "permerror", "redirect=b.example"},
       }) {
    const auto outcome =
        check(std::string("a.example TXT v=spf1 redirect=b.example ip4:192.0.2.9\nb.example ") + c.terms);
    EXPECT_EQ(result_of(outcome), c.result) << c.terms;
    EXPECT_EQ(outcome.term, c.term) << c.terms;
  }
}

TEST(Spf, TheDomainOfARedirectedRecordIsItsOwnSection61) {
  EXPECT_EQ(
      result_of(check("a.example TXT v=spf1 redirect=b.example\nb.example TXT v=spf1 a -all\nb.example A 192.0.2.1")),
      "pass");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 include:b.example ~all\nb.example TXT v=spf1 redirect=c.example\n"
                            "c.example TXT v=spf1 ip4:192.0.2.1")),
            "pass");
  EXPECT_EQ(result_of(check("a.example TXT v=spf1 redirect=%{h}", Client{.helo = "HOST"})), "permerror");
}

TEST(Spf, ReasonsShowNothingThatATerminalObeys) {
  const auto outcome = check("", Client{.mail_from = "joe@\x1b[2J"});
  EXPECT_THAT(outcome.reason, HasSubstr("\\x1B"));
  EXPECT_THAT(outcome.reason, ::testing::Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace cas::auth
