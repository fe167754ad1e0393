// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What stands in a certificate, for who compares it with the DNS or checks a set-up. Nothing is verified here.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace cas::net {

struct CertificateText {
  Octets der, public_key;          // the certificate, and its SubjectPublicKeyInfo (RFC 5280 §4.1)
  std::vector<std::string> names;  // dNSName of subjectAltName, lower case, wildcards too; 100 at most
  UnixTime not_before{}, not_after{};
  bool self_signed = false;  // issued by its own subject

  /// As RFC 9525 compares names.
  [[nodiscard]] bool covers(const std::string& host) const;
};

/// The first certificate of a PEM text. Permanent error when there is none.
[[nodiscard]] Result<CertificateText> parse_certificate(std::string_view pem);

/// Of a PEM file. Permanent error that names the file.
[[nodiscard]] Result<CertificateText> read_certificate(const std::filesystem::path& file);

}  // namespace cas::net
