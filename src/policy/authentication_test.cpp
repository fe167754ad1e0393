// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What becomes of a message after authentication, rule by rule.
#include "policy/authentication.hpp"

#include <gmock/gmock.h>

namespace cas::policy {
namespace {

using auth::ArcResult;
using auth::DkimResult;
using auth::DmarcPolicy;
using auth::DmarcResult;
using auth::SpfResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}

auth::DkimOutcome signature(std::string_view signer, DkimResult result = DkimResult::Pass) {
  auth::DkimOutcome outcome;
  outcome.result = result;
  outcome.domain = domain(signer);
  return outcome;
}

/// A message by somebody at a.example that failed DMARC.
AuthenticationFacts failing(DmarcPolicy disposition) {
  AuthenticationFacts facts;
  facts.spf = SpfResult::Fail;
  facts.spf_domain = "a.example";
  facts.dmarc.result = DmarcResult::Fail;
  facts.dmarc.author_domain = domain("a.example");
  facts.dmarc.policy = DmarcPolicy::Reject;
  facts.dmarc.disposition = disposition;
  return facts;
}

AuthenticationFacts without_record(SpfResult spf) {
  AuthenticationFacts facts = failing(DmarcPolicy::None);
  facts.spf = spf;
  facts.dmarc.result = DmarcResult::None;
  facts.dmarc.policy = DmarcPolicy::None;
  return facts;
}

void seal(AuthenticationFacts& facts, std::string_view sealer, std::string results) {
  if (!facts.arc.sealers.empty()) facts.arc.earlier_results.push_back(facts.arc.results);
  facts.arc.result = ArcResult::Pass;
  facts.arc.sealers.push_back(domain(sealer));
  facts.arc.results = std::move(results);
}

TEST(JudgeAuthentication, RejectsWhatTheOwnerOfTheDomainRejectsRfc9989Section72) {
  const auto verdict = judge_authentication(failing(DmarcPolicy::Reject));
  EXPECT_EQ(verdict.disposition, Disposition::Reject);
  EXPECT_EQ(verdict.rule, "dmarc-fail");
  ASSERT_TRUE(verdict.reply);
  EXPECT_EQ(verdict.reply->summary(), "550 5.7.26 refused by the DMARC policy of a.example");
}

TEST(JudgeAuthentication, GoesNoFurtherThanTheDisposition) {
  EXPECT_EQ(judge_authentication(failing(DmarcPolicy::Quarantine)).disposition, Disposition::Quarantine);
  const auto none = judge_authentication(failing(DmarcPolicy::None));
  EXPECT_EQ(none.disposition, Disposition::Accept) << "RFC 9989 §5.4, though SPF failed";
  EXPECT_EQ(none.rule, "dmarc-policy-none");
}

TEST(JudgeAuthentication, AcceptsWhatPassesWhateverSpfSaysRfc9989Section71) {
  auto facts = failing(DmarcPolicy::Reject);
  facts.dmarc.result = DmarcResult::Pass;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Accept);
  EXPECT_EQ(judge_authentication(facts).rule, "dmarc-pass");
}

TEST(JudgeAuthentication, DefersWhatCouldNotBeLookedUpAndMightBeRefusedRfc9989Section536) {
  auto facts = failing(DmarcPolicy::None);
  facts.dmarc.result = DmarcResult::TempError;
  const auto unknown = judge_authentication(facts);
  EXPECT_EQ(unknown.disposition, Disposition::Defer) << "the record itself is not known";
  ASSERT_TRUE(unknown.reply);
  EXPECT_EQ(unknown.reply->code, 451);
  EXPECT_EQ(unknown.rule, "dmarc-temperror");

  facts.dmarc.record_domain = domain("a.example");
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Accept) << "it asks for nothing";
  facts.dmarc.disposition = DmarcPolicy::Quarantine;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Defer);
}

TEST(JudgeAuthentication, DoesNotDeferWhatWouldPassByAnyRecord) {
  auto facts = failing(DmarcPolicy::None);
  facts.dmarc.result = DmarcResult::TempError;
  auto by_signature = facts;
  by_signature.dkim = {signature("a.example")};
  EXPECT_EQ(judge_authentication(by_signature).disposition, Disposition::Accept);
  by_signature.dkim.front().unsigned_octets = 1;
  EXPECT_EQ(judge_authentication(by_signature).disposition, Disposition::Defer);
  by_signature.dkim = {signature("b.example")};
  EXPECT_EQ(judge_authentication(by_signature).disposition, Disposition::Defer);
  auto by_spf = facts;
  by_spf.spf = SpfResult::Pass;
  EXPECT_EQ(judge_authentication(by_spf).disposition, Disposition::Accept);
  by_spf.spf_domain = "b.example";
  EXPECT_EQ(judge_authentication(by_spf).disposition, Disposition::Defer);
  auto by_seal = facts;
  seal(by_seal, "lists.example", "lists.example; dmarc=pass header.from=a.example");
  by_seal.trusted_sealers = {domain("lists.example")};
  EXPECT_EQ(judge_authentication(by_seal).disposition, Disposition::Accept);
}

TEST(JudgeAuthentication, AcceptsWhatWillNeverBeKnownAndSpfThatIsNotKnown) {
  auto facts = failing(DmarcPolicy::Reject);
  facts.dmarc.result = DmarcResult::PermError;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Accept);
  EXPECT_EQ(judge_authentication(without_record(SpfResult::TempError)).disposition, Disposition::Accept);
}

TEST(JudgeAuthentication, QuarantinesAnUnclearAuthorRfc9989Section115) {
  AuthenticationFacts facts;
  facts.dmarc.result = DmarcResult::PermError;
  facts.dmarc.authors_at_fault = true;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Quarantine);
  EXPECT_EQ(judge_authentication(facts).rule, "author-unclear");
}

TEST(JudgeAuthentication, QuarantinesInsteadWhereOthersMayHaveHandledItRfc9989Section74) {
  auto list = failing(DmarcPolicy::Reject);
  list.from_a_list = true;
  auto forwarder = failing(DmarcPolicy::Reject);
  seal(forwarder, "unknown.example", "mx; dmarc=pass header.from=a.example");
  auto changed = failing(DmarcPolicy::Reject);
  changed.dkim = {signature("a.example", DkimResult::Fail)};
  changed.dkim.front().only_body_changed = true;
  auto changed_below = failing(DmarcPolicy::Reject);
  changed_below.dmarc.organizational_domain = domain("a.example");
  changed_below.dkim = {signature("mail.a.example", DkimResult::Fail)};
  changed_below.dkim.front().only_body_changed = true;
  for (const auto& facts : {list, forwarder, changed, changed_below}) {
    const auto verdict = judge_authentication(facts);
    EXPECT_EQ(verdict.disposition, Disposition::Quarantine);
    EXPECT_TRUE(verdict.softened);
    EXPECT_EQ(verdict.rule, "dmarc-fail");
    EXPECT_FALSE(verdict.reply);
  }
  auto stranger = failing(DmarcPolicy::Reject);
  stranger.dkim = {signature("other.example", DkimResult::Fail), signature("a.example", DkimResult::PermError),
                   signature("a.example", DkimResult::Fail)};  // which anybody could write
  stranger.dkim.front().only_body_changed = true;
  EXPECT_EQ(judge_authentication(stranger).disposition, Disposition::Reject);
}

// Trusted chains, RFC 8617 §7.2.1

TEST(JudgeAuthentication, BelievesATrustedSealerRfc8617Section721) {
  for (const auto disposition : {DmarcPolicy::Reject, DmarcPolicy::Quarantine}) {
    auto facts = failing(disposition);
    seal(facts, "list.example", "mx.list.example; dmarc=pass (p=reject) header.from=A.example");
    facts.trusted_sealers = {domain("list.example")};
    const auto verdict = judge_authentication(facts);
    EXPECT_EQ(verdict.disposition, Disposition::Accept);
    EXPECT_EQ(verdict.rule, "arc-trusted");
    EXPECT_EQ(verdict.sealer, domain("list.example"));
  }
}

TEST(JudgeAuthentication, BelievesNoSealerWhoDoesNotSayThatItPassedForThisAuthor) {
  for (const char* results :
       {"mx; dmarc=fail header.from=a.example", "mx; dmarc=pass header.from=b.example", "mx; dmarc=pass",
        "mx; spf=pass smtp.mailfrom=a.example", "mx; none", "", "not the grammar",
        "mx; dmarc=pass header.from=a.example header.from=b.example",
        "mx; dmarc=pass header.from=a.example; dmarc=fail header.from=a.example",
        "mx; dmarc=pass header.from=a.example; dmarc=pass header.from=b.example",
        "mx; dmarc=pass reason=\"header.from=a.example\"", "mx; dmarc=pass (header.from=a.example)"}) {
    auto facts = failing(DmarcPolicy::Reject);
    seal(facts, "list.example", results);
    facts.trusted_sealers = {domain("list.example")};
    EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Quarantine) << results;
  }
}

TEST(JudgeAuthentication, BelievesNoSealerForOneOfSeveralAuthorsRfc9989Section115) {
  for (const auto result : {DmarcResult::Fail, DmarcResult::TempError}) {
    auto facts = failing(DmarcPolicy::Reject);
    facts.dmarc.result = result;
    seal(facts, "list.example", "mx; dmarc=pass header.from=a.example");
    facts.trusted_sealers = {domain("list.example")};
    EXPECT_EQ(judge_authentication(facts).rule, "arc-trusted");
    facts.dmarc.one_of_several = true;
    EXPECT_NE(judge_authentication(facts).disposition, Disposition::Accept) << "it says nothing of the other one";
  }
}

TEST(JudgeAuthentication, BelievesNoChainThatDoesNotPass) {
  auto facts = failing(DmarcPolicy::Reject);
  seal(facts, "list.example", "mx; dmarc=pass header.from=a.example");
  facts.trusted_sealers = {domain("list.example")};
  facts.arc.result = ArcResult::Fail;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Reject);
}

TEST(JudgeAuthentication, LooksDownAChainAsFarAsItsSealersAreTrustedRfc8617Section72) {
  const auto chain = [](const std::vector<std::string>& trusted) {
    auto facts = failing(DmarcPolicy::Reject);
    seal(facts, "first.example", "mx; dmarc=pass header.from=a.example");
    seal(facts, "second.example", "mx; arc=pass; dmarc=fail header.from=a.example");
    seal(facts, "third.example", "mx; arc=pass; dmarc=fail header.from=a.example");
    for (const auto& sealer : trusted) facts.trusted_sealers.push_back(domain(sealer));
    return judge_authentication(facts);
  };
  EXPECT_EQ(chain({"first.example", "second.example", "third.example"}).sealer, domain("first.example"));
  EXPECT_EQ(chain({"first.example", "third.example"}).disposition, Disposition::Quarantine);
  EXPECT_EQ(chain({"first.example", "second.example"}).disposition, Disposition::Quarantine);
  EXPECT_EQ(chain({"second.example", "third.example"}).disposition, Disposition::Quarantine);
  EXPECT_EQ(chain({"example"}).disposition, Disposition::Quarantine) << "names above do not count";
}

// SPF where no DMARC record applies

TEST(JudgeAuthentication, RejectsAnSpfFailureWhereDmarcHasNothingToSayRfc7372Section32) {
  const auto verdict = judge_authentication(without_record(SpfResult::Fail));
  EXPECT_EQ(verdict.disposition, Disposition::Reject);
  EXPECT_EQ(verdict.rule, "spf-fail");
  EXPECT_EQ(verdict.reply.value().summary(), "550 5.7.23 refused by the SPF policy of a.example");
  for (const auto spf : {SpfResult::None, SpfResult::Neutral, SpfResult::Pass, SpfResult::SoftFail,
                         SpfResult::TempError, SpfResult::PermError}) {
    EXPECT_EQ(judge_authentication(without_record(spf)).rule, "dmarc-none");
  }
}

TEST(JudgeAuthentication, ShowsNoTextOfOthersInItsReply) {
  auto facts = without_record(SpfResult::Fail);
  facts.spf_domain = "a\r\n250 b";
  EXPECT_EQ(judge_authentication(facts).reply.value().summary(), "550 5.7.23 refused by the SPF policy");
}

TEST(JudgeAuthentication, ASignatureOfTheAuthorMakesUpForAnSpfFailure) {
  auto facts = without_record(SpfResult::Fail);
  facts.dkim = {signature("other.example")};
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Reject);
  facts.dkim.push_back(signature("a.example"));
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Accept);
  facts.dkim.back().unsigned_octets = 1;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Reject) << "RFC 6376 §8.2";
  facts.dkim.back().unsigned_octets = 0;
  facts.dkim.back().result = DkimResult::Policy;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Reject);
}

TEST(JudgeAuthentication, AnSpfFailureOfForwardedMailIsNotRejected) {
  auto facts = without_record(SpfResult::Fail);
  seal(facts, "list.example", "mx; spf=pass smtp.mailfrom=joe@a.example");
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Quarantine);
  facts.trusted_sealers = {domain("list.example")};
  EXPECT_EQ(judge_authentication(facts).rule, "arc-trusted");
  facts.spf_domain = "b.example";
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Quarantine);
}

TEST(JudgeAuthentication, NeverRejectsABounceForItsHelo) {
  auto facts = without_record(SpfResult::Fail);
  facts.null_sender = true;
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Quarantine);
  EXPECT_EQ(judge_authentication(facts).rule, "spf-fail");
  facts.dkim = {signature("a.example")};
  EXPECT_EQ(judge_authentication(facts).disposition, Disposition::Accept);
}

// Recipients

TEST(HandleRecipients, RejectsWhenAllAct) {
  const auto verdict = judge_authentication(failing(DmarcPolicy::Reject));
  const auto handling = handle_recipients(verdict, {Enforcement::Act, Enforcement::Act});
  EXPECT_EQ(handling.reply, verdict.reply);
  EXPECT_THAT(handling.recipients, ElementsAre(Disposition::Reject, Disposition::Reject));
}

TEST(HandleRecipients, DoesNothingToThoseWhoObserve) {
  const auto verdict = judge_authentication(failing(DmarcPolicy::Reject));
  const auto mixed = handle_recipients(verdict, {Enforcement::Act, Enforcement::Observe});
  EXPECT_FALSE(mixed.reply);
  EXPECT_THAT(mixed.recipients, ElementsAre(Disposition::Quarantine, Disposition::Accept));
  const auto observing = handle_recipients(verdict, {Enforcement::Observe});
  EXPECT_FALSE(observing.reply);
  EXPECT_THAT(observing.recipients, ElementsAre(Disposition::Accept));
  EXPECT_FALSE(handle_recipients(verdict, {}).reply);
}

TEST(HandleRecipients, DefersWhenAllAct) {
  auto facts = failing(DmarcPolicy::None);
  facts.dmarc.result = DmarcResult::TempError;
  const auto verdict = judge_authentication(facts);
  EXPECT_EQ(handle_recipients(verdict, {Enforcement::Act}).reply, verdict.reply);
  const auto mixed = handle_recipients(verdict, {Enforcement::Act, Enforcement::Observe});
  EXPECT_FALSE(mixed.reply);
  EXPECT_THAT(mixed.recipients, ElementsAre(Disposition::Quarantine, Disposition::Accept));
}

TEST(HandleRecipients, PassesMilderDispositionsOn) {
  const auto quarantine = judge_authentication(failing(DmarcPolicy::Quarantine));
  EXPECT_THAT(handle_recipients(quarantine, {Enforcement::Observe, Enforcement::Act}).recipients,
              ElementsAre(Disposition::Accept, Disposition::Quarantine));
  const auto accept = judge_authentication(failing(DmarcPolicy::None));
  EXPECT_THAT(handle_recipients(accept, {Enforcement::Act}).recipients, ElementsAre(Disposition::Accept));
  EXPECT_THAT(handle_recipients(accept, {}).recipients, IsEmpty());
}

TEST(IsFromAList, KnowsListsByTheirFields) {
  const auto is_list = [](std::string_view header) { return is_from_a_list(parse_header(header).value()); };
  EXPECT_TRUE(is_list("From: a@b.example\r\nlist-id: <x.b.example>\r\n"));
  EXPECT_TRUE(is_list("List-Post: <mailto:x@b.example>\r\n"));
  EXPECT_FALSE(is_list("List-Unsubscribe: <mailto:x@b.example>\r\n")) << "newsletters have one";
}

TEST(ImplicitIdentity, IsTheAuthorsDomainOfAnAlignedSignature) {
  auth::DmarcOutcome dmarc;
  dmarc.result = DmarcResult::Pass;
  dmarc.author_domain = domain("mail.a.example");
  dmarc.spf_aligned = true;
  std::vector<auth::DkimOutcome> dkim{signature("other.example"), signature("a.example")};
  EXPECT_FALSE(implicit_identity(dmarc, dkim)) << "SPF does not cover what the message says";
  dmarc.dkim_aligned = {1};
  EXPECT_EQ(implicit_identity(dmarc, dkim), domain("mail.a.example"));
  dkim[1].unsigned_octets = 1;
  EXPECT_FALSE(implicit_identity(dmarc, dkim));
  dkim[1].unsigned_octets = 0;
  dkim[1].key_is_test = true;
  EXPECT_FALSE(implicit_identity(dmarc, dkim));
}

TEST(ImplicitIdentity, WithoutARecordItTakesTheDomainOrOneAboveIt) {
  auth::DmarcOutcome dmarc;
  dmarc.author_domain = domain("mail.a.co.uk");
  const auto of = [&](std::string_view signer) { return implicit_identity(dmarc, {signature(signer)}).has_value(); };
  EXPECT_TRUE(of("mail.a.co.uk"));
  EXPECT_TRUE(of("a.co.uk"));
  EXPECT_FALSE(of("co.uk"));
  EXPECT_FALSE(of("x.mail.a.co.uk"));
  EXPECT_FALSE(of("b.co.uk"));
  dmarc.result = DmarcResult::TempError;
  EXPECT_FALSE(of("a.co.uk"));
}

}  // namespace
}  // namespace cas::policy
