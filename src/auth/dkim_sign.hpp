// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DKIM signing (RFC 6376 §5): a DKIM-Signature made of a header and the hash of a body. Signing with several keys means
// calling this once for each; the body is hashed once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "auth/header_hash.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "crypto/keys.hpp"
#include "message/address.hpp"

namespace cas::auth {

/// Which fields a signature covers. Names in any case.
struct HeaderChoice {
  std::vector<std::string> signed_fields;  // each as often as it stands in the message
  std::vector<std::string> oversigned;     // and once more: nobody may add another one (RFC 6376 §8.15)
};
/// What RFC 6376 §5.4.1 recommends and readers see; oversigned is what must not stand there twice.
[[nodiscard]] HeaderChoice recommended_headers();
/// The names for h=. From is always among them (RFC 6376 §5.4). At most 500 names: what a field repeats beyond that
/// stays unsigned.
[[nodiscard]] std::vector<std::string> headers_to_sign(const std::vector<HeaderField>& fields,
                                                       const HeaderChoice& choice);

struct DkimSigning {
  Domain domain;                     // d=
  std::string selector;              // s=
  std::vector<std::string> headers;  // h=, of headers_to_sign()
  Canonicalization header_form = Canonicalization::Relaxed;
  Canonicalization body_form = Canonicalization::Relaxed;
  std::optional<std::uint64_t> body_length{};  // l=: what `body_hash` covers
  std::optional<UnixTime> signed_at{};         // t=
  std::optional<UnixTime> expires{};           // x=
};

/// The field, folded, with its final CRLF, to be put before all others. `body_hash` is that of the body in `body_form`.
/// A permanent error where the message has no From or the domain and selector make no name; otherwise what the key
/// says.
[[nodiscard]] Result<std::string> sign_dkim(SignedHeader& header, const crypto::Sha256Digest& body_hash,
                                            const DkimSigning& signing, const crypto::PrivateKey& key);

}  // namespace cas::auth
