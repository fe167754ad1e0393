// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Signing, and reading, writing and making the keys for it.
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sodium.h>

#include <algorithm>
#include <array>

#include "crypto/evp.hpp"
#include "crypto/keys.hpp"
#include "crypto/sodium_ready.hpp"

namespace cas::crypto {
namespace {

constexpr int min_rsa_bits = 2048;
constexpr int max_rsa_bits = 4096;
constexpr std::size_t max_pem_octets = 16384;
constexpr std::string_view no_sodium = "libsodium does not start";

using Seed = std::array<std::uint8_t, crypto_sign_SEEDBYTES>;

/// Keeps OpenSSL from asking the terminal for the password of an encrypted key.
int no_password(char*, int, int, void*) {
  return -1;
}

bool has_exponent_65537(const EVP_PKEY* key) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, "e", &raw) != 1) return false;
  const BignumPtr exponent(raw);
  return BN_is_word(exponent.get(), RSA_F4) == 1;
}

std::string bio_text(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Result<Octets> sign_rsa(EVP_PKEY* key, const Sha256Digest& hash) {
  const QuietErrors quiet;
  Octets signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)));
  std::size_t size = signature.size();
  const PkeyContextPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (!context || EVP_PKEY_sign_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_CTX_set_signature_md(context.get(), EVP_sha256()) != 1 ||
      EVP_PKEY_sign(context.get(), signature.data(), &size, hash.data(), hash.size()) != 1) {
    return transient("signing failed", "OpenSSL did not sign with the RSA key");
  }
  signature.resize(size);
  return signature;
}

}  // namespace

/// One of the two is filled: the RSA key, or libsodium's 64 octets (seed and public key).
struct PrivateKey::State {
  PkeyPtr rsa;
  std::array<std::uint8_t, crypto_sign_SECRETKEYBYTES> ed25519{};
  std::array<std::uint8_t, crypto_sign_PUBLICKEYBYTES> ed25519_public{};

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sodium_memzero(ed25519.data(), ed25519.size()); }
};

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const QuietErrors quiet;
  if (pem.size() > max_pem_octets) return permanent("too long for a private key");
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (!bio) return transient("the private key cannot be read now", "out of memory");
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return permanent("not a readable, unencrypted private key in PEM");
  if (EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_ED25519) {
    Seed seed{};
    std::size_t size = seed.size();
    if (EVP_PKEY_get_raw_private_key(key.get(), seed.data(), &size) != 1) return permanent("not an Ed25519 key");
    auto result = ed25519_from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    return result;
  }
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return permanent("keys are RSA or Ed25519");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < min_rsa_bits || bits > max_rsa_bits) return permanent("RSA keys have 2048 to 4096 bits");
  if (!has_exponent_65537(key.get())) return permanent("RSA keys have the public exponent 65537");
  auto state = std::make_shared<State>();
  state->rsa = std::move(key);
  return PrivateKey(std::move(state));
}

Result<PrivateKey> PrivateKey::ed25519_from_seed(std::span<const std::uint8_t> seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) return permanent("an Ed25519 seed has 32 octets");
  if (!sodium_ready()) return transient("the private key cannot be used now", std::string(no_sodium));
  auto state = std::make_shared<State>();
  crypto_sign_seed_keypair(state->ed25519_public.data(), state->ed25519.data(), seed.data());
  return PrivateKey(std::move(state));
}

KeyType PrivateKey::type() const {
  return state_->rsa ? KeyType::Rsa : KeyType::Ed25519;
}

std::size_t PrivateKey::signature_size() const {
  return state_->rsa ? static_cast<std::size_t>(EVP_PKEY_get_size(state_->rsa.get())) : crypto_sign_BYTES;
}

Result<Octets> PrivateKey::sign(const Sha256Digest& hash) const {
  if (state_->rsa) return sign_rsa(state_->rsa.get(), hash);
  Octets signature(crypto_sign_BYTES);
  crypto_sign_detached(signature.data(), nullptr, hash.data(), hash.size(), state_->ed25519.data());
  return signature;
}

std::string PrivateKey::dkim_public_key() const {
  if (!state_->rsa) return base64(state_->ed25519_public);
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(state_->rsa.get(), &der);
  if (size <= 0) throw std::bad_alloc();
  std::string text = base64(std::span(der, static_cast<std::size_t>(size)));
  OPENSSL_free(der);
  return text;
}

std::string PrivateKey::to_pem() const {
  PkeyPtr made;
  EVP_PKEY* key = state_->rsa.get();
  if (key == nullptr) {
    // libsodium's secret key begins with the seed, which is what PKCS#8 holds (RFC 8410 §7).
    made.reset(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, state_->ed25519.data(), crypto_sign_SEEDBYTES));
    key = made.get();
  }
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (key == nullptr || !bio ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::bad_alloc();
  }
  return bio_text(bio.get());
}

Result<PrivateKey> generate_key(KeyType type, int rsa_bits) {
  if (type == KeyType::Ed25519) {
    if (!sodium_ready()) return transient("no key can be made now", std::string(no_sodium));
    Seed seed{};
    randombytes_buf(seed.data(), seed.size());
    auto key = PrivateKey::ed25519_from_seed(seed);
    sodium_memzero(seed.data(), seed.size());
    return key;
  }
  if (rsa_bits < min_rsa_bits || rsa_bits > max_rsa_bits) return permanent("RSA keys have 2048 to 4096 bits");
  const QuietErrors quiet;
  const PkeyPtr key(EVP_RSA_gen(static_cast<std::size_t>(rsa_bits)));
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (!key || !bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return transient("no key can be made now", "OpenSSL made no RSA key");
  }
  return PrivateKey::from_pem(bio_text(bio.get()));
}

}  // namespace cas::crypto
