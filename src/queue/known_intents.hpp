// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which intents the ledger surely does not know: nearly all that are shown are new, and need no question to the disk. A
// Bloom filter of the ids in the ledger; "perhaps" means that the ledger has to be asked. Wrong only in that direction,
// and the commit asks the ledger again in any case.
#pragma once

#include <cstdint>
#include <vector>

#include "base/guarded.hpp"
#include "confirm/intent.hpp"

namespace cas::queue {

/// Thread-safe. Bounded: at most `max_bits`; with more ids than that suits, "perhaps" is said more often.
class KnownIntents {
 public:
  explicit KnownIntents(std::size_t bits = std::size_t{1} << 20, std::size_t max_bits = std::size_t{1} << 27);

  /// After the id was written to the ledger, before anybody is told so.
  void add(const confirm::IntentId& id);
  /// True until the ledger was loaded.
  [[nodiscard]] bool perhaps(const confirm::IntentId& id) const;

  /// The ledger has to be loaded: at the start, and again when the filter became too small. Once each time.
  [[nodiscard]] bool begin_load();
  /// Everything that was in the ledger when begin_load() was called was added since.
  void loaded();

 private:
  struct State {
    std::vector<std::uint64_t> words;
    std::size_t ids = 0;
    bool complete = false;
    bool loading = false;
  };
  static void put(State& state, const confirm::IntentId& id);
  [[nodiscard]] bool too_small(const State& state) const;

  std::size_t max_bits_;
  Guarded<State> state_;
};

}  // namespace cas::queue
