// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What was acknowledged is there: after SIGKILL, after a power failure on a disk that had kept only what was synced,
// and never said of what a full disk refused.
#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <future>
#include <latch>
#include <thread>

#include "store/lying_disk_test.hpp"
#include "store/store_rows_test.hpp"

namespace cas::store {
namespace {

using testing::Each;
using testing::IsTrue;

QueueId id_of(std::uint32_t n) {
  return "M" + std::to_string(100'000 + n);
}
/// Some in rows, some in segments.
std::string body_of(std::uint32_t n) {
  return "body of " + id_of(n) + std::string(n % 7 * 4000, 'x');
}

/// The messages that a store opened on `file` does not hold as they were written.
std::vector<std::uint32_t> missing(const std::filesystem::path& file, const std::vector<std::uint32_t>& wanted) {
  std::vector<std::uint32_t> found_missing;
  const auto store = open_or_fail({.file = file});
  if (!store) return wanted;
  for (const auto n : wanted) {
    const auto there = read_and_wait(*store, [&](Reader& reader) -> Result<void> {
      CAS_TRY(const auto message, reader.message(id_of(n)));
      if (!message) return transient("lost");
      CAS_TRY(const auto recipients, reader.recipients(id_of(n)));
      CAS_TRY(const auto body, reader.body_chunk(message->body, 0));
      return recipients.size() == 1 && body == body_of(n) ? Result<void>() : transient("not whole");
    });
    if (!there) found_missing.push_back(n);
  }
  return found_missing;
}

std::string integrity(const std::filesystem::path& file) {
  sqlite3* db = nullptr;
  sqlite3_open(file.c_str(), &db);
  std::string answer;
  const auto keep = [](void* out, int, char** values, char**) {
    static_cast<std::string*>(out)->append(values[0]);
    return 0;
  };
  sqlite3_exec(db, "PRAGMA integrity_check; PRAGMA foreign_key_check", keep, &answer, nullptr);
  sqlite3_close(db);
  return answer;
}

// ---- kill -9 ----

/// Writes without end; each acknowledged number goes into the pipe.
[[noreturn]] void write_until_killed(const std::filesystem::path& file, int pipe_end) {
  auto store = open_sqlite({.file = file});
  if (!store) ::_exit(1);
  for (std::uint32_t n = 0;; ++n) {
    (*store)->write(enqueue(id_of(n), body_of(n)), [n, pipe_end](const Result<void>& result) {
      if (result && ::write(pipe_end, &n, sizeof n) != sizeof n) ::_exit(1);
    });
    if (n % 50 == 49) static_cast<void>(write_and_wait(**store, [](Tx&) -> Result<void> { return {}; }));
  }
}

std::vector<std::uint32_t> acknowledged_before_kill(const std::filesystem::path& file, std::size_t count) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) write_until_killed(file, ends[1]);
  ::close(ends[1]);
  std::vector<std::uint32_t> acknowledged;
  for (std::uint32_t n = 0; ::read(ends[0], &n, sizeof n) == sizeof n;) {
    acknowledged.push_back(n);
    if (acknowledged.size() == count) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status));
  return acknowledged;
}

TEST(SqliteDurability, WhatWasAcknowledgedBeforeSigkillIsThere) {
  std::mt19937 dice(std::random_device{}());
  for (int round = 0; round < 4; ++round) {
    const TempDir dir;
    const std::size_t count = 1 + dice() % 400;
    SCOPED_TRACE("killed after " + std::to_string(count));
    const auto acknowledged = acknowledged_before_kill(dir / "cas.db", count);
    ASSERT_GE(acknowledged.size(), count);
    EXPECT_EQ(integrity(dir / "cas.db"), "ok");
    EXPECT_EQ(missing(dir / "cas.db", acknowledged), std::vector<std::uint32_t>{});
  }
}

// ---- The power fails ----

/// Writes `count` messages and lets the power fail when one of them, `at`, was just acknowledged; gives those that had
/// been by then.
std::vector<std::uint32_t> acknowledged_before_power_failure(const LyingDisk& disk, Store& store, std::uint32_t count,
                                                             std::uint32_t at, const std::filesystem::path& into) {
  std::vector<std::uint32_t> acknowledged;
  std::vector<std::uint32_t> before;
  std::promise<void> all;
  for (std::uint32_t n = 0; n < count; ++n) {
    store.write(enqueue(id_of(n), body_of(n)), [&, n](const Result<void>& result) {
      EXPECT_TRUE(result);
      acknowledged.push_back(n);
      if (n == at) {
        before = acknowledged;
        disk.after_power_failure(into, n);
      }
      if (n + 1 == count) all.set_value();
    });
  }
  all.get_future().wait();
  return before;
}

TEST(SqliteDurability, WhatWasAcknowledgedSurvivesThePowerFailureOfALyingDisk) {
  std::mt19937 dice(std::random_device{}());
  for (int round = 0; round < 4; ++round) {
    const TempDir dir;
    const TempDir after;
    const auto at = static_cast<std::uint32_t>(dice() % 1500);  // enough pages for checkpoints in between
    SCOPED_TRACE("power failure at " + std::to_string(at));
    std::vector<std::uint32_t> acknowledged;
    {
      LyingDisk disk;
      const auto store =
          open_or_fail({.file = dir / "cas.db", .max_group = 1 + dice() % 64, .segment_size = 1 << 20, .disk = &disk});
      ASSERT_NE(store, nullptr);
      acknowledged = acknowledged_before_power_failure(disk, *store, 1500, at, after.path());
    }
    ASSERT_EQ(acknowledged.size(), at + 1);
    EXPECT_EQ(integrity(after / "cas.db"), "ok");
    EXPECT_EQ(missing(after / "cas.db", acknowledged), std::vector<std::uint32_t>{});
  }
}

TEST(SqliteDurability, WhatIsCopiedOutOfSparseSegmentsSurvivesAPowerFailureAtAnyMoment) {
  std::mt19937 dice(std::random_device{}());
  for (int round = 0; round < 4; ++round) {
    const TempDir dir;
    const TempDir after;
    std::vector<std::uint32_t> kept;
    {
      LyingDisk disk;
      const auto store = open_or_fail({.file = dir / "cas.db", .segment_size = 1 << 20, .disk = &disk});
      ASSERT_NE(store, nullptr);
      constexpr std::uint32_t count = 400;
      acknowledged_before_power_failure(disk, *store, count, 0, after.path());
      ASSERT_TRUE(write_and_wait(*store, [&](Tx& tx) -> Result<void> {
        for (std::uint32_t n = 0; n < count; ++n) {
          if (n % 10 == 6) {
            kept.push_back(n);
          } else {
            CAS_CHECK(tx.remove_message(id_of(n)));
          }
        }
        return {};
      }));
      for (auto turns = dice() % 12; turns > 0; --turns) {  // each is followed by a moment of copying
        ASSERT_TRUE(write_and_wait(*store, [](Tx&) -> Result<void> { return {}; }));
      }
      std::filesystem::remove_all(after.path());
      std::filesystem::create_directory(after.path());
      disk.after_power_failure(after.path(), static_cast<unsigned>(dice()));
    }
    EXPECT_EQ(integrity(after / "cas.db"), "ok");
    EXPECT_EQ(missing(after / "cas.db", kept), std::vector<std::uint32_t>{});
    EXPECT_EQ(missing(dir / "cas.db", kept), std::vector<std::uint32_t>{});
  }
}

std::string body_in(const std::filesystem::path& file, const QueueId& id) {
  const auto store = open_or_fail({.file = file});
  std::string octets;
  EXPECT_TRUE(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
    CAS_TRY(const auto message, reader.message(id));
    for (std::uint32_t n = 0; message; ++n) {
      CAS_TRY(const auto chunk, reader.body_chunk(message->body, n));
      if (chunk.empty()) break;
      octets += chunk;
    }
    return {};
  }));
  return octets;
}

TEST(SqliteDurability, ADraftIsSyncedByTheCommitAloneAndSurvivesThePowerFailure) {
  const TempDir dir;
  const TempDir after;
  std::string octets;
  {
    LyingDisk disk;
    const auto store = open_or_fail({.file = dir / "cas.db", .segment_size = 4 << 20, .disk = &disk});
    ASSERT_NE(store, nullptr);
    ASSERT_TRUE(write_and_wait(*store, enqueue("first", std::string(50'000, 'x'))));
    const auto draft = store->draft();
    const int before = disk.syncs();
    for (int n = 0; n < 10; ++n) {
      const std::string chunk(200'000, static_cast<char>('a' + n));
      ASSERT_TRUE(append_and_wait(*store, draft, chunk));
      octets += chunk;
    }
    EXPECT_EQ(disk.syncs(), before);
    ASSERT_TRUE(write_and_wait(*store, enqueue("small", "no sync of segments for this")));
    ASSERT_TRUE(write_and_wait(*store, enqueue_draft("M", draft)));
    EXPECT_EQ(disk.syncs(), before + 3);
    disk.after_power_failure(after.path(), 1);
  }
  EXPECT_EQ(integrity(after / "cas.db"), "ok");
  EXPECT_TRUE(body_in(after / "cas.db", "M") == octets);
}

TEST(SqliteDurability, ADraftOverSeveralSegmentsSurvivesThePowerFailure) {
  const TempDir dir;
  const TempDir after;
  std::string octets;
  {
    LyingDisk disk;
    const auto store = open_or_fail({.file = dir / "cas.db", .segment_size = 1 << 20, .disk = &disk});
    ASSERT_NE(store, nullptr);
    const auto draft = store->draft();
    for (int n = 0; n < 20; ++n) {
      const std::string chunk(200'000, static_cast<char>('a' + n));
      ASSERT_TRUE(append_and_wait(*store, draft, chunk));
      ASSERT_TRUE(write_and_wait(*store, enqueue(id_of(static_cast<unsigned>(n)), std::string(30'000, 'x'))));
      octets += chunk;
    }
    ASSERT_TRUE(write_and_wait(*store, enqueue_draft("M", draft)));
    disk.after_power_failure(after.path(), 2);
  }
  EXPECT_TRUE(body_in(after / "cas.db", "M") == octets);
}

/// The test of the test: how many rows of ten survive with that setting of synchronous.
int survivors(const char* synchronous) {
  const TempDir dir;
  const TempDir after;
  {
    const LyingDisk disk;
    sqlite3* db = nullptr;
    sqlite3_open((dir / "x.db").c_str(), &db);
    std::string sql = "PRAGMA journal_mode = WAL; CREATE TABLE t (n); PRAGMA wal_checkpoint; PRAGMA synchronous = ";
    sqlite3_exec(db, sql.append(synchronous).c_str(), nullptr, nullptr, nullptr);
    for (int n = 0; n < 10; ++n) sqlite3_exec(db, "INSERT INTO t VALUES (1)", nullptr, nullptr, nullptr);
    disk.after_power_failure(after.path(), 1);
    sqlite3_close(db);
  }
  sqlite3* db = nullptr;
  sqlite3_open((after / "x.db").c_str(), &db);
  int count = 0;
  const auto keep = [](void* out, int, char** values, char**) {
    *static_cast<int*>(out) = std::atoi(values[0]);
    return 0;
  };
  sqlite3_exec(db, "SELECT count(*) FROM t", keep, &count, nullptr);
  sqlite3_close(db);
  return count;
}

TEST(SqliteDurability, TheLyingDiskLosesWhatSynchronousOffAndNormalDoNotSync) {
  EXPECT_EQ(survivors("FULL"), 10);
  EXPECT_LT(survivors("NORMAL"), 10);
  EXPECT_LT(survivors("OFF"), 10);
}

// ---- Failing commits ----

/// Ten writes in one group; whether each was acknowledged.
std::vector<bool> write_a_group(Store& store, std::uint32_t first, std::size_t octets = 100) {
  std::latch given(1);
  std::vector<bool> acknowledged;
  std::promise<void> all;
  store.write([&](Tx&) -> Result<void> { return given.wait(), Result<void>(); }, {});
  for (std::uint32_t n = first; n < first + 10; ++n) {
    store.write(enqueue(id_of(n), std::string(octets, 'x')), [&, n](const Result<void>& result) {
      if (!result) EXPECT_EQ(result.error().lasting, Lasting::Transient);
      acknowledged.push_back(result.has_value());
      if (n + 1 == first + 10) all.set_value();
    });
  }
  given.count_down();
  all.get_future().wait();
  return acknowledged;
}

std::size_t messages_in(Store& store) {
  std::size_t count = 0;
  EXPECT_TRUE(read_and_wait(store, [&](Reader& reader) -> Result<void> {
    CAS_TRY(const auto messages, reader.messages("", 10'000));
    count = messages.rows.size();
    return {};
  }));
  return count;
}

TEST(SqliteDurability, ACommitThatTheDiskRefusesIsAcknowledgedToNobodyAndTheStoreServesOn) {
  const TempDir dir;
  LyingDisk disk;
  {
    const auto store = open_or_fail({.file = dir / "cas.db"});
    ASSERT_NE(store, nullptr);
    ASSERT_THAT(write_a_group(*store, 0), Each(IsTrue()));
    disk.full = true;
    EXPECT_THAT(write_a_group(*store, 10), Each(testing::IsFalse()));
    disk.full = false;
    disk.sync_fails = true;
    EXPECT_THAT(write_a_group(*store, 20), Each(testing::IsFalse()));
    disk.sync_fails = false;
    EXPECT_EQ(messages_in(*store), 10U);
    EXPECT_THAT(write_a_group(*store, 10), Each(IsTrue())) << "the same ids: nothing was left behind";
    EXPECT_EQ(messages_in(*store), 20U);
  }
  EXPECT_EQ(integrity(dir / "cas.db"), "ok");
}

TEST(SqliteDurability, ADiskWithoutRoomForALargeBodyRefusesThatOneAndTakesTheSmall) {
  const TempDir dir;
  LyingDisk disk;
  const auto store = open_or_fail({.file = dir / "cas.db", .disk = &disk});
  ASSERT_NE(store, nullptr);
  disk.no_room = true;
  const auto refused = write_and_wait(*store, enqueue("large", std::string(50'000, 'x')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().lasting, Lasting::Transient);
  EXPECT_EQ(refused.error().public_text, "insufficient system storage");
  EXPECT_THAT(write_a_group(*store, 0), Each(IsTrue()));
  disk.no_room = false;
  EXPECT_THAT(write_a_group(*store, 10, 50'000), Each(IsTrue()));
  EXPECT_EQ(messages_in(*store), 20U);
}

TEST(SqliteDurability, NothingOfAGroupIsAcknowledgedWhoseBodiesCouldNotBeSynced) {
  const TempDir dir;
  LyingDisk disk;
  const auto store = open_or_fail({.file = dir / "cas.db", .disk = &disk});
  ASSERT_NE(store, nullptr);
  disk.segment_sync_fails = true;
  EXPECT_THAT(write_a_group(*store, 0, 50'000), Each(testing::IsFalse()));
  disk.segment_sync_fails = false;
  EXPECT_EQ(messages_in(*store), 0U);
  EXPECT_THAT(write_a_group(*store, 0, 50'000), Each(IsTrue()));
}

TEST(SqliteDurability, ADraftOfWhichASyncFailedIsNeverCommitted) {
  const TempDir dir;
  LyingDisk disk;
  const auto store = open_or_fail({.file = dir / "cas.db", .disk = &disk});
  ASSERT_NE(store, nullptr);
  const auto draft = store->draft();
  ASSERT_TRUE(append_and_wait(*store, draft, std::string(50'000, 'x')));
  disk.segment_sync_fails = true;
  EXPECT_THAT(write_a_group(*store, 0, 50'000), Each(testing::IsFalse()));
  disk.segment_sync_fails = false;
  ASSERT_TRUE(append_and_wait(*store, draft, std::string(50'000, 'y')));
  const auto refused = write_and_wait(*store, enqueue_draft("M", draft));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().lasting, Lasting::Transient);
  EXPECT_EQ(messages_in(*store), 0U);
}

TEST(SqliteDurability, AnOpenStoreSyncsOnceAGroupNotOnceAWrite) {
  const TempDir dir;
  const LyingDisk disk;
  const auto store = open_or_fail({.file = dir / "cas.db"});
  ASSERT_NE(store, nullptr);
  ASSERT_THAT(write_a_group(*store, 0), Each(IsTrue()));
  const int before = disk.syncs();
  ASSERT_THAT(write_a_group(*store, 10), Each(IsTrue()));
  EXPECT_GE(disk.syncs(), before + 1);
  EXPECT_LE(disk.syncs(), before + 2);  // the one that gathers, and the ten that gathered
}

}  // namespace
}  // namespace cas::store
