// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All of it stays, or none.
#include "cmd/made_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>

#include "app/files.hpp"

namespace cas::cmd {
namespace {

namespace fs = std::filesystem;

class MadeFilesTest : public testing::Test {
 protected:
  MadeFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "cas-made-XXXXXX").string();
    top = ::mkdtemp(pattern.data());
  }
  ~MadeFilesTest() override { fs::remove_all(top); }

  static unsigned mode(const fs::path& path) {
    struct stat found{};
    return ::stat(path.c_str(), &found) == 0 ? found.st_mode & 07777 : 0;
  }

  fs::path top;
};

TEST_F(MadeFilesTest, WhatWasNotKeptIsGone) {
  {
    MadeFiles made;
    ASSERT_TRUE(made.folder(top / "a/b/c", 0750, std::nullopt));
    ASSERT_TRUE(made.write(top / "a/b/c/file", "text", 0640, std::nullopt));
    ASSERT_TRUE(made.write(top / "a/other", "text", 0600, std::nullopt));
  }
  EXPECT_TRUE(fs::is_empty(top));
}

TEST_F(MadeFilesTest, WhatWasKeptStays) {
  {
    MadeFiles made;
    ASSERT_TRUE(made.folder(top / "a/b", 0750, std::nullopt));
    ASSERT_TRUE(made.write(top / "a/b/file", "text", 0640, std::nullopt));
    made.keep();
  }
  EXPECT_EQ(app::read_small_file(top / "a/b/file").value(), "text");
  EXPECT_EQ(mode(top / "a/b/file"), 0640U);
  EXPECT_EQ(mode(top / "a/b"), 0750U);
  EXPECT_EQ(mode(top / "a"), 0755U);
}

TEST_F(MadeFilesTest, NothingIsWrittenOverAndNothingOfOthersIsRemoved) {
  std::ofstream(top / "file") << "mine";
  {
    MadeFiles made;
    const auto written = made.write(top / "file", "theirs", 0600, std::nullopt);
    ASSERT_FALSE(written);
    EXPECT_THAT(written.error().private_reason, testing::HasSubstr("file cannot be made: File exists"));
    ASSERT_TRUE(made.folder(top, 0700, std::nullopt));
  }
  EXPECT_EQ(app::read_small_file(top / "file").value(), "mine");
  EXPECT_EQ(std::distance(fs::directory_iterator(top), fs::directory_iterator()), 1);
}

TEST_F(MadeFilesTest, ALinkIsAFileThatIsThere) {
  fs::create_symlink(top / "nowhere", top / "file");
  MadeFiles made;
  EXPECT_FALSE(made.write(top / "file", "text", 0600, std::nullopt));
  EXPECT_FALSE(fs::exists(top / "nowhere"));
}

TEST_F(MadeFilesTest, AFolderThatSomebodyElseUsesByNowStays) {
  MadeFiles made;
  ASSERT_TRUE(made.folder(top / "a", 0755, std::nullopt));
  ASSERT_TRUE(made.write(top / "a/ours", "", 0600, std::nullopt));
  std::ofstream(top / "a/theirs") << "x";
  EXPECT_THAT(made.undo(), testing::ElementsAre(top / "a"));
  EXPECT_TRUE(fs::exists(top / "a/theirs"));
  EXPECT_FALSE(fs::exists(top / "a/ours"));
}

TEST_F(MadeFilesTest, WhatAKilledRunLeftIsReplaced) {
  std::ofstream(top / ".file.new") << "half";
  MadeFiles made;
  ASSERT_TRUE(made.write(top / "file", "whole", 0600, std::nullopt));
  EXPECT_FALSE(fs::exists(top / ".file.new"));
  EXPECT_EQ(app::read_small_file(top / "file").value(), "whole");
}

}  // namespace
}  // namespace cas::cmd
