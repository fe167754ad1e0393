// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What stands in a certificate, for who compares it with what the DNS says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace cas::net {

struct CertificateText {
  Octets der, public_key;          // the certificate, and its SubjectPublicKeyInfo (RFC 5280 §4.1)
  std::vector<std::string> names;  // DNS names of subjectAltName, lower case, wildcards too; at most 100
  UnixTime expires;
};

/// The first certificate of a PEM file. Permanent error that names the file.
[[nodiscard]] Result<CertificateText> read_certificate(const std::filesystem::path& file);

}  // namespace cas::net
