// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Records and words for people.
#include "conformance/target.hpp"

#include <gtest/gtest.h>

#include "auth/dkim_key.hpp"
#include "confirm/intent_samples.hpp"

namespace cas::conformance {
namespace {

namespace samples = confirm::samples;

Target target() {
  return {.recipient = samples::mailbox("suzie@south.example"),
          .second = {},
          .required = samples::mailbox("suzie@required.example"),
          .off = {},
          .unknown = samples::mailbox("nobody@south.example"),
          .foreign = samples::domain("elsewhere.example"),
          .domain = samples::domain("west.example"),
          .author = samples::mailbox("ada@west.example"),
          .selector = "cas1",
          .key = samples::ed25519_key(),
          .rsa_key = samples::rsa_key()};
}

const Record& record_for(const std::vector<Record>& all, Need need) {
  return *std::ranges::find(all, need, &Record::need);
}

TEST(Target, RecordsSayWhatTheirSelectorsSay) {
  const auto all = records(target());
  const auto& good = record_for(all, Need::nothing);
  EXPECT_EQ(good.name, "cas1._domainkey.west.example");
  EXPECT_EQ(good.values, std::vector{std::string(samples::ed25519_record)});
  const auto read = [&](Need need) { return auth::parse_dkim_key(record_for(all, need).values.front()); };
  EXPECT_EQ(record_for(all, Need::testing).name, "cas1-testing._domainkey.west.example");
  EXPECT_TRUE(read(Need::testing)->testing);
  EXPECT_TRUE(read(Need::strict)->strict_identity);
  EXPECT_TRUE(read(Need::revoked)->revoked);
  EXPECT_FALSE(read(Need::service)->for_email);
  EXPECT_EQ(read(Need::rsa)->type, crypto::KeyType::Rsa);
  EXPECT_EQ(record_for(all, Need::several).values.size(), 2U);
  for (const auto& record : all) EXPECT_EQ(record.name.find(missing_selector(target())), std::string::npos);
}

TEST(Target, APublishedRecordIsTheOneThatWasMeantBlanksApart) {
  const auto all = records(target());
  const auto& several = record_for(all, Need::several);
  EXPECT_TRUE(is_published(several, {several.values[1], several.values[0]}));
  EXPECT_FALSE(is_published(several, {several.values[0]}));
  const auto& good = record_for(all, Need::nothing);
  EXPECT_TRUE(is_published(good, {"v=DKIM1;k=ed25519;p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="}));
  EXPECT_FALSE(is_published(good, {"v=DKIM1; k=ed25519; p=AAAA"}));
  EXPECT_FALSE(is_published(good, {}));
}

TEST(Target, SaysWhatIsMissingForACheck) {
  Target without = target();
  without.rsa_key.reset();
  EXPECT_EQ(why_not(without, Need::second), "give --second");
  EXPECT_EQ(why_not(without, Need::rsa), "give --rsa-key");
  EXPECT_EQ(why_not(target(), Need::rsa), "publish cas1-rsa._domainkey.west.example");
  EXPECT_EQ(why_not(target(), Need::chunking), "the target does not offer CHUNKING");
}

TEST(Target, SetupShowsRecordsRecipientsAndThatMailIsSent) {
  const std::string text = setup_text(target(), "mx.south.example:25");
  for (const std::string_view words :
       {"mx.south.example:25", "cas1._domainkey.west.example. 300 IN TXT \"v=DKIM1; k=ed25519; p=",
        "cas1-rsa._domainkey.west.example. 300 IN TXT ( \"", "suzie@south.example", "(not given: --second)",
        "nobody@south.example", "Real messages", "ada@west.example"}) {
    EXPECT_NE(text.find(words), std::string::npos) << words << "\n" << text;
  }
}

}  // namespace
}  // namespace cas::conformance
