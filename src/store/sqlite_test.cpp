// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What only the SQLite store promises: opening, refusing to open, versions, limits, damaged rows.
#include "store/sqlite.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <future>
#include <latch>
#include <sstream>

#include "store/store_rows_test.hpp"

namespace cas::store {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Sqlite : public testing::Test {
 protected:
  std::unique_ptr<Store> open() { return open_or_fail({.file = file_}); }

  /// Why it does not open.
  Error refused() {
    auto store = open_sqlite({.file = file_});
    EXPECT_FALSE(store) << "it opened";
    return store ? Error{} : store.error();
  }

  /// As another program does, while the store is closed.
  void execute(const std::string& sql) {
    sqlite3* db = nullptr;
    sqlite3_open(file_.c_str(), &db);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  /// A database as version 0.1 wrote it: two submitted messages, deferred, and one row of the ledger.
  void restore_version_2() {
    std::ifstream dump(CAS_TESTDATA "/store/schema-2.sql");
    std::ostringstream sql;
    sql << dump.rdbuf();
    ASSERT_FALSE(sql.str().empty());
    execute(sql.str());
  }

  void fill(int messages) {
    const auto store = open();
    ASSERT_NE(store, nullptr);
    for (int n = 0; n < messages; ++n) {
      ASSERT_TRUE(write_and_wait(*store, enqueue("M" + std::to_string(n), std::string(5000, 'x'))));
    }
  }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / "cas.db";
};

// ---- Opening ----

TEST_F(Sqlite, EverythingIsThereAfterReopening) {
  fill(3);
  const auto store = open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(read_and_wait(*store, [](Reader& reader) -> Result<void> {
    CAS_TRY(const auto message, reader.message("M2"));
    CAS_TRY(const auto recipients, reader.recipients("M2"));
    EXPECT_TRUE(message.has_value());
    EXPECT_THAT(recipients, ElementsAre(waiting_recipient(0, 1)));
    CAS_TRY(const auto chunk, reader.body_chunk(message->body, 0));
    EXPECT_EQ(chunk, std::string(5000, 'x'));
    return {};
  }));
}

TEST_F(Sqlite, NoProgramChangesTheAuditLog) {
  {
    const auto store = open();
    const AuditEntry entry{.at = at(1), .by = "root", .action = "a", .subject = "s", .detail = "d"};
    ASSERT_TRUE(write_and_wait(*store, [&](Tx& tx) { return tx.add_audit(entry); }));
  }
  for (const char* sql : {"UPDATE audit SET by = 'nobody'", "DELETE FROM audit"}) {
    sqlite3* db = nullptr;
    sqlite3_open(file_.c_str(), &db);
    EXPECT_EQ(sqlite3_exec(db, sql, nullptr, nullptr, nullptr), SQLITE_CONSTRAINT) << sql;
    sqlite3_close(db);
  }
}

TEST_F(Sqlite, ItsFilesAreTheOwnersAlone) {
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("M")));
  for (const char* name : {"cas.db", "cas.db-wal", "cas.db-shm", "cas.db.lock"}) {
    struct stat info{};
    ASSERT_EQ(::stat((dir_ / name).c_str(), &info), 0) << name;
    EXPECT_EQ(info.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(Sqlite, OnlyOneStoreOpensAFile) {
  const auto store = open();
  const Error error = refused();
  EXPECT_EQ(error.lasting, Lasting::Transient);
  EXPECT_THAT(error.private_reason, AllOf(HasSubstr(file_.string()), HasSubstr("in use")));
}

TEST_F(Sqlite, OnADiskWithoutRoomItIsNotTheFileThatIsBlamed) {
  fill(1);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto signalled = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit nothing{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &nothing), 0);
  const Error error = refused();
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, signalled);
  EXPECT_EQ(error.lasting, Lasting::Transient);
  EXPECT_THAT(error.private_reason,
              AllOf(HasSubstr(file_.string()), HasSubstr("full"), testing::Not(HasSubstr("move"))));
  EXPECT_NE(open(), nullptr);
}

TEST_F(Sqlite, ANewerSchemaIsRefused) {
  fill(1);
  execute("PRAGMA user_version = 99");
  const Error error = refused();
  EXPECT_EQ(error.lasting, Lasting::Permanent);
  EXPECT_THAT(error.private_reason, AllOf(HasSubstr(file_.string()), HasSubstr("schema version 99")));
}

TEST_F(Sqlite, AFileOfTheFirstVersionIsBroughtUp) {
  restore_version_2();
  execute("ALTER TABLE recipient DROP COLUMN quarantined; PRAGMA user_version = 1");
  const auto store = open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(read_and_wait(*store, [](Reader& reader) -> Result<void> {
    CAS_TRY(const auto recipients, reader.recipients("01M8CVP89GEQ8QJQJ1FAPD3R6P"));
    EXPECT_EQ(recipients.size(), 1U);
    return {};
  }));
}

// What the program wrote before the queue was read in turns.
TEST_F(Sqlite, AFileOfTheSecondVersionIsBroughtUpWithItsMail) {
  restore_version_2();
  const auto store = open();
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(read_and_wait(*store, [](Reader& reader) -> Result<void> {
    const TimePoint late = at(1'800'000'000'000);
    CAS_TRY(const auto south, reader.due(flow_of(Route::Remote, "south.example", "joe"), late, 10));
    CAS_TRY(const auto west, reader.due(flow_of(Route::Remote, "west.example", "joe"), late, 10));
    std::vector<std::string> addresses;
    for (const auto& due : south.rows) addresses.push_back(due.recipient.address.wire());
    EXPECT_THAT(addresses, testing::UnorderedElementsAre("suzie@south.example", "suzie@south.example",
                                                         "\"odd @ one\"@south.example"));
    EXPECT_EQ(west.rows.size(), 1U);
    EXPECT_EQ(west.rows.at(0).message.user, "joe");
    CAS_TRY(const auto body, reader.body_chunk(west.rows.at(0).message.body, 0));
    EXPECT_EQ(body.size(), west.rows.at(0).message.body_size);
    confirm::LedgerKey key{.d = "football.example.com", .i = {}, .recipient = "suzie@shopping.example.net"};
    for (std::uint8_t n = 0; n < key.i.size(); ++n) key.i.at(n) = static_cast<std::uint8_t>(n + 1);
    CAS_TRY(const auto row, reader.ledger(key));
    EXPECT_TRUE(row.has_value());
    return {};
  }));
}

TEST_F(Sqlite, TheDatabaseOfAnotherProgramIsRefusedAndNotTouched) {
  execute("CREATE TABLE theirs (x)");
  EXPECT_THAT(refused().private_reason, HasSubstr("another program"));
  EXPECT_FALSE(std::filesystem::exists(dir_ / "cas.db-wal"));
}

TEST_F(Sqlite, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream(file_) << std::string(8192, 'x');
  const Error error = refused();
  EXPECT_EQ(error.lasting, Lasting::Permanent);
  EXPECT_THAT(error.private_reason, AllOf(HasSubstr(file_.string()), HasSubstr("not an SQLite database")));
}

TEST_F(Sqlite, ADamagedFileIsRefused) {
  fill(50);
  const auto size = static_cast<std::int64_t>(std::filesystem::file_size(file_));
  std::fstream damage(file_, std::ios::in | std::ios::out | std::ios::binary);
  for (std::int64_t at = 4096 * 3; at + 4096 < size; at += 4096) {
    damage.seekp(at);
    damage << std::string(64, '\xee');
  }
  damage.close();
  const Error error = refused();
  EXPECT_EQ(error.lasting, Lasting::Permanent);
  EXPECT_THAT(error.private_reason, AllOf(HasSubstr(file_.string()), HasSubstr("damaged")));
}

TEST_F(Sqlite, AMissingDirectoryIsNamed) {
  file_ = dir_ / "nowhere/cas.db";
  const Error error = refused();
  EXPECT_EQ(error.lasting, Lasting::Permanent);
  EXPECT_THAT(error.private_reason, AllOf(HasSubstr("nowhere"), HasSubstr("directory must exist")));
}

TEST_F(Sqlite, ADirectoryIsNoFile) {
  std::filesystem::create_directory(file_);
  EXPECT_THAT(refused().private_reason, HasSubstr("is a directory"));
}

TEST_F(Sqlite, AFileThatMayNotBeWrittenIsRefusedWithAdvice) {
  fill(1);
  std::filesystem::permissions(file_, std::filesystem::perms::owner_read);
  std::filesystem::permissions(dir_ / "cas.db.lock", std::filesystem::perms::all);
  std::filesystem::permissions(dir_.path(), std::filesystem::perms::all);
  const bool root = ::geteuid() == 0;
  constexpr uid_t nobody = 65534;
  if (root) ASSERT_EQ(::chown(file_.c_str(), nobody, nobody), 0);
  if (root) ASSERT_EQ(::seteuid(nobody), 0);
  const auto store = open_sqlite({.file = file_});
  if (root) ASSERT_EQ(::seteuid(0), 0);
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().lasting, Lasting::Permanent);
  EXPECT_THAT(store.error().private_reason,
              AllOf(HasSubstr(file_.string()), HasSubstr("must be able to read and write")));
}

// ---- Limits ----

TEST_F(Sqlite, WritesAboveMaxPendingAreRefusedInTheirTurn) {
  const auto store = open_or_fail({.file = file_, .max_pending = 3});
  ASSERT_NE(store, nullptr);
  std::latch started(1);
  std::latch given(1);
  std::vector<std::string> answers;
  std::promise<void> all;
  const auto note = [&](std::string name) {
    return [&, name](const Result<void>& result) {
      answers.push_back(name + (result ? " ok" : ' ' + result.error().public_text));
      if (answers.size() == 4) all.set_value();
    };
  };
  store->write([&](Tx&) -> Result<void> { return started.count_down(), given.wait(), Result<void>(); }, note("a"));
  started.wait();
  bool ran = false;
  store->write([](Tx&) -> Result<void> { return {}; }, note("b"));
  store->write([](Tx&) -> Result<void> { return {}; }, note("c"));
  store->write([&](Tx&) -> Result<void> { return ran = true, Result<void>(); }, note("d"));
  given.count_down();
  all.get_future().wait();
  EXPECT_THAT(answers, ElementsAre("a ok", "b ok", "c ok", "d storage is busy"));
  EXPECT_FALSE(ran);
  EXPECT_TRUE(write_and_wait(*store, enqueue("M"))) << "it serves on";
}

/// While it lives, new connections may not let their database grow above 60 pages.
class SmallDisk {
 public:
  SmallDisk() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(limit)); }
  ~SmallDisk() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(limit)); }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  static int limit(sqlite3* db, const char**, const void*) {
    return sqlite3_exec(db, "PRAGMA max_page_count = 60", nullptr, nullptr, nullptr);
  }
};

TEST_F(Sqlite, WhatAFullDatabaseRefusedIsNotThereAndWhatItAcknowledgedIs) {
  const SmallDisk small;
  const auto store = open();
  ASSERT_NE(store, nullptr);
  constexpr int count = 40;
  std::vector<bool> acknowledged;
  std::promise<void> all;
  for (int n = 0; n < count; ++n) {
    store->write(enqueue("M" + std::to_string(n), std::string(n % 2 == 0 ? 15'000 : 500, 'x')),
                 [&](const auto& result) {
                   if (!result) {
                     EXPECT_EQ(result.error().lasting, Lasting::Transient);
                     EXPECT_EQ(result.error().public_text, "insufficient system storage");
                   }
                   acknowledged.push_back(result.has_value());
                   if (acknowledged.size() == count) all.set_value();
                 });
  }
  all.get_future().wait();
  EXPECT_THAT(acknowledged, testing::Contains(false));
  ASSERT_TRUE(read_and_wait(*store, [&](Reader& reader) -> Result<void> {
    for (int n = 0; n < count; ++n) {
      CAS_TRY(const auto message, reader.message("M" + std::to_string(n)));
      EXPECT_EQ(message.has_value(), acknowledged[static_cast<std::size_t>(n)]) << n;
    }
    return {};
  }));
  for (int n = 0; n < count; ++n) {
    ASSERT_TRUE(write_and_wait(*store, [&](Tx& tx) { return tx.remove_message("M" + std::to_string(n)); }));
  }
  EXPECT_TRUE(write_and_wait(*store, enqueue("again", std::string(15'000, 'x')))) << "there is room again";
}

// ---- Damaged rows ----

TEST_F(Sqlite, ARowThatCannotBeUnderstoodIsAPermanentErrorThatNamesIt) {
  fill(1);
  const auto reason = [&](const std::string& sql) {
    execute(sql);
    const auto store = open();
    const auto read = read_and_wait(*store, [](Reader& reader) -> Result<void> {
      CAS_TRY(const auto message, reader.message("M0"));
      CAS_TRY(const auto recipients, reader.recipients("M0"));
      return {};
    });
    EXPECT_FALSE(read) << sql;
    if (read) return std::string();
    EXPECT_EQ(read.error().lasting, Lasting::Permanent) << sql;
    return read.error().private_reason;
  };
  EXPECT_THAT(reason("UPDATE recipient SET address = 'no address'"), HasSubstr("recipient 0 of message M0"));
  EXPECT_THAT(reason("UPDATE recipient SET address = 'a@b.example', state = 9"), HasSubstr("state"));
  EXPECT_THAT(reason("UPDATE recipient SET state = 0, route = -1"), HasSubstr("route"));
  EXPECT_THAT(reason("UPDATE message SET sender = 'x'"), AllOf(HasSubstr("message M0"), HasSubstr("sender")));
  EXPECT_THAT(reason("UPDATE message SET sender = '<>', author = '@'"), HasSubstr("author"));
  EXPECT_THAT(reason("UPDATE message SET author = NULL, class = 4"), HasSubstr("class"));
  EXPECT_THAT(reason("UPDATE message SET class = 0, header_hash = x'00'"), HasSubstr("header_hash"));
  const auto store = open();
  EXPECT_TRUE(read_and_wait(*store, [](Reader& reader) -> Result<void> {
    CAS_TRY(const auto page, reader.messages("", 1));
    EXPECT_TRUE(page.rows.empty());
    EXPECT_EQ(page.damaged.size(), 1U) << "it is named, and the rest goes on";
    EXPECT_EQ(page.damaged.at(0).first, "M0");
    EXPECT_EQ(page.next, "M0");
    return {};
  }));
}

}  // namespace
}  // namespace cas::store
