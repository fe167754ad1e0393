// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See conduct_store.hpp.
#include "registry/conduct_store.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "registry/conduct_line.hpp"

namespace cas::registry {
namespace {

constexpr std::string_view kind = "reputation";
constexpr std::string_view began_row = "began";
constexpr std::size_t shards = 256;
constexpr std::size_t at_once = 300;
constexpr double too_little = 0.05;  // a name with so little to say is not written

using Remembered = policy::Conduct::Remembered;

/// The same in every process: a name stays in its row.
std::size_t shard_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<std::uint8_t>(c)) * 16777619U;
  return hash % shards;
}

std::string row_name(std::size_t shard) {
  constexpr std::string_view digits = "0123456789abcdef";
  return {digits[shard / 16], digits[shard % 16]};
}

}  // namespace

Result<void> ConductStore::load() {
  std::vector<Remembered> all;
  const TimePoint now = clock_.now();
  TimePoint began = now;
  auto work = [&](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto rows, reader.memories(kind, "", at_once));
    for (const auto& row : rows) {
      if (row.name == began_row) began = time_in(row.value).value_or(now);
      std::string_view rest = row.value;
      while (row.name != began_row && !rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        if (auto one = read_remembered(line)) all.push_back(*std::move(one));
      }
    }
    return {};
  };
  CAS_CHECK(store::read_and_wait(store_, std::move(work)));
  conduct_.restore(all, began, now);
  return {};
}

void ConductStore::save() {
  std::array<std::string, shards> texts;
  for (const auto& one : conduct_.remembered()) {
    const auto& history = one.history;
    if (history.good + history.bad + history.misses < too_little) continue;
    texts.at(shard_of(one.name)) += text_of(one) + '\n';
  }
  auto changed = std::make_shared<std::vector<store::Memory>>();
  const auto write = [&](std::string name, std::string value) {
    const std::string digest = std::to_string(std::hash<std::string>()(value));
    if (std::exchange(written_[name], digest) == digest) return;
    changed->push_back({.name = std::move(name), .value = std::move(value), .keep_until = store::for_good});
  };
  write(std::string(began_row), seconds_text(conduct_.began()));
  for (std::size_t n = 0; n < shards; ++n) write(row_name(n), std::move(texts.at(n)));
  if (changed->empty()) return;
  auto work = [changed](store::Tx& tx) -> Result<void> {
    for (const auto& row : *changed) CAS_CHECK(tx.remember(kind, row));
    return {};
  };
  store_.write(std::move(work), [](const Result<void>&) {});
}

}  // namespace cas::registry
