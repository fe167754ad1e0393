// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_compaction.hpp.
#include "store/sqlite_compaction.hpp"

#include <utility>
#include <vector>

namespace cas::store {
namespace {

constexpr std::int64_t chunks_at_once = 16;
constexpr std::uint64_t octets_at_once = std::uint64_t{2} << 20;

using Row = std::pair<std::int64_t, Place>;

Result<std::vector<Row>> some_rows(Database& db, std::int64_t segment) {
  Query query = db.query("SELECT id, place, size, sum FROM chunk WHERE segment = ? LIMIT ?");
  query.integer(segment).integer(chunks_at_once);
  std::vector<Row> rows;
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return rows;
    rows.emplace_back(query.integer_at(0), Place{.segment = segment,
                                                 .offset = static_cast<std::uint64_t>(query.integer_at(1)),
                                                 .octets = static_cast<std::uint64_t>(query.integer_at(2)),
                                                 .sum = static_cast<std::uint64_t>(query.integer_at(3))});
  }
}

Result<void> move(Database& db, Segments& segments, const Row& row) {
  const auto& [id, from] = row;
  CAS_TRY(const auto octets, segments.view().read(from));
  CAS_TRY(const auto to, segments.append(octets));
  segments.forget(from.segment, from.octets);
  Query query = db.query("UPDATE chunk SET segment = ?, place = ? WHERE id = ?");
  return query.integer(to.segment).integer(static_cast<std::int64_t>(to.offset)).integer(id).run();
}

Result<void> move_some(Database& db, Segments& segments, std::int64_t segment) {
  CAS_CHECK(db.query("BEGIN IMMEDIATE").run());
  CAS_TRY(const auto rows, some_rows(db, segment));
  if (rows.empty()) return permanent("storage is not available", "no row names what was counted");
  std::uint64_t moved = 0;
  for (const Row& row : rows) {
    CAS_CHECK(move(db, segments, row));
    moved += row.second.octets;
    if (moved >= octets_at_once) break;
  }
  CAS_CHECK(segments.sync());
  return db.query("COMMIT").run();
}

}  // namespace

Result<bool> compact_a_little(Database& db, Segments& segments) {
  const auto segment = segments.sparse();
  if (!segment) return false;
  const auto moved = move_some(db, segments, *segment);
  if (moved) {
    segments.committed();
    return true;
  }
  if (db.in_transaction()) static_cast<void>(db.exec("ROLLBACK"));  // the first error is the one to tell
  segments.rolled_back();
  if (moved.error().lasting == Lasting::Transient) return std::unexpected(moved.error());
  segments.leave_alone(*segment);  // damaged: what waits there is told when it is read
  return true;
}

}  // namespace cas::store
