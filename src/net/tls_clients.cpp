// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See tls_clients.hpp. A ticket holds the certificate and what was found of it (i2d_SSL_SESSION), so a session that is
// taken up says the same as the one it comes from.
#include "net/tls_clients.hpp"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/encoding.hpp"
#include "net/tls_state.hpp"

namespace cas::net {

namespace {

struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

bool fits(STACK_OF(X509) * chain, int purpose) {
  for (int n = 0; n < sk_X509_num(chain); ++n) {
    if (X509_check_purpose(sk_X509_value(chain, n), purpose, n > 0 ? 1 : 0) != 1) return false;
  }
  return true;
}

// What is found stands in the session, and the handshake goes on. Public authorities no longer issue certificates for
// clients, so mail servers show the one that they have as servers: either purpose will do.
int verify(X509_STORE_CTX* store, void*) {
  const bool verified = X509_verify_cert(store) == 1;
  const bool silent = X509_STORE_CTX_get_error(store) == X509_V_OK;
  if (!verified && silent) X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
  if (verified) {
    STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
    const bool good = fits(chain, X509_PURPOSE_SSL_CLIENT) || fits(chain, X509_PURPOSE_SSL_SERVER);
    if (!good) X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
  }
  ERR_clear_error();
  return 1;
}

bool is_host_name(std::string_view name) {
  constexpr std::size_t longest = 253;
  const auto plain = [](char c) { return is_alnum(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= longest && std::ranges::all_of(name, plain);
}

}  // namespace

Result<void> verify_clients(SSL_CTX* context, const std::filesystem::path& roots) {
  ERR_clear_error();
  const bool loaded = roots.empty() ? SSL_CTX_set_default_verify_paths(context) == 1
                                    : SSL_CTX_load_verify_locations(context, roots.c_str(), nullptr) == 1;
  if (!loaded) {
    const std::string what = roots.empty() ? "the system's certificate roots" : roots.string();
    return permanent("TLS is not available", "cannot load " + what + ": " + last_openssl_error());
  }
  // Without a name for them no session is taken up where clients are verified.
  constexpr std::array<unsigned char, 3> name{'c', 'a', 's'};
  SSL_CTX_set_session_id_context(context, name.data(), name.size());
  SSL_CTX_set_purpose(context, X509_PURPOSE_ANY);  // verify() looks at it
  SSL_CTX_set_cert_verify_callback(context, verify, nullptr);
  return {};
}

void ask_for_certificate(SSL* session) {
  SSL_set_verify(session, SSL_VERIFY_PEER, nullptr);  // asked for, not demanded
}

std::vector<std::string> verified_client_names(const SSL* session) {
  std::vector<std::string> found;
  const std::unique_ptr<X509, FreeCertificate> certificate(SSL_get1_peer_certificate(session));
  if (!certificate || SSL_get_verify_result(session) != X509_V_OK) return found;
  if (X509_cmp_timeframe(nullptr, X509_get0_notBefore(certificate.get()), X509_get0_notAfter(certificate.get())) != 0) {
    return found;  // it ran out since
  }
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int n = 0; n < sk_GENERAL_NAME_num(names.get()) && found.size() < max_client_names; ++n) {
    const GENERAL_NAME* const entry = sk_GENERAL_NAME_value(names.get(), n);
    if (entry->type != GEN_DNS) continue;
    const ASN1_STRING* const octets = entry->d.dNSName;
    const std::string_view name(reinterpret_cast<const char*>(ASN1_STRING_get0_data(octets)),
                                static_cast<std::size_t>(ASN1_STRING_length(octets)));
    if (is_host_name(name)) found.push_back(to_lower(name));
  }
  return found;
}

}  // namespace cas::net
