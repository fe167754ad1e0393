// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Bodies (sqlite_tx.hpp): a row for each chunk. The octets of a small one are in the row, those of a larger one in a
// segment; the row says where.
#include "store/checksum.hpp"
#include "store/sqlite_draft.hpp"
#include "store/sqlite_tx.hpp"
#include "store/work.hpp"

namespace cas::store {
namespace {

constexpr int chunk_bits = 20;  // a body has at most 2^20 chunks
constexpr std::int64_t max_chunks = std::int64_t{1} << chunk_bits;

std::int64_t first_chunk(BodyId body) {
  return body << chunk_bits;
}
std::int64_t as_integer(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::uint64_t as_unsigned(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

/// A damaged row may say anything.
bool makes_sense(const Place& place) {
  return place.octets != 0 && place.octets <= max_chunk && place.offset <= as_unsigned(INT64_MAX) - place.octets;
}

}  // namespace

Result<std::string> SqliteTx::body_chunk(BodyId body, std::uint32_t n) {
  if (n >= max_chunks) return std::string();
  Query query = db_.query("SELECT octets, sum, segment, place, size FROM chunk WHERE id = ?");
  query.integer(first_chunk(body) + n);
  CAS_TRY(const bool row, query.step());
  if (!row) return std::string();
  const auto sum = as_unsigned(query.integer_at(1));
  if (query.is_null(2)) {
    auto octets = query.text_at(0);
    if (query.is_null(1) || checksum(octets) == sum) return octets;
    const Error other{Lasting::Permanent, "a stored message is damaged", "the octets have another checksum"};
    return std::unexpected(about(other, body, n));
  }
  const Place place{.segment = query.integer_at(2),
                    .offset = as_unsigned(query.integer_at(3)),
                    .octets = as_unsigned(query.integer_at(4)),
                    .sum = sum};
  if (!makes_sense(place)) {
    const Error other{Lasting::Permanent, "a stored message is damaged", "its place cannot be understood"};
    return std::unexpected(about(other, body, n));
  }
  auto octets = view_.read(place);
  if (!octets) return std::unexpected(about(octets.error(), body, n));
  return octets;
}

/// With the row's name, and the message's.
Error SqliteTx::about(Error error, BodyId body, std::uint32_t n) {
  std::string row = "chunk " + std::to_string(n) + " of body " + std::to_string(body);
  Query query = db_.query("SELECT id FROM message WHERE body = ?");
  query.integer(body);
  if (const auto found = query.step(); found && *found) row.append(" of message ").append(query.text_at(0));
  error.private_reason.insert(0, row.append(": "));
  return error;
}

Result<BodyId> SqliteTx::create_body() {
  CAS_CHECK(db_.query("INSERT INTO body DEFAULT VALUES").run());
  growing_ = db_.last_insert_id();
  next_ = first_chunk(growing_);
  return growing_;
}

Result<BodyId> SqliteTx::create_body(const Draft& draft) {
  if (segments_ == nullptr) return permanent("internal error", "a body in a transaction that only reads");
  const auto& chunks = static_cast<const SqliteDraft&>(draft).chunks;
  if (chunks.size() > max_chunks) return permanent("message too large", "a body of too many chunks");
  CAS_TRY(const auto body, create_body());
  for (const Held& held : chunks) {
    CAS_CHECK(segments_->name(held));
    CAS_CHECK(insert_place(next_++, held.place));
  }
  return body;
}

Result<bool> SqliteTx::exists(BodyId body) {
  Query query = db_.query("SELECT 1 FROM body WHERE id = ?");
  query.integer(body);
  return query.step();
}

/// The id of the row that comes next. Asked once for a body that grows in this transaction.
Result<std::int64_t> SqliteTx::next_chunk(BodyId body) {
  if (body == growing_) return next_;
  CAS_TRY(const bool found, exists(body));
  if (!found) return permanent("internal error", "append to body " + std::to_string(body) + ", which does not exist");
  const std::int64_t first = first_chunk(body);
  Query query = db_.query("SELECT max(id) FROM chunk WHERE id BETWEEN ? AND ?");
  query.integer(first).integer(first + max_chunks - 1);
  CAS_TRY(const bool row, query.step());
  return row && !query.is_null(0) ? query.integer_at(0) + 1 : first;
}

Result<void> SqliteTx::append_body(BodyId body, std::string_view chunk) {
  if (segments_ == nullptr) return permanent("internal error", "append in a transaction that only reads");
  if (!is_chunk(chunk)) return permanent("internal error", "a chunk of a forbidden length");
  CAS_TRY(const auto next, next_chunk(body));
  if (next == first_chunk(body) + max_chunks) return permanent("message too large", "a body of too many chunks");
  CAS_CHECK(insert_chunk(next, chunk));
  growing_ = body;
  next_ = next + 1;
  return {};
}

Result<void> SqliteTx::insert_chunk(std::int64_t id, std::string_view chunk) {
  if (chunk.size() <= small_chunk_) {
    Query query = db_.query("INSERT INTO chunk (id, octets, sum) VALUES (?, ?, ?)");
    return query.integer(id).blob(chunk).integer(as_integer(checksum(chunk))).run();
  }
  CAS_TRY(const auto place, segments_->append(chunk));
  return insert_place(id, place);
}

Result<void> SqliteTx::insert_place(std::int64_t id, const Place& place) {
  Query query = db_.query("INSERT INTO chunk (id, octets, sum, segment, place, size) VALUES (?, x'', ?, ?, ?, ?)");
  return query.integer(id)
      .integer(as_integer(place.sum))
      .integer(place.segment)
      .integer(as_integer(place.offset))
      .integer(as_integer(place.octets))
      .run();
}

Result<void> SqliteTx::remove_body(BodyId body) {
  growing_ = 0;
  {
    Query query = db_.query("DELETE FROM body WHERE id = ?");  // refused by the foreign key while a message names it
    CAS_CHECK(query.integer(body).run());
  }
  Query query = db_.query("DELETE FROM chunk WHERE id BETWEEN ? AND ? RETURNING segment, size");
  query.integer(first_chunk(body)).integer(first_chunk(body) + max_chunks - 1);
  for (;;) {
    CAS_TRY(const bool row, query.step());
    if (!row) return {};
    if (!query.is_null(0) && segments_ != nullptr) {
      segments_->forget(query.integer_at(0), as_unsigned(query.integer_at(1)));
    }
  }
}

Result<std::size_t> SqliteTx::remove_orphan_bodies() {
  std::vector<BodyId> orphans;
  {
    Query query = db_.query("SELECT id FROM body WHERE id NOT IN (SELECT body FROM message)");
    for (;;) {
      CAS_TRY(const bool row, query.step());
      if (!row) break;
      orphans.push_back(query.integer_at(0));
    }
  }
  for (const BodyId body : orphans) CAS_CHECK(remove_body(body));
  return orphans.size();
}

}  // namespace cas::store
