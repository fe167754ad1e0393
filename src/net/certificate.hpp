// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a certificate says, for those who check a set-up. Nothing is verified here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.hpp"
#include "base/result.hpp"
#include "base/time.hpp"

namespace cas::net {

struct CertificateInfo {
  UnixTime not_before{}, not_after{};
  std::vector<std::string> names;  // dNSName, lower case, wildcards too; 100 at most
  bool self_signed = false;        // issued by its own subject
  bool covers_host = false;        // as RFC 9525 compares names
  Octets spki_sha256;              // for TLSA 3 1 1
};

/// The first certificate of a PEM text. Permanent error when there is none.
[[nodiscard]] Result<CertificateInfo> describe_certificate(std::string_view pem, const std::string& host);

}  // namespace cas::net
