// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See known_intents.hpp.
#include "queue/known_intents.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace cas::queue {

namespace {

constexpr std::size_t word_bits = 64;
constexpr std::size_t probes = 5;
constexpr std::size_t bits_an_id = 10;  // with five probes, one "perhaps" in a hundred is wrong

/// The bits of an id. An id is 16 octets that its signer drew; who draws bad ones makes questions of his own.
template <class Each>
void each_bit(const confirm::IntentId& id, std::size_t bits, Each each) {
  static_assert(sizeof(confirm::IntentId) == 2 * sizeof(std::uint64_t));
  const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(id);
  for (std::size_t n = 0; n < probes; ++n) {
    const std::size_t bit = (halves[0] + n * (halves[1] | 1)) & (bits - 1);
    each(bit / word_bits, std::uint64_t{1} << (bit % word_bits));
  }
}

}  // namespace

KnownIntents::KnownIntents(std::size_t bits, std::size_t max_bits)
    : max_bits_(std::bit_floor(std::max(max_bits, word_bits))) {
  const std::size_t first = std::min(std::bit_ceil(std::max(bits, word_bits)), max_bits_);
  state_.with([&](State& state) { state.words.resize(first / word_bits); });
}

void KnownIntents::put(State& state, const confirm::IntentId& id) {
  bool is_new = false;
  each_bit(id, state.words.size() * word_bits, [&](std::size_t word, std::uint64_t bit) {
    is_new = is_new || (state.words[word] & bit) == 0;
    state.words[word] |= bit;
  });
  if (is_new) ++state.ids;
}

void KnownIntents::add(const confirm::IntentId& id) {
  state_.with([&](State& state) { put(state, id); });
}

bool KnownIntents::perhaps(const confirm::IntentId& id) const {
  return state_.with([&](const State& state) {
    bool all = true;
    each_bit(id, state.words.size() * word_bits,
             [&](std::size_t word, std::uint64_t bit) { all = all && (state.words[word] & bit) != 0; });
    return all || !state.complete;
  });
}

bool KnownIntents::too_small(const State& state) const {
  const std::size_t bits = state.words.size() * word_bits;
  return bits < max_bits_ && state.ids > bits / bits_an_id;
}

bool KnownIntents::begin_load() {
  return state_.with([&](State& state) {
    if (state.loading || (state.complete && !too_small(state))) return false;
    if (too_small(state)) {
      const std::size_t words = state.words.size() * 2;
      state.words.assign(words, 0);
      state.ids = 0;
    }
    state.complete = false;
    state.loading = true;
    return true;
  });
}

void KnownIntents::loaded() {
  state_.with([](State& state) {
    state.complete = true;
    state.loading = false;
  });
}

}  // namespace cas::queue
