// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS contexts. What is not set here is the library's default, which Debian keeps current.
#include "net/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>

#include "net/tls_clients.hpp"
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

// Not the application's data: that of an SSL_CTX is Asio's.
int sessions_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// TLS 1.3 servers send tickets when they like: the library calls this from within reads.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  SessionPointer owned(session);
  auto* sessions = static_cast<TlsSessions*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), sessions_index()));
  const auto* key = static_cast<const std::string*>(SSL_get_ex_data(ssl, session_key_index()));
  if (sessions == nullptr || key == nullptr || key->empty()) {
    (void)owned.release();  // still the library's
    return 0;
  }
  sessions->keep(*key, std::move(owned), std::chrono::steady_clock::now());
  return 1;
}

}  // namespace

int session_key_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

void TlsSessions::keep(const std::string& key, SessionPointer session, Time now) {
  Entry entry{.session = std::shared_ptr<SSL_SESSION>(session.release(), FreeSession()), .since = now};
  kept_.with([&](auto& kept) { kept.keep(key, std::move(entry)); });
}

SessionPointer TlsSessions::take(const std::string& key, Time now) {
  return kept_.with([&](auto& kept) {
    SessionPointer taken;
    const Entry* entry = kept.find(key);
    if (entry == nullptr) return taken;
    if (now - entry->since < longest && SSL_SESSION_up_ref(entry->session.get()) == 1) {
      taken.reset(entry->session.get());
    }
    kept.forget(key);
    return taken;
  });
}

Result<TlsContext> TlsContext::server(const std::filesystem::path& certificate, const std::filesystem::path& key,
                                      const ClientCertificates& clients) {
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
  if (clients.ask) CAS_CHECK(verify_clients(context, clients.ca_file));
  state->asks_clients = clients.ask;
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

Result<TlsContext> TlsContext::client(const ClientTls& options) {
  auto state = std::make_shared<TlsState>(ssl::context::tls_client);
  SSL_CTX* context = state->context.native_handle();
  harden(context, 1);
  ERR_clear_error();
  const bool loaded = options.ca_file.empty()
                          ? SSL_CTX_set_default_verify_paths(context) == 1
                          : SSL_CTX_load_verify_locations(context, options.ca_file.c_str(), nullptr) == 1;
  if (!loaded) {
    const std::string what = options.ca_file.empty() ? "the system's certificate roots" : options.ca_file.string();
    return permanent("TLS is not available", "cannot load " + what + ": " + last_openssl_error());
  }
  if (SSL_CTX_dane_enable(context) != 1) {
    return permanent("TLS is not available", "cannot verify by DANE: " + last_openssl_error());
  }
  SSL_CTX_dane_set_flags(context, DANE_FLAG_NO_DANE_EE_NAMECHECKS);  // RFC 7672 §3.1.1
  state->sessions.emplace(options.max_sessions);
  if (SSL_CTX_set_ex_data(context, sessions_index(), &*state->sessions) != 1) {
    return transient("TLS is not available", "cannot keep sessions: " + last_openssl_error());
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  return TlsContext(std::move(state));
}

}  // namespace cas::net
