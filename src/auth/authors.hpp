// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Whom the From field names: for whom DMARC asks.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "message/address.hpp"
#include "message/header.hpp"

namespace cas::auth {

/// RFC 9989 §5.3.1: each domain once, A-labels, in order.
struct Authors {
  static constexpr std::size_t max_domains = 4;  // RFC 9989 §11.5: a message must not make us ask for hundreds

  std::vector<Domain> domains;
  std::string fault;  // not empty: who wrote this is not known or not all of them are in `domains`
};

/// Of a whole header. A missing or repeated From, one that cannot be read, one without a mailbox, an author at an
/// address literal and more than `max_domains` domains are faults. Members of groups are authors (RFC 6854).
///
/// What mail programs write against the grammar and everybody can read is read: one address in angle brackets at the
/// end, with a display name that should have been quoted ("Doe, Ann <ann@a.example>"), as long as each other "@" in the
/// field stands before the same domain.
[[nodiscard]] Authors read_authors(const std::vector<HeaderField>& header);

}  // namespace cas::auth
