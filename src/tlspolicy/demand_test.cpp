// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DANE's records and the order in which policies count.
#include "tlspolicy/demand.hpp"

#include <gtest/gtest.h>

namespace cas::tlspolicy {
namespace {

using Verify = TlsDemand::Verify;

dns::Tlsa tlsa(std::uint8_t usage, std::uint8_t selector, std::uint8_t matching, std::size_t octets) {
  return {.usage = usage, .selector = selector, .matching = matching, .data = std::vector<std::uint8_t>(octets, 7)};
}

dns::Answer answer(bool secure, std::vector<dns::Tlsa> records, dns::Status status = dns::Status::Ok) {
  dns::Answer made;
  made.status = status;
  made.secure = secure;
  for (auto& record : records) made.records.emplace_back(std::move(record));
  return made;
}

TEST(Dane, OnlyUsages2And3OfTheRightLengthAreUsableRfc7672Section31) {
  for (const auto& good : {tlsa(3, 1, 1, 32), tlsa(2, 0, 2, 64), tlsa(3, 0, 0, 700), tlsa(2, 1, 1, 32)})
    EXPECT_TRUE(is_usable(good)) << to_string(good);
  for (const auto& bad : {tlsa(0, 1, 1, 32), tlsa(1, 1, 1, 32), tlsa(4, 1, 1, 32), tlsa(255, 1, 1, 32),
                          tlsa(3, 2, 1, 32), tlsa(3, 1, 3, 32), tlsa(3, 1, 1, 31), tlsa(3, 1, 2, 32), tlsa(3, 1, 0, 0)})
    EXPECT_FALSE(is_usable(bad)) << to_string(bad);
}

TEST(Dane, WhatAnAnswerMeansRfc7672Section22) {
  EXPECT_EQ(judge_tlsa(answer(true, {tlsa(3, 1, 1, 32)})).status, DaneStatus::Usable);
  EXPECT_EQ(judge_tlsa(answer(true, {tlsa(1, 1, 1, 32), tlsa(3, 1, 1, 32)})).records.size(), 1U);
  EXPECT_EQ(judge_tlsa(answer(true, {tlsa(1, 1, 1, 32)})).status, DaneStatus::Unusable);
  EXPECT_EQ(judge_tlsa(answer(false, {tlsa(3, 1, 1, 32)})).status, DaneStatus::Absent)
      << "insecure records bind nobody";
  EXPECT_EQ(judge_tlsa(answer(true, {}, dns::Status::NxDomain)).status, DaneStatus::Absent);
  EXPECT_EQ(judge_tlsa(answer(true, {}, dns::Status::NoData)).status, DaneStatus::Absent);
  EXPECT_EQ(judge_tlsa(answer(false, {}, dns::Status::Failed)).status, DaneStatus::Failed);
}

class Judge : public testing::Test {
 protected:
  Judge() {
    facts.domain = "b.example";
    facts.host = "mx.b.example";
  }
  void dane(DaneStatus status) {
    facts.dane.status = status;
    facts.dane.records.clear();
    if (status == DaneStatus::Usable) facts.dane.records = {tlsa(3, 1, 1, 32)};
  }

  TlsFacts facts;
  StsPolicy enforce{.mode = StsMode::Enforce, .max_age = std::chrono::hours(1), .mx = {"mx.b.example"}};
  StsPolicy testing{.mode = StsMode::Testing, .max_age = std::chrono::hours(1), .mx = {"mx.b.example"}};
  StsPolicy elsewhere{.mode = StsMode::Enforce, .max_age = std::chrono::hours(1), .mx = {"mx.c.example"}};
};

TEST_F(Judge, WithoutAnyPolicyTlsIsOpportunistic) {
  EXPECT_EQ(judge_tls(facts).value(), TlsDemand{});
  facts.require_always = true;
  EXPECT_TRUE(judge_tls(facts).value().required());
}

TEST_F(Judge, AnEnforcedMtaStsPolicyVerifiesTheHost) {
  facts.sts = &enforce;
  const auto demand = judge_tls(facts).value();
  EXPECT_TRUE(demand.required() && demand.verified());
  EXPECT_EQ(demand.verify, Verify::Names);
  EXPECT_EQ(demand.names, std::vector<std::string>{"mx.b.example"});
  EXPECT_EQ(demand.source, Source::Sts);
}

TEST_F(Judge, AHostThatMtaStsDoesNotNameIsPassedOver) {
  facts.sts = &elsewhere;
  const auto refusal = judge_tls(facts);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().reply.code, 451);
  EXPECT_EQ(refusal.error().failure, TlsFailure::CertificateHostMismatch);
}

TEST_F(Judge, TestingDemandsNothingAndReports) {
  facts.sts = &testing;
  auto demand = judge_tls(facts).value();
  EXPECT_FALSE(demand.required() || demand.verified() || demand.unlisted);
  EXPECT_EQ(demand.verify, Verify::Names);
  testing.mx = {"mx.c.example"};
  EXPECT_TRUE(judge_tls(facts).value().unlisted);
}

TEST_F(Judge, DaneOutranksMtaStsRfc8461Section2) {
  facts.sts = &elsewhere;
  dane(DaneStatus::Usable);
  const auto demand = judge_tls(facts).value();
  EXPECT_EQ(demand.source, Source::Dane);
  EXPECT_EQ(demand.verify, Verify::Records);
  EXPECT_EQ(demand.names, (std::vector<std::string>{"mx.b.example", "b.example"}));
  EXPECT_TRUE(demand.required() && demand.verified());
}

TEST_F(Judge, UnusableRecordsDemandTlsOfAnybodyAndLeaveMtaStsInForce) {
  dane(DaneStatus::Unusable);
  auto demand = judge_tls(facts).value();
  EXPECT_TRUE(demand.required());
  EXPECT_FALSE(demand.verified());
  facts.sts = &enforce;
  demand = judge_tls(facts).value();
  EXPECT_EQ(demand.source, Source::Sts);
  EXPECT_TRUE(demand.verified());
}

TEST_F(Judge, ABogusAnswerPassesTheHostOverWhateverMtaStsSays) {
  facts.sts = &enforce;
  dane(DaneStatus::Failed);
  const auto refusal = judge_tls(facts);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().reply.code, 451);
  EXPECT_EQ(refusal.error().failure, TlsFailure::DnssecInvalid);
}

TEST_F(Judge, TheAdministratorsPinOutranksAll) {
  facts.sts = &elsewhere;
  dane(DaneStatus::Failed);
  TlsPin pin{.level = PinLevel::Opportunistic, .names = {}, .fingerprints = {}};
  facts.pin = &pin;
  EXPECT_FALSE(judge_tls(facts).value().required());
  pin.level = PinLevel::Verify;
  EXPECT_EQ(judge_tls(facts).value().names, (std::vector<std::string>{"b.example", ".b.example"}));
  pin.names = {"mx.host.example"};
  EXPECT_EQ(judge_tls(facts).value().names, pin.names);
  pin.fingerprints = {tlsa(3, 0, 1, 32)};
  EXPECT_EQ(judge_tls(facts).value().verify, Verify::Records);
  EXPECT_EQ(judge_tls(facts).value().records, pin.fingerprints);
  pin.level = PinLevel::Required;
  EXPECT_FALSE(judge_tls(facts)) << "a floor; DANE still counts";
  dane(DaneStatus::Absent);
  facts.sts = nullptr;
  EXPECT_TRUE(judge_tls(facts).value().required());
}

TEST_F(Judge, RequiretlsNeedsAVerifiedServerRfc8689Section421) {
  facts.requiretls = true;
  const auto nobody = judge_tls(facts);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().reply.summary().substr(0, 10), "550 5.7.30");
  facts.sts = &testing;
  EXPECT_FALSE(judge_tls(facts)) << "testing vouches for nothing";
  facts.sts = &enforce;
  EXPECT_TRUE(judge_tls(facts).value().requiretls);
  facts.relaxed = true;
  EXPECT_TRUE(judge_tls(facts).value().verified()) << "REQUIRETLS outranks TLS-Required";
}

TEST(Requiretls, IsAddedOnlyToWhatIsVerifiedAndNeverInTheClear) {
  TlsDemand demand;
  EXPECT_FALSE(add_requiretls(demand, "mx.example"));
  demand.use = TlsDemand::Use::Implicit;
  EXPECT_FALSE(add_requiretls(demand, "mx.example")) << "encrypted to anybody";
  demand.require_names({"mx.example"});
  EXPECT_EQ(demand.use, TlsDemand::Use::Implicit) << "names take nothing back";
  EXPECT_TRUE(add_requiretls(demand, "mx.example").value().requiretls);
  demand.use = TlsDemand::Use::Opportunistic;
  const auto refused = add_requiretls(demand, "mx.example");
  ASSERT_FALSE(refused) << "where it may be in the clear, nobody is verified";
  EXPECT_TRUE(says_requiretls_not_possible(refused.error().reply));
  EXPECT_FALSE(says_requiretls_not_possible(smtp::Reply(450, {4, 7, 30}, "later")));
  EXPECT_FALSE(says_requiretls_not_possible(smtp::Reply(550, {5, 7, 1}, "no")));
}

TEST(Demand, OnlyWhatAsksForNothingMayGoInTheClear) {
  TlsDemand demand;
  EXPECT_TRUE(demand.may_go_in_the_clear());
  demand.verify = TlsDemand::Verify::Names;
  EXPECT_TRUE(demand.may_go_in_the_clear()) << "testing: only reported";
  demand.enforce = true;
  EXPECT_FALSE(demand.may_go_in_the_clear());
  demand = TlsDemand{};
  demand.require_names({"mx.example"});
  EXPECT_FALSE(demand.may_go_in_the_clear());
}

TEST_F(Judge, TlsRequiredNoSetsTheDomainsPoliciesAsideNotTheAdministrators) {
  facts.relaxed = true;
  facts.sts = &elsewhere;
  dane(DaneStatus::Failed);
  EXPECT_EQ(judge_tls(facts).value(), TlsDemand{});
  facts.require_always = true;
  EXPECT_TRUE(judge_tls(facts).value().required());
}

TEST(TlsRequired, IsReadFromTheHeaderRfc8689Section3) {
  EXPECT_TRUE(says_tls_not_required("From: a@b\r\nTLS-Required: No\r\n\r\nbody"));
  EXPECT_TRUE(says_tls_not_required("tls-required:\r\n no \r\n"));
  for (const std::string header : {"From: a@b\r\n", "TLS-Required: yes\r\n", "TLS-Required: No\r\nTLS-Required: No\r\n",
                                   "\r\nTLS-Required: No\r\n", "TLS-Required: No"}) {
    EXPECT_FALSE(says_tls_not_required(header)) << header;
  }
}

TEST(Fingerprint, IsADaneRecord) {
  const std::string hex32(64, 'a');
  const std::string colons = "AA:" + std::string(62, 'a');
  EXPECT_EQ(to_string(parse_fingerprint("sha256:" + hex32).value()), "3 0 1 " + hex32);
  EXPECT_EQ(to_string(parse_fingerprint("spki-sha256:" + colons).value()), "3 1 1 " + hex32);
  for (const std::string& bad : {std::string("sha256:"), "sha1:" + hex32, "sha256:" + hex32 + "aa",
                                 "sha256:" + hex32 + "a", "sha256:" + std::string(64, 'g'), hex32}) {
    EXPECT_FALSE(parse_fingerprint(bad)) << bad;
  }
}

TEST(Failures, HaveTheWordsOfRfc8460Section43) {
  EXPECT_EQ(to_string(TlsFailure::StsWebpkiInvalid), "sts-webpki-invalid");
  EXPECT_EQ(tls_failure_of("starttls-not-supported"), TlsFailure::StartTlsNotSupported);
  EXPECT_FALSE(tls_failure_of("other"));
}

}  // namespace
}  // namespace cas::tlspolicy
