// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Sealing (RFC 8617 §5.1): one more set on a message that is handed on, with what was found about it on arrival.
#pragma once

#include <string>

#include "auth/arc_validate.hpp"
#include "auth/dkim_sign.hpp"

namespace cas::auth {

struct ArcSealing {
  Domain domain;                      // d=, of both signatures
  std::string selector;               // s=
  std::string results;                // the payload of our Authentication-Results: "host; spf=pass ..."
  ArcResult chain = ArcResult::None;  // what was found of the sets that are there
  std::vector<std::string> headers;   // h= of the message signature, of headers_to_sign()
  UnixTime now;
};

/// The fields of the new set, to be put before all others: seal, message signature, results. `body_hash` is of the
/// relaxed body. Empty where no set may be added: the last one says cv=fail already, or there are fifty (RFC 8617 §5.1
/// and §4.2.1). A chain that failed gets a seal of its own set alone (§5.1.2).
[[nodiscard]] Result<std::string> seal_arc(const std::vector<HeaderField>& fields,
                                           const crypto::Sha256Digest& body_hash, const ArcSealing& sealing,
                                           const crypto::PrivateKey& key);

}  // namespace cas::auth
