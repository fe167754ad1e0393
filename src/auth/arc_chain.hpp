// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The ARC sets of a header (RFC 8617 §4): gathered by instance, and what a seal covers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/header_hash.hpp"
#include "auth/signature_field.hpp"

namespace cas::auth {

/// One set; the numbers are indexes of fields.
struct ArcSet {
  std::size_t results = SignedHeader::npos;  // ARC-Authentication-Results
  std::size_t message = SignedHeader::npos;  // ARC-Message-Signature
  std::size_t seal = SignedHeader::npos;     // ARC-Seal
  SignatureField message_signature;
  SignatureField seal_signature;
};

struct ArcChain {
  std::vector<ArcSet> sets;  // by instance, from 1
  std::string fault;         // not empty: the sets are not as RFC 8617 §5.2 wants them
  [[nodiscard]] bool empty() const { return sets.empty() && fault.empty(); }
};

/// Steps 1 to 3 of RFC 8617 §5.2 but for the signatures: at most 50 sets, each whole and single, without gaps, and
/// each cv= as it must be.
[[nodiscard]] ArcChain read_arc_chain(const std::vector<HeaderField>& fields, UnixTime now);

/// Adds what the seal of the set before `end` covers but for that seal itself: the sets from `begin` in the order
/// results, message signature, seal, relaxed (RFC 8617 §5.1.1).
void hash_sets(crypto::Sha256& hash, const std::vector<HeaderField>& fields, const std::vector<ArcSet>& sets,
               std::size_t end);

/// What stands after "i=N;" in ARC-Authentication-Results, with the instance. None where it does not begin so.
struct ArcResults {
  std::uint32_t instance = 0;
  std::string_view payload;
};
[[nodiscard]] std::optional<ArcResults> parse_arc_results(std::string_view value);

}  // namespace cas::auth
