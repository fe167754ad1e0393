// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Whom to ask, as whom, and what the target must be able to see for that: DNS records and recipients. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/keys.hpp"
#include "message/address.hpp"

namespace cas::conformance {

/// What a check cannot do without; a set of bits.
enum Need : unsigned {
  nothing = 0,
  second = 1U << 0,    // a second recipient in the first one's domain
  required = 1U << 1,  // a recipient in a domain with m=required
  off = 1U << 2,       // a recipient in a domain with m=off
  chunking = 1U << 3,  // the target offers CHUNKING
  rsa = 1U << 4,       // an RSA key, published
  revoked = 1U << 5,   // these records: see records()
  testing = 1U << 6,
  strict = 1U << 7,
  service = 1U << 8,
  several = 1U << 9,
};
constexpr Need operator|(Need a, Need b) {
  return static_cast<Need>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

struct Target {
  Mailbox recipient;                // in a domain with m=optional
  std::optional<Mailbox> second;    // in the same domain
  std::optional<Mailbox> required;  // these in other domains of the target
  std::optional<Mailbox> off;
  Mailbox unknown;  // no mailbox, in the recipient's domain
  Domain foreign;   // no domain of the target
  Domain domain;    // who signs
  Mailbox author;   // in `domain`; the envelope sender too
  std::string selector;
  crypto::PrivateKey key;
  std::optional<crypto::PrivateKey> rsa_key;
};

/// A TXT record that the target must see.
struct Record {
  Need need;  // `nothing`: without it no check means anything
  std::string name;
  std::vector<std::string> values;  // one TXT record each
};

/// The selector of a key record that a check needs: "cas1-revoked". `nothing` gives the good one; records that must not
/// exist are named by missing_selector().
[[nodiscard]] std::string selector_for(const Target& target, Need need);
[[nodiscard]] std::string missing_selector(const Target& target);

/// All of them, the good one first; the RSA one where there is such a key.
[[nodiscard]] std::vector<Record> records(const Target& target);

/// Whether the texts found in the DNS are those of the record, blanks apart.
[[nodiscard]] bool is_published(const Record& record, std::vector<std::string> found);

/// Why a check that needs this is not run: "give --second", "publish cas1-revoked._domainkey.west.example".
[[nodiscard]] std::string why_not(const Target& target, Need missing);

/// What a person has to set up, to read before anything is sent: the records as text for a zone file, the recipients
/// and what they must be, and what will be sent.
[[nodiscard]] std::string setup_text(const Target& target, std::string_view endpoint);

}  // namespace cas::conformance
