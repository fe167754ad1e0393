// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Maildir: one file for one delivery, whatever is repeated.
#include "inbound/maildir.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <sstream>

#include "inbound/directory.hpp"

namespace {
std::atomic<int> synced_folders = 0;
}  // namespace

/// In place of the C library's, for this program: what is synced is counted.
extern "C" int fsync(int fd) {
  struct stat about{};
  if (::fstat(fd, &about) == 0 && S_ISDIR(about.st_mode)) ++synced_folders;
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace cas::inbound {
namespace {

class MaildirTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "cas-maildir-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  [[nodiscard]] std::size_t count(const char* folder) const {
    std::size_t files = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(maildir() / folder)) ++files;
    return files;
  }
  [[nodiscard]] std::filesystem::path maildir() const { return root_ / "b.example" / "suzie"; }
  void deliver(const std::string& name, const std::string& text) const {
    MaildirFile file(maildir(), name);
    ASSERT_TRUE(file.open());
    for (const char c : text) ASSERT_TRUE(file.write(std::string_view(&c, 1)));
    ASSERT_TRUE(file.commit());
  }
  std::filesystem::path root_;
};

TEST_F(MaildirTest, WritesLinesWithLfAndKeepsABareCr) {
  deliver("1.a_0.host", "a\r\nb\rc\r\r\nd\r\n");
  std::stringstream text;
  text << std::ifstream(maildir() / "new" / "1.a_0.host").rdbuf();
  EXPECT_EQ(text.str(), "a\nb\rc\r\nd\n");
}

TEST_F(MaildirTest, ARepeatedDeliveryReplacesAndDoesNotDouble) {
  deliver("1.a_0.host", "one\r\n");
  deliver("1.a_0.host", "one\r\n");
  EXPECT_EQ(count("new"), 1U);
  EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(MaildirTest, AFolderStandsInACompleteMaildir) {
  MaildirFile file(maildir(), "1.a_0.host", ".Junk");
  ASSERT_TRUE(file.open());
  ASSERT_TRUE(file.write("one\r\n"));
  ASSERT_TRUE(file.commit());
  EXPECT_EQ(count(".Junk/new"), 1U);
  for (const char* part : {"new", "cur", "tmp", ".Junk/cur", ".Junk/tmp"}) EXPECT_EQ(count(part), 0U) << part;
  EXPECT_TRUE(*MaildirFile(maildir(), "1.a_0.host", ".Junk").exists());
  EXPECT_FALSE(*MaildirFile(maildir(), "1.a_0.host").exists());
}

TEST_F(MaildirTest, WhatACrashLeftIsOnTheDiskBeforeItCountsAsDelivered) {
  deliver("1.a_0.host", "a\r\n");
  const int before = synced_folders;
  EXPECT_EQ(MaildirFile(maildir(), "1.a_0.host").exists(), true);
  EXPECT_GT(synced_folders, before) << "its name, for it may have been renamed and not synced";
}

TEST_F(MaildirTest, AReadMessageIsFoundInCur) {
  deliver("1.a_0.host", "one\r\n");
  std::filesystem::rename(maildir() / "new" / "1.a_0.host", maildir() / "cur" / "1.a_0.host:2,S");
  EXPECT_TRUE(*MaildirFile(maildir(), "1.a_0.host").exists());
  EXPECT_FALSE(*MaildirFile(maildir(), "1.a_1.host").exists());
}

TEST_F(MaildirTest, WhatIsNotCommittedLeavesNothing) {
  {
    MaildirFile file(maildir(), "1.a_0.host");
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.write("half"));
  }
  EXPECT_EQ(count("new"), 0U);
  EXPECT_EQ(count("tmp"), 0U);
}

TEST_F(MaildirTest, AFileInTheWayIsATransientError) {
  std::ofstream(root_ / "b.example") << "not a folder";
  MaildirFile file(maildir(), "1.a_0.host");
  const auto opened = file.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().lasting, Lasting::Transient);
}

TEST(Directory, NoLocalPartLeavesItsFolder) {
  const Domain domain = *Domain::parse("b.example");
  const Directory directory({DomainSettings{.name = domain, .maildir = "/mail"}});
  const auto maildir = [&](const char* local) {
    return directory.maildir(Mailbox(*LocalPart::from_value(local), domain));
  };
  EXPECT_EQ(maildir(".."), "/mail/%2E.");
  EXPECT_EQ(maildir("a/b"), "/mail/a%2Fb");
  EXPECT_EQ(maildir(".hidden"), "/mail/%2Ehidden");
  EXPECT_EQ(maildir("Suzie"), "/mail/suzie");
}

TEST(Directory, PostmasterWithoutDomainIsThatOfTheFirstDomain) {  // RFC 5321 §4.5.1
  const Domain host = *Domain::parse("mx.b.example");
  const Directory directory({DomainSettings{.name = *Domain::parse("b.example"), .maildir = "/mail"},
                             DomainSettings{.name = *Domain::parse("a.example"), .maildir = "/mail"}});
  const auto meant = [&](const char* address) { return directory.meant_by(*Mailbox::parse(address), host).wire(); };
  EXPECT_EQ(meant("Postmaster@mx.b.example"), "Postmaster@b.example");
  EXPECT_EQ(meant("suzie@mx.b.example"), "suzie@mx.b.example");
  EXPECT_EQ(meant("postmaster@a.example"), "postmaster@a.example");
}

}  // namespace
}  // namespace cas::inbound
