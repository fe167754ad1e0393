// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a file of mailboxes and aliases may say, and what is said of what it may not.
#include "recipients/alias_file.hpp"

#include <gmock/gmock.h>

namespace cas::recipients {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

AliasContext context() {
  return {.domain = *Domain::parse("north.example"), .served = {*Domain::parse("south.example")}, .delimiter = "+"};
}

AliasFile good(std::string_view text, const AliasContext& around = context()) {
  auto file = AliasFile::parse(text, around);
  for (const auto& fault : file ? std::vector<AliasFile::Fault>{} : file.error()) {
    ADD_FAILURE() << fault.line << ": " << fault.problem;
  }
  return file ? *std::move(file) : AliasFile();
}

std::vector<std::string> targets(const AliasFile::Entry* entry) {
  std::vector<std::string> all;
  if (entry == nullptr) return {"(none)"};
  if (entry->mailbox) all.emplace_back("mailbox");
  for (const auto& target : entry->targets) all.push_back(target.wire());
  return all;
}

TEST(AliasFile, ANameAloneIsAMailboxAndCaseMakesNoDifference) {
  const auto file = good("Joe\r\n\n# ann\n  # not she\nbob # he\n");
  EXPECT_THAT(targets(file.find("joe")), ElementsAre("mailbox"));
  EXPECT_THAT(targets(file.find("bob")), ElementsAre("mailbox"));
  EXPECT_EQ(file.find("ann"), nullptr);
  EXPECT_EQ(file.catch_all(), nullptr);
  EXPECT_EQ(file.find("bob")->line, 5U);
}

TEST(AliasFile, AnAliasLeadsHereAndElsewhere) {
  const auto file = good("joe\nsales: joe,ann@west.example ,\tjoe@south.example #x\njim: jim, ann@west.example\n");
  EXPECT_THAT(targets(file.find("sales")), ElementsAre("joe@north.example", "ann@west.example", "joe@south.example"));
  EXPECT_THAT(targets(file.find("jim")), ElementsAre("mailbox", "ann@west.example"));
}

TEST(AliasFile, AVirtualMapOfPostfixIsUnderstood) {
  const auto file = good(
      "joe@north.example joe@north.example\nsales@north.example\tjoe, ann@west.example\n@north.example joe\n"
      "kim@south.example nobody\n@south.example kim\n");
  EXPECT_THAT(targets(file.find("joe")), ElementsAre("mailbox"));
  EXPECT_THAT(targets(file.find("sales")), ElementsAre("joe@north.example", "ann@west.example"));
  EXPECT_THAT(targets(file.catch_all()), ElementsAre("joe@north.example"));
  EXPECT_EQ(file.size(), 2U) << "those of the other domain are passed over";
}

TEST(AliasFile, QuotedNamesMayHoldAnything) {
  const auto file = good("\"a b:c,d\"\nx: \"a b:c,d\", \"#@\"@west.example\n");
  EXPECT_THAT(targets(file.find("a b:c,d")), ElementsAre("mailbox"));
  EXPECT_THAT(targets(file.find("x")), ElementsAre("\"a b:c,d\"@north.example", "\"#@\"@west.example"));
}

TEST(AliasFile, ATargetMayBeASubaddressOrPostmaster) {
  const auto file = good("joe\nlists: joe+lists\nabuse: postmaster\n");
  EXPECT_EQ(file.size(), 3U);
}

struct Bad {
  std::string name, text;
  std::size_t line;
  std::string problem, mend;
};
void PrintTo(const Bad& bad, std::ostream* out) {
  *out << bad.name;
}
class BadAliasFile : public testing::TestWithParam<Bad> {};
INSTANTIATE_TEST_SUITE_P(
    Faults, BadAliasFile,
    testing::Values(
        Bad{"no_name", "joe\n:joe\n", 2, "is no name", "before the @"},
        Bad{"no_target", "joe\nsales:\n", 2, "leads nowhere", "sales: joe"},
        Bad{"indented", "joe\n ann\n", 2, "begins with a space", "first column"},
        Bad{"twice", "joe\nJOE: ann@west.example\n", 2, "stands in line 1 too", "case makes no difference"},
        Bad{"program", "joe\nx: \"|cat\"@, |/bin/sh\n", 2, "is no address", "joe@west.example"},
        Bad{"pipe", "x: |/bin/sh\n", 1, "is a program, a file or a list", "addresses only"},
        Bad{"include", "x: :include:/etc/list\n", 1, "is a program, a file or a list", "addresses only"},
        Bad{"mailbox_path", "joe@north.example joe/\n", 1, "\"joe/@north.example\" is no name of this file",
            "on a line of its own"},
        Bad{"second_colon", "x: joe: ann\n", 1, "second colon", "one entry"},
        Bad{"other_domain", "joe@west.example joe\n", 1, "none of the domains of this server", "[[domain]]"},
        Bad{"missing", "sales: joe\n", 1, "\"joe@north.example\" is no name of this file", "on a line of its own"},
        Bad{"itself", "a: b\nb: c, a\nc\n", 1, "leads back to itself (line 2)", "circle"},
        Bad{"catch_all_twice", "joe\n*: joe\n@north.example joe\n", 3, "in line 2 too", "remove one"},
        Bad{"catch_all_alone", "*\n", 1, "where other names lead", "*: joe"},
        Bad{"literal", "x: joe@[192.0.2.1]\n", 1, "is no address", "write"},
        Bad{"long", "joe\n" + std::string(8193, 'x') + "\n", 2, "is longer than 8192", "aliases"}),
    [](const auto& bad) { return bad.param.name; });

TEST_P(BadAliasFile, IsRefusedWithLineAndMend) {
  const auto file = AliasFile::parse(GetParam().text, context());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error()[0].line, GetParam().line);
  EXPECT_THAT(file.error()[0].problem, HasSubstr(GetParam().problem));
  EXPECT_THAT(file.error()[0].mend, HasSubstr(GetParam().mend));
}

TEST(AliasFile, NamesOutsideTheFileAreRightWhereACatchAllTakesThem) {
  auto around = context();
  around.has_catch_all = true;
  EXPECT_EQ(good("sales: joe\n", around).size(), 1U);
  EXPECT_EQ(good("sales: joe\n*: ann@west.example\n").size(), 1U);
}

TEST(AliasFile, StepsAndTargetsAreBounded) {
  std::string chain = "a0\n";
  for (int n = 1; n <= 10; ++n) chain += "a" + std::to_string(n) + ": a" + std::to_string(n - 1) + "\n";
  EXPECT_EQ(good(chain).size(), 11U);
  const auto long_chain = AliasFile::parse(chain + "a11: a10\n", context());
  ASSERT_FALSE(long_chain);
  EXPECT_THAT(long_chain.error()[0].problem, HasSubstr("over more than 10 aliases"));

  std::string many = "all:";
  for (int n = 0; n < 100; ++n) many += " x" + std::to_string(n) + "@west.example";
  EXPECT_EQ(good(many + "\n").size(), 1U);
  EXPECT_FALSE(AliasFile::parse(many + " y@west.example\n", context()));
  const auto together = AliasFile::parse(many + "\nmore: all, y@west.example\n", context());
  ASSERT_FALSE(together);
  EXPECT_THAT(together.error()[0].problem, HasSubstr("to more than 100 addresses"));
}

TEST(AliasFile, NoMoreThanTwentyFaultsAreTold) {
  std::string text;
  for (int n = 0; n < 100; ++n) text += " x\n";
  const auto file = AliasFile::parse(text, context());
  ASSERT_FALSE(file);
  EXPECT_THAT(file.error(), SizeIs(20));
}

}  // namespace
}  // namespace cas::recipients
