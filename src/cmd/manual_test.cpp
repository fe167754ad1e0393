// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The commented example against what the reader asks for: no key without a word about it, no word about a key that is
// none, no default that is not the code's. And roff.
#include "cmd/manual.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace cas::cmd {
namespace {

using app::KnownKey;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(ExampleConfig, DescribesEveryKeyThatIsReadAndNoOther) {
  EXPECT_THAT(disagreements(example_config, app::known_keys()), IsEmpty());
}

TEST(ExampleConfig, WhatIsNotDescribedOrNotReadIsTold) {
  const std::vector<KnownKey> keys{
      {.name = "host"}, {.name = "log", .kind = KnownKey::Kind::Table}, {.name = "log.level"}};
  EXPECT_THAT(disagreements("host = \"a\"  # ours\n[log]\n# level = \"info\"  # words\n", keys), IsEmpty());
  EXPECT_THAT(disagreements("host = \"a\"  # ours\n", keys),
              ElementsAre("[log] is read and not described", "log.level is read and not described"));
  EXPECT_THAT(disagreements("host = \"a\"\n# hosts = 1  # x\n[log]\nlevel = 1  # a\nlevel = 2  # b\n[lag]\n", keys),
              ElementsAre("host stands there without a word about it", "hosts is not read",
                          "log.level is described twice", "[lag] is not read"));
}

TEST(ExampleConfig, TellsDefaultsFromExamples) {
  const auto tables = parse_example(
      "# A file.\n\n# one = \"#1\"   # it\n# two = 2  # left out: three\nthree = [\"a\"]  # needed\n# Prose\n# of "
      "four:\n# four = 4\n"
      "[[list]] # of things\nx = 1 # an x\n\n[[list]]\nx = 2\n");
  ASSERT_EQ(tables.size(), 2U);
  const auto& keys = tables[0].keys;
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_EQ(keys[0].value, "\"#1\"");
  EXPECT_TRUE(keys[0].is_default());
  EXPECT_FALSE(keys[1].is_default());
  EXPECT_FALSE(keys[2].is_default());
  EXPECT_EQ(keys[0].text, "it");
  EXPECT_EQ(keys[3].text, "Prose of four:");
  EXPECT_TRUE(tables[1].list);
  EXPECT_EQ(tables[1].text, "of things");
  ASSERT_EQ(tables[1].keys.size(), 1U);
  EXPECT_EQ(tables[1].keys[0].name, "list.x");
}

TEST(KnownKeys, HaveTheirTypesAndRanges) {
  const auto keys = app::known_keys();
  const auto find = [&](std::string_view name) { return *std::ranges::find(keys, name, &KnownKey::name); };
  EXPECT_EQ(find("domain").kind, KnownKey::Kind::Tables);
  EXPECT_EQ(find("domain.signing").kind, KnownKey::Kind::TableOrTables);
  EXPECT_EQ(find("domain.signing.selector").kind, KnownKey::Kind::Text);
  EXPECT_THAT(find("domain.mode").words, ElementsAre("off", "optional", "required"));
  EXPECT_EQ(find("outbound.port").most, 65535);
  EXPECT_EQ(find("queue.first_retry").most, 86400);
  std::vector<std::string> names;
  for (const auto& key : keys) names.push_back(key.name);
  std::ranges::sort(names);
  EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
}

TEST(Roff, MasksWhatIsNoText) {
  EXPECT_EQ(roff(".TH x"), "\\&.TH x");
  EXPECT_EQ(roff("a\n'b"), "a\n\\&'b");
  EXPECT_EQ(roff("C:\\x --help 1.5"), "C:\\ex \\-\\-help 1.5");
}

const ManualCommand tree{
    .name = "cas",
    .text = "a gateway",
    .commands = {
        {.name = "queue",
         .group = "Mail",
         .text = "See it",
         .commands = {
             {.name = "list",
              .text = "What waits",
              .options = {{.names = {"--state"}, .value = "TEXT", .text = "which", .words = {"held", "failed"}},
                          {.value = "ID", .text = "these", .required = true, .repeated = true}}}}}}};

TEST(CommandPage, SaysWhatTheCommandTakes) {
  const auto page = command_page(tree.commands.front());
  EXPECT_THAT(page, HasSubstr("\\fBcas queue list\\fR [\\fIoptions\\fR] \\fIID\\fR..."));
  EXPECT_THAT(
      page, HasSubstr(".SS cas queue list\nWhat waits.\n.TP\n\\fB\\-\\-state\\fR \\fBheld\\fR|\\fBfailed\\fR\nwhich."));
  EXPECT_THAT(main_page(tree), HasSubstr(".SS Mail\n.TP\n.BR cas\\-queue (1)\nSee it."));
}

TEST(Completion, KnowsCommandsOptionsAndTheirWords) {
  const auto bash = completion(tree, Shell::Bash);
  EXPECT_THAT(bash, HasSubstr("['cas']=' queue '"));
  EXPECT_THAT(bash, HasSubstr("['cas queue list']='--state --help'"));
  EXPECT_THAT(bash, HasSubstr("['cas queue list --state']='held failed'"));
  EXPECT_THAT(completion(tree, Shell::Zsh), HasSubstr("'list:What waits'"));
  EXPECT_THAT(completion(tree, Shell::Fish), HasSubstr("-l state -x -a 'held failed' -d 'which'"));
}

TEST(ConfigReference, HasTypeDefaultAndText) {
  const std::vector<KnownKey> keys{{.name = "log", .kind = KnownKey::Kind::Table},
                                   {.name = "log.level", .kind = KnownKey::Kind::Choice, .words = {"info", "error"}}};
  const auto text = config_reference("[log]\n# level = \"info\"  # how much\n", keys);
  EXPECT_THAT(text, HasSubstr("## [log]"));
  EXPECT_THAT(text, HasSubstr("| `level` | \"info\" \\| \"error\" | `\"info\"` | how much |"));
  EXPECT_THAT(config_page("[log]\n# level = \"info\"  # how much\n", keys), HasSubstr("Default: \"info\""));
}

}  // namespace
}  // namespace cas::cmd
