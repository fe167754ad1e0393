// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From plain to TLS, on either side.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/encoding.hpp"
#include "net/stream_state.hpp"
#include "net/tls_clients.hpp"

namespace cas::net {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;

namespace {

// RFC 6066 §3: literals are not permitted in SNI.
bool is_literal(const std::string& name) {
  std::array<unsigned char, 16> octets{};
  return inet_pton(AF_INET, name.c_str(), octets.data()) == 1 || inet_pton(AF_INET6, name.c_str(), octets.data()) == 1;
}

// The name that the handshake asks for, and where it verifies, what the certificate must say.
Result<void> expect(SSL* session, const std::string& name, bool verify) {
  const bool literal = is_literal(name);
  if (!name.empty() && !literal && SSL_set_tlsext_host_name(session, name.c_str()) != 1) {
    return transient("TLS failed", "cannot ask for the name: " + last_openssl_error());
  }
  if (!verify) return {};
  if (name.empty()) return transient("TLS failed", "no name to verify the certificate against");
  X509_VERIFY_PARAM* param = SSL_get0_param(session);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  const int set = literal ? X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str())
                          : X509_VERIFY_PARAM_set1_host(param, name.data(), name.size());
  if (set != 1) return transient("TLS failed", "cannot verify the name: " + last_openssl_error());
  return {};
}

CertificateFault fault_of(long verdict) {
  switch (verdict) {
    case X509_V_OK: return CertificateFault::None;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return CertificateFault::HostMismatch;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID: return CertificateFault::Expired;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_INVALID_CA: return CertificateFault::NotTrusted;
    case X509_V_ERR_DANE_NO_MATCH: return CertificateFault::NoRecord;
    default: return CertificateFault::Other;
  }
}

std::unexpected<Error> cannot(const std::string& what) {
  return transient("TLS failed", "cannot " + what + ": " + last_openssl_error());
}

Result<void> check_names(SSL* session, const PeerCheck& check) {
  if (check.names.empty()) return transient("TLS failed", "no name to verify the certificate against");
  for (const auto& name : check.names) {
    if (SSL_add1_host(session, name.c_str()) != 1) return cannot("verify the name");
  }
  return {};
}

// RFC 7672 §3: what OpenSSL makes of the records is what that RFC wants, with DANE_FLAG_NO_DANE_EE_NAMECHECKS.
Result<void> check_records(SSL* session, const PeerCheck& check, const std::string& server_name) {
  const std::string& base = check.names.empty() ? server_name : check.names.front();
  if (SSL_dane_enable(session, base.c_str()) != 1) return cannot("verify by DANE");
  for (std::size_t n = 1; n < check.names.size(); ++n) {
    if (SSL_add1_host(session, check.names[n].c_str()) != 1) return cannot("verify the name");
  }
  bool any = false;
  for (const auto& record : check.records) {
    const int added = SSL_dane_tlsa_add(session, record.usage, record.selector, record.matching, record.data.data(),
                                        record.data.size());
    any = any || added > 0;
  }
  ERR_clear_error();  // a record that cannot be used is passed over (RFC 7672 §3.1)
  // Without one, OpenSSL would verify by the roots instead.
  if (!any) return transient("TLS failed", "no TLSA record that can be used");
  return {};
}

Result<void> check_peer(SSL* session, const PeerCheck& check, const std::string& server_name) {
  SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (check.by == PeerCheck::By::Names) CAS_CHECK(check_names(session, check));
  if (check.by == PeerCheck::By::Records) CAS_CHECK(check_records(session, check, server_name));
  const bool strict = check.by != PeerCheck::By::Nothing && check.enforce;
  // RFC 7435 §3: where nothing is verified, a weak channel is better than none.
  SSL_set_security_level(session, strict ? 2 : 1);
  SSL_set_verify(session, strict ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return {};
}

// A session is taken up only under the check that it was made under: its verdict is then the same one.
std::string session_key(const PeerCheck& check, const std::string& server_name) {
  if (check.peer.empty()) return {};
  std::string key =
      check.peer + '\n' + server_name + '\n' + std::to_string(static_cast<int>(check.by)) + (check.enforce ? "e" : "o");
  for (const auto& name : check.names) key += '\n' + name;
  for (const auto& record : check.records) {
    key += '\n' + std::to_string(record.usage) + ' ' + std::to_string(record.selector) + ' ' +
           std::to_string(record.matching) + ' ' + hex(record.data);
  }
  return key;
}

Result<void> offer_session(StreamState& state, SSL* session) {
  if (state.session_key.empty() || !state.tls_context->sessions) return {};
  if (SSL_set_ex_data(session, session_key_index(), &state.session_key) != 1) return cannot("keep the session");
  const auto known = state.tls_context->sessions->take(state.session_key, std::chrono::steady_clock::now());
  if (known && SSL_set_session(session, known.get()) != 1) ERR_clear_error();  // a whole handshake does as well
  return {};
}

Task<Result<void>> shake_hands(std::shared_ptr<StreamState> state, ssl::stream_base::handshake_type side,
                               milliseconds timeout) {
  const Timed timed(*state, state->reading, timeout);
  auto [ec] = co_await state->tls->async_handshake(side, as_values);
  const long verdict = SSL_get_verify_result(state->tls->native_handle());
  const bool checked = side == ssl::stream_base::client && state->checks_peer;
  if (checked) state->certificate_fault = fault_of(verdict);
  if (!ec) {
    state->tls_ready = true;
    co_return Result<void>();
  }
  auto error = failure(state->reading, "TLS handshake", ec);
  // What the two sides could not agree on will not change by asking again; a lost connection may.
  const bool disagreed = ec.category() == asio::error::get_ssl_category() &&
                         ERR_GET_REASON(static_cast<unsigned long>(ec.value())) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (disagreed && !state->reading.passed) error.error().lasting = Lasting::Permanent;
  if (verdict != X509_V_OK && side == ssl::stream_base::client) {
    error = transient("TLS failed", std::string("certificate: ") + X509_verify_cert_error_string(verdict));
  }
  // Neither side may fall back to plaintext on a connection where a handshake has begun.
  state->abort();
  co_return error;
}

Result<void> put_on(StreamState& state, const TlsContext& context) {
  if (state.tls) return transient("internal error", "TLS is already on");
  state.tls_context = context.state();
  state.tls.emplace(state.socket, state.tls_context->context);
  return {};
}

}  // namespace

Task<Result<void>> Stream::start_tls_server(TlsContext context, milliseconds timeout, bool ask_client) {
  const auto state = state_;
  if (!state) co_return transient("connection closed", "the stream is not connected");
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return transient("connection closed", "cancelled");
  CAS_CO_CHECK(put_on(*state, context));
  if (ask_client && state->tls_context->asks_clients) ask_for_certificate(state->tls->native_handle());
  co_return co_await shake_hands(state, ssl::stream_base::server, timeout);
}

std::vector<std::string> Stream::client_names() const {
  if (!tls() || !state_->tls_context->asks_clients) return {};
  return verified_client_names(state_->tls->native_handle());
}

Task<Result<void>> Stream::start_tls_client(TlsContext context, std::string server_name, milliseconds timeout) {
  const auto state = state_;
  if (!state) co_return transient("connection closed", "the stream is not connected");
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return transient("connection closed", "cancelled");
  if (server_name.ends_with('.')) server_name.pop_back();
  CAS_CO_CHECK(put_on(*state, context));
  auto ready = expect(state->tls->native_handle(), server_name, state->tls_context->verify);
  if (!ready) {
    state->abort();
    co_return ready;
  }
  co_return co_await shake_hands(state, ssl::stream_base::client, timeout);
}

Task<Result<void>> Stream::start_tls_client(TlsContext context, PeerCheck check, std::string server_name,
                                            milliseconds timeout) {
  const auto state = state_;
  if (!state) co_return transient("connection closed", "the stream is not connected");
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return transient("connection closed", "cancelled");
  if (server_name.ends_with('.')) server_name.pop_back();
  CAS_CO_CHECK(put_on(*state, context));
  SSL* session = state->tls->native_handle();
  state->checks_peer = check.by != PeerCheck::By::Nothing;
  auto ready = expect(session, server_name, false);
  if (ready) ready = check_peer(session, check, server_name);
  state->session_key = session_key(check, server_name);
  if (ready) ready = offer_session(*state, session);
  if (!ready) {
    if (state->checks_peer) state->certificate_fault = CertificateFault::Other;
    state->abort();
    co_return ready;
  }
  co_return co_await shake_hands(state, ssl::stream_base::client, timeout);
}

CertificateFault Stream::certificate_fault() const {
  return state_ ? state_->certificate_fault : CertificateFault::None;
}

bool Stream::tls_resumed() const {
  return tls() && SSL_session_reused(state_->tls->native_handle()) == 1;
}

bool Stream::tls() const {
  return state_ && state_->tls_ready;
}

std::string Stream::tls_exporter() const {
  constexpr std::string_view label = "EXPORTER-Channel-Binding";  // RFC 9266 §2
  constexpr std::size_t length = 32;
  if (!tls()) return {};
  SSL* session = state_->tls->native_handle();
  if (SSL_version(session) < TLS1_3_VERSION) return {};
  std::string octets(length, '\0');
  auto* out = reinterpret_cast<unsigned char*>(octets.data());
  return SSL_export_keying_material(session, out, length, label.data(), label.size(), nullptr, 0, 0) == 1
             ? octets
             : std::string();
}

std::string Stream::tls_description() const {
  if (!tls()) return {};
  const SSL* session = state_->tls->native_handle();
  return std::string(SSL_get_version(session)) + " " + SSL_get_cipher_name(session);
}

}  // namespace cas::net
