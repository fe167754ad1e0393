// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DMARC, rule by rule and with every example of RFC 9989's appendix B.
#include "auth/dmarc.hpp"

#include <gmock/gmock.h>

#include "auth/dmarc_walk.hpp"
#include "testing/replay.hpp"

namespace cas::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}
std::string text_of(const std::optional<Domain>& domain) {
  return domain ? domain->text() : "";
}

/// Names that have nothing at "_dmarc.", for a zone.
std::string nothing_at(const std::vector<std::string>& names) {
  std::string zone;
  for (const auto& name : names) zone += "_dmarc." + name + " NXDOMAIN\n";
  return zone;
}

struct Mail {
  std::string from;
  std::string spf;  // passed for it; empty: nothing passed
  std::vector<std::string> dkim;
};

DmarcQuery query_of(const Mail& mail) {
  DmarcQuery query;
  query.authors.domains = {domain(mail.from)};
  query.spf = mail.spf.empty() ? SpfResult::Fail : SpfResult::Pass;
  query.spf_domain = mail.spf;
  for (const auto& signer : mail.dkim) {
    DkimOutcome outcome;
    outcome.result = DkimResult::Pass;
    outcome.domain = domain(signer);
    query.dkim.push_back(outcome);
  }
  return query;
}

DmarcOutcome check(const std::string& zone_text, const DmarcQuery& query) {
  testing::Zone zone(zone_text);
  return testing::replay(zone, [&](dns::Answers& answers) { return check_dmarc(query, answers); });
}
DmarcOutcome check(const std::string& zone_text, const Mail& mail) {
  return check(zone_text, query_of(mail));
}

std::string organization_of(const std::string& zone_text, std::string_view start) {
  testing::Zone zone(zone_text);
  const auto walk = testing::replay(zone, [&](dns::Answers& answers) { return walk_from(domain(start), answers); });
  EXPECT_FALSE(walk.lookup_failed);
  return walk.organization.text();
}

const std::string example_com = "_dmarc.example.com TXT v=DMARC1; p=reject; rua=mailto:x@example.com\n";
const std::string plain_zone = example_com + nothing_at({"com", "child.example.com", "mail.example.com"});

// RFC 9989 §4.10

TEST(DmarcWalk, AsksEightNamesAtMostRfc9989Section410) {
  std::vector<std::string> names;
  for (const auto& name : walk_names(domain("a.b.c.d.e.f.g.h.i.j.mail.example.com"))) names.push_back(name.text());
  EXPECT_THAT(names,
              ElementsAre("a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
                          "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"));
}

TEST(DmarcWalk, MissesARecordBetweenALongNameAndItsLastSevenLabelsRfc9989Section518) {
  std::vector<std::string> names;
  for (const auto& name : walk_names(domain("mail.a.b.c.d.e.f.g.example.com"))) names.push_back(name.text());
  EXPECT_THAT(names, ElementsAre("mail.a.b.c.d.e.f.g.example.com", "c.d.e.f.g.example.com", "d.e.f.g.example.com",
                                 "e.f.g.example.com", "f.g.example.com", "g.example.com", "example.com", "com"));
}

TEST(DmarcWalk, LeavesNothingOutOfEightLabels) {
  EXPECT_EQ(walk_names(domain("a.b.c.d.e.f.example.com")).size(), 8U);
  EXPECT_EQ(walk_names(domain("a.b.c.d.e.f.g.example.com")).size(), 8U);
  EXPECT_EQ(walk_names(domain("com")).size(), 1U);
}

TEST(DmarcWalk, PassesOverNamesTooLongForARecord) {
  const std::string label(62, 'a');
  const auto longest = domain(label + '.' + label + '.' + label + '.' + std::string(61, 'b') + ".c");
  EXPECT_EQ(walk_names(longest).front(), longest.parent());
}

TEST(DmarcWalk, TheRecordWithTheFewestLabelsIsTheOrganizationsRfc9989Section4102) {
  EXPECT_EQ(organization_of(nothing_at({"a.mail.example.com", "com"}) + "_dmarc.mail.example.com TXT v=DMARC1; p=none\n"
                                                                        "_dmarc.example.com TXT v=DMARC1; p=none\n",
                            "a.mail.example.com"),
            "example.com");
}

TEST(DmarcWalk, StopsAtPsdNRfc9989Section4102) {
  EXPECT_EQ(organization_of(nothing_at({"a.mail.example.com"}) + "_dmarc.mail.example.com TXT v=DMARC1; p=none; psd=n\n"
                                                                 "_dmarc.example.com TXT v=DMARC1; p=none\n"
                                                                 "_dmarc.com TEMPFAIL\n",
                            "a.mail.example.com"),
            "mail.example.com");
}

TEST(DmarcWalk, TheOrganizationIsOneLabelBelowPsdYRfc9989Section4102) {
  EXPECT_EQ(organization_of(nothing_at({"a.mail.example.com", "mail.example.com", "example.com"}) +
                                "_dmarc.com TXT v=DMARC1; p=none; psd=y\n",
                            "a.mail.example.com"),
            "example.com");
}

TEST(DmarcWalk, PsdYWhereItStartsIsTheOrganizationItselfRfc9989Section4102) {
  EXPECT_EQ(organization_of("_dmarc.co.example TXT v=DMARC1; p=none; psd=y\n_dmarc.example TEMPFAIL\n", "co.example"),
            "co.example");
}

TEST(DmarcWalk, WithoutAnyRecordTheStartIsTheOrganizationRfc9989Section4102) {
  EXPECT_EQ(organization_of(nothing_at({"a.example.com", "example.com", "com"}), "a.example.com"), "a.example.com");
}

TEST(DmarcWalk, SeveralRecordsAtANameAreNone) {
  EXPECT_EQ(organization_of(nothing_at({"com"}) + "_dmarc.a.example.com TXT v=DMARC1; p=none\n"
                                                  "_dmarc.example.com TXT v=DMARC1; p=none\n"
                                                  "_dmarc.example.com TXT v=DMARC1; p=none; psd=n\n",
                            "a.example.com"),
            "a.example.com");
}

// RFC 9989 §B.1

TEST(Dmarc, AlignmentExamplesOfRfc9989SectionB1) {
  EXPECT_TRUE(check(plain_zone, Mail{"example.com", "example.com", {}}).spf_aligned) << "B.1.1, 1";
  EXPECT_TRUE(check(plain_zone, Mail{"example.com", "child.example.com", {}}).spf_aligned) << "B.1.1, 2";
  EXPECT_EQ(check(plain_zone, Mail{"child.example.com", "example.net", {}}).result, DmarcResult::Fail) << "B.1.1, 3";
  EXPECT_THAT(check(plain_zone, Mail{"example.com", "", {"example.com"}}).dkim_aligned, ElementsAre(0)) << "B.1.2, 1";
  EXPECT_THAT(check(plain_zone, Mail{"child.example.com", "", {"example.com"}}).dkim_aligned, ElementsAre(0))
      << "B.1.2, 2";
  EXPECT_EQ(check(plain_zone, Mail{"child.example.com", "", {"example.net"}}).result, DmarcResult::Fail) << "B.1.2, 3";
}

TEST(Dmarc, SessionExampleOfRfc9989SectionB31) {
  const auto outcome = check(plain_zone, Mail{"example.com", "mail.example.com", {"example.com"}});
  EXPECT_EQ(outcome.result, DmarcResult::Pass);
  EXPECT_TRUE(outcome.spf_aligned);
  EXPECT_THAT(outcome.dkim_aligned, ElementsAre(0));
  EXPECT_EQ(outcome.policy, DmarcPolicy::Reject);
  EXPECT_EQ(outcome.reason, "");
}

TEST(Dmarc, SimpleExampleOfRfc9989SectionB41) {
  const auto outcome = check(example_com + nothing_at({"com"}) + "_dmarc.signing.example.com TXT v=DMARC1; p=none\n",
                             Mail{"example.com", "example.com", {"signing.example.com"}});
  EXPECT_EQ(outcome.result, DmarcResult::Pass);
  EXPECT_TRUE(outcome.spf_aligned);
  EXPECT_THAT(outcome.dkim_aligned, ElementsAre(0));
  EXPECT_EQ(text_of(outcome.organizational_domain), "example.com");
  EXPECT_EQ(text_of(outcome.record_domain), "example.com");
}

TEST(Dmarc, DeepExampleOfRfc9989SectionB42) {
  const auto outcome =
      check(example_com + "_dmarc.signing.example.com TXT v=DMARC1; p=none\n" +
                nothing_at({"a.b.c.d.e.f.g.h.i.j.k.example.com", "g.h.i.j.k.example.com", "h.i.j.k.example.com",
                            "i.j.k.example.com", "j.k.example.com", "k.example.com", "com"}),
            Mail{"a.b.c.d.e.f.g.h.i.j.k.example.com", "example.com", {"signing.example.com"}});
  EXPECT_EQ(outcome.result, DmarcResult::Pass);
  EXPECT_TRUE(outcome.spf_aligned);
  EXPECT_THAT(outcome.dkim_aligned, ElementsAre(0));
  EXPECT_EQ(text_of(outcome.organizational_domain), "example.com");
  EXPECT_EQ(text_of(outcome.record_domain), "example.com");
}

TEST(Dmarc, PublicSuffixExampleOfRfc9989SectionB43) {
  const auto outcome = check(
      "_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y\n"
      "_dmarc.giant.bank.example TXT v=DMARC1; p=quarantine\n" +
          nothing_at({"mega.bank.example", "mail.mega.bank.example", "mail.giant.bank.example", "example"}),
      Mail{"giant.bank.example", "mail.giant.bank.example", {"mail.mega.bank.example"}});
  EXPECT_EQ(outcome.result, DmarcResult::Pass);
  EXPECT_TRUE(outcome.spf_aligned);
  EXPECT_THAT(outcome.dkim_aligned, IsEmpty());
  EXPECT_EQ(text_of(outcome.organizational_domain), "giant.bank.example");
  EXPECT_EQ(text_of(outcome.record_domain), "giant.bank.example");
  EXPECT_EQ(outcome.policy, DmarcPolicy::Quarantine);
}

// Policy Discovery, RFC 9989 §4.10.1

TEST(Dmarc, TheAuthorsOwnRecordComesFirstAndItsPolicyIsPRfc9989Section4101) {
  const auto outcome = check("_dmarc.a.example.com TXT v=DMARC1; p=quarantine; sp=none; np=none\n" + example_com,
                             Mail{"a.example.com", "", {}});
  EXPECT_EQ(outcome.result, DmarcResult::Fail);
  EXPECT_EQ(outcome.policy, DmarcPolicy::Quarantine);
  EXPECT_EQ(text_of(outcome.record_domain), "a.example.com");
}

TEST(Dmarc, BelowTheRecordSpApplies) {
  const auto outcome =
      check("_dmarc.example.com TXT v=DMARC1; p=none; sp=reject\n" + nothing_at({"a.example.com", "com"}),
            Mail{"a.example.com", "", {}});
  EXPECT_EQ(outcome.policy, DmarcPolicy::Reject);
  EXPECT_EQ(text_of(outcome.record_domain), "example.com");
}

TEST(Dmarc, ARecordBetweenTheAuthorAndTheOrganizationDoesNotApplyRfc9989Section4101) {
  const auto outcome = check(
      "_dmarc.b.example.com TXT v=DMARC1; p=reject; sp=reject\n"
      "_dmarc.example.com TXT v=DMARC1; p=none\n" +
          nothing_at({"a.b.example.com", "com"}),
      Mail{"a.b.example.com", "", {}});
  EXPECT_EQ(outcome.policy, DmarcPolicy::None);
  EXPECT_EQ(text_of(outcome.record_domain), "example.com");
}

TEST(Dmarc, ThePublicSuffixSpeaksForOrganizationsWithoutARecordRfc9989Section4101) {
  const std::string suffix = "_dmarc.example TXT v=DMARC1; p=none; sp=quarantine; np=reject; psd=y\n";
  const auto silent = check(suffix + nothing_at({"a.b.example", "b.example"}) + "a.b.example A 192.0.2.1\n",
                            Mail{"a.b.example", "", {}});
  EXPECT_EQ(silent.policy, DmarcPolicy::Quarantine);
  EXPECT_EQ(text_of(silent.record_domain), "example");
  EXPECT_EQ(text_of(silent.organizational_domain), "b.example");
  const auto speaking = check(suffix + "_dmarc.b.example TXT v=DMARC1; p=none\n" + nothing_at({"a.b.example"}),
                              Mail{"a.b.example", "", {}});
  EXPECT_EQ(speaking.policy, DmarcPolicy::None);
  EXPECT_EQ(text_of(speaking.record_domain), "b.example");
}

TEST(Dmarc, ARecordBelowTheOrganizationDoesNotStandInForItsOwnRfc9989Section4101) {
  const auto outcome = check(
      "_dmarc.b.a.example TXT v=DMARC1; p=reject\n"
      "_dmarc.example TXT v=DMARC1; p=none; psd=y\n" +
          nothing_at({"c.b.a.example", "a.example"}),
      Mail{"c.b.a.example", "", {}});
  EXPECT_EQ(text_of(outcome.organizational_domain), "a.example");
  EXPECT_EQ(text_of(outcome.record_domain), "example");
  EXPECT_EQ(outcome.policy, DmarcPolicy::None);
}

TEST(Dmarc, NpIsForNamesThatDoNotExistRfc9989Section3213) {
  const std::string zone =
      "_dmarc.example.com TXT v=DMARC1; p=none; sp=quarantine; np=reject\n" + nothing_at({"a.example.com", "com"});
  const Mail mail{"a.example.com", "", {}};
  EXPECT_EQ(check(zone + "a.example.com NXDOMAIN\n", mail).policy, DmarcPolicy::Reject);
  EXPECT_EQ(check(zone + "a.example.com TXT x\n", mail).policy, DmarcPolicy::Quarantine) << "NODATA";
  EXPECT_EQ(check(zone + "a.example.com A 192.0.2.1\n", mail).policy, DmarcPolicy::Quarantine);
  const auto unknown = check(zone + "a.example.com TEMPFAIL\n", mail);
  EXPECT_EQ(unknown.result, DmarcResult::TempError);
}

TEST(Dmarc, WhetherANameExistsMayBeNotKnownAndNpAskForMore) {
  const auto unknown = [](const std::string& policies) {
    return check("_dmarc.example.com TXT v=DMARC1; " + policies + "\na.example.com TEMPFAIL\n" +
                     nothing_at({"a.example.com", "com"}),
                 Mail{"a.example.com", "", {}});
  };
  EXPECT_TRUE(unknown("p=none; np=reject").may_ask_for_more());
  EXPECT_TRUE(unknown("p=reject; np=none").may_ask_for_more());
  EXPECT_TRUE(unknown("p=none; np=reject; t=y").may_ask_for_more());
  EXPECT_FALSE(unknown("p=none; np=quarantine; t=y").may_ask_for_more());
}

TEST(Dmarc, DoesNotAskWhetherANameExistsWhereItMakesNoDifference) {
  const auto outcome =
      check("_dmarc.example.com TXT v=DMARC1; p=none; sp=reject; np=reject\n" + nothing_at({"a.example.com", "com"}),
            Mail{"a.example.com", "", {}});
  EXPECT_EQ(outcome.policy, DmarcPolicy::Reject);
}

TEST(Dmarc, ANameWithSomethingBelowItExistsRfc8020Section2) {
  const auto outcome = check(
      "_dmarc.example.com TXT v=DMARC1; p=none; np=reject\n"
      "_dmarc.a.example.com TXT nothing of ours\n" +
          nothing_at({"com"}),
      Mail{"a.example.com", "", {}});
  EXPECT_EQ(outcome.policy, DmarcPolicy::None);
}

TEST(Dmarc, NpIsNotForTheDomainOfTheRecord) {
  EXPECT_EQ(check("_dmarc.example.com TXT v=DMARC1; p=none; np=reject\n", Mail{"example.com", "", {}}).policy,
            DmarcPolicy::None);
}

TEST(Dmarc, TestingLowersTheDispositionByOneStepRfc9989Section47) {
  const auto with = [](const std::string& policy) {
    return check("_dmarc.example.com TXT v=DMARC1; p=" + policy + "; t=y\n", Mail{"example.com", "", {}});
  };
  EXPECT_EQ(with("reject").policy, DmarcPolicy::Reject);
  EXPECT_EQ(with("reject").disposition, DmarcPolicy::Quarantine);
  EXPECT_EQ(with("quarantine").disposition, DmarcPolicy::None);
  EXPECT_EQ(with("none").disposition, DmarcPolicy::None);
}

TEST(Dmarc, WithoutAValidPolicyOnlyReportsKeepARecordAliveRfc9989Section4101) {
  const Mail mail{"example.com", "", {}};
  const auto reported = check("_dmarc.example.com TXT v=DMARC1; p=reject; sp=what; rua=mailto:x@example.com\n", mail);
  EXPECT_EQ(reported.result, DmarcResult::Fail);
  EXPECT_EQ(reported.policy, DmarcPolicy::None);
  const auto silent = check("_dmarc.example.com TXT v=DMARC1; p=reject; sp=what; rua=x\n", mail);
  EXPECT_EQ(silent.result, DmarcResult::PermError);
  EXPECT_EQ(silent.disposition, DmarcPolicy::None);
}

TEST(Dmarc, WithoutARecordItSaysNone) {
  const auto outcome = check(nothing_at({"example.com", "com"}), Mail{"example.com", "example.com", {"example.com"}});
  EXPECT_EQ(outcome.result, DmarcResult::None);
  EXPECT_FALSE(outcome.record_domain);
  EXPECT_FALSE(outcome.spf_aligned);
}

// Alignment, RFC 9989 §4.4 and §4.10.2

TEST(Dmarc, StrictIsEqualityRfc9989Section4102) {
  const std::string zone = "_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s; aspf=s\n";
  EXPECT_EQ(check(zone, Mail{"example.com", "a.example.com", {"b.example.com"}}).result, DmarcResult::Fail);
  EXPECT_EQ(check(zone, Mail{"example.com", "a.example.com", {"EXAMPLE.com"}}).result, DmarcResult::Pass);
  EXPECT_EQ(check(zone, Mail{"example.com", "example.com", {"b.example.com"}}).result, DmarcResult::Pass);
}

TEST(Dmarc, EqualDomainsNeedNoWalkRfc9989Section4102) {
  const auto outcome = check(example_com, Mail{"example.com", "example.com", {"example.com"}});
  EXPECT_EQ(outcome.result, DmarcResult::Pass);
  EXPECT_EQ(text_of(outcome.organizational_domain), "example.com");
}

TEST(Dmarc, DomainsUnderOtherTopLevelNamesNeedNoWalk) {
  EXPECT_EQ(check(example_com, Mail{"example.com", "example.net", {"example.org"}}).result, DmarcResult::Fail);
}

TEST(Dmarc, DomainsOutsideTheOrganizationNeedNoWalk) {
  EXPECT_EQ(check(plain_zone, Mail{"example.com", "other.com", {"a.other.com", "com"}}).result, DmarcResult::Fail);
}

TEST(Dmarc, EachMechanismHasItsOwnAlignmentRfc9989Section47) {
  const std::string dkim =
      "_dmarc.example.com TXT v=DMARC1; p=reject; adkim=s\n" + nothing_at({"com", "a.example.com"});
  EXPECT_EQ(check(dkim, Mail{"example.com", "", {"a.example.com"}}).result, DmarcResult::Fail);
  EXPECT_EQ(check(dkim, Mail{"example.com", "a.example.com", {}}).result, DmarcResult::Pass);
  const std::string spf = "_dmarc.example.com TXT v=DMARC1; p=reject; aspf=s\n" + nothing_at({"com", "a.example.com"});
  EXPECT_EQ(check(spf, Mail{"example.com", "", {"a.example.com"}}).result, DmarcResult::Pass);
  EXPECT_EQ(check(spf, Mail{"example.com", "a.example.com", {}}).result, DmarcResult::Fail);
}

TEST(Dmarc, PsdNSetsASubtreeApartRfc9989Section11_8) {
  const std::string zone = example_com + "_dmarc.mail.example.com TXT v=DMARC1; p=reject; psd=n\n" +
                           nothing_at({"com", "evil.example.com", "a.mail.example.com"});
  EXPECT_EQ(check(zone, Mail{"evil.example.com", "mail.example.com", {}}).result, DmarcResult::Fail);
  EXPECT_EQ(check(zone, Mail{"a.mail.example.com", "mail.example.com", {}}).result, DmarcResult::Pass);
}

TEST(Dmarc, OnlyAPassIsAnIdentifierRfc9989Section43) {
  for (const auto spf : {SpfResult::None, SpfResult::Neutral, SpfResult::SoftFail, SpfResult::PermError}) {
    auto query = query_of({"example.com", "example.com", {"example.com"}});
    query.spf = spf;
    query.dkim.front().result = DkimResult::Policy;
    EXPECT_EQ(check(example_com, query).result, DmarcResult::Fail);
  }
  auto query = query_of({"example.com", "", {"example.com", "example.com"}});
  query.dkim.front().result = DkimResult::Fail;
  EXPECT_THAT(check(example_com, query).dkim_aligned, ElementsAre(1)) << "RFC 9989 §4.4.1: any signature";
}

TEST(Dmarc, ANameThatIsNoDomainIsNotAligned) {
  EXPECT_EQ(check(example_com, Mail{"example.com", "[192.0.2.1]", {}}).result, DmarcResult::Fail);
}

TEST(Dmarc, WalksForFewIdentifiers) {
  Mail mail{"example.com", "", {}};
  std::string zone = example_com + nothing_at({"com"});
  for (int n = 0; n < 8; ++n) {
    mail.dkim.push_back("s" + std::to_string(n) + ".example.com");
    zone += "_dmarc." + mail.dkim.back() + " TXT v=DMARC1; p=none; psd=n\n";
  }
  mail.dkim.emplace_back("good.example.com");
  EXPECT_EQ(check(zone, mail).result, DmarcResult::Fail) << "the ninth was not looked up";
}

// DNS failures, RFC 9989 §5.3.6

TEST(Dmarc, ARecordThatCannotBeLookedUpIsATemporaryErrorRfc9989Section536) {
  const auto own = check("_dmarc.example.com TEMPFAIL\n", Mail{"example.com", "", {}});
  EXPECT_EQ(own.result, DmarcResult::TempError);
  EXPECT_EQ(own.disposition, DmarcPolicy::None);
  EXPECT_EQ(check("_dmarc.example.com TEMPFAIL\n" + nothing_at({"a.example.com", "com"}), Mail{"a.example.com", "", {}})
                .result,
            DmarcResult::TempError);
}

TEST(Dmarc, AFailedLookUpThatCouldHaveAlignedLeavesItOpenRfc9989Section536) {
  const std::string zone = example_com + "_dmarc.a.example.com TEMPFAIL\n" + nothing_at({"com"});
  EXPECT_EQ(check(zone, Mail{"example.com", "a.example.com", {}}).result, DmarcResult::TempError);
  EXPECT_EQ(check(zone, Mail{"example.com", "a.example.com", {"example.com"}}).result, DmarcResult::Pass);
}

TEST(Dmarc, TwoRecordsAreNoneAndItSaysSoRfc9989Section410) {
  const auto outcome = check(
      "_dmarc.example.com TXT v=DMARC1; p=reject\n_dmarc.example.com TXT v=DMARC1; p=none\n" + nothing_at({"com"}),
      Mail{"example.com", "", {}});
  EXPECT_EQ(outcome.result, DmarcResult::None);
  EXPECT_TRUE(outcome.several_records);
  EXPECT_EQ(outcome.reason, "more than one record, which counts as none");
  EXPECT_EQ(check(nothing_at({"example.com", "com"}), Mail{"example.com", "", {}}).reason, "no record");
}

TEST(Dmarc, AReasonNamesStrictAlignmentRfc9989Section44) {
  const auto reason = [](const std::string& tags) {
    return check("_dmarc.example.com TXT v=DMARC1; p=reject" + tags + "\n" +
                     nothing_at({"a.example.com", "example.net", "net", "com"}),
                 Mail{"example.com", "example.net", {}})
        .reason;
  };
  EXPECT_EQ(reason(""), "nothing that passed is aligned");
  EXPECT_EQ(reason("; adkim=s"), "nothing that passed is aligned: adkim=s asks for example.com itself");
  EXPECT_EQ(reason("; aspf=s"), "nothing that passed is aligned: aspf=s asks for example.com itself");
  EXPECT_EQ(reason("; aspf=s; adkim=s"),
            "nothing that passed is aligned: adkim=s and aspf=s ask for example.com itself");
}

TEST(Dmarc, AnOrganizationThatIsNotKnownLeavesItOpenRfc9989Section536) {
  const std::string zone = example_com + "_dmarc.com TEMPFAIL\n" + nothing_at({"a.example.com"});
  EXPECT_EQ(check(zone, Mail{"example.com", "a.example.com", {}}).result, DmarcResult::TempError);
  EXPECT_EQ(check(zone, Mail{"example.com", "other.com", {}}).result, DmarcResult::TempError);
  EXPECT_EQ(check(zone, Mail{"example.com", "example.net", {}}).result, DmarcResult::Fail);
}

TEST(Dmarc, SpfOrDkimThatMayYetPassLeaveItOpenRfc9989Section536) {
  auto query = query_of({"example.com", "example.com", {"example.com"}});
  query.spf = SpfResult::TempError;
  query.dkim.front().result = DkimResult::Fail;
  EXPECT_EQ(check(example_com, query).result, DmarcResult::TempError);
  EXPECT_EQ(check(example_com, query).policy, DmarcPolicy::Reject);
  query.spf = SpfResult::Fail;
  query.dkim.front().result = DkimResult::TempError;
  EXPECT_EQ(check(example_com, query).result, DmarcResult::TempError);
  query.dkim.front().domain = domain("example.net");
  EXPECT_EQ(check(example_com, query).result, DmarcResult::Fail) << "it would not be aligned";
}

// Several authors, or none: RFC 9989 §11.5

TEST(Dmarc, AnUnclearFromIsAFault) {
  DmarcQuery query;
  query.authors.fault = "From names nobody";
  const auto outcome = check("", query);
  EXPECT_EQ(outcome.result, DmarcResult::PermError);
  EXPECT_TRUE(outcome.authors_at_fault);
  EXPECT_EQ(outcome.reason, query.authors.fault);
}

TEST(Dmarc, OfSeveralAuthorsTheStrictestThatFailsDecidesRfc9989Section115) {
  const std::string zone =
      "_dmarc.evil.example TXT v=DMARC1; p=none\n"
      "_dmarc.soft.example TXT v=DMARC1; p=quarantine\n"
      "_dmarc.bank.example TXT v=DMARC1; p=reject\n"
      "_dmarc.free.example TXT v=DMARC1; p=none\n"
      "_dmarc.slow.example TEMPFAIL\n" +
      nothing_at({"none.example", "example"});
  const auto of = [&](const std::vector<std::string>& names) {
    auto query = query_of({"evil.example", "evil.example", {}});
    query.authors.domains.clear();
    for (const auto& name : names) query.authors.domains.push_back(domain(name));
    return check(zone, query);
  };
  EXPECT_EQ(text_of(of({"evil.example", "soft.example", "bank.example"}).author_domain), "bank.example");
  EXPECT_EQ(of({"bank.example", "evil.example"}).disposition, DmarcPolicy::Reject);
  EXPECT_EQ(of({"slow.example", "soft.example"}).result, DmarcResult::Fail);
  EXPECT_EQ(of({"evil.example", "slow.example"}).result, DmarcResult::TempError);
  EXPECT_EQ(of({"free.example", "slow.example"}).result, DmarcResult::TempError) << "it might ask for anything";
  EXPECT_EQ(of({"evil.example", "none.example"}).result, DmarcResult::None);
  EXPECT_EQ(of({"evil.example"}).result, DmarcResult::Pass);
}

TEST(Dmarc, AnAuthorWhoWouldPassByAnyRecordHidesNoOtherThatIsNotKnownRfc9989Section115) {
  const std::string zone =
      "_dmarc.evil.example TEMPFAIL\n"
      "_dmarc.slow.example TEMPFAIL\n"
      "_dmarc.bank.example TXT v=DMARC1; p=reject\n" +
      nothing_at({"lame.bank.example", "example"});
  auto query = query_of({"evil.example", "evil.example", {"lame.bank.example"}});
  query.dkim.front().result = DkimResult::TempError;
  for (const auto* other : {"slow.example", "bank.example"}) {
    query.authors.domains = {domain("evil.example"), domain(other)};
    EXPECT_EQ(text_of(check(zone, query).author_domain), other) << "spf passes for the other one";
    EXPECT_EQ(check(zone, query).result, DmarcResult::TempError);
    EXPECT_TRUE(check(zone, query).one_of_several);
  }
  query.authors.domains = {domain("evil.example")};
  EXPECT_FALSE(check(zone, query).one_of_several);
}

TEST(Dmarc, ASignatureOverAPartOfTheBodyIsNobodysRfc6376Section82) {
  auto query = query_of({"a.example", {}, {"a.example"}});
  const std::string zone = "_dmarc.a.example TXT v=DMARC1; p=reject\n";
  EXPECT_EQ(check(zone, query).result, DmarcResult::Pass);
  query.dkim.front().unsigned_octets = 1;
  EXPECT_EQ(check(zone, query).result, DmarcResult::Fail);
}

TEST(Dmarc, AsksEarlyForTheAuthorsWalk) {
  Authors authors;
  authors.domains = {domain("a.example.com"), domain("example.com")};
  std::vector<std::string> names;
  for (const auto& question : dmarc_questions(authors)) {
    EXPECT_EQ(question.type, dns::Type::TXT);
    names.push_back(question.name);
  }
  EXPECT_THAT(names, ElementsAre("_dmarc.a.example.com", "_dmarc.example.com", "_dmarc.com"));
}

TEST(Dmarc, AnAuthorsDomainTooLongForARecordIsUnderItsOrganizations) {
  const std::string label(62, 'a');
  const std::string longest = label + '.' + label + '.' + label + '.' + std::string(50, 'b') + ".example";
  std::string zone = "_dmarc.example TXT v=DMARC1; p=reject\n";
  const auto names = walk_names(domain(longest));
  ASSERT_EQ(names.size(), 4U);
  zone += nothing_at({names[0].text(), names[1].text(), names[2].text()});
  EXPECT_EQ(check(zone, Mail{longest, "", {}}).policy, DmarcPolicy::Reject);
}

}  // namespace
}  // namespace cas::auth
