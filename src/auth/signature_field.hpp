// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The fields that hold signatures, read: DKIM-Signature (RFC 6376 §3.5), ARC-Message-Signature and ARC-Seal (RFC 8617
// §4.1), which share their tags. Nothing is looked up or verified here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dkim_result.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"
#include "crypto/keys.hpp"
#include "message/address.hpp"
#include "message/header.hpp"

namespace cas::auth {

enum class SignatureKind { Dkim, ArcMessage, ArcSeal };

/// Why a signature need not be verified: it could not pass.
struct SignatureFault {
  DkimResult result = DkimResult::Neutral;
  std::string reason;  // ours, without the peer's text
};

struct SignatureField {
  std::optional<SignatureFault> fault;

  // Known as far as it could be read, even with a fault:
  std::optional<Domain> domain;  // d=
  std::string selector;          // s=, lower case
  std::string algorithm;         // a=, as written
  std::string signature_text;    // b= without blanks

  // Complete without a fault:
  crypto::KeyType key_type = crypto::KeyType::Rsa;
  Octets signature;  // b=
  Octets body_hash;  // bh=; not in a seal
  Canonicalization header_form = Canonicalization::Simple;
  Canonicalization body_form = Canonicalization::Simple;
  std::vector<std::string> headers;          // h=, lower case, in order; not in a seal
  std::optional<std::uint64_t> body_length;  // l=
  std::string identity;                      // i= of DKIM, "@domain" when left out
  bool identity_is_domain = true;            // the domain of i= is d= itself, not one below it
  std::optional<UnixTime> signed_at;         // t=
  std::optional<UnixTime> expires;           // x=
  std::uint32_t instance = 0;                // i= of ARC, 1 to 50
  std::string chain;                         // cv= of a seal: "none", "pass" or "fail"
};

/// Reads the value of a field. Never fails: what is wrong is in `fault`. At `now` a signature may have expired.
[[nodiscard]] SignatureField parse_signature(SignatureKind kind, std::string_view value, UnixTime now);

/// The field as it enters the hash of its own signature: the value of b= is taken out, blanks around it too, and so is
/// the final CRLF (RFC 6376 §3.7). In canonical form.
[[nodiscard]] std::string without_signature(const HeaderField& field, Canonicalization form);

}  // namespace cas::auth
