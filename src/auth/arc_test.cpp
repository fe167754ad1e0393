// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// ARC: chains sealed here, validated, and broken in every way (RFC 8617 §5).
#include <gmock/gmock.h>

#include "auth/arc_seal.hpp"
#include "auth/signed_message_test.hpp"

namespace cas::auth {
namespace {

using test::ed25519_key;
using test::plain_body;
using test::plain_header;
using test::rsa_key;
using test::zone_text;
using ::testing::HasSubstr;

ArcOutcome validate(const std::string& header, const std::string& body = plain_body) {
  return test::check(zone_text(), header, body).arc;
}

/// One more set on `header`, by the key, with the verdict that it deserves unless `chain` says another.
std::string seal(const std::string& header, const crypto::PrivateKey& key, std::optional<ArcResult> chain = {}) {
  ArcSealing sealing{.domain = Domain::parse("north.example").value(),
                     .selector = test::name_of(key),
                     .results = "mx.north.example; spf=pass smtp.mailfrom=a.example",
                     .chain = chain.value_or(validate(header).result),
                     .headers = {"From", "To", "Subject", "Date", "DKIM-Signature"},
                     .now = test::now};
  BodyHashes hashes;
  const auto handle = hashes.want(Canonicalization::Relaxed);
  hashes.update(plain_body);
  hashes.finish();
  return seal_arc(parse_header(header).value(), hashes.digest(handle), sealing, key).value() + header;
}

std::string chain_of(int sets) {
  std::string header = plain_header;
  for (int n = 0; n < sets; ++n) header = seal(header, n % 2 == 0 ? ed25519_key() : rsa_key());
  return header;
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), by);
}

TEST(Arc, AMessageWithoutSetsHasNoChain) {
  EXPECT_EQ(validate(plain_header).result, ArcResult::None);
}

TEST(Arc, AChainPassesWhateverItsLengthRfc8617Section52) {
  for (const int sets : {1, 2, 3, 7}) {
    const auto outcome = validate(chain_of(sets));
    EXPECT_EQ(outcome.result, ArcResult::Pass) << sets << ": " << outcome.reason;
    EXPECT_EQ(outcome.sealers.size(), static_cast<std::size_t>(sets));
    EXPECT_THAT(outcome.results, HasSubstr("mx.north.example; spf=pass"));
    EXPECT_EQ(outcome.earlier_results, std::vector<std::string>(static_cast<std::size_t>(sets - 1), outcome.results));
  }
}

TEST(Arc, TheOrderOfTheFieldsDoesNotMatter) {
  const std::string sealed = chain_of(2);
  const auto fields = parse_header(sealed).value();
  std::string header;
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) header += field->raw;
  EXPECT_EQ(validate(header).result, ArcResult::Pass);
}

TEST(Arc, OnlyTheLastMessageSignatureMustHold) {
  std::string header = replaced(chain_of(1), "dinner", "supper");
  EXPECT_EQ(validate(header).result, ArcResult::Fail);
  EXPECT_THAT(validate(header).reason, HasSubstr("message signature"));
  header = seal(header, rsa_key(), ArcResult::Pass);
  EXPECT_EQ(validate(header).result, ArcResult::Pass) << "RFC 8617 §5.2, step 5 is optional";
}

TEST(Arc, FailsWhereTheMessageOrASetWasChanged) {
  const std::string header = chain_of(2);
  EXPECT_EQ(validate(header, "Other\r\n").result, ArcResult::Fail);
  EXPECT_EQ(validate(replaced(header, "i=1; mx.north", "i=1; mx.south")).result, ArcResult::Fail);
  EXPECT_EQ(validate(replaced(header, "i=2; mx.north", "i=2; mx.south")).result, ArcResult::Fail);
  EXPECT_EQ(validate(replaced(header, "t=1800000000", "t=1800000001")).result, ArcResult::Fail);
}

TEST(Arc, FailsWhereASetIsNotWholeOrThereTwiceOrAGapIsLeftRfc8617Section52) {
  const std::string sealed = chain_of(3);
  const auto fields = parse_header(sealed).value();
  for (std::size_t left_out = 0; left_out < fields.size(); ++left_out) {
    if (!fields[left_out].name.starts_with("ARC-")) continue;
    std::string without, twice;
    for (std::size_t n = 0; n < fields.size(); ++n) {
      if (n != left_out) without += fields[n].raw;
      twice += fields[n].raw;
      if (n == left_out) twice += fields[n].raw;
    }
    EXPECT_EQ(validate(without).result, ArcResult::Fail);
    EXPECT_EQ(validate(twice).result, ArcResult::Fail);
  }
}

TEST(Arc, NamesWhatIsWrongWithASet) {
  const std::string header = chain_of(1);
  const std::pair<std::string_view, std::string_view> cases[] = {{"ARC-Seal: i=1", "ARC-Seal: i=0"},
                                                                 {"ARC-Seal: i=1", "ARC-Seal: i=51"},
                                                                 {"ARC-Seal: i=1", "ARC-Seal: i=one"},
                                                                 {"cv=none", "cv=pass"},
                                                                 {"cv=none", "cv=fail"},
                                                                 {"cv=none", "cv=perhaps"},
                                                                 {"cv=none", "cv=none; h=From"},
                                                                 {"h=From", "h=ARC-Seal:From"},
                                                                 {"a=ed25519-sha256", "a=rsa-sha1"},
                                                                 {"Results: i=1;", "Results: i=1"},
                                                                 {"Results: i=1;", "Results: by=me; i=1;"},
                                                                 {"Results: i=1;", "Results: i=2;"},
                                                                 {"s=e;", "s=unknown;"},
                                                                 {"d=north.example;", "d=;"}};
  for (const auto& [what, by] : cases) {
    const std::string zone = zone_text() + "unknown._domainkey.north.example NXDOMAIN\n";
    const auto outcome = test::check(zone, replaced(header, what, by), plain_body).arc;
    EXPECT_EQ(outcome.result, ArcResult::Fail) << what << " -> " << by;
    EXPECT_FALSE(outcome.reason.empty());
  }
}

TEST(Arc, SaysWhenAKeyCouldNotBeLookedUp) {
  const auto outcome = test::check("e._domainkey.north.example TEMPFAIL\n", chain_of(1), plain_body).arc;
  EXPECT_EQ(outcome.result, ArcResult::Fail);
  EXPECT_TRUE(outcome.lookup_failed);
}

TEST(Arc, AChainThatFailedIsSealedAsFailedOnceRfc8617Section512) {
  const std::string broken = replaced(chain_of(2), "t=1800000000", "t=1800000001");
  const std::string sealed = seal(broken, rsa_key());
  EXPECT_THAT(sealed, HasSubstr("cv=fail"));
  EXPECT_EQ(validate(sealed).result, ArcResult::Fail);
  EXPECT_EQ(seal(sealed, rsa_key()), sealed) << "nothing is added to it any more";
}

TEST(Arc, NoSetIsAddedBeyondFiftyRfc8617Section421) {
  std::string header = plain_header;
  for (int n = 0; n < 50; ++n) header = seal(header, ed25519_key(), ArcResult::Pass);
  EXPECT_EQ(validate(header).result, ArcResult::Pass);
  EXPECT_EQ(seal(header, ed25519_key(), ArcResult::Pass), header);
}

TEST(Arc, AThousandSetsAreBoundedWork) {
  const std::string sealed = chain_of(1);
  const auto fields = parse_header(sealed).value();
  std::string header;
  for (int n = 0; n < 1000; ++n) {
    for (const auto& field : fields) header += field.raw;
  }
  EXPECT_EQ(validate(header).result, ArcResult::Fail);
}

SignatureField message_signature(std::string_view tags) {
  return parse_signature(SignatureKind::ArcMessage,
                         "i=1; a=rsa-sha256; d=north.example; s=x; b=AAAA; bh=AAAA; " + std::string(tags), test::now);
}

TEST(Arc, AMessageSignatureWithoutCanonicalizationIsRelaxed) {
  EXPECT_FALSE(message_signature("h=from").fault);
  EXPECT_EQ(message_signature("h=from").header_form, Canonicalization::Relaxed);
  EXPECT_EQ(message_signature("h=from").body_form, Canonicalization::Relaxed);
  EXPECT_EQ(message_signature("h=from; c=relaxed").body_form, Canonicalization::Simple) << "RFC 6376 §3.5";
}

TEST(Arc, AnExpiredMessageSignatureDoesNotHoldRfc8617Section412) {
  ASSERT_TRUE(message_signature("h=from; x=1799999999").fault);
  EXPECT_EQ(message_signature("h=from; x=1799999999").fault->result, DkimResult::Policy);
  EXPECT_FALSE(message_signature("h=from; x=1800000000").fault);
  const auto seal = parse_signature(
      SignatureKind::ArcSeal, "i=1; a=rsa-sha256; cv=none; d=north.example; s=x; b=AAAA; x=1799999999", test::now);
  EXPECT_FALSE(seal.fault) << "a seal has no x=";
}

TEST(Arc, AnEmptyNameInAMessageSignatureSignsNothing) {
  EXPECT_FALSE(message_signature("h=from::to").fault);
  EXPECT_EQ(message_signature("h=from: :to").headers, (std::vector<std::string>{"from", "to"}));
  EXPECT_TRUE(message_signature("h=").headers.empty());
  EXPECT_TRUE(message_signature("c=relaxed").fault) << "h= is required all the same";
}

}  // namespace
}  // namespace cas::auth
