// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See certificate.hpp.
#include "net/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <memory>

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
using Certificate = std::unique_ptr<X509, FreeWith<X509_free>>;
using Bio = std::unique_ptr<BIO, FreeWith<BIO_free_all>>;
using Names = std::unique_ptr<GENERAL_NAMES, FreeWith<GENERAL_NAMES_free>>;

constexpr std::size_t most_names = 100;

UnixTime time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return UnixTime(std::chrono::seconds(::timegm(&parts)));
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> found;
  const Names names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int n = 0; n < sk_GENERAL_NAME_num(names.get()) && found.size() < most_names; ++n) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(names.get(), n);
    if (entry->type != GEN_DNS) continue;
    const ASN1_STRING* const octets = entry->d.dNSName;
    const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(octets)),
                                static_cast<std::size_t>(ASN1_STRING_length(octets)));
    found.push_back(to_lower(printable(name, 253)));
  }
  return found;
}

Octets spki_digest(const X509* certificate) {
  unsigned char* der = nullptr;
  const int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
  if (length <= 0) return {};
  Octets digest(32);
  unsigned int octets = 0;
  const auto size = static_cast<std::size_t>(length);
  const bool done = EVP_Digest(der, size, digest.data(), &octets, EVP_sha256(), nullptr) == 1;
  OPENSSL_free(der);
  return done ? digest : Octets{};
}

}  // namespace

Result<CertificateInfo> describe_certificate(std::string_view pem, const std::string& host) {
  ERR_clear_error();
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return permanent("no certificate", "holds no certificate: " + last_openssl_error());
  X509* const x509 = certificate.get();
  CertificateInfo info;
  info.not_before = time_of(X509_get0_notBefore(x509));
  info.not_after = time_of(X509_get0_notAfter(x509));
  info.names = names_of(x509);
  info.self_signed = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0;
  info.covers_host =
      X509_check_host(x509, host.data(), host.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) == 1;
  info.spki_sha256 = spki_digest(x509);
  return info;
}

}  // namespace cas::net
