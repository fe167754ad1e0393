// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A store that is looked at from beside: sound or damaged, at work or at rest, and as it was afterwards.
#include "store/examine.hpp"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "store/store_rows_test.hpp"

namespace cas::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Examine : public testing::Test {
 protected:
  [[nodiscard]] std::unique_ptr<Store> open() const {
    return open_sqlite({.file = file_, .segment_size = 1 << 20}).value();
  }
  void fill() const {
    const auto store = open();
    ASSERT_TRUE(write_and_wait(*store, enqueue("small", small_)));
    ASSERT_TRUE(write_and_wait(*store, enqueue("large", large_)));
  }
  [[nodiscard]] Examination examine_all(bool deep = false) const { return examine(file_, {.deep = deep}).value(); }

  static void overwrite(const std::filesystem::path& file, std::streamoff from, const std::string& octets) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(from);
    stream << octets;
  }
  [[nodiscard]] std::filesystem::path segment() const { return dir_ / "cas.db.bodies/000000000001.seg"; }

  TempDir dir_;
  std::filesystem::path file_ = dir_ / "cas.db";
  std::string small_ = std::string(5000, 's');
  std::string large_ = std::string(40000, 'l');
};

TEST_F(Examine, ASoundStore) {
  fill();
  for (const bool deep : {false, true}) {
    const auto found = examine_all(deep);
    EXPECT_THAT(found.damage, IsEmpty());
    EXPECT_EQ(found.pieces, 2U);
    EXPECT_TRUE(found.all_pieces && found.looked_through);
  }
}

TEST_F(Examine, AStoreAtWork) {
  fill();
  const auto store = open();
  ASSERT_TRUE(write_and_wait(*store, enqueue("more", large_)));
  const auto found = examine_all();
  EXPECT_THAT(found.damage, IsEmpty());
  EXPECT_EQ(found.pieces, 3U);
  EXPECT_TRUE(write_and_wait(*store, enqueue("and more", large_)));
}

TEST_F(Examine, MailThatComesAndGoesMeanwhileIsNoDamage) {
  const auto store = open();
  std::atomic<bool> over = false;
  std::thread looker([&] {
    while (!over) EXPECT_THAT(examine_all().damage, IsEmpty());
  });
  for (int n = 0; n < 100; ++n) {
    const QueueId id = "M" + std::to_string(n);
    EXPECT_TRUE(write_and_wait(*store, enqueue(id, large_)));
    EXPECT_TRUE(write_and_wait(*store, [&](Tx& tx) { return tx.remove_message(id); }));
  }
  over = true;
  looker.join();
}

TEST_F(Examine, AnOctetOfASegmentIsAnother) {
  fill();
  overwrite(segment(), 12345, "X");
  EXPECT_THAT(examine_all().damage, ElementsAre(HasSubstr("another checksum")));
}

TEST_F(Examine, ASegmentIsGone) {
  fill();
  std::filesystem::remove(segment());
  EXPECT_THAT(examine_all().damage, ElementsAre(HasSubstr("000000000001.seg")));
}

TEST_F(Examine, AnOctetOfARowIsAnother) {
  fill();
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open(file_.c_str(), &db), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(db, "UPDATE chunk SET octets = CAST(x'00' || octets AS BLOB) WHERE segment IS NULL", nullptr,
                         nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(db);
  EXPECT_THAT(examine_all().damage, ElementsAre(HasSubstr("row ")));
}

TEST_F(Examine, PagesOfTheDatabaseAreGarbage) {
  fill();
  overwrite(file_, 4096, std::string(3 * 4096, '\x5a'));
  EXPECT_FALSE(examine_all().damage.empty());
}

TEST_F(Examine, WhatIsNoDatabase) {
  overwrite(file_, 0, "");
  std::ofstream(file_) << std::string(8192, 'x');
  EXPECT_FALSE(examine_all().damage.empty());
}

TEST_F(Examine, OneThatWasOnlyMade) {
  std::ofstream(file_).close();
  EXPECT_THAT(examine_all().damage, IsEmpty());
}

TEST_F(Examine, ALargeOneOnlyWhenThatIsWanted) {
  fill();
  EXPECT_FALSE(examine(file_, {.check_up_to = 1000}).value().looked_through);
  EXPECT_TRUE(examine(file_, {.deep = true, .check_up_to = 1000}).value().looked_through);
}

TEST_F(Examine, WhereTimeIsOverItSaysSo) {
  fill();
  const auto found = examine(file_, {.time = std::chrono::milliseconds(-1)}).value();
  EXPECT_FALSE(found.all_pieces);
  EXPECT_EQ(found.pieces, 0U);
}

TEST_F(Examine, OneThatIsNotThere) {
  EXPECT_FALSE(examine(file_, {}).has_value());
}

}  // namespace
}  // namespace cas::store
