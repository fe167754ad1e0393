// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RESERVED (CAS §10.1): which (d, i, recipient) a session is working on right now. In memory: one node has one table.
#pragma once

#include <memory>
#include <set>

#include "base/guarded.hpp"
#include "confirm/ledger.hpp"

namespace cas::inbound {

/// Thread-safe.
class Reservations {
 public:
  /// Ends its reservation when it goes.
  class Lease {
   public:
    Lease(Reservations& table, confirm::LedgerKey key) : table_(&table), key_(std::move(key)) {}
    Lease(Lease&& other) noexcept : table_(std::exchange(other.table_, nullptr)), key_(std::move(other.key_)) {}
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (table_ != nullptr) table_->release(key_);
    }
    [[nodiscard]] const confirm::LedgerKey& key() const { return key_; }

   private:
    Reservations* table_;
    confirm::LedgerKey key_;
  };

  /// None when another session holds it.
  [[nodiscard]] std::optional<Lease> reserve(const confirm::LedgerKey& key) {
    const bool added = keys_.with([&](auto& keys) { return keys.insert(key).second; });
    if (!added) return std::nullopt;
    return std::optional<Lease>(std::in_place, *this, key);
  }

 private:
  void release(const confirm::LedgerKey& key) {
    keys_.with([&](auto& keys) { keys.erase(key); });
  }
  Guarded<std::set<confirm::LedgerKey>> keys_;
};

}  // namespace cas::inbound
