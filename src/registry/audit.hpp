// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading the audit log. There is nothing to write here: lines are made by the changes themselves (change.hpp).
#pragma once

#include "store/store.hpp"
#include "store/values.hpp"

namespace cas::registry {

/// Thread-safe; `done` runs on a thread of the store, which outlives it.
class AuditLog {
 public:
  explicit AuditLog(store::Store& store) : store_(store) {}

  /// Entries below `before` (exclusive; 0: from the newest), newest first, at most `limit`.
  void list(std::int64_t before, std::size_t limit, store::ValueDone<std::vector<store::AuditEntry>> done) {
    using Entries = std::vector<store::AuditEntry>;
    auto ask = [before, limit](store::Reader& reader) { return reader.audit(before, limit); };
    store::read_value<Entries>(store_, std::move(ask), std::move(done));
  }

 private:
  store::Store& store_;
};

}  // namespace cas::registry
