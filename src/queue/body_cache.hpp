// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Bodies of what was committed just now: most of them are delivered at once, and need not be read from the disk they
// have just been written to. A body is here as long as somebody holds it. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/guarded.hpp"
#include "store/rows.hpp"

namespace cas::queue {

class BodyCache : public std::enable_shared_from_this<BodyCache> {
 public:
  using Held = std::shared_ptr<const std::string>;
  explicit BodyCache(std::size_t most_octets) : most_octets_(most_octets) {}

  /// None: there is no room for it, or it is empty.
  [[nodiscard]] Held hold(store::BodyId body, std::string octets) {
    if (octets.empty()) return nullptr;
    auto kept = std::make_unique<std::string>(std::move(octets));
    const bool room = state_.with([&](State& state) {
      if (state.octets + kept->size() > most_octets_) return false;
      state.octets += kept->size();
      state.bodies.emplace(body, kept.get());
      return true;
    });
    if (!room) return nullptr;
    return {kept.release(), [self = shared_from_this(), body](const std::string* over) { self->drop(body, over); }};
  }

  [[nodiscard]] std::optional<std::string> find(store::BodyId body) const {
    return state_.with([&](const State& state) -> std::optional<std::string> {
      const auto at = state.bodies.find(body);
      if (at == state.bodies.end()) return std::nullopt;
      return *at->second;
    });
  }

 private:
  struct State {
    std::size_t octets = 0;
    std::unordered_map<store::BodyId, const std::string*> bodies;
  };

  void drop(store::BodyId body, const std::string* over) {
    const std::unique_ptr<const std::string> gone(over);
    state_.with([&](State& state) {
      state.octets -= over->size();
      state.bodies.erase(body);
    });
  }

  const std::size_t most_octets_;
  Guarded<State> state_;
};

}  // namespace cas::queue
