// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key files in real folders: what is read, what is refused, and that nothing is ever overwritten.
#include "app/key_folder.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <set>

#include "app/files.hpp"

namespace cas::app {
namespace {

namespace fs = std::filesystem;
using crypto::KeyType;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto Next = KeyState::Next, Active = KeyState::Active, Old = KeyState::Old;

class Keys : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    pem = crypto::generate_key(KeyType::Ed25519)->to_pem();
    other_pem = crypto::generate_key(KeyType::Ed25519)->to_pem();
  }
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "cas-keys-XXXXXX").string();
    state = ::mkdtemp(pattern.data());
    keys_dir = state / "keys";
  }
  void TearDown() override { fs::remove_all(state); }

  [[nodiscard]] fs::path folder() const { return keys_dir / domain.text(); }
  void write(const std::string& name, const std::string& octets) const {
    fs::create_directories(folder());
    std::ofstream(folder() / name) << octets;
  }
  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder())) names.insert(entry.path().filename().string());
    return names;
  }
  [[nodiscard]] DomainKeys read() const { return read_keys(keys_dir, domain); }
  // The only fault of the folder.
  [[nodiscard]] KeyFault fault() const {
    const auto found = read();
    EXPECT_THAT(found.faults, SizeIs(1));
    return found.faults.empty() ? KeyFault{} : found.faults.front();
  }
  [[nodiscard]] Result<KeyFolder> open() const { return KeyFolder::open(keys_dir, domain); }

  static mode_t mode_of(const fs::path& path) {
    struct stat status{};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }
  static void age(const fs::path& path, std::int64_t seconds) {
    const std::array<timespec, 2> times{{{.tv_sec = seconds, .tv_nsec = 0}, {.tv_sec = seconds, .tv_nsec = 0}}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times.data(), 0), 0);
  }

  static inline std::string pem, other_pem;
  const Domain domain = Domain::parse("north.example").value();
  fs::path state, keys_dir;
};

// ---- Reading ----

TEST_F(Keys, none_where_there_is_no_folder) {
  EXPECT_THAT(read().keys, IsEmpty());
  EXPECT_THAT(read().faults, IsEmpty());
  EXPECT_THAT(key_domains(keys_dir).value(), IsEmpty());
}

TEST_F(Keys, are_read_with_their_facts_in_the_order_of_selectors) {
  write("s1.old.pem", pem);
  write("cas20261125e.next.pem", other_pem);
  write("cas20261124r.pem", crypto::generate_key(KeyType::Rsa)->to_pem());
  age(folder() / "s1.old.pem", 1795460400);  // 2026-11-23 19:00:00 UTC
  const auto found = read();
  EXPECT_THAT(found.faults, IsEmpty());
  ASSERT_THAT(found.keys, SizeIs(3));
  EXPECT_EQ(found.keys[0].facts.selector, "cas20261124r");
  EXPECT_EQ(found.keys[0].facts.type, KeyType::Rsa);
  EXPECT_EQ(found.keys[0].facts.state, Active);
  EXPECT_EQ(found.keys[1].facts.selector, "cas20261125e");
  EXPECT_EQ(found.keys[1].facts.state, Next);
  EXPECT_EQ(found.keys[1].facts.created, std::chrono::sys_days(std::chrono::year_month_day(
                                             std::chrono::year(2026), std::chrono::month(11), std::chrono::day(25))));
  EXPECT_EQ(found.keys[1].key.to_pem(), other_pem);
  EXPECT_EQ(found.keys[2].facts.state, Old);
  EXPECT_EQ(found.keys[2].facts.changed, TimePoint(std::chrono::seconds(1795460400)));
  EXPECT_EQ(found.keys[2].facts.created, std::chrono::floor<std::chrono::days>(found.keys[2].facts.changed))
      << "by its file, where the selector has no day";
  EXPECT_THAT(found.facts(), SizeIs(3));
}

TEST_F(Keys, other_files_are_nobodys_business) {
  write("README", "x");
  write("s1.pem.bak", "x");
  write("s1.pub", "x");
  write(".s1.pem", "half a k");
  EXPECT_THAT(read().keys, IsEmpty());
  EXPECT_THAT(read().faults, IsEmpty());
}

TEST_F(Keys, misspelt_name_is_reported_and_no_key) {
  for (const auto* name : {"s1.nxt.pem", "S1.pem", "a.b.pem", "-.pem", "s1.next.old.pem"}) {
    write(name, pem);
    EXPECT_THAT(read().keys, IsEmpty()) << name;
    EXPECT_EQ(fault().file, folder() / name);
    EXPECT_THAT(fault().problem, HasSubstr("no name of a signing key"));
    EXPECT_THAT(fault().mend, HasSubstr("SELECTOR.pem"));
    fs::remove(folder() / name);
  }
}

TEST_F(Keys, file_without_a_key_is_reported_and_its_text_never_shown) {
  write("s1.pem", "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
  EXPECT_THAT(fault().problem, HasSubstr("cannot be used"));
  EXPECT_THAT(fault().problem, testing::Not(HasSubstr("c2VjcmV0")));
  EXPECT_THAT(fault().mend, HasSubstr("cas keys generate"));
  write("s1.pem", "");
  EXPECT_THAT(fault().problem, HasSubstr("cannot be used"));
}

TEST_F(Keys, file_that_cannot_be_read_is_reported_beside_the_good_ones) {
  write("s2.pem", pem);
  fs::create_directory(folder() / "s1.pem");
  EXPECT_THAT(fault().problem, HasSubstr("cannot be read: is a folder"));
  fs::remove(folder() / "s1.pem");
  fs::create_symlink("nowhere", folder() / "s1.pem");
  EXPECT_THAT(fault().problem, HasSubstr("cannot be read: No such file"));
  fs::remove(folder() / "s1.pem");
  write("s1.pem", std::string(70000, 'x'));
  EXPECT_THAT(fault().problem, HasSubstr("larger than 64 KiB"));
  EXPECT_THAT(read().keys, SizeIs(1));
}

TEST_F(Keys, one_selector_in_two_states_is_a_fault) {
  write("s1.pem", pem);
  write("s1.next.pem", pem);
  EXPECT_THAT(fault().problem, HasSubstr("has the selector of"));
  EXPECT_THAT(fault().mend, HasSubstr("move one of the two away"));
}

TEST_F(Keys, folder_that_is_a_file_is_a_fault) {
  fs::create_directories(keys_dir);
  std::ofstream(folder()) << "x";
  EXPECT_EQ(fault().file, folder());
  EXPECT_THAT(fault().problem, HasSubstr("Not a directory"));
}

TEST_F(Keys, folder_that_may_not_be_read_is_a_fault) {
  if (::geteuid() == 0) GTEST_SKIP() << "root reads everything";
  write("s1.pem", pem);
  fs::permissions(folder(), fs::perms::none);
  EXPECT_THAT(fault().problem, HasSubstr("Permission denied"));
  fs::permissions(folder(), fs::perms::owner_all);
}

TEST_F(Keys, domains_are_the_folders_in_order) {
  for (const auto* name : {"south.example", "north.example", ".git", "xn--bcher-kva.example"}) {
    fs::create_directories(keys_dir / name);
  }
  std::ofstream(keys_dir / "notes.txt") << "x";
  std::vector<std::string> names;
  for (const auto& found : key_domains(keys_dir).value()) names.push_back(found.text());
  EXPECT_THAT(names, ElementsAre("north.example", "south.example", "xn--bcher-kva.example"));
}

TEST_F(Keys, folder_whose_name_is_no_domain_as_we_spell_it_is_a_fault) {
  for (const auto* name : {"North.example", "north.example.", "a b", "a..b"}) {
    fs::create_directories(keys_dir / name);
    const auto found = key_domains(keys_dir);
    ASSERT_FALSE(found) << name;
    EXPECT_EQ(found.error().file, keys_dir / name);
    EXPECT_THAT(found.error().mend, HasSubstr("lower case"));
    fs::remove(keys_dir / name);
  }
}

TEST_F(Keys, links_in_circles_are_no_domain_and_no_crash) {
  fs::create_directories(keys_dir);
  fs::create_symlink("loop.example", keys_dir / "loop.example");
  EXPECT_THAT(key_domains(keys_dir).value(), IsEmpty());
}

TEST_F(Keys, keys_dir_that_is_a_file_is_a_fault) {
  std::ofstream(keys_dir) << "x";
  ASSERT_FALSE(key_domains(keys_dir));
  EXPECT_THAT(key_domains(keys_dir).error().problem, HasSubstr("Not a directory"));
}

// ---- Opening ----

TEST_F(Keys, both_folders_are_made_private_and_none_above_them) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(open());
  ::umask(before);
  EXPECT_EQ(mode_of(keys_dir), 0700U);
  EXPECT_EQ(mode_of(folder()), 0700U);
  const auto nowhere = KeyFolder::open(state / "a/b/keys", domain);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().private_reason, HasSubstr("No such file"));
  EXPECT_FALSE(fs::exists(state / "a"));
}

TEST_F(Keys, folder_name_may_end_in_a_slash) {
  ASSERT_TRUE(KeyFolder::open(keys_dir / "", domain));
  EXPECT_TRUE(fs::is_directory(folder()));
}

TEST_F(Keys, modes_of_folders_that_exist_are_left_alone) {
  fs::create_directories(folder());
  fs::permissions(folder(), fs::perms(0750));
  ASSERT_TRUE(open());
  EXPECT_EQ(mode_of(folder()), 0750U);
}

TEST_F(Keys, second_command_is_told_to_try_again) {
  {
    const auto first = open();
    ASSERT_TRUE(first);
    const auto second = open();
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().lasting, Lasting::Transient);
    EXPECT_THAT(second.error().private_reason, HasSubstr("another command"));
    EXPECT_TRUE(KeyFolder::open(keys_dir, Domain::parse("south.example").value())) << "a lock a domain";
  }
  EXPECT_TRUE(open());
}

TEST_F(Keys, lock_moves_with_the_object) {
  auto first = open();
  ASSERT_TRUE(first);
  {
    const KeyFolder moved(*std::move(first));
    EXPECT_FALSE(open());
  }
  EXPECT_TRUE(open());
}

TEST_F(Keys, file_in_the_way_is_refused) {
  std::ofstream(keys_dir) << "x";
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().private_reason, HasSubstr("Not a directory"));
}

TEST_F(Keys, what_root_makes_belongs_to_whom_the_folder_around_it_belongs_to) {
  if (::geteuid() != 0) GTEST_SKIP() << "asked of root alone";
  constexpr uid_t user = 12345;
  constexpr gid_t group = 23456;
  ASSERT_EQ(::chown(state.c_str(), user, group), 0);
  const auto opened = open();
  ASSERT_TRUE(opened);
  ASSERT_TRUE(opened->add({.selector = "s1", .state = Next}, pem));
  for (const auto& path : {keys_dir, folder(), folder() / "s1.next.pem"}) {
    struct stat status{};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, user) << path;
    EXPECT_EQ(status.st_gid, group) << path;
  }
}

// ---- Changing ----

class ChangeKeys : public Keys {
 protected:
  void SetUp() override {
    Keys::SetUp();
    auto opened = open();
    ASSERT_TRUE(opened) << opened.error().private_reason;
    keys.emplace(*std::move(opened));
  }
  void TearDown() override {
    keys.reset();
    Keys::TearDown();
  }
  [[nodiscard]] std::string content(const std::string& name) const {
    return read_small_file(folder() / name).value_or("(none)");
  }
  static void refuse(const Result<void>& done, const std::string& why) {
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().private_reason, HasSubstr(why));
  }
  std::optional<KeyFolder> keys;
};

TEST_F(ChangeKeys, added_one_is_private_and_whole) {
  const mode_t before = ::umask(0);
  ASSERT_TRUE(keys->add({.selector = "s1", .state = Next}, pem));
  ::umask(before);
  EXPECT_THAT(files(), ElementsAre("s1.next.pem"));
  EXPECT_EQ(mode_of(folder() / "s1.next.pem"), 0600U);
  EXPECT_EQ(content("s1.next.pem"), pem);
}

TEST_F(ChangeKeys, added_one_never_takes_the_place_of_a_file) {
  write("s1.next.pem", other_pem);
  refuse(keys->add({.selector = "s1", .state = Next}, pem), "exists");
  EXPECT_EQ(content("s1.next.pem"), other_pem);
  EXPECT_THAT(files(), ElementsAre("s1.next.pem")) << "no draft is left";
  fs::remove(folder() / "s1.next.pem");
  fs::create_symlink("nowhere", folder() / "s1.next.pem");
  refuse(keys->add({.selector = "s1", .state = Next}, pem), "exists");
  EXPECT_FALSE(fs::exists(folder() / "nowhere")) << "no link is followed";
}

TEST_F(ChangeKeys, draft_that_a_crash_left_is_no_key_and_gives_way) {
  write(".s1.next.pem", pem.substr(0, 20));
  EXPECT_THAT(read().keys, IsEmpty());
  EXPECT_THAT(read().faults, IsEmpty());
  ASSERT_TRUE(keys->add({.selector = "s1", .state = Next}, pem));
  EXPECT_THAT(files(), ElementsAre("s1.next.pem"));
  EXPECT_EQ(content("s1.next.pem"), pem);
}

TEST_F(ChangeKeys, draft_that_is_a_link_is_not_written_through) {
  write("s0.pem", other_pem);
  fs::create_symlink("s0.pem", folder() / ".s1.next.pem");
  ASSERT_TRUE(keys->add({.selector = "s1", .state = Next}, pem));
  EXPECT_EQ(content("s0.pem"), other_pem);
  EXPECT_FALSE(fs::is_symlink(folder() / "s1.next.pem"));
}

TEST_F(ChangeKeys, step_is_one_rename) {
  ASSERT_TRUE(keys->add({.selector = "s1", .state = Next}, pem));
  ASSERT_TRUE(keys->take({.selector = "s1", .from = Next, .to = Active}));
  EXPECT_THAT(files(), ElementsAre("s1.pem"));
  ASSERT_TRUE(keys->take({.selector = "s1", .from = Active, .to = Old}));
  EXPECT_THAT(files(), ElementsAre("s1.old.pem"));
  EXPECT_EQ(content("s1.old.pem"), pem);
  EXPECT_EQ(mode_of(folder() / "s1.old.pem"), 0600U);
}

TEST_F(ChangeKeys, time_of_the_file_is_when_it_was_made_and_then_when_it_was_retired) {
  constexpr std::int64_t long_ago = 1000000000;
  write("s1.next.pem", pem);
  age(folder() / "s1.next.pem", long_ago);
  ASSERT_TRUE(keys->take({.selector = "s1", .from = Next, .to = Active}));
  EXPECT_EQ(read().keys.at(0).facts.changed, TimePoint(std::chrono::seconds(long_ago)));
  ASSERT_TRUE(keys->take({.selector = "s1", .from = Active, .to = Old}));
  EXPECT_GT(read().keys.at(0).facts.changed, TimePoint(std::chrono::seconds(long_ago)) + std::chrono::days(365));
}

TEST_F(ChangeKeys, step_never_takes_the_place_of_a_file) {
  write("s1.next.pem", pem);
  write("s1.pem", other_pem);
  refuse(keys->take({.selector = "s1", .from = Next, .to = Active}), "exists");
  EXPECT_EQ(content("s1.pem"), other_pem);
  EXPECT_EQ(content("s1.next.pem"), pem);
}

TEST_F(ChangeKeys, step_of_a_key_that_is_not_there_is_refused) {
  refuse(keys->take({.selector = "s1", .from = Next, .to = Active}), "No such file");
  refuse(keys->take({.selector = "s1", .from = Active, .to = Old}), "No such file");
  EXPECT_THAT(files(), IsEmpty());
}

TEST_F(ChangeKeys, removed_one_is_gone_and_the_others_stay) {
  write("s1.old.pem", pem);
  write("s1.pem", pem);
  ASSERT_TRUE(keys->remove({.selector = "s1", .state = Old}));
  EXPECT_THAT(files(), ElementsAre("s1.pem"));
  refuse(keys->remove({.selector = "s1", .state = Old}), "No such file");
}

}  // namespace
}  // namespace cas::app
