// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DMARC policy records, RFC 9989 §4.7 and §4.8.
#include "auth/dmarc_record.hpp"

#include <gmock/gmock.h>

namespace cas::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

DmarcRecord read(std::string_view text) {
  const auto record = parse_dmarc_record(text);
  EXPECT_TRUE(record) << text;
  return record.value_or(DmarcRecord{});
}

TEST(DmarcRecord, HasTheDefaultsOfRfc9989Section47) {
  const auto record = read("v=DMARC1; p=reject");
  EXPECT_EQ(record.p, DmarcPolicy::Reject);
  EXPECT_FALSE(record.sp);
  EXPECT_FALSE(record.np);
  EXPECT_FALSE(record.policy_at_fault);
  EXPECT_EQ(record.psd, DmarcPsd::Unknown);
  EXPECT_FALSE(record.testing);
  EXPECT_FALSE(record.strict_dkim);
  EXPECT_FALSE(record.strict_spf);
  EXPECT_THAT(record.rua, IsEmpty());
  EXPECT_EQ(record.fo, "0");
}

TEST(DmarcRecord, ReadsEveryTag) {
  const auto record = read(
      "v=DMARC1;p=none;sp=quarantine;np=reject;psd=n;t=y;adkim=s;aspf=s;"
      "rua=mailto:a@example.com,mailto:b@example.com;ruf=mailto:c@example.com;fo=1:d:s;");
  EXPECT_EQ(record.p, DmarcPolicy::None);
  EXPECT_EQ(record.sp, DmarcPolicy::Quarantine);
  EXPECT_EQ(record.np, DmarcPolicy::Reject);
  EXPECT_EQ(record.psd, DmarcPsd::No);
  EXPECT_TRUE(record.testing);
  EXPECT_TRUE(record.strict_dkim);
  EXPECT_TRUE(record.strict_spf);
  EXPECT_THAT(record.rua, ElementsAre("mailto:a@example.com", "mailto:b@example.com"));
  EXPECT_THAT(record.ruf, ElementsAre("mailto:c@example.com"));
  EXPECT_EQ(record.fo, "1:d:s");
}

TEST(DmarcRecord, BeginsWithItsVersionOrIsNoneRfc9989Section47) {
  for (const char* text : {"v=DMARC1", "v=DMARC1;", "v = DMARC1 ; p=none", "v\t=\tDMARC1;p=none", "V=DMARC1"}) {
    EXPECT_TRUE(parse_dmarc_record(text)) << text;
  }
  for (const char* text : {"", "v", "v=", "v=DMARC", "v=dmarc1; p=none", "v=DMARC12; p=none", "v=DMARC1 p=none",
                           "p=none; v=DMARC1", " v=DMARC1; p=none", "v=spf1 -all", "v=DMARC1, p=none"}) {
    EXPECT_FALSE(parse_dmarc_record(text)) << text;
  }
}

TEST(DmarcRecord, PassesOverWhatItDoesNotKnowRfc9989Section48) {
  const auto record = read("v=DMARC1; pct=20; rf=afrf; ri=86400; ; x; =y; a b=c; p3=reject; zz=1;p=quarantine; ;");
  EXPECT_EQ(record.p, DmarcPolicy::Quarantine);
  EXPECT_FALSE(record.policy_at_fault);
}

TEST(DmarcRecord, TakesDefaultsForWhatItCannotReadRfc9989Section48) {
  const auto record = read("v=DMARC1; p=none; psd=maybe; t=yes; adkim=strict; aspf=; fo=0:1");
  EXPECT_EQ(record.psd, DmarcPsd::Unknown);
  EXPECT_FALSE(record.testing);
  EXPECT_FALSE(record.strict_dkim);
  EXPECT_FALSE(record.strict_spf);
  EXPECT_EQ(record.fo, "0");
}

TEST(DmarcRecord, PoliciesAreAtFaultWherePIsMissingOrAnyIsInvalidRfc9989Section4101) {
  for (const char* text : {"v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=rejected", "v=DMARC1; p=none; sp=block",
                           "v=DMARC1; p=none; np=", "v=DMARC1; sp=reject", "v=DMARC1; p=none; p=reject"}) {
    EXPECT_TRUE(read(text).policy_at_fault) << text;
  }
  for (const char* text : {"v=DMARC1; p=NONE", "v=DMARC1; P=Reject", "v=DMARC1;p = none ;sp = reject"}) {
    EXPECT_FALSE(read(text).policy_at_fault) << text;
  }
}

TEST(DmarcRecord, KeepsValidUrisOnly) {
  const auto rua = [](const std::string& list) { return read("v=DMARC1; p=none; rua=" + list).rua; };
  EXPECT_THAT(rua("mailto:a@example.com!10m"), ElementsAre("mailto:a@example.com"));
  EXPECT_THAT(rua("MAILTO:a@example.com!5"), ElementsAre("MAILTO:a@example.com"));
  EXPECT_THAT(rua("https://example.com/x%21y , mailto:b@example.com"),
              ElementsAre("https://example.com/x%21y", "mailto:b@example.com"));
  EXPECT_THAT(rua("a@example.com,mailto:,:x,1x:y,mailto:a b@example.com,mailto:a%2,mailto:a!!10m,mailto:a!x"),
              IsEmpty());
  EXPECT_THAT(rua("mailto:a@example.com;rua=mailto:b@example.com"), IsEmpty()) << "twice";
  std::string many;
  for (int n = 0; n < 50; ++n) many += "mailto:a@example.com,";
  EXPECT_EQ(rua(many).size(), 10U);
}

TEST(DmarcRecord, FailureOptionsStandOnceEach) {
  const auto fo = [](const std::string& text) { return read("v=DMARC1; p=none; fo=" + text).fo; };
  EXPECT_EQ(fo("D:S"), "d:s");
  EXPECT_EQ(fo("d:d"), "0");
  EXPECT_EQ(fo("d:"), "0");
  EXPECT_EQ(fo("x"), "0");
}

TEST(DmarcRecord, SeveralRecordsAtANameAreNoneRfc9989Section410) {
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records = {dns::Txt{"some text"}, dns::Txt{"v=DMARC1; p=reject"}, dns::Txt{"v=DMARC2; p=none"}};
  ASSERT_TRUE(find_dmarc_record(answer));
  EXPECT_EQ(find_dmarc_record(answer)->p, DmarcPolicy::Reject);
  answer.records.emplace_back(dns::Txt{"v=DMARC1; p=reject"});
  EXPECT_FALSE(find_dmarc_record(answer));
  answer.records.emplace_back(dns::Txt{"v=DMARC1; p=none"});
  EXPECT_FALSE(find_dmarc_record(answer));
  EXPECT_TRUE(has_dmarc_record(answer));
  answer.records = {dns::Txt{"some text"}, dns::Txt{"v=DMARC2; p=none"}};
  EXPECT_FALSE(has_dmarc_record(answer));
}

TEST(DmarcRecord, TestingAsksForOneStepLessRfc9989Section47) {
  EXPECT_EQ(weakened(DmarcPolicy::Reject), DmarcPolicy::Quarantine);
  EXPECT_EQ(weakened(DmarcPolicy::Quarantine), DmarcPolicy::None);
  EXPECT_EQ(weakened(DmarcPolicy::None), DmarcPolicy::None);
}

}  // namespace
}  // namespace cas::auth
