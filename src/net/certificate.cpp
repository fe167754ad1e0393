// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading certificates: those of a text or a file, and those that a peer showed.
#include "net/certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <algorithm>
#include <memory>

#include "net/stream_state.hpp"
#include "net/tls_state.hpp"

namespace cas::net {

namespace {

constexpr int most_names = 100;
constexpr int longest_chain = 10;

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Bio = std::unique_ptr<BIO, Free>;

Octets octets_of(int size, unsigned char* octets) {
  if (size <= 0 || octets == nullptr) return {};
  Octets out(octets, octets + size);
  OPENSSL_free(octets);
  return out;
}

std::vector<std::string> names_of(const X509* certificate) {
  std::vector<std::string> found;
  const std::unique_ptr<GENERAL_NAMES, Free> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int n = 0; n < std::min(sk_GENERAL_NAME_num(names.get()), most_names); ++n) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(names.get(), n);
    if (entry->type != GEN_DNS) continue;
    const ASN1_STRING* const octets = entry->d.dNSName;
    const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(octets)),
                                static_cast<std::size_t>(ASN1_STRING_length(octets)));
    found.push_back(to_lower(printable(name, 253)));
  }
  return found;
}

UnixTime time_of(const ASN1_TIME* time) {
  tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return UnixTime(seconds(::timegm(&parts)));
}

CertificateText text_of(X509* certificate) {
  CertificateText text;
  unsigned char *whole = nullptr, *key = nullptr;
  text.der = octets_of(i2d_X509(certificate, &whole), whole);
  text.public_key = octets_of(i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key), key);
  text.names = names_of(certificate);
  text.not_before = time_of(X509_get0_notBefore(certificate));
  text.not_after = time_of(X509_get0_notAfter(certificate));
  text.self_signed = X509_NAME_cmp(X509_get_subject_name(certificate), X509_get_issuer_name(certificate)) == 0;
  return text;
}

Result<CertificateText> read_from(const Bio& in, const std::string& of) {
  ERR_clear_error();
  const Certificate certificate(in ? PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!certificate) return permanent("no certificate", of + " holds no certificate: " + last_openssl_error());
  return text_of(certificate.get());
}

}  // namespace

bool CertificateText::covers(const std::string& host) const {
  const unsigned char* at = der.data();
  const Certificate certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (!certificate) return false;
  return X509_check_host(certificate.get(), host.data(), host.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, nullptr) ==
         1;
}

Result<CertificateText> parse_certificate(std::string_view pem) {
  return read_from(Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))), "the text");
}

Result<CertificateText> read_certificate(const std::filesystem::path& file) {
  return read_from(Bio(BIO_new_file(file.c_str(), "r")), file.string());
}

std::vector<CertificateText> Stream::peer_chain() const {
  std::vector<CertificateText> chain;
  if (!tls()) return chain;
  // Of a client's session: the server's own certificate is the first.
  const auto* shown = SSL_get_peer_cert_chain(state_->tls->native_handle());
  for (int n = 0; n < std::min(sk_X509_num(shown), longest_chain); ++n)
    chain.push_back(text_of(sk_X509_value(shown, n)));
  return chain;
}

}  // namespace cas::net
