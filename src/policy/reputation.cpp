// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See reputation.hpp.
#include "policy/reputation.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace cas::policy {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::size_t forgotten_at_once = 4;  // a quarter of the table: what that costs, the next ones share

double sound(double number) {
  return std::isfinite(number) && number > 0 ? number : 0;
}

/// How much there is to say of somebody.
double weight(const History& history) {
  return history.good + history.bad + history.misses;
}

}  // namespace

History Reputation::faded(const History& history, TimePoint now) const {
  if (history.at == now) return history;
  const std::chrono::duration<double> passed = std::max(now - history.at, milliseconds{0});
  const std::chrono::duration<double> half_life = options_.half_life;
  const std::chrono::duration<double> miss_memory = options_.miss_memory;
  const double halves = std::exp2(-(passed / half_life));
  return {.good = history.good * halves,
          .bad = history.bad * halves,
          .misses = history.misses * std::exp(-(passed / miss_memory)),
          .first = std::min(history.first, now),
          .at = now};
}

double Reputation::good_in(const History& history, std::chrono::seconds interval) const {
  const std::chrono::duration<double> half_life = options_.half_life;
  return history.good * std::numbers::ln2 * (std::chrono::duration<double>(interval) / half_life);
}

std::optional<std::uint32_t> Reputation::slot_of(std::string_view name, std::uint32_t hash) const {
  std::optional<std::uint32_t> found;
  slots_.find(hash, [&](std::uint32_t slot) {
    if (entries_[slot].name != name) return false;
    found = slot;
    return true;
  });
  return found;
}

Reputation::Entry* Reputation::place_for(std::string_view name, TimePoint now) {
  if (name.empty() || name.size() > longest_name || options_.capacity == 0) return nullptr;
  const std::uint32_t hash = hash_of(name, seed_);
  if (const auto slot = slot_of(name, hash)) return &entries_[*slot];
  if (entries_.size() >= options_.capacity) make_room(now);
  slots_.insert(hash, static_cast<std::uint32_t>(entries_.size()));
  entries_.push_back({.name = std::string(name), .hash = hash, .history = {.first = now, .at = now}});
  return &entries_.back();
}

void Reputation::note(std::string_view name, Deed deed, TimePoint now) {
  Entry* const entry = place_for(name, now);
  if (entry == nullptr) return;
  entry->history = faded(entry->history, now);
  switch (deed) {
    case Deed::Good: entry->history.good += 1; break;
    case Deed::Bad: entry->history.bad += 1; break;
    case Deed::Miss: entry->history.misses += 1; break;
  }
}

std::optional<History> Reputation::find(std::string_view name, TimePoint now) const {
  const auto slot = slot_of(name, hash_of(name, seed_));
  if (!slot) return std::nullopt;
  return faded(entries_[*slot].history, now);
}

void Reputation::restore(std::string_view name, const History& history, TimePoint now) {
  Entry* const entry = place_for(name, now);
  if (entry == nullptr) return;
  entry->history = {.good = sound(history.good),
                    .bad = sound(history.bad),
                    .misses = sound(history.misses),
                    .first = std::min(history.first, now),
                    .at = std::min(history.at, now)};
}

// Of two with as little to say the one that was silent for longer goes.
void Reputation::make_room(TimePoint now) {
  struct Rank {
    double weight;
    TimePoint at;
    std::uint32_t slot;
    auto operator<=>(const Rank&) const = default;
  };
  std::vector<Rank> ranks;
  ranks.reserve(entries_.size());
  for (std::uint32_t slot = 0; slot < entries_.size(); ++slot) {
    const auto& history = entries_[slot].history;
    ranks.push_back({.weight = weight(faded(history, now)), .at = history.at, .slot = slot});
  }
  const auto kept = ranks.begin() + static_cast<std::ptrdiff_t>(ranks.size() / forgotten_at_once + 1);
  std::ranges::nth_element(ranks, kept - 1);
  for (auto rank = ranks.begin(); rank != kept; ++rank) entries_[rank->slot].name.clear();
  std::erase_if(entries_, [](const Entry& entry) { return entry.name.empty(); });
  slots_ = SlotTable();
  slots_.reserve(entries_.size());
  for (std::uint32_t slot = 0; slot < entries_.size(); ++slot) slots_.insert(entries_[slot].hash, slot);
}

}  // namespace cas::policy
