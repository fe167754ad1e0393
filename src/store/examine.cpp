// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See examine.hpp. Reads in short transactions, so that no checkpoint of a running server waits long.
#include "store/examine.hpp"

#include "store/checksum.hpp"
#include "store/segments.hpp"
#include "store/sqlite_database.hpp"
#include "store/sqlite_schema.hpp"

namespace cas::store {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t most_damage = 20;
constexpr std::size_t batch = 64;

struct Piece {
  std::int64_t id = 0;
  bool inside = false;  // in the row itself
  std::string octets;
  bool has_sum = false;
  Place place;
};

std::uint64_t as_unsigned(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

Piece read_piece_row(const Query& row) {
  Piece piece{.id = row.integer_at(0), .inside = row.is_null(3), .octets = {}, .has_sum = !row.is_null(2), .place = {}};
  piece.place.sum = as_unsigned(row.integer_at(2));
  if (piece.inside) {
    piece.octets = row.text_at(1);
  } else {
    piece.place.segment = row.integer_at(3);
    piece.place.offset = as_unsigned(row.integer_at(4));
    piece.place.octets = as_unsigned(row.integer_at(5));
  }
  return piece;
}

Result<std::vector<Piece>> next_pieces(Database& db, std::int64_t after) {
  std::vector<Piece> pieces;
  Query query = db.query("SELECT id, octets, sum, segment, place, size FROM chunk WHERE id > ? ORDER BY id LIMIT 64");
  query.integer(after);
  while (pieces.size() < batch) {
    CAS_TRY(const bool row, query.step());
    if (!row) break;
    pieces.push_back(read_piece_row(query));
  }
  return pieces;
}

/// The same row as it is now; none: it is gone.
Result<std::vector<Piece>> again(Database& db, std::int64_t id) {
  Query query = db.query("SELECT id, octets, sum, segment, place, size FROM chunk WHERE id = ?");
  query.integer(id);
  CAS_TRY(const bool row, query.step());
  std::vector<Piece> pieces;
  if (row) pieces.push_back(read_piece_row(query));
  return pieces;
}

/// What is wrong with it; empty: nothing.
std::string fault_of(const Piece& piece, const std::filesystem::path& bodies) {
  if (piece.inside) {
    const bool sound = !piece.has_sum || checksum(piece.octets) == piece.place.sum;
    return sound ? std::string() : "row " + std::to_string(piece.id) + " of a body: the octets have another checksum";
  }
  const auto octets = read_piece(bodies, piece.place);
  return octets ? std::string() : octets.error().private_reason;
}

class Examiner {
 public:
  Examiner(Database& db, std::filesystem::path bodies, const ExamineOptions& options)
      : db_(db), bodies_(std::move(bodies)), options_(options), until_(Clock::now() + options.time) {}

  Result<Examination> run() {
    CAS_CHECK(look_through());
    if (found_.damage.empty()) CAS_CHECK(compare_pieces());
    return std::move(found_);
  }

 private:
  // What SQLite itself finds; a page that cannot be read at all ends the check with an error about the content.
  Result<void> look_through() {
    Query query = db_.query(options_.deep ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)");
    while (true) {
      const auto row = query.step();
      if (!row && !db_.failed_by_content()) return std::unexpected(row.error());
      if (!row) tell(row.error().private_reason);
      if (!row || !*row) return {};
      if (auto text = query.text_at(0); text != "ok") tell(std::move(text));
    }
  }

  Result<void> compare_pieces() {
    if (Query table = db_.query("SELECT 1 FROM sqlite_schema WHERE name = 'chunk_segment'"); true) {
      CAS_TRY(const bool has_sums, table.step());
      if (!has_sums) return {};  // a file that was made a moment ago, or one of an early version
    }
    for (std::int64_t after = -1;;) {
      CAS_TRY(const auto pieces, next_pieces(db_, after));
      for (const auto& piece : pieces) {
        if (!options_.deep && Clock::now() > until_) {
          found_.all_pieces = false;
          return {};
        }
        CAS_CHECK(compare(piece));
        if (found_.damage.size() >= most_damage) return {};
        after = piece.id;
      }
      if (pieces.empty()) return {};
    }
  }

  Result<void> compare(const Piece& piece) {
    ++found_.pieces;
    if (fault_of(piece, bodies_).empty()) return {};
    CAS_TRY(const auto now, again(db_, piece.id));  // delivered, or moved to another segment meanwhile
    if (now.empty()) return {};
    if (auto fault = fault_of(now.front(), bodies_); !fault.empty()) tell(std::move(fault));
    return {};
  }

  void tell(std::string what) {
    if (found_.damage.size() < most_damage) found_.damage.push_back(std::move(what));
  }

  Database& db_;
  std::filesystem::path bodies_;
  ExamineOptions options_;
  Clock::time_point until_;
  Examination found_;
};

}  // namespace

Result<Examination> examine(const std::filesystem::path& file, const ExamineOptions& options) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault) return permanent("storage is not available", fault.message());
  if (size > options.check_up_to && !options.deep) {
    Examination found;
    found.looked_through = false;
    return found;
  }
  CAS_TRY(auto db, Database::open_read_only(file));
  CAS_CHECK(db.exec("PRAGMA busy_timeout = 10000"));
  if (auto ours = check_ours(db, file); !ours) {
    if (ours.error().lasting == Lasting::Transient && !db.failed_by_content()) return std::unexpected(ours.error());
    Examination found;
    found.damage.push_back(ours.error().private_reason);
    return found;
  }
  auto bodies = file;
  bodies += ".bodies";
  return Examiner(db, std::move(bodies), options).run();
}

}  // namespace cas::store
