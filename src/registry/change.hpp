// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people enter while the server runs: exceptions, accounts, relationships. Each change and its line in the audit
// log are one transaction; it is durable before it is in force, and in force before whoever made it hears so.
#pragma once

#include <string>

#include "base/time.hpp"
#include "store/store.hpp"

namespace cas::registry {

/// Who changes something, and when: for the audit log.
struct Change {
  TimePoint at;
  std::string by;  // "root", "suzie@south.example"
};

/// Adds the line of a change. `action` is one word, such as "user-add"; no secret may be in `detail`.
[[nodiscard]] inline Result<void> note(store::Tx& tx, const Change& change, std::string action, std::string subject,
                                       std::string detail = {}) {
  return tx.add_audit({.number = 0,
                       .at = change.at,
                       .by = change.by,
                       .action = std::move(action),
                       .subject = std::move(subject),
                       .detail = std::move(detail)});
}

}  // namespace cas::registry
