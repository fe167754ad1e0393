// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Keys and signatures against what the openssl command line made, and everything that is no key.
#include "crypto/keys.hpp"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "crypto/evp.hpp"

namespace cas::crypto {
namespace {

// `openssl rsa -pubout`, `openssl rsa -RSAPublicKey_out` and `openssl dgst -sha256 -sign` over "abc".
constexpr std::string_view rsa_modulus_and_exponent =
    "MIIBCgKCAQEAqFUZhUSJeDJPAz/TDlnO29bNOoFvl5kVPyrYRUPs039ctVlTTMVB9qdSxSOaiFHWYVTbAIbWleF/MO9F2Mx7PTlFCNNR0fi2"
    "P53+cAp86QIKzJucYiIYL+usz9miBmEkRJcfGlbAqGITGBzc6O7FjqLqN1FakDNKBSEt1ZZf+BP7tVERfLEZe//AknqgUlHwXQDdZrTC5Uph"
    "P6h8tTxWMiMryKZlQmVg7Y2TvEHfY2jUZgpuHYMPNmDCWN/KqIPxYfx3c+/iTKfNfKabVCJ1FT8tFK4bO+Z0deDdfdXceHhq+YvZtsQPQMhT"
    "D2PHdG/snHejyutpQ5auvjLQ/+krLQIDAQAB";
constexpr std::string_view rsa_signature_of_abc =
    "JcMe9vFs1m0t4TvnfkoEUpfnSp5IF1uZbTfDBZYqBhUCRERfNtClJfETGm39OX5Y7zT2Z5a4oTKaIbad1tNRhH6To+yrnlMX6tXKrEZHn2iH"
    "sU+/zAr1SGS54nXn5HGfkCrJHmMPyLJF76SHBE+JAPQNDyZC04t8zSbZus/PBsorJfGGwsFA6CsrOpey/GTtQkRrYQSTBI+4FtopRZLhUOJd"
    "gfE/Vrtjzafkr5BBMHsjYaCqt7wHD7iFHGpbq2TCqQnKsA6MfH1G3feuNLSTGznlMR2G4myUg40wdGuCDoix8y//Tm5zQpTAs8187C19LnQ4"
    "tJPUSJwkkeT8D/dyeg==";
constexpr std::string_view rsa_1024 =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC6xX6Kms3qjyDxlG4SLCgk4fcykLzvuk+IWWnZWLxERzSFSCw8o+9wk3htVK0TFwoHuQ/d"
    "U5Jp6PITVppZTwdPqK17b7eNgEUR2YOZtureZnPHD8wuPbISqsxIte+CEtAQHNRIxBTWkRHqf5q6De2izzru+TbUkHPvVEA2Xi0SrQIDAQAB";
constexpr std::string_view rsa_512 =
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMZ7p9rclXVhOzMVK0t8AyJ56hvSR/fhfE2Lirj9JZoDrIeAliEEjwJa4zPaDIpSXfCo5T6dBrkP"
    "8NQQ48yjsk8CAwEAAQ==";
constexpr std::string_view rsa_exponent_3 =
    "MIIBIDANBgkqhkiG9w0BAQEFAAOCAQ0AMIIBCAKCAQEAvwF2PXkPXQGOqyrXJHldCPTBbDZ+4WcZjDVm3L7qspAeW4ZNCKjuyyaRvzbNZcNh"
    "l7jtn8dmYUBfB2KXTdRsCMGI1zYlWnMO7on1Wfl9zq7KqC9UERAfVPhmedoVb858a/46uSUUu6VTGGKQ68+cv4Gr02ROcS4nb1Ty/X08UoRH"
    "02vZblnw+bDVCkqDrLBR3kSFKPjuhgEILbI7oXRzbudJm7/HpHOnTtO3Ftw4JMeHwIk7jYnxj+Q5ryaeN0nz8Ce9oucJ09XcaitSGP5KlZjY"
    "Nd1I+g7nf2pde5VIWmMl3p5HLTxUAgmpld47+EErZrjlBgYSSrEeInprODy6vQIBAw==";

// RFC 8463 §A.2, and `openssl pkeyutl -sign -rawin` over SHA-256("abc").
constexpr std::string_view ed25519_seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
constexpr std::string_view ed25519_public = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
constexpr std::string_view ed25519_signature_of_abc =
    "CW9VadgH7orHsZE9pwzwqrM1wlj0uUyPIQ3RQel0OSfI0aazeIcqcslEbB915tx7Le+YvQwhS+ZwbUh5H1doCg==";
constexpr std::string_view ed25519_pem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

Octets octets_of(std::string_view text) {
  return from_base64(text).value();
}

PrivateKey rfc8463_key() {
  return PrivateKey::ed25519_from_seed(octets_of(ed25519_seed)).value();
}

const PrivateKey& some_rsa_key() {
  static const PrivateKey key = generate_key(KeyType::Rsa).value();
  return key;
}

PublicKey public_half(const PrivateKey& key) {
  return PublicKey::from_dkim(key.type(), octets_of(key.dkim_public_key())).value();
}

std::string pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr, bool traditional = false) {
  const PkeyPtr owner(key);
  const BioPtr bio(BIO_new(BIO_s_mem()));
  char password[] = "x";
  const int ok = traditional
                     ? PEM_write_bio_PrivateKey_traditional(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr)
                     : PEM_write_bio_PKCS8PrivateKey(bio.get(), key, cipher, password, 1, nullptr, nullptr);
  if (ok != 1) throw std::runtime_error("no PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

EVP_PKEY* rsa_with_exponent_3() {
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  const BignumPtr three(BN_new());
  BN_set_word(three.get(), 3);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_keygen_init(context.get());
  EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048);
  EVP_PKEY_CTX_set1_rsa_keygen_pubexp(context.get(), three.get());
  EVP_PKEY_generate(context.get(), &key);
  return key;
}

TEST(Ed25519, SignsAsOpensslDoesRfc8463Section3) {
  const auto key = rfc8463_key();
  EXPECT_EQ(key.type(), KeyType::Ed25519);
  EXPECT_EQ(key.dkim_public_key(), ed25519_public);
  EXPECT_EQ(base64(key.sign(sha256("abc")).value()), ed25519_signature_of_abc);
  EXPECT_EQ(key.signature_size(), 64U);
  EXPECT_TRUE(public_half(key).verify(sha256("abc"), octets_of(ed25519_signature_of_abc)));
}

TEST(Ed25519, ReadsAndWritesPkcs8) {
  const auto key = PrivateKey::from_pem(ed25519_pem);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->dkim_public_key(), ed25519_public);
  EXPECT_EQ(key->to_pem(), ed25519_pem);
}

TEST(Ed25519, RefusesPublicKeysOfAnotherSize) {
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Ed25519, Octets(31, 1)));
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Ed25519, Octets(33, 1)));
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Ed25519, {}));
}

TEST(Ed25519, VerifiesNothingUnderAKeyOfSmallOrder) {
  Octets identity(32, 0);
  identity[0] = 1;
  Octets signature(64, 0);  // R = identity, S = 0: the equation holds for every message under such keys
  signature[0] = 1;
  for (const Octets& weak : {identity, Octets(32, 0), Octets(32, 0xff)}) {
    const auto key = PublicKey::from_dkim(KeyType::Ed25519, weak);
    ASSERT_TRUE(key);
    EXPECT_FALSE(key->verify(sha256("anything"), signature));
  }
}

TEST(Ed25519, RefusesSeedsOfAnotherSize) {
  EXPECT_FALSE(PrivateKey::ed25519_from_seed(Octets(31)));
  EXPECT_FALSE(PrivateKey::ed25519_from_seed(Octets(33)));
}

TEST(Rsa, VerifiesWhatOpensslSignedFromBothFormsOfTheKey) {
  const auto bare = PublicKey::from_dkim(KeyType::Rsa, octets_of(rsa_modulus_and_exponent));
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->rsa_bits(), 2048);
  EXPECT_TRUE(bare->rsa_exponent_is_65537());
  EXPECT_TRUE(bare->verify(sha256("abc"), octets_of(rsa_signature_of_abc)));
  EXPECT_FALSE(bare->verify(sha256("abd"), octets_of(rsa_signature_of_abc)));

  Octets info = octets_of("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A");
  const Octets pair = octets_of(rsa_modulus_and_exponent);
  info.insert(info.end(), pair.begin(), pair.end());
  const auto wrapped = PublicKey::from_dkim(KeyType::Rsa, info);
  ASSERT_TRUE(wrapped);
  EXPECT_TRUE(wrapped->verify(sha256("abc"), octets_of(rsa_signature_of_abc)));
}

TEST(Rsa, KnowsWeakSizesAndOddExponents) {
  EXPECT_EQ(PublicKey::from_dkim(KeyType::Rsa, octets_of(rsa_1024)).value().rsa_bits(), 1024);
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, octets_of(rsa_512)));
  const auto three = PublicKey::from_dkim(KeyType::Rsa, octets_of(rsa_exponent_3));
  ASSERT_TRUE(three);
  EXPECT_FALSE(three->rsa_exponent_is_65537());
}

TEST(Rsa, ReadsBothPemForms) {
  const auto& key = some_rsa_key();
  const auto again = PrivateKey::from_pem(key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->dkim_public_key(), key.dkim_public_key());
  const auto pkcs1 = PrivateKey::from_pem(pem_of(EVP_RSA_gen(2048), nullptr, true));
  ASSERT_TRUE(pkcs1);
  EXPECT_EQ(pkcs1->signature_size(), 256U);
}

TEST(PrivateKey, RefusesWhatIsNoKeyForMail) {
  EXPECT_FALSE(PrivateKey::from_pem(""));
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  EXPECT_FALSE(PrivateKey::from_pem(pem_of(EVP_RSA_gen(1024))));
  EXPECT_FALSE(PrivateKey::from_pem(pem_of(rsa_with_exponent_3())));
  EXPECT_FALSE(PrivateKey::from_pem(pem_of(EVP_EC_gen("P-256"))));
  EXPECT_FALSE(PrivateKey::from_pem(pem_of(EVP_RSA_gen(2048), EVP_aes_128_cbc())));
  EXPECT_FALSE(PrivateKey::from_pem(std::string(100000, 'A')));
  EXPECT_FALSE(generate_key(KeyType::Rsa, 1024));
}

TEST(PrivateKey, NeverQuotesTheKeyInAnError) {
  std::string broken(ed25519_pem);
  broken.replace(broken.find("MC4C"), 4, "MC4D");
  const auto key = PrivateKey::from_pem(broken);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().lasting, Lasting::Permanent);
  EXPECT_FALSE((key.error().public_text + key.error().private_reason).contains("J1hsZ3v"));
}

class BothKeys : public testing::TestWithParam<KeyType> {
 protected:
  static PrivateKey key() { return GetParam() == KeyType::Rsa ? some_rsa_key() : rfc8463_key(); }
};
INSTANTIATE_TEST_SUITE_P(Keys, BothKeys, testing::Values(KeyType::Rsa, KeyType::Ed25519));

TEST_P(BothKeys, VerifyOnlyTheSignatureAsItWasMade) {
  const auto key = BothKeys::key();
  const auto verifier = public_half(key);
  const auto hash = sha256("what was meant");
  const Octets signature = key.sign(hash).value();
  EXPECT_EQ(signature.size(), key.signature_size());
  EXPECT_TRUE(verifier.verify(hash, signature));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Octets changed = signature;
    changed[i] ^= static_cast<std::uint8_t>(1U << (i % 8));
    EXPECT_FALSE(verifier.verify(hash, changed)) << i;
  }
  Octets longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(verifier.verify(hash, longer));
  EXPECT_FALSE(verifier.verify(hash, std::span(signature).first(signature.size() - 1)));
  EXPECT_FALSE(verifier.verify(hash, {}));
  EXPECT_FALSE(verifier.verify(sha256("something else"), signature));
}

TEST_P(BothKeys, LeaveNothingInTheErrorQueueForTlsToFind) {
  const auto verifier = public_half(key());
  ERR_clear_error();
  EXPECT_FALSE(verifier.verify(sha256("a"), Octets(key().signature_size(), 7)));
  EXPECT_FALSE(PrivateKey::from_pem("nothing"));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(PublicKeyDer, RefusesEveryTruncationAndAnythingAfterTheKey) {
  for (const std::string_view text : {rsa_modulus_and_exponent, rsa_1024, rsa_exponent_3}) {
    const Octets der = octets_of(text);
    for (std::size_t size = 0; size < der.size(); ++size) {
      EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, std::span(der).first(size))) << size;
    }
    Octets longer = der;
    longer.push_back(0);
    EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, longer));
  }
}

/// The 1024-bit key with octets replaced at an offset.
Octets edited(std::size_t at, const Octets& octets) {
  Octets der = octets_of(rsa_1024);
  std::ranges::copy(octets, der.begin() + static_cast<std::ptrdiff_t>(at));
  return der;
}

TEST(PublicKeyDer, HasOneEncodingForEachKey) {
  ASSERT_TRUE(PublicKey::from_dkim(KeyType::Rsa, edited(0, {0x30})));
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(0, {0x31})));         // not a SEQUENCE
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(1, {0x80})));         // indefinite length
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(1, {0x83})));         // length of three octets
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(14, {0x02})));        // another algorithm
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(16, {0x05, 0x01})));  // NULL with content
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(21, {0x01})));        // unused bits
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(28, {0x80})));        // negative modulus
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(29, {0x00})));        // zero octet that is not needed
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(156, {0x84})));       // even modulus
  EXPECT_FALSE(PublicKey::from_dkim(KeyType::Rsa, edited(161, {0x02})));       // even exponent
}

}  // namespace
}  // namespace cas::crypto
