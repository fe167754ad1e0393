// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What was used last, in bounded memory: two generations instead of a list in the order of use. Nearly as good, and
// much less to get wrong.
#pragma once

#include <cstddef>
#include <utility>

namespace cas {

/// `Map`: std::map or std::unordered_map. Holds between `capacity` and twice as many of the entries used last. When the
/// young ones are many they become the old ones, and the former old ones go. Not thread-safe.
template <class Map>
class Generations {
 public:
  using Key = typename Map::key_type;
  using Value = typename Map::mapped_type;

  explicit Generations(std::size_t capacity) : capacity_(capacity) {}

  /// None: not here. What is found among the old ones becomes young again. Valid until the next call.
  [[nodiscard]] const Value* find(const Key& key) {
    if (const auto found = young_.find(key); found != young_.end()) return &found->second;
    auto node = old_.extract(key);
    if (!node) return nullptr;
    make_room();
    return &young_.insert(std::move(node)).position->second;
  }
  /// Takes the place of what was known.
  void keep(Key key, Value value) {
    old_.erase(key);
    make_room();
    young_.insert_or_assign(std::move(key), std::move(value));
  }
  void forget(const Key& key) {
    young_.erase(key);
    old_.erase(key);
  }
  [[nodiscard]] std::size_t size() const { return young_.size() + old_.size(); }

 private:
  void make_room() {
    if (young_.size() >= capacity_) old_ = std::exchange(young_, {});
  }

  std::size_t capacity_;
  Map young_, old_;
};

}  // namespace cas
