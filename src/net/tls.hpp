// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// TLS contexts (OpenSSL 3): TLS 1.2 and later, the library's default ciphers at security level 2 for servers; clients
// of opportunistic SMTP verify nothing (RFC 7435) until a policy asks for it (PeerCheck).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "dns/record.hpp"

namespace cas::net {

struct TlsState;  // an SSL_CTX; defined in tls_state.hpp for net/ alone

/// What a client wants of the peer's certificate.
struct PeerCheck {
  enum class By {
    Nothing,
    Names,    // a chain to the trusted roots, and one of `names`; ".b.example" stands for all names below it
    Records,  // TLSA records as RFC 7672 §3.1 has them: DANE-TA(2) with one of `names`, DANE-EE(3) without
  };
  By by = By::Nothing;
  bool enforce = true;  // false: the handshake goes on whatever is found, and certificate_fault() tells
  std::vector<std::string> names{};
  std::vector<dns::Tlsa> records{};
  /// Whom a session may be resumed with: the server's name and address. Resumed is only what was checked in the same
  /// way. Empty: no resumption.
  std::string peer{};
};

enum class CertificateFault { None, HostMismatch, Expired, NotTrusted, NoRecord, Other };

struct ClientTls {
  std::filesystem::path ca_file{};  // PEM; none: the system's roots
  std::size_t max_sessions = 1000;  // kept for resumption, an hour at most
};

/// Whether a server asks clients for certificates where Stream::start_tls_server() is told to.
struct ClientCertificates {
  bool ask = false;
  std::filesystem::path ca_file{};  // PEM; none: the system's roots
};

/// Shared, immutable but for the sessions it keeps, safe from any thread.
class TlsContext {
 public:
  /// Certificate chain and key as PEM files. Permanent error, with a reason that names the file, when one cannot be
  /// read or the key does not belong to the certificate.
  [[nodiscard]] static Result<TlsContext> server(const std::filesystem::path& certificate,
                                                 const std::filesystem::path& key,
                                                 const ClientCertificates& clients = {});
  /// `verify`: the peer's certificate must chain to the system's roots and match the name given to the handshake.
  [[nodiscard]] static Result<TlsContext> client(bool verify);
  /// For handshakes that say themselves what they check (PeerCheck). Permanent error when the roots cannot be read.
  [[nodiscard]] static Result<TlsContext> client(const ClientTls& options);

  [[nodiscard]] const std::shared_ptr<TlsState>& state() const { return state_; }

 private:
  explicit TlsContext(std::shared_ptr<TlsState> state) : state_(std::move(state)) {}
  std::shared_ptr<TlsState> state_;
};

/// A fresh self-signed certificate for a host, valid ten years, as PEM, with an ECDSA P-256 key, or with the key (PEM)
/// that is given. For set-up and demo.
struct SelfSigned {
  std::string certificate;
  std::string key;
};
[[nodiscard]] Result<SelfSigned> make_self_signed(const std::string& host, std::string_view key_pem = {});

}  // namespace cas::net
