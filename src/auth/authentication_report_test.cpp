// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Results as Authentication-Results writes them.
#include "auth/authentication_report.hpp"

#include <gmock/gmock.h>

#include "auth/authentication_results_parse.hpp"

namespace cas::auth {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

Domain domain(std::string_view text) {
  return Domain::parse(text).value();
}

/// The field unfolded, behind the authserv-id.
std::string written(const AuthenticationFindings& findings) {
  const std::string field = format_authentication_results("mx", report_authentication(findings));
  EXPECT_TRUE(parse_authentication_results(parse_header(field).value().front().value)) << field;
  const std::string text = unfold(field);
  return text.substr(27, text.size() - 29);
}

DkimOutcome passed() {
  DkimOutcome outcome;
  outcome.result = DkimResult::Pass;
  outcome.domain = domain("a.example");
  outcome.selector = "s1";
  outcome.algorithm = "rsa-sha256";
  outcome.identity = "@a.example";
  outcome.signature_start = "Ab/+12=x";
  return outcome;
}

DmarcOutcome failed() {
  DmarcOutcome outcome;
  outcome.result = DmarcResult::Fail;
  outcome.author_domain = domain("a.example");
  outcome.record_domain = domain("example");
  outcome.policy = DmarcPolicy::Reject;
  outcome.disposition = DmarcPolicy::Quarantine;
  outcome.reason = "nothing that passed is aligned";
  return outcome;
}

TEST(ReportAuthentication, NamesWhatSpfSpokeAboutRfc8601Section272) {
  AuthenticationFindings findings;
  findings.spf = SpfResult::SoftFail;
  findings.spf_domain = "a.example";
  EXPECT_EQ(written(findings), " spf=softfail smtp.mailfrom=a.example");
  findings.null_sender = true;
  findings.spf_reason = "no record";
  EXPECT_EQ(written(findings), " spf=softfail reason=\"no record\" smtp.helo=a.example");
  findings.spf_domain.clear();
  EXPECT_EQ(written(findings), " spf=softfail reason=\"no record\"");
}

TEST(ReportAuthentication, TellsSignaturesApartRfc6008) {
  AuthenticationFindings findings;
  findings.dkim = {passed(), DkimOutcome{}};
  EXPECT_EQ(written(findings),
            " dkim=pass header.d=a.example header.s=s1 header.i=@a.example header.a=rsa-sha256 "
            "header.b=\"Ab/+12=x\"; dkim=none");
}

TEST(ReportAuthentication, SaysWhatAPassingSignatureDoesNotCover) {
  AuthenticationFindings findings;
  findings.dkim = {passed()};
  findings.dkim.front().key_is_test = true;
  EXPECT_EQ(report_authentication(findings).front().reason, "the key is for testing");
  findings.dkim.front().unsigned_octets = 7;
  EXPECT_EQ(report_authentication(findings).front().reason, "7 octets of the body are not signed");
  findings.dkim.front().result = DkimResult::Fail;
  findings.dkim.front().reason = "the body was changed";
  EXPECT_EQ(report_authentication(findings).front().reason, "the body was changed");
}

TEST(ReportAuthentication, GivesThePolicyThatRemainsRfc9989Section91) {
  AuthenticationFindings findings;
  findings.dmarc = failed();
  EXPECT_EQ(written(findings),
            " dmarc=fail reason=\"nothing that passed is aligned\" header.from=a.example policy.dmarc=quarantine");
  findings.dmarc->result = DmarcResult::PermError;
  findings.dmarc->reason.clear();
  EXPECT_EQ(written(findings), " dmarc=permerror header.from=a.example");
  findings.dmarc = DmarcOutcome{};
  findings.dmarc->author_domain = domain("a.example");
  EXPECT_EQ(written(findings), " dmarc=none header.from=a.example");
}

TEST(ReportAuthentication, GivesTheClientsAddressWithArcRfc8617Section102) {
  AuthenticationFindings findings;
  findings.arc = ArcOutcome{};
  EXPECT_EQ(written(findings), " arc=none");
  findings.remote_ip = "192.0.2.1";
  EXPECT_EQ(written(findings), " arc=none smtp.remote-ip=192.0.2.1");
  findings.remote_ip = "2001:db8::1";
  findings.arc->result = ArcResult::Fail;
  findings.arc->reason = "set 1 is not whole";
  EXPECT_EQ(written(findings), " arc=fail reason=\"set 1 is not whole\" smtp.remote-ip=\"2001:db8::1\"");
}

TEST(ReportAuthentication, ReportsNothingThatWasNotChecked) {
  EXPECT_THAT(report_authentication({}), IsEmpty());
}

TEST(ReportAuthentication, IsBoundedAndKeepsTextsOfOthersInside) {
  AuthenticationFindings findings;
  findings.spf = SpfResult::None;
  findings.spf_domain = "x\r\nBcc: y; dmarc=pass";
  findings.dkim.assign(1000, passed());
  for (auto& dkim : findings.dkim) dkim.identity = std::string(100'000, '"') + "@a.example";
  EXPECT_THAT(report_authentication(findings), SizeIs(21));
  const auto field = format_authentication_results("mx", report_authentication(findings));
  EXPECT_LT(field.size(), 50'000U);
  const auto read = parse_authentication_results(parse_header(field).value().front().value);
  ASSERT_TRUE(read);
  EXPECT_THAT(read->results, SizeIs(21));
}

}  // namespace
}  // namespace cas::auth
