// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS contexts. What is not set here is the library's default, which Debian keeps current.
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "net/tls_state.hpp"

namespace cas::net {

namespace ssl = boost::asio::ssl;

std::string last_openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown TLS error";
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

namespace {

// An encrypted key must fail instead of asking for its password on the terminal of a daemon.
int no_password(char*, int, int, void*) {
  return 0;
}

void harden(SSL_CTX* context, int security_level) {
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_security_level(context, security_level);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Idle sessions give their buffers back; resumption is by ticket, so no session is kept here.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_default_passwd_cb(context, no_password);
}

}  // namespace

Result<TlsContext> TlsContext::server(const std::filesystem::path& certificate, const std::filesystem::path& key) {
  auto state = std::make_shared<TlsState>(ssl::context::tls_server);
  SSL_CTX* context = state->context.native_handle();
  harden(context, 2);
  state->tickets.serve(context);
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    return permanent("TLS is not available",
                     "cannot use certificate " + certificate.string() + ": " + last_openssl_error());
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return permanent("TLS is not available", "cannot use key " + key.string() + " with certificate " +
                                                 certificate.string() + ": " + last_openssl_error());
  }
  return TlsContext(std::move(state));
}

Result<TlsContext> TlsContext::client(bool verify) {
  auto state = std::make_shared<TlsState>(ssl::context::tls_client);
  state->verify = verify;
  SSL_CTX* context = state->context.native_handle();
  // RFC 7435 §3: a weak channel is better than the plaintext that would follow its refusal.
  harden(context, verify ? 2 : 1);
  if (!verify) return TlsContext(std::move(state));
  if (SSL_CTX_set_default_verify_paths(context) != 1) {
    return permanent("TLS is not available", "cannot load the system's certificate roots: " + last_openssl_error());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return TlsContext(std::move(state));
}

}  // namespace cas::net
