// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// cas.toml and conf.d beside it: one configuration, and each fault is told with its own file and line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

#include "app/config.hpp"

namespace cas::app {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::SizeIs;

std::string our_name() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "root" : entry->pw_name;
}

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() {
    std::string pattern = (fs::temp_directory_path() / "cas-conf.d-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directory(folder_ / "conf.d");
    write("cas.toml", "host = \"mx.north.example\"\nstate_dir = \"state\"\nadmin_socket = \"admin.sock\"\nrun_as = \"" +
                          our_name() + "\"\n[[listen]]\naddress = \"127.0.0.1:2525\"\nrole = \"mx\"\ntls = \"off\"\n" +
                          domain("north") + "[queue]\nlifetime = \"4d\"\n");
  }
  ~ConfigFiles() override { fs::remove_all(folder_); }

  static std::string domain(const std::string& name) {
    return "[[domain]]\nname = \"" + name + ".example\"\nmaildir = \"mail\"\nmailboxes = [\"joe\"]\n";
  }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }
  [[nodiscard]] auto load() const { return load_config(folder_ / "cas.toml"); }
  [[nodiscard]] std::vector<std::string> faults() const {
    std::vector<std::string> texts;
    const auto config = load();
    if (config) return texts;
    for (const auto& error : config.error()) texts.push_back(error.text());
    return texts;
  }

  fs::path folder_;
};

TEST_F(ConfigFiles, ListsGoOnInTheOrderOfTheNames) {
  write("conf.d/20-west.toml", domain("west"));
  write("conf.d/10-east.toml", domain("east"));
  const auto config = load();
  ASSERT_TRUE(config) << faults().front();
  std::vector<std::string> names;
  for (const auto& one : config->domains) names.push_back(one.name.text());
  EXPECT_THAT(names, ElementsAre("north.example", "east.example", "west.example"));
}

TEST_F(ConfigFiles, ATableMayGoOnInAnotherFile) {
  write("conf.d/queue.toml", "[queue]\nfirst_retry = \"7m\"\n");
  const auto config = load();
  ASSERT_TRUE(config) << faults().front();
  EXPECT_EQ(config->queue.lifetime, std::chrono::hours(4 * 24));
  EXPECT_EQ(config->queue.first_retry, std::chrono::minutes(7));
}

TEST_F(ConfigFiles, PathsAreRelativeToTheMainFileWhereverTheyStand) {
  write("conf.d/west.toml", domain("west"));
  const auto config = load();
  ASSERT_TRUE(config) << faults().front();
  EXPECT_EQ(config->domains.at(1).maildir, folder_ / "mail");
}

TEST_F(ConfigFiles, AKeyThatIsGivenTwiceNamesBothPlaces) {
  write("conf.d/10.toml", "host = \"mx.west.example\"\n\n[queue]\nlifetime = \"1d\"\n");
  EXPECT_THAT(
      faults(),
      ElementsAre(
          AllOf(HasSubstr("conf.d/10.toml:1: host: stands in \""), HasSubstr("cas.toml\", line 1, too")),
          AllOf(HasSubstr("conf.d/10.toml:4: queue.lifetime: stands in \""), HasSubstr("cas.toml\", line 14, too"))));
}

TEST_F(ConfigFiles, AFaultIsToldWithItsOwnFileAndLine) {
  write("conf.d/west.toml", "\n" + domain("west") + "mode = \"maybe\"\n");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("conf.d/west.toml:6: domain[1].mode: \"maybe\" is not known")));
}

TEST_F(ConfigFiles, WhatIsUnknownIsToldInTheFileWhereItStands) {
  write("conf.d/limits.toml", "[limits]\nmesage = 100000\n[limit]\nx = 1\n");
  EXPECT_THAT(faults(),
              ElementsAre(AllOf(HasSubstr("limits.toml:2: limits.mesage: is no key"), EndsWith("\"message\"?")),
                          HasSubstr("limits.toml:3: limit: is no key")));
}

TEST_F(ConfigFiles, ATableThatIsOneHereAndAListThereIsAFault) {
  write("conf.d/x.toml", "[[queue]]\nlifetime = \"1d\"\n[domain]\nname = \"west.example\"\n");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("x.toml:1: queue: is an array, not a table"),
                                    HasSubstr("x.toml:3: domain: is a table, not a list of tables")));
}

TEST_F(ConfigFiles, EveryFileThatIsNoTomlIsTold) {
  write("conf.d/a.toml", "x = \n");
  write("conf.d/b.toml", "[\n");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("a.toml:1: is no TOML"), HasSubstr("b.toml:1: is no TOML")));
}

TEST_F(ConfigFiles, OtherNamesAreNotRead) {
  for (const auto* name : {"conf.d/a.toml~", "conf.d/.hidden.toml", "conf.d/a.toml.dpkg-new", "conf.d/README"}) {
    write(name, "nonsense");
  }
  EXPECT_THAT(faults(), SizeIs(0));
}

TEST_F(ConfigFiles, ToolsReadThemToo) {
  write("cas.toml", "host = \"mx.north.example\"\n");
  write("conf.d/socket.toml", "admin_socket = \"other.sock\"\n");
  EXPECT_EQ(load_admin_socket(folder_ / "cas.toml"), folder_ / "other.sock");
}

TEST_F(ConfigFiles, AFolderThatCannotBeReadIsAFault) {
  fs::remove_all(folder_ / "conf.d");
  write("conf.d", "a file");
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("conf.d: cannot be read")));
}

}  // namespace
}  // namespace cas::app
