// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The messages that are sent, field by field, so that a check can spoil what it wants to; and what they hash to. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "confirm/digest.hpp"

namespace cas::conformance {

struct Letter {
  std::vector<std::string> fields;  // with folding, without the final CRLF
  std::string body;                 // CRLF line ends
  std::string message_id;           // with angle brackets, as in its field

  /// As it is transferred, before dots are doubled.
  [[nodiscard]] std::string text() const;
  /// The field of that name, spelt as compose() writes it; there must be one.
  [[nodiscard]] std::string& field(std::string_view name);
  void remove(std::string_view name);
};

/// What a letter is made of. `unique` is random text.
struct LetterFacts {
  std::string from, to, subject, unique;
  UnixTime date;
};
[[nodiscard]] Letter compose(const LetterFacts& facts);

/// The halves of the digest (CAS §4.4) of a message as it is transferred. One that is no message hashes to nothing.
[[nodiscard]] confirm::MessageHashes hashes_of(std::string_view message);

/// Dots doubled, end of data added (RFC 5321 §4.5.2). Octets stay as they are, bare line ends too.
[[nodiscard]] std::string to_data(std::string_view message);

}  // namespace cas::conformance
