// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Bodies of the SQLite store: small chunks in rows, larger ones in segments, and nothing of it seen from above.
#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "store/store_rows_test.hpp"

namespace cas::store {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SqliteBodies : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_or_fail({.file = file_, .segment_size = 1 << 20}); }

  void execute(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
    char* error = nullptr;
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, &error), SQLITE_OK) << error;
    sqlite3_free(error);
    sqlite3_close(db);
  }

  static QueueId id(int n) { return "M" + std::to_string(n); }

  /// Large messages, each with another body, in one transaction.
  void fill(Store& store, int from, int to) {
    EXPECT_TRUE(write_and_wait(store, [&](Tx& tx) -> Result<void> {
      for (int n = from; n < to; ++n) CAS_CHECK(enqueue(id(n), large_ + id(n))(tx));
      return {};
    }));
  }
  static void drop(Store& store, int from, int to, bool (*which)(int)) {
    EXPECT_TRUE(write_and_wait(store, [&](Tx& tx) -> Result<void> {
      for (int n = from; n < to; ++n) {
        if (which(n)) CAS_CHECK(tx.remove_message(id(n)));
      }
      return {};
    }));
  }

  static Result<std::string> body(Store& store, const QueueId& id) {
    std::string octets;
    const auto done = read_and_wait(store, [&](Reader& reader) -> Result<void> {
      CAS_TRY(const auto message, reader.message(id));
      if (!message) return transient("no such message");
      for (std::uint32_t n = 0;; ++n) {
        CAS_TRY(const auto chunk, reader.body_chunk(message->body, n));
        if (chunk.empty()) return {};
        octets += chunk;
      }
    });
    if (!done) return std::unexpected(done.error());
    return octets;
  }

  [[nodiscard]] std::vector<std::filesystem::path> segments() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ / "cas.db.bodies")) found.push_back(entry.path());
    return found;
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / "cas.db";
  std::string small_ = std::string(16384, 's');
  std::string large_ = std::string(16385, 'l');
};

/// Writes that do nothing, until the store had an idle moment after which `done` holds.
template <class Done>
bool comes_true(Store& store, Done done) {
  for (int n = 0; n < 10'000 && !done(); ++n) {
    if (!write_and_wait(store, [](Tx&) -> Result<void> { return {}; })) return false;
  }
  return done();
}

TEST_F(SqliteBodies, LargeOnesLieBesideTheDatabaseAndComeBackAfterAStart) {
  {
    const auto store = open();
    ASSERT_TRUE(write_and_wait(*store, enqueue("small", small_)));
    EXPECT_TRUE(segments().empty());
    ASSERT_TRUE(write_and_wait(*store, enqueue("large", large_)));
    EXPECT_EQ(segments().size(), 1U);
    EXPECT_EQ(body(*store, "small"), small_);
    EXPECT_EQ(body(*store, "large"), large_);
  }
  const auto store = open();
  EXPECT_EQ(body(*store, "small"), small_);
  EXPECT_EQ(body(*store, "large"), large_);
}

TEST_F(SqliteBodies, OneBodyMayHaveChunksOfBothKinds) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, [&](Tx& tx) -> Result<void> {
    CAS_TRY(const auto id, tx.create_body());
    for (const auto& chunk : {large_, small_, large_, std::string("end")}) CAS_CHECK(tx.append_body(id, chunk));
    return tx.add_message(plain_message("M", id), {});
  }));
  EXPECT_EQ(body(*store, "M"), large_ + small_ + large_ + "end");
}

TEST_F(SqliteBodies, WhatEarlierVersionsWroteIsReadUntilItIsDelivered) {
  const std::string old(300'000, 'o');
  {
    const auto store = open_or_fail({.file = file_, .small_chunk = 1 << 20});  // every chunk in its row, as then
    ASSERT_TRUE(write_and_wait(*store, enqueue("M", old)));
  }
  execute("UPDATE chunk SET sum = NULL");
  const auto store = open();
  EXPECT_EQ(body(*store, "M"), old);
  EXPECT_TRUE(write_and_wait(*store, [](Tx& tx) { return tx.remove_message("M"); }));
}

TEST_F(SqliteBodies, AnOrphanInASegmentGoesWithTheOthers) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("M", large_)));
  ASSERT_TRUE(write_and_wait(*store, [&](Tx& tx) -> Result<void> {
    CAS_TRY(const auto id, tx.create_body());
    return tx.append_body(id, large_);
  }));
  ASSERT_TRUE(write_and_wait(*store, [](Tx& tx) -> Result<void> {
    CAS_TRY(const auto removed, tx.remove_orphan_bodies());
    EXPECT_EQ(removed, 1U);
    return {};
  }));
  EXPECT_EQ(body(*store, "M"), large_);
}

TEST_F(SqliteBodies, AStartRemovesSegmentsThatNoRowNames) {
  {
    const auto store = open();
    ASSERT_TRUE(write_and_wait(*store, enqueue("M", large_)));
  }
  std::ofstream(dir_ / "cas.db.bodies/000000000099.seg") << "of a crash";
  const auto store = open();
  EXPECT_EQ(segments().size(), 1U);
  EXPECT_EQ(body(*store, "M"), large_);
}

TEST_F(SqliteBodies, ANewDatabaseDoesNotRemoveTheSegmentsOfAnother) {
  {
    const auto store = open();
    fill(*store, 0, 80);
  }
  for (const char* name : {"cas.db", "cas.db-wal", "cas.db-shm"}) std::filesystem::remove(dir_ / name);
  const auto before = segments().size();
  const auto refused = open_sqlite({.file = file_});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().lasting, Lasting::Permanent);
  EXPECT_THAT(refused.error().private_reason, AllOf(HasSubstr("cas.db.bodies"), HasSubstr("move the directory away")));
  EXPECT_EQ(segments().size(), before);
}

// ---- Drafts ----

TEST_F(SqliteBodies, ADraftKeepsTheSegmentsThatItLiesIn) {
  const auto store = open();
  auto draft = store->draft();
  ASSERT_TRUE(append_and_wait(*store, draft, large_));
  fill(*store, 0, 80);  // the next segment has begun
  drop(*store, 0, 80, [](int) { return true; });
  ASSERT_TRUE(append_and_wait(*store, draft, large_ + "end"));
  ASSERT_TRUE(write_and_wait(*store, enqueue_draft("M", draft)));
  draft.reset();
  EXPECT_EQ(body(*store, "M"), large_ + large_ + "end");
}

TEST_F(SqliteBodies, WhatADraftLeavesBehindIsGivenUp) {
  const auto store = open();
  auto draft = store->draft();
  ASSERT_TRUE(append_and_wait(*store, draft, large_));
  const auto first = dir_ / "cas.db.bodies/000000000001.seg";
  fill(*store, 0, 80);
  drop(*store, 0, 80, [](int) { return true; });
  ASSERT_TRUE(write_and_wait(*store, [](Tx&) -> Result<void> { return {}; }));
  EXPECT_TRUE(std::filesystem::exists(first));
  draft.reset();
  EXPECT_TRUE(comes_true(*store, [&] { return !std::filesystem::exists(first); }));
}

// ---- Damage ----

TEST_F(SqliteBodies, ADamagedSegmentIsToldOfWithTheMessageAndNeverDelivered) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("A", large_)));
  ASSERT_TRUE(write_and_wait(*store, enqueue("B", large_)));
  std::fstream(segments().front(), std::ios::in | std::ios::out | std::ios::binary).seekp(100) << 'x';
  const auto damaged = body(*store, "A");
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().lasting, Lasting::Permanent);
  EXPECT_THAT(damaged.error().private_reason,
              AllOf(HasSubstr("message A"), HasSubstr(".seg at 0"), HasSubstr("checksum")));
  EXPECT_EQ(body(*store, "B"), large_);
}

TEST_F(SqliteBodies, ADamagedRowIsToldOfTheSameWay) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("A", small_)));
  ASSERT_TRUE(write_and_wait(*store, enqueue("B", large_)));
  const auto reason = [&](const std::string& sql, const QueueId& id) {
    execute(sql);
    const auto damaged = body(*store, id);
    EXPECT_FALSE(damaged) << sql;
    return damaged ? std::string() : damaged.error().private_reason;
  };
  EXPECT_THAT(reason("UPDATE chunk SET octets = x'78' WHERE segment IS NULL", "A"), HasSubstr("message A"));
  EXPECT_THAT(reason("UPDATE chunk SET place = -1 WHERE segment IS NOT NULL", "B"), HasSubstr("message B"));
  EXPECT_THAT(reason("UPDATE chunk SET place = 0, size = 1 << 40 WHERE segment IS NOT NULL", "B"), HasSubstr("place"));
  EXPECT_THAT(reason("UPDATE chunk SET size = 17000 WHERE segment IS NOT NULL", "B"), HasSubstr("message B"));
}

// ---- What is left ----

TEST_F(SqliteBodies, OneOldMessageDoesNotHoldASegment) {
  const auto store = open();
  constexpr int count = 200;  // more than three segments
  fill(*store, 0, count);
  ASSERT_GE(segments().size(), 4U);
  drop(*store, 0, count, [](int n) { return n % 50 != 0; });
  EXPECT_TRUE(comes_true(*store, [this] { return segments().size() == 1; })) << segments().size();
  for (int n = 0; n < count; n += 50) EXPECT_EQ(body(*store, id(n)), large_ + id(n));
}

TEST_F(SqliteBodies, WhoReadsNeverMeetsABodyThatIsBeingMoved) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("kept", large_)));
  std::atomic<bool> over = false;
  std::jthread comes_and_goes([&] {
    for (int n = 0; n < 600; n += 20) {
      fill(*store, n, n + 20);
      drop(*store, n, n + 20, [](int) { return true; });
    }
    over = true;
  });
  int wrong = 0;
  while (!over) wrong += body(*store, "kept") == large_ ? 0 : 1;
  EXPECT_EQ(wrong, 0);
  comes_and_goes.join();
  const auto first = dir_ / "cas.db.bodies/000000000001.seg";
  EXPECT_TRUE(comes_true(*store, [&] { return !std::filesystem::exists(first); })) << "it was moved";
}

TEST_F(SqliteBodies, ADamagedSegmentStaysAndTheOthersAreStillTidied) {
  const auto store = open();
  fill(*store, 0, 200);
  std::fstream(dir_ / "cas.db.bodies/000000000001.seg", std::ios::in | std::ios::out | std::ios::binary).seekp(7)
      << 'x';
  drop(*store, 0, 200, [](int n) { return n != 0 && n != 70; });
  EXPECT_TRUE(comes_true(*store, [this] { return segments().size() == 2; })) << segments().size();
  EXPECT_FALSE(body(*store, id(0)));
  EXPECT_EQ(body(*store, id(70)), large_ + id(70));
}

}  // namespace
}  // namespace cas::store
