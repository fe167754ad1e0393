// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: certificates that clients show to a server. None, or one that does not verify, ends no handshake.
#pragma once

#include <openssl/ssl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cas::net {

inline constexpr std::size_t max_client_names = 100;  // of one certificate; the rest is passed over

/// `context` is a server's. `roots`: PEM; none: the system's. Permanent error when they cannot be read.
[[nodiscard]] Result<void> verify_clients(SSL_CTX* context, const std::filesystem::path& roots);
/// Before the handshake of a server that verifies clients.
void ask_for_certificate(SSL* session);
/// The DNS names (subjectAltName) of the client's certificate, in lower case, without wildcards; none unless it
/// verified, in this handshake or in the one whose session was taken up, and is valid now.
[[nodiscard]] std::vector<std::string> verified_client_names(const SSL* session);

}  // namespace cas::net
