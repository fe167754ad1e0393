// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lists of exceptions as others write them.
#include "policy/exception_formats.hpp"

#include <gmock/gmock.h>

#include "policy/csv.hpp"

namespace cas::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum ExceptionAction;

ListDefaults by_default(ExceptionAction action) {
  ListDefaults defaults;
  defaults.action = action;
  return defaults;
}

/// "LINE ACTION PATTERN PROOF" of each entry.
std::vector<std::string> told(const ReadList& list) {
  std::vector<std::string> lines;
  for (std::size_t n = 0; n < list.entries.size(); ++n) {
    const auto& entry = list.entries[n];
    lines.push_back(std::to_string(list.lines.at(n)) + " " + std::string(to_string(entry.action)) + " " +
                    entry.pattern.text() + " " + std::string(to_string(entry.proof)));
  }
  return lines;
}

std::vector<std::string> told(const std::vector<ListLine>& list) {
  std::vector<std::string> lines;
  for (const auto& one : list) lines.push_back(std::to_string(one.line) + " " + one.text);
  return lines;
}

TEST(ExceptionFormats, PlainIsOnePatternALine) {
  const auto list = read_list(
      "# partners\n\n  Joe@North.example\t# our Joe\r\n*.west.example\n@east.example\n192.0.2.0/24\n"
      "/@north\\.example # x$/i\n.south.example for=suzie@south.example proof=spf until=2026-12-31 owner=ops\n",
      ListFormat::Plain, by_default(Exempt));
  EXPECT_THAT(list.faults, IsEmpty());
  EXPECT_THAT(told(list), ElementsAre("3 exempt joe@north.example dkim", "4 exempt .west.example dkim",
                                      "5 exempt east.example dkim", "6 exempt 192.0.2.0/24 client",
                                      "7 exempt /@north\\.example # x$/ dkim", "8 exempt .south.example spf"));
  EXPECT_EQ(list.entries.at(0).reason, "our Joe");
  EXPECT_EQ(list.entries.at(5).scope.text(), "suzie@south.example");
  EXPECT_EQ(list.entries.at(5).owner, "ops");
  EXPECT_EQ(list.entries.at(5).expires, UnixTime(seconds(1798675200)));
}

TEST(ExceptionFormats, EveryLineThatCannotBeUsedIsNamed) {
  const auto list =
      read_list("north.example\ncom\n0.0.0.0/0\nwest.example proof=none\n10.0.0.1/8\nwest.example x=y\n/a\n" +
                    std::string(9000, 'a') + "\nlast.example\n",
                ListFormat::Plain, by_default(Exempt));
  EXPECT_THAT(told(list.faults),
              ElementsAre(HasSubstr("2 com: anybody can"), HasSubstr("3 0.0.0.0/0: that is a large"),
                          HasSubstr("4 west.example: without proof"), HasSubstr("5 \"10.0.0.1/8\" is no pattern"),
                          HasSubstr("6 nothing is called \"x\""), HasSubstr("7 a regular expression"),
                          HasSubstr("8 the line is longer")));
  EXPECT_THAT(told(list), ElementsAre("1 exempt north.example dkim", "9 exempt last.example dkim"));
}

TEST(ExceptionFormats, ManyFaultsAreCounted) {
  std::string text;
  for (int n = 0; n < 250; ++n) text += "com\n";
  const auto list = read_list(text, ListFormat::Plain, by_default(Exempt));
  EXPECT_EQ(list.faults.size(), max_faults + 1);
  EXPECT_THAT(list.faults.back().text, HasSubstr("250 lines"));
}

TEST(ExceptionFormats, PostfixAccessTables) {
  const std::string table =
      "# access(5)\nnorth.example OK\njoe@west.example\n   REJECT  you are\n   not welcome\n.south.example  permit\n"
      "192.0.2 RELAY\n198.51.100.0/24 550 5.7.1 gone\nspam@  REJECT\ninfo@ OK\neast.example DUNNO\n"
      "/^bounce@.*\\.example$/ 450 later\nhold.example HOLD\nif /x/\nnine.example 1\n";
  const auto list = read_list(table, ListFormat::PostfixAccess, by_default(Exempt));
  EXPECT_THAT(list.faults, IsEmpty());
  EXPECT_THAT(told(list), ElementsAre("2 exempt north.example dkim", "2 exempt .north.example dkim",
                                      "3 block joe@west.example none", "6 exempt .south.example dkim",
                                      "7 exempt 192.0.2.0/24 client", "8 block 198.51.100.0/24 none",
                                      "9 block /^spam@/ none", "12 block /^bounce@.*\\.example$/ none",
                                      "15 exempt nine.example dkim", "15 exempt .nine.example dkim"));
  EXPECT_EQ(list.entries.at(2).reason, "you are not welcome");
  EXPECT_THAT(told(list.skipped), ElementsAre(HasSubstr("10 a local part"), HasSubstr("11 \"DUNNO\""),
                                              HasSubstr("13 \"HOLD\""), HasSubstr("14 conditions")));

  const auto blocks = read_list(table, ListFormat::PostfixAccess, by_default(Block));
  for (const auto& entry : blocks.entries) EXPECT_EQ(entry.action, Block) << entry.pattern.text();
  EXPECT_EQ(blocks.entries.size(), 4U);
  EXPECT_THAT(told(read_list("a.example\n", ListFormat::PostfixAccess, by_default(Block)).faults),
              ElementsAre(HasSubstr("an action is missing")));
}

TEST(ExceptionFormats, PostgreyClients) {
  const auto list = read_list(
      "# "
      "whitelist\nmail.north.example\n192.0.2\n198.51.100.7\n203.0.113.0/24\n/^mx\\d+\\.west\\.example$/\n/^unknown/\n",
      ListFormat::Postgrey, by_default(Exempt));
  EXPECT_THAT(told(list), ElementsAre("2 exempt mail.north.example dkim", "2 exempt .mail.north.example dkim",
                                      "3 exempt 192.0.2.0/24 client", "4 exempt 198.51.100.7/32 client",
                                      "5 exempt 203.0.113.0/24 client", "6 exempt /@mx\\d+\\.west\\.example$/ dkim"));
  EXPECT_THAT(told(list.faults), ElementsAre(HasSubstr("7 /@unknown/: end it")));
}

TEST(ExceptionFormats, RspamdMaps) {
  const auto list = read_list("north.example 10.0\n@west.example\n/@east\\.example$/i  SYMBOL:3\n192.0.2.1\n",
                              ListFormat::Rspamd, by_default(Allow));
  EXPECT_THAT(list.faults, IsEmpty());
  EXPECT_THAT(told(list), ElementsAre("1 allow north.example dkim", "2 allow west.example dkim",
                                      "3 allow /@east\\.example$/ dkim", "4 allow 192.0.2.1/32 client"));
}

TEST(ExceptionFormats, CsvNamesItsColumns) {
  const auto list = read_list(
      "pattern,reason,hits,for\r\nnorth.example,\"a, "
      "\"\"b\"\"\",7,south.example\r\nwest.example,,,\r\n\"broken\nx,y\nalso.example,,\n",
      ListFormat::Csv, by_default(Exempt));
  EXPECT_THAT(told(list), ElementsAre("2 exempt north.example dkim", "3 exempt west.example dkim"));
  EXPECT_EQ(list.entries.at(0).reason, "a, \"b\"");
  EXPECT_EQ(list.entries.at(0).scope.text(), "south.example");
  EXPECT_THAT(told(list.faults),
              ElementsAre(HasSubstr("4 this is no CSV"), HasSubstr("5 4 columns"), HasSubstr("6 4 columns")));
  EXPECT_THAT(told(read_list("a.example\n", ListFormat::Csv, by_default(Block)).faults),
              ElementsAre(HasSubstr("1 the first line names")));
  EXPECT_THAT(told(read_list("action,pattern\nexempt,a.example\n", ListFormat::Csv, by_default(Block)).faults),
              ElementsAre(HasSubstr("2 this is one of \"exempt\"")));
}

TEST(ExceptionFormats, AreGuessed) {
  EXPECT_EQ(guess_format("action,pattern,for\nblock,a.example,\n"), ListFormat::Csv);
  EXPECT_EQ(guess_format("# x\nnorth.example\tOK\n"), ListFormat::PostfixAccess);
  EXPECT_EQ(guess_format("/^a b/ 550 gone\r\n"), ListFormat::PostfixAccess);
  EXPECT_EQ(guess_format("north.example DUNNO\r\n"), ListFormat::PostfixAccess);
  EXPECT_EQ(guess_format("north.example # OK\n"), ListFormat::Plain);
  EXPECT_EQ(guess_format(""), ListFormat::Plain);
}

// import(export(x)) = x
TEST(ExceptionFormats, WhatIsWrittenIsReadAgain) {
  std::string lines, records = csv_heading();
  std::vector<std::string> patterns{
      "joe@north.example",       "\"a b\"@north.example", "north.example", ".north.example",
      "list:news.north.example", "192.0.2.0/24",          "2001:db8::/32", "/^a# \"x\",\\/b@north\\.example$/"};
  for (const auto& text : patterns) {
    auto pattern = Pattern::parse(text).value();
    const auto proof = text == "north.example"    ? Proof::None
                       : text == ".north.example" ? Proof::Spf
                                                  : usual_proof(Exempt, pattern);
    const Exception entry{.id = 1,
                          .action = Exempt,
                          .pattern = std::move(pattern),
                          .scope = Scope::parse("suzie@south.example").value(),
                          .proof = proof,
                          .reason = "=1, \"2\" # 3",
                          .owner = "ops",
                          .created = {},
                          .expires = UnixTime(seconds(1'800'000'000))};
    lines += plain_line(entry);
    records += csv_line(entry);
  }
  for (const auto& [text, format] : {std::pair(lines, ListFormat::Plain), std::pair(records, ListFormat::Csv)}) {
    EXPECT_EQ(guess_format(text), format);
    const auto list = read_list(text, format, by_default(Exempt));
    EXPECT_THAT(told(list.faults), IsEmpty()) << text;
    std::string again = format == ListFormat::Csv ? csv_heading() : "";
    for (const auto& entry : list.entries)
      again += format == ListFormat::Csv ? csv_line(exception_of(entry, {})) : plain_line(exception_of(entry, {}));
    EXPECT_EQ(again, text);
  }
}

TEST(Csv, CountsLinesInQuotedFields) {
  CsvReader reader("a,\"b\nc\"\nd\n");
  EXPECT_EQ(reader.next()->line, 1U);
  EXPECT_EQ(reader.next()->line, 3U);
  EXPECT_FALSE(reader.next());
}

}  // namespace
}  // namespace cas::policy
