// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From plain to TLS, on either side.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "net/stream_state.hpp"

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

Task<Result<void>> shake_hands(std::shared_ptr<StreamState> state, ssl::stream_base::handshake_type side,
                               milliseconds timeout) {
  const Timed timed(*state, state->reading, timeout);
  auto [ec] = co_await state->tls->async_handshake(side, as_values);
  if (!ec) {
    state->tls_ready = true;
    co_return Result<void>();
  }
  auto error = failure(state->reading, "TLS handshake", ec);
  // What the two sides could not agree on will not change by asking again; a lost connection may.
  const bool disagreed = ec.category() == asio::error::get_ssl_category() &&
                         ERR_GET_REASON(static_cast<unsigned long>(ec.value())) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
  if (disagreed && !state->reading.passed) error.error().lasting = Lasting::Permanent;
  const long verdict = SSL_get_verify_result(state->tls->native_handle());
  if (verdict != X509_V_OK) {
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

Task<Result<void>> Stream::start_tls_server(TlsContext context, milliseconds timeout) {
  const auto state = state_;
  if (!state) co_return transient("connection closed", "the stream is not connected");
  if (cancelled(co_await asio::this_coro::cancellation_state)) co_return transient("connection closed", "cancelled");
  CAS_CO_CHECK(put_on(*state, context));
  co_return co_await shake_hands(state, ssl::stream_base::server, timeout);
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

bool Stream::tls() const {
  return state_ && state_->tls_ready;
}

std::string Stream::tls_description() const {
  if (!tls()) return {};
  const SSL* session = state_->tls->native_handle();
  return std::string(SSL_get_version(session)) + " " + SSL_get_cipher_name(session);
}

}  // namespace cas::net
