// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A hash table of numbers that stand for things kept elsewhere: eight octets a cell, no allocation to look something
// up.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace cas::policy {

/// Not for secrets; the seed keeps who chooses the keys from choosing collisions.
[[nodiscard]] inline std::uint32_t hash_of(std::string_view key, std::uint64_t seed) {
  std::uint64_t h = seed ^ (key.size() * 0x9e3779b97f4a7c15U);
  for (; key.size() >= 8; key.remove_prefix(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, key.data(), 8);
    h = (h ^ word) * 0xd6e8feb86659fd93U;
    h ^= h >> 32U;
  }
  std::uint64_t rest = 0;
  if (!key.empty()) std::memcpy(&rest, key.data(), key.size());
  h = (h ^ rest) * 0xd6e8feb86659fd93U;
  h ^= h >> 32U;
  h *= 0xd6e8feb86659fd93U;
  return static_cast<std::uint32_t>(h >> 32U);
}

/// Open addressing with linear probing. Equal keys may stand in it more than once.
class SlotTable {
 public:
  void insert(std::uint32_t hash, std::uint32_t slot) {
    if ((size_ + 1) * 10 > cells_.size() * 7) grow();
    put({.hash = hash, .slot = slot});
    ++size_;
  }

  /// Of what is there.
  void erase(std::uint32_t hash, std::uint32_t slot) {
    if (cells_.empty()) return;
    std::size_t hole = hash & mask();
    while (cells_[hole].slot != slot) {
      if (cells_[hole].slot == none) return;
      hole = (hole + 1) & mask();
    }
    // What stands behind moves up, unless it would come to stand before its own place.
    for (std::size_t at = (hole + 1) & mask(); cells_[at].slot != none; at = (at + 1) & mask()) {
      const std::size_t home = cells_[at].hash & mask();
      if (((at - home) & mask()) < ((at - hole) & mask())) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole] = {};
    --size_;
  }

  /// Calls `visit(slot)` for each with that hash until it returns true.
  template <class Visit>
  void find(std::uint32_t hash, Visit visit) const {
    if (cells_.empty()) return;
    for (std::size_t at = hash & mask(); cells_[at].slot != none; at = (at + 1) & mask()) {
      if (cells_[at].hash == hash && visit(cells_[at].slot)) return;
    }
  }

  void reserve(std::size_t count) {
    while (count * 10 > cells_.size() * 7) grow();
  }

 private:
  static constexpr std::uint32_t none = 0xffffffffU;
  struct Cell {
    std::uint32_t hash = 0;
    std::uint32_t slot = none;
  };

  [[nodiscard]] std::size_t mask() const { return cells_.size() - 1; }
  void put(Cell cell) {
    std::size_t at = cell.hash & mask();
    while (cells_[at].slot != none) at = (at + 1) & mask();
    cells_[at] = cell;
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? 16 : cells_.size() * 2);
    old.swap(cells_);
    for (const Cell& cell : old) {
      if (cell.slot != none) put(cell);
    }
  }

  std::vector<Cell> cells_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace cas::policy
