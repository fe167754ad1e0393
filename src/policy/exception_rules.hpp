// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which exceptions may be entered: none that opens the door to everybody.
#pragma once

#include "policy/exceptions.hpp"

namespace cas::policy {

/// What somebody wants to be in force.
struct NewException {
  ExceptionAction action = ExceptionAction::Block;
  Pattern pattern;
  Scope scope;
  Proof proof = Proof::None;
  bool unauthenticated = false;  // an entry without proof is meant
  std::string reason, owner;
  std::optional<UnixTime> expires;
};

/// What an entry asks for when nobody says: the client for networks, nothing for blocks, a signature for the rest.
[[nodiscard]] Proof usual_proof(ExceptionAction action, const Pattern& pattern);

/// Anybody may claim to be what this entry lets through.
[[nodiscard]] inline bool is_unauthenticated(ExceptionAction action, Proof proof) {
  return proof == Proof::None && action != ExceptionAction::Block;
}

/// Permanent error with what would be right: a proof that does not go with the pattern; none without `unauthenticated`;
/// a public suffix, a network of more than 2^24 (IPv6: shorter than /16) addresses, or an expression that fits anybody;
/// a forwarder that is no domain, or one for everybody. Texts longer than max_text, or with control characters.
[[nodiscard]] Result<void> check_exception(const Exception& entry, bool unauthenticated);

/// The entry that it would become.
[[nodiscard]] Exception exception_of(const NewException& wanted, UnixTime created);

inline constexpr std::size_t max_text = 500;  // octets of reason, and of owner

}  // namespace cas::policy
