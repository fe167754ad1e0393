// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Hashes against the vectors of FIPS 180-4 and RFC 4231, and passwords.
#include "crypto/hash.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"
#include "crypto/password.hpp"

namespace cas::crypto {
namespace {

TEST(Sha256, GivesTheDigestsOfFips180) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sha256, DoesNotCareWhereTheInputIsCut) {
  const std::string text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    Sha256 hash;
    hash.update(text.substr(0, cut)).update(as_octets(text).subspan(cut));
    EXPECT_EQ(hex(hash.finish()), "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  }
}

TEST(Sha256, MovesWithItsState) {
  Sha256 first;
  first.update("ab");
  Sha256 second = std::move(first);
  first = Sha256();
  EXPECT_EQ(second.update("c").finish(), sha256("abc"));
  EXPECT_EQ(first.finish(), sha256(""));
}

TEST(HmacSha256, GivesTheDigestsOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(Octets(20, 0x0b), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256(as_octets("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(Octets(131, 0xaa), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKeyAsAKey) {
  EXPECT_EQ(hex(hmac_sha256({}, "")), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(EqualConstantTime, ComparesSizeAndContents) {
  EXPECT_TRUE(equal_constant_time({}, {}));
  EXPECT_TRUE(equal_constant_time(Octets{1, 2}, Octets{1, 2}));
  EXPECT_FALSE(equal_constant_time(Octets{1, 2}, Octets{1, 3}));
  EXPECT_FALSE(equal_constant_time(Octets{1, 2}, Octets{1, 2, 0}));
}

TEST(Password, VerifiesWhatWasHashedAndNothingElse) {
  const auto hash = hash_password("correct horse");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(is_password_hash(*hash));
  EXPECT_TRUE(verify_password(*hash, "correct horse"));
  EXPECT_FALSE(verify_password(*hash, "correct horse "));
  EXPECT_FALSE(verify_password(*hash, ""));
}

TEST(Password, RecognisesTheFormOfItsHashes) {
  const std::string salt_and_hash = "$c29tZXNhbHRzb21lc2FsdA$RdescudvJCsgt3ub+b7dWRWJTmaaJObG/Zj0jmzvZ0E";
  EXPECT_TRUE(is_password_hash("$argon2id$v=19$m=65536,t=2,p=1" + salt_and_hash));
  for (const std::string& other :
       {std::string(), std::string("secret"), "$argon2i$v=19$m=65536,t=2,p=1" + salt_and_hash,
        "$argon2id$v=16$m=65536,t=2,p=1" + salt_and_hash, "$argon2id$v=19$m=,t=2,p=1" + salt_and_hash,
        "$argon2id$v=19$t=2,m=65536,p=1" + salt_and_hash, "$argon2id$v=19$m=65536,t=2,p=1" + salt_and_hash + "$x",
        std::string("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"),
        "$argon2id$v=19$m=65536,t=2,p=1" + salt_and_hash + std::string(200, 'A')}) {
    EXPECT_FALSE(is_password_hash(other)) << other;
    EXPECT_FALSE(verify_password(other, "secret")) << other;
  }
}

}  // namespace
}  // namespace cas::crypto
