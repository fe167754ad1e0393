// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A signature against the key that the DNS has for it: the part that DKIM and ARC share (RFC 6376 §6.1.2, §6.1.3;
// RFC 8617 §4.1.2).
#pragma once

#include <string>

#include "auth/dkim_key_cache.hpp"
#include "auth/signature_field.hpp"
#include "dns/record.hpp"

namespace cas::auth {

struct SignatureVerdict {
  DkimResult result = DkimResult::Neutral;
  std::string reason;        // empty with Pass
  bool key_is_test = false;  // t=y: the domain is trying DKIM out
  int rsa_bits = 0;
};

/// Where the key of a signature without a fault is asked for.
[[nodiscard]] dns::Question key_question(const SignatureField& signature);

/// `hash` is what the signature signs. Where several records stand at the name, one with which it verifies is enough;
/// at most four are tried (RFC 6376 §6.1.2 leaves it open).
[[nodiscard]] SignatureVerdict check_signature(const SignatureField& signature, const crypto::Sha256Digest& hash,
                                               const dns::Answer& answer, DkimKeyCache& keys);

}  // namespace cas::auth
