// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who says which mailboxes a domain has. One look-up is one step: where a target leads is not followed here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "message/address.hpp"
#include "net/task.hpp"

namespace cas::recipients {

/// What stands behind a name: its own mailbox, other addresses, or both; never nothing.
struct Found {
  bool mailbox = false;
  std::vector<Mailbox> targets{};  // in order; none is the name itself
  std::string rule;                // who said it: "list", "file:12", "callout", "sql"
};

/// None: the domain has no such name. An error is transient: nobody knows.
using Lookup = Result<std::optional<Found>>;

/// Of one domain. Thread-safe: sessions of all threads ask.
class Source {
 public:
  Source() = default;
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  /// `local` in lower case: case makes no difference here.
  [[nodiscard]] virtual net::Task<Lookup> find(std::string local) = 0;
  /// What the source says of all names that it does not have, where it says so.
  [[nodiscard]] virtual std::optional<Found> catch_all() const { return std::nullopt; }
};

}  // namespace cas::recipients
