// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS contexts (OpenSSL 3): TLS 1.2 and later, the library's default ciphers at security level 2 for servers; clients
// of opportunistic SMTP verify nothing (RFC 7435) until a policy asks for it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace cas::net {

struct TlsState;  // an SSL_CTX; defined in tls_state.hpp for net/ alone

/// Shared, immutable, safe from any thread.
class TlsContext {
 public:
  /// Certificate chain and key as PEM files. Permanent error, with a reason that names the file, when one cannot be
  /// read or the key does not belong to the certificate.
  [[nodiscard]] static Result<TlsContext> server(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key);
  /// `verify`: the peer's certificate must chain to the system's roots and match the name given to the handshake.
  [[nodiscard]] static Result<TlsContext> client(bool verify);

  [[nodiscard]] const std::shared_ptr<TlsState>& state() const { return state_; }

 private:
  explicit TlsContext(std::shared_ptr<TlsState> state) : state_(std::move(state)) {}
  std::shared_ptr<TlsState> state_;
};

/// A fresh self-signed certificate for a host, valid ten years, with an ECDSA P-256 key, as PEM. For set-up and demo.
struct SelfSigned {
  std::string certificate;
  std::string key;
};
[[nodiscard]] Result<SelfSigned> make_self_signed(const std::string& host);

}  // namespace cas::net
