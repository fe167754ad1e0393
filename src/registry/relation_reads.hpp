// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How the rows of relationships are found: what relationships.cpp and relationships_keeper.cpp share, and nobody else.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "registry/relation_rows.hpp"
#include "store/store.hpp"

namespace cas::registry::relation_reads {

inline constexpr std::size_t most_pending = 200;  // that are looked at: the bounds are below it
inline constexpr std::size_t page = 256;
/// The value of a release that lets all go into the inbox; another is the name of the last that is thrown away.
inline constexpr std::string_view go = "go";

/// As long as any other, so that names are in the order of time.
[[nodiscard]] std::string day_of(UnixTime now);
/// A row that says when.
[[nodiscard]] store::Memory at(std::string name, UnixTime when);
/// Less than `span` ago; also in a time to come, after a clock was set back, it is long ago.
[[nodiscard]] bool is_recent(const store::Memory& row, UnixTime now, std::chrono::seconds span);

[[nodiscard]] Result<std::optional<RelationRow>> look(store::Reader& reader, std::string_view kind,
                                                      const std::string& mailbox, const std::string& key);
/// Who waits for a mailbox, and has not waited too long.
[[nodiscard]] Result<std::vector<RelationRow>> all_pending(store::Reader& reader, const std::string& mailbox,
                                                           UnixTime now);
/// Some message of that sender waits.
[[nodiscard]] Result<bool> has_held(store::Reader& reader, const std::string& mailbox, const std::string& key);
/// Nor does a sender wait of whom nothing does.
[[nodiscard]] Result<void> forget_held(store::Tx& tx, const HeldRow& row);

/// Those of a kind whose names begin with `first` and, unless it is empty, `second`.
template <class Use>
Result<void> each(store::Reader& reader, std::string_view kind, const std::string& first, const std::string& second,
                  std::size_t limit, Use use) {
  std::string after = row_name(first, second);
  if (!second.empty()) after += '\n';
  for (std::size_t seen = 0; seen < limit;) {
    CAS_TRY(const auto rows, reader.memories(kind, after, std::min(page, limit - seen)));
    for (const auto& row : rows) {
      if (!begins_with(row.name, first, second)) return {};
      use(row);
    }
    if (rows.empty()) return {};
    seen += rows.size();
    after = rows.back().name;
  }
  return {};
}

/// All of a kind behind `after` in the order of their names, until `use` has enough.
template <class Use>
Result<void> all_of_kind(store::Reader& reader, std::string_view kind, std::string after, Use use) {
  while (true) {
    CAS_TRY(const auto rows, reader.memories(kind, after, page));
    for (const auto& row : rows) {
      CAS_TRY(const bool more, use(row));
      if (!more) return {};
    }
    if (rows.empty()) return {};
    after = rows.back().name;
  }
}

}  // namespace cas::registry::relation_reads
