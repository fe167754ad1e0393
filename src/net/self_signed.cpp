// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A self-signed certificate, made in memory.
#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <memory>
#include <string_view>

#include "base/encoding.hpp"
#include "net/tls.hpp"
#include "net/tls_state.hpp"

namespace cas::net {

namespace {

template <auto Free>
struct FreeWith {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeWith<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, FreeWith<X509_EXTENSION_free>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, FreeWith<BN_free>>;

constexpr long ten_years = 3652L * 86400;
constexpr std::size_t max_common_name = 64;  // ub-common-name, RFC 5280 appendix A.1

bool set_serial(X509* certificate) {
  const Number serial(BN_new());
  // RFC 5280 §4.1.2.2: positive, at most 20 octets.
  return serial && BN_rand(serial.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_subject(X509* certificate, const std::string& host) {
  X509_NAME* name = X509_get_subject_name(certificate);
  if (host.size() <= max_common_name) {
    const auto* text = reinterpret_cast<const unsigned char*>(host.data());
    if (X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, static_cast<int>(host.size()), -1, 0) != 1) {
      return false;
    }
  }
  return X509_set_issuer_name(certificate, name) == 1;
}

// dNSName, or iPAddress for a literal.
bool add_alternative_name(X509* certificate, const std::string& host) {
  const Names names(GENERAL_NAMES_new());
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (!names || name == nullptr || sk_GENERAL_NAME_push(names.get(), name) == 0) return false;
  std::array<unsigned char, 16> address{};
  int length = 0;
  if (inet_pton(AF_INET, host.c_str(), address.data()) == 1) length = 4;
  if (inet_pton(AF_INET6, host.c_str(), address.data()) == 1) length = 16;
  ASN1_STRING* value = ASN1_STRING_type_new(length != 0 ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
  if (value == nullptr) return false;
  GENERAL_NAME_set0_value(name, length != 0 ? GEN_IPADD : GEN_DNS, value);
  const void* octets = length != 0 ? static_cast<const void*>(address.data()) : host.data();
  if (ASN1_STRING_set(value, octets, length != 0 ? length : static_cast<int>(host.size())) != 1) return false;
  return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

bool add_extension(X509* certificate, int nid, const char* value) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool fill_in(X509* certificate, EVP_PKEY* key, const std::string& host) {
  return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != nullptr &&  // clocks differ
         X509_gmtime_adj(X509_getm_notAfter(certificate), ten_years) != nullptr &&
         X509_set_pubkey(certificate, key) == 1 && set_subject(certificate, host) &&
         add_alternative_name(certificate, host) &&
         add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, NID_ext_key_usage, "serverAuth,clientAuth") &&
         add_extension(certificate, NID_subject_key_identifier, "hash") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// Encrypted ones are not asked a password for.
Key read_key(std::string_view pem) {
  const Bio text(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const auto no_password = [](char*, int, int, void*) { return -1; };
  return Key(text ? PEM_read_bio_PrivateKey(text.get(), nullptr, no_password, nullptr) : nullptr);
}

}  // namespace

Result<SelfSigned> make_self_signed(const std::string& host, std::string_view key_pem) {
  if (host.empty() || host.size() > 253 || !is_ascii(host)) {
    return permanent("not a host name", "cannot make a certificate for '" + printable(host) + "'");
  }
  ERR_clear_error();
  const Key key = key_pem.empty() ? Key(EVP_EC_gen("P-256")) : read_key(key_pem);
  if (!key && !key_pem.empty()) return permanent("not a key", "the key cannot be read: " + last_openssl_error());
  const Certificate certificate(X509_new());
  const Bio certificate_pem(BIO_new(BIO_s_mem()));
  const Bio key_text(BIO_new(BIO_s_mem()));
  const bool made = key && certificate && certificate_pem && key_text && fill_in(certificate.get(), key.get(), host) &&
                    PEM_write_bio_X509(certificate_pem.get(), certificate.get()) == 1 &&
                    PEM_write_bio_PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  if (!made) return transient("internal error", "cannot make a certificate: " + last_openssl_error());
  return SelfSigned{.certificate = contents(certificate_pem.get()), .key = contents(key_text.get())};
}

}  // namespace cas::net
