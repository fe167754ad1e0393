// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DKIM key records, RFC 6376 §3.6.1 and RFC 8463 §4.
#include "auth/dkim_key.hpp"

#include <gtest/gtest.h>

#include "auth/dkim_key_cache.hpp"

namespace cas::auth {
namespace {

// RFC 8463 §A.2
constexpr std::string_view ed25519_record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view rsa_record =
    "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qv"
    "x/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/"
    "K4w3QIDAQAB";

std::string ed25519_with(std::string_view tags) {
  return "v=DKIM1; k=ed25519; " + std::string(tags) + "; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
}

TEST(DkimKey, ReadsTheKeysOfRfc8463AppendixA2) {
  const auto ed25519 = parse_dkim_key(ed25519_record);
  ASSERT_TRUE(ed25519);
  EXPECT_EQ(ed25519->type, crypto::KeyType::Ed25519);
  EXPECT_TRUE(ed25519->key.has_value());
  const auto rsa = parse_dkim_key(rsa_record);
  ASSERT_TRUE(rsa);
  EXPECT_EQ(rsa->type, crypto::KeyType::Rsa);
  EXPECT_EQ(rsa->key.value().rsa_bits(), 1024);
}

TEST(DkimKey, HasTheDefaultsOfRfc6376Section361) {
  const auto record = parse_dkim_key(rsa_record.substr(rsa_record.find("p=")));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, crypto::KeyType::Rsa);
  EXPECT_FALSE(record->testing);
  EXPECT_FALSE(record->strict_identity);
  EXPECT_TRUE(record->for_email);
  EXPECT_TRUE(record->sha256_allowed);
  EXPECT_FALSE(record->revoked);
}

TEST(DkimKey, ReadsFlagsServicesAndHashes) {
  EXPECT_TRUE(parse_dkim_key(ed25519_with("t=y"))->testing);
  EXPECT_TRUE(parse_dkim_key(ed25519_with("t=x : s"))->strict_identity);
  EXPECT_FALSE(parse_dkim_key(ed25519_with("t=sy"))->strict_identity);
  EXPECT_TRUE(parse_dkim_key(ed25519_with("s=other:email"))->for_email);
  EXPECT_TRUE(parse_dkim_key(ed25519_with("s=*"))->for_email);
  EXPECT_FALSE(parse_dkim_key(ed25519_with("s=other"))->for_email);
  EXPECT_TRUE(parse_dkim_key(ed25519_with("h=sha1:sha256"))->sha256_allowed);
  EXPECT_FALSE(parse_dkim_key(ed25519_with("h=sha1"))->sha256_allowed);
  EXPECT_TRUE(parse_dkim_key(ed25519_with("zz=later; n=a note")));
}

TEST(DkimKey, IsRevokedWhenPIsEmpty) {
  const auto record = parse_dkim_key("v=DKIM1; k=rsa; p=");
  ASSERT_TRUE(record);
  EXPECT_TRUE(record->revoked);
  EXPECT_FALSE(record->key.has_value());
}

TEST(DkimKey, AllowsBlanksInsideBase64) {
  EXPECT_TRUE(parse_dkim_key("k=ed25519; p=11qYAYKxCrfVS/7TyWQH Og7hcvPapiMl\r\n rwIaaPcHURo="));
}

TEST(DkimKey, SaysWhyItRefuses) {
  const auto error = [](std::string_view text) { return parse_dkim_key(text).error(); };
  EXPECT_EQ(error(""), DkimKeyError::Syntax);
  EXPECT_EQ(error("v=spf1 -all"), DkimKeyError::Syntax);
  EXPECT_EQ(error("v=DKIM1; k=ed25519"), DkimKeyError::Syntax);
  EXPECT_EQ(error("v=DKIM1; p=; p="), DkimKeyError::Syntax);
  EXPECT_EQ(error("v=DKIM1; p=; n=" + std::string(5000, 'x')), DkimKeyError::Syntax);  // CAS §20
  EXPECT_EQ(error("v=DKIM2; p="), DkimKeyError::Version);
  EXPECT_EQ(error("v=dkim1; p="), DkimKeyError::Version);
  EXPECT_EQ(error("k=rsa; v=DKIM1; p="), DkimKeyError::Version);
  EXPECT_EQ(error("v=DKIM1; k=dsa; p=AAAA"), DkimKeyError::KeyType);
  EXPECT_EQ(error("v=DKIM1; k=ed25519; p=AAAA"), DkimKeyError::BadKey);
  EXPECT_EQ(error("v=DKIM1; k=ed25519; p=!"), DkimKeyError::BadKey);
  EXPECT_EQ(error("v=DKIM1; k=rsa; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="), DkimKeyError::BadKey);
}

TEST(DkimKey, PublishesWhatItReads) {
  for (const auto type : {crypto::KeyType::Ed25519, crypto::KeyType::Rsa}) {
    const auto key = crypto::generate_key(type).value();
    const auto record = parse_dkim_key(format_dkim_key(key));
    ASSERT_TRUE(record);
    const auto hash = crypto::sha256("x");
    EXPECT_TRUE(record->key.value().verify(hash, key.sign(hash).value()));
  }
}

TEST(DkimKey, StandsBelowTheSigningDomain) {
  EXPECT_EQ(dkim_key_name("brisbane", Domain::parse("football.example.com").value()),
            "brisbane._domainkey.football.example.com");
}

TEST(DkimKeyCacheTest, KeepsRecordsAndNothingLonger) {
  DkimKeyCache keys(4);
  EXPECT_TRUE(keys.parse(ed25519_record)->has_value());
  EXPECT_FALSE(keys.parse("v=DKIM1; p=damaged")->has_value());
  EXPECT_EQ(keys.size(), 2);
  const auto too_long = keys.parse(ed25519_with("n=" + std::string(60'000, 'x')));
  ASSERT_FALSE(*too_long);
  EXPECT_EQ(too_long->error(), DkimKeyError::Syntax);
  EXPECT_EQ(keys.size(), 2);
}

TEST(DkimKeyCacheTest, HoldsAtMostTwiceItsCapacity) {
  DkimKeyCache keys(4);
  for (int n = 0; n < 100; ++n) (void)keys.parse(ed25519_with("n=" + std::to_string(n)));
  EXPECT_LE(keys.size(), 8);
}

}  // namespace
}  // namespace cas::auth
