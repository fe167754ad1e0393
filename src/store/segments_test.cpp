// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Segments by themselves: what is appended comes back, what is damaged is told, what nobody names goes.
#include "store/segments.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "store/checksum.hpp"
#include "store/lying_disk_test.hpp"
#include "store/store_rows_test.hpp"

namespace cas::store {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::uint64_t kib = 1024;

class SegmentsTest : public testing::Test {
 protected:
  std::unique_ptr<Segments> open(const std::vector<NamedSegment>& named = {}, Disk* disk = nullptr) {
    auto opened = Segments::open({.directory = dir_ / "b", .size = 64 * kib, .step = 16 * kib, .disk = disk}, named);
    if (!opened) ADD_FAILURE() << opened.error().private_reason;
    return opened ? std::move(*opened) : nullptr;
  }

  static Place append(Segments& segments, std::string_view octets) {
    const auto place = segments.append(octets);
    if (!place) ADD_FAILURE() << place.error().private_reason;
    return place ? *place : Place{};
  }

  /// As a transaction of its own.
  static Place keep(Segments& segments, std::string_view octets) {
    const auto place = append(segments, octets);
    EXPECT_TRUE(segments.sync());
    segments.committed();
    return place;
  }
  static void drop(Segments& segments, const Place& place) {
    segments.forget(place.segment, place.octets);
    segments.committed();
  }

  static std::string read(const Segments& segments, const Place& place) {
    const auto octets = segments.view().read(place);
    return octets ? *octets : octets.error().private_reason;
  }

  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(dir_ / "b")) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  TempDir dir_;
};

TEST_F(SegmentsTest, WhatWasAppendedComesBack) {
  const auto segments = open();
  const auto a = keep(*segments, "one");
  const auto b = keep(*segments, std::string(20 * kib, 'x'));
  EXPECT_EQ(read(*segments, a), "one");
  EXPECT_EQ(read(*segments, b), std::string(20 * kib, 'x'));
}

TEST_F(SegmentsTest, ItComesBackAfterAStartThatIsToldItsName) {
  const auto place = keep(*open(), "one");
  const auto segments = open({{place.segment, place.octets}});
  EXPECT_EQ(read(*segments, place), "one");
  EXPECT_NE(keep(*segments, "two").segment, place.segment) << "a tail that may be torn is not written again";
}

TEST_F(SegmentsTest, FilesAreForTheirOwnerAlone) {
  const auto segments = open();
  keep(*segments, "x");
  struct stat about{};
  ASSERT_EQ(::stat((dir_ / "b").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0700U);
  ASSERT_EQ(::stat((dir_ / "b" / files().front()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

TEST_F(SegmentsTest, APieceThatDoesNotFitBeginsTheNextSegment) {
  const auto segments = open();
  const auto a = keep(*segments, std::string(40 * kib, 'a'));
  const auto b = keep(*segments, std::string(40 * kib, 'b'));
  EXPECT_EQ(b.segment, a.segment + 1);
  EXPECT_EQ(b.offset, 0U);
  EXPECT_EQ(read(*segments, a), std::string(40 * kib, 'a'));
}

TEST_F(SegmentsTest, WithoutRoomForAStepWhatIsNeededIsEnough) {
  struct SmallDisk final : Disk {
    Result<void> reserve(int fd, const std::filesystem::path& file, std::uint64_t size) override {
      return size > 10 * kib ? disk_error(file, "reserve", ENOSPC) : Disk::reserve(fd, file, size);
    }
  };
  SmallDisk disk;
  const auto segments = open({}, &disk);
  const auto place = keep(*segments, std::string(8 * kib, 'a'));
  EXPECT_EQ(read(*segments, place), std::string(8 * kib, 'a'));
  const auto beyond = segments->append(std::string(4 * kib, 'b'));
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().public_text, "insufficient system storage");
}

TEST_F(SegmentsTest, AfterAFullDiskTheCurrentSegmentGoesWhenNothingNamesIt) {
  struct FullDisk final : Disk {
    Result<void> reserve(int fd, const std::filesystem::path& file, std::uint64_t size) override {
      return full ? disk_error(file, "reserve", ENOSPC) : Disk::reserve(fd, file, size);
    }
    bool full = false;
  };
  FullDisk disk;
  const auto segments = open({}, &disk);
  auto held = segments->append_unnamed(std::string(12 * kib, 'a'));
  ASSERT_TRUE(held);
  disk.full = true;
  EXPECT_FALSE(segments->append_unnamed(std::string(12 * kib, 'b')));
  EXPECT_EQ(segments->sparse(), std::nullopt);
  EXPECT_EQ(files().size(), 1U) << "it is held";
  held->hold.reset();
  EXPECT_EQ(segments->sparse(), std::nullopt);
  EXPECT_THAT(files(), testing::IsEmpty());
}

TEST_F(SegmentsTest, AStartRemovesWhatNothingNamesAndLeavesOtherFilesAlone) {
  const auto place = keep(*open(), "one");
  std::ofstream(dir_ / "b" / "notes.txt") << "mine";
  open();
  EXPECT_THAT(files(), UnorderedElementsAre("notes.txt"));
  EXPECT_GE(place.segment, 1);
}

TEST_F(SegmentsTest, AnEndedSegmentGoesWithItsLastNameAndTheCurrentOneStays) {
  const auto segments = open();
  const auto a = keep(*segments, std::string(40 * kib, 'a'));
  const auto b = keep(*segments, std::string(40 * kib, 'b'));
  EXPECT_THAT(files(), SizeIs(2));
  drop(*segments, a);
  EXPECT_THAT(files(), SizeIs(1));
  drop(*segments, b);
  EXPECT_THAT(files(), SizeIs(1));
  keep(*segments, std::string(40 * kib, 'c'));
  EXPECT_THAT(files(), SizeIs(1)) << "b's segment was ended, and empty";
}

TEST_F(SegmentsTest, AViewReadsWhatWasGivenUpSince) {
  const auto segments = open();
  const auto a = keep(*segments, std::string(40 * kib, 'a'));
  keep(*segments, std::string(40 * kib, 'b'));
  {
    const auto view = segments->view();
    drop(*segments, a);
    EXPECT_EQ(view.read(a).value(), std::string(40 * kib, 'a'));
  }
  EXPECT_THAT(files(), SizeIs(1));
  const auto late = segments->view().read(a);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().lasting, Lasting::Transient);
}

TEST_F(SegmentsTest, AViewReadsWhatWasAppendedSince) {
  const auto segments = open();
  const auto view = segments->view();
  EXPECT_EQ(view.read(keep(*segments, "later")).value(), "later");
}

// ---- Damage ----

TEST_F(SegmentsTest, DamagedOctetsAreAPermanentErrorThatNamesTheirPlace) {
  const auto segments = open();
  keep(*segments, "abc");
  const auto place = keep(*segments, std::string(1000, 'x'));
  const auto file = dir_ / "b" / files().front();
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(500) << 'y';
  const auto octets = segments->view().read(place);
  ASSERT_FALSE(octets);
  EXPECT_EQ(octets.error().lasting, Lasting::Permanent);
  EXPECT_THAT(octets.error().private_reason, HasSubstr(files().front() + " at 3: the octets have another checksum"));
  EXPECT_THAT(octets.error().public_text, HasSubstr("damaged"));
}

TEST_F(SegmentsTest, AShortOrAbsentFileIsDamageToo) {
  const auto place = keep(*open(), std::string(1000, 'x'));
  const auto segments = open({{place.segment, place.octets}});
  std::filesystem::resize_file(dir_ / "b" / files().front(), 999);
  EXPECT_THAT(read(*segments, place), HasSubstr("too short"));
  std::filesystem::remove(dir_ / "b" / files().front());
  EXPECT_THAT(read(*segments, place), HasSubstr("not there"));
  const auto later = open({{place.segment, place.octets}});
  EXPECT_THAT(read(*later, place), HasSubstr("not there"));
  EXPECT_EQ(later->sparse(), std::nullopt);
}

TEST(Checksum, EveryOctetAndTheLengthCount) {
  std::string octets(67, '\0');  // two rounds of four words, and a rest
  const auto before = checksum(octets);
  for (char& octet : octets) {
    octet = 1;
    EXPECT_NE(checksum(octets), before);
    octet = 0;
  }
  EXPECT_NE(checksum(std::string(66, '\0')), before);
  EXPECT_NE(checksum(std::string(68, '\0')), before);
}

TEST(Checksum, ItsValuesNeverChange) {
  EXPECT_EQ(checksum(""), checksum(std::string_view()));
  EXPECT_EQ(checksum(""), 0x58c8bd819690d4c6);
  EXPECT_EQ(checksum("a"), 0x07df26479c8038fc);
  EXPECT_EQ(checksum("The quick brown fox jumps over the lazy dog"), 0x540d1a519558a05c);
}

// ---- Transactions ----

TEST_F(SegmentsTest, WhatWasUndoneCountsForNothingAndItsPlaceIsUsedAgain) {
  const auto segments = open();
  const auto a = append(*segments, "aaaa");
  const auto mark = segments->mark();
  const auto b = append(*segments, "bbbb");
  segments->undo(mark);
  const auto c = append(*segments, "cccc");
  ASSERT_TRUE(segments->sync());
  segments->committed();
  EXPECT_EQ(c.offset, b.offset);
  EXPECT_EQ(read(*segments, a), "aaaa");
  EXPECT_EQ(read(*segments, c), "cccc");
}

TEST_F(SegmentsTest, AnUndoneForgettingKeepsTheSegment) {
  const auto segments = open();
  const auto a = keep(*segments, std::string(40 * kib, 'a'));
  keep(*segments, std::string(40 * kib, 'b'));
  segments->forget(a.segment, a.octets);
  segments->rolled_back();
  EXPECT_EQ(read(*segments, a), std::string(40 * kib, 'a'));
  EXPECT_THAT(files(), SizeIs(2));
}

TEST_F(SegmentsTest, PlacesOfAFailedTransactionAreNotUsedAgain) {
  const auto segments = open();
  const auto a = append(*segments, "aaaa");
  segments->rolled_back();
  EXPECT_GT(keep(*segments, "b").offset, a.offset);
}

TEST_F(SegmentsTest, ASegmentOfFailedTransactionsGoesWhenItEnds) {
  const auto segments = open();
  for (int n = 0; n < 5; ++n) {
    append(*segments, std::string(40 * kib, 'a'));
    segments->rolled_back();
  }
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_F(SegmentsTest, MostlyEmptySegmentsAreSparseUnlessTheyAreCurrentOrLeftAlone) {
  const auto segments = open();
  const auto small = keep(*segments, std::string(10 * kib, 'a'));
  const auto large = keep(*segments, std::string(50 * kib, 'b'));
  drop(*segments, large);
  EXPECT_EQ(segments->sparse(), std::nullopt);
  const auto next = keep(*segments, std::string(50 * kib, 'c'));
  drop(*segments, next);
  EXPECT_EQ(segments->sparse(), small.segment);
  segments->leave_alone(small.segment);
  EXPECT_EQ(segments->sparse(), std::nullopt);
}

// ---- A full disk, and one that fails ----

TEST_F(SegmentsTest, AFullDiskIsATransientErrorAndWhatWasThereStays) {
  LyingDisk disk;
  const auto segments = open({}, &disk);
  const auto a = keep(*segments, "aaaa");
  disk.no_room = true;
  for (const std::size_t octets : {8UL, 20 * kib}) {  // in what was reserved, and beyond
    const auto refused = segments->append(std::string(octets, 'b'));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().lasting, Lasting::Transient);
    EXPECT_EQ(refused.error().public_text, "insufficient system storage");
  }
  segments->rolled_back();
  disk.no_room = false;
  EXPECT_EQ(read(*segments, keep(*segments, "cccc")), "cccc");
  EXPECT_EQ(read(*segments, a), "aaaa");
}

TEST_F(SegmentsTest, AfterASyncThatFailedNothingOfTheTransactionIsTrusted) {
  LyingDisk disk;
  const auto segments = open({}, &disk);
  const auto a = keep(*segments, "aaaa");
  append(*segments, "bbbb");
  disk.segment_sync_fails = true;
  EXPECT_FALSE(segments->sync());
  disk.segment_sync_fails = false;
  EXPECT_FALSE(segments->sync()) << "the kernel may have forgotten them";
  EXPECT_FALSE(segments->append("cccc"));
  segments->rolled_back();
  EXPECT_NE(keep(*segments, "cccc").segment, a.segment);
  EXPECT_EQ(read(*segments, a), "aaaa");
}

TEST_F(SegmentsTest, ADirectoryThatAStartMadeAndDidNotSyncIsSyncedByTheNext) {
  struct Counting final : Disk {
    Result<void> sync_directory(const std::filesystem::path& directory) override {
      synced.push_back(directory);
      return Disk::sync_directory(directory);
    }
    std::vector<std::filesystem::path> synced;
  } disk;
  std::filesystem::create_directory(dir_ / "b");
  open({}, &disk);
  EXPECT_THAT(disk.synced, testing::Contains((dir_ / "b").parent_path()));
}

TEST_F(SegmentsTest, ADirectoryThatCannotBeUsedIsRefusedWithAdvice) {
  std::ofstream(dir_ / "b") << "a file";
  const auto refused = Segments::open({.directory = dir_ / "b"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().lasting, Lasting::Permanent);
  EXPECT_THAT(refused.error().private_reason, HasSubstr("must be a directory"));
}

}  // namespace
}  // namespace cas::store
