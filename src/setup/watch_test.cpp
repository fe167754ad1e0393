// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "setup/watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::setup {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

Finding finding(std::string id, Verdict verdict = Verdict::Wrong) {
  return {.id = std::move(id), .name = "b.example", .type = "TXT", .verdict = verdict, .problem = "It is so."};
}

std::vector<std::string> fresh(DomainMemory& memory, std::vector<Finding> findings) {
  std::vector<std::string> ids;
  for (const auto& one : learn_changes("b.example", memory, findings).fresh) ids.push_back(one.id);
  return ids;
}

using Ids = std::vector<std::string>;

TEST(LearnChanges, TellsWhatIsNewOnce) {
  DomainMemory memory;
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{"spf"});
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{});
  EXPECT_EQ(fresh(memory, {finding("spf"), finding("dmarc")}), Ids{"dmarc"});
}

TEST(LearnChanges, TellsWhatIsInOrderAgainOnceAndAnewWhenItComesBack) {
  DomainMemory memory;
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{"spf"});
  EXPECT_THAT(learn_changes("b.example", memory, {}).mended, SizeIs(1));
  EXPECT_FALSE(learn_changes("b.example", memory, {}).any());
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{"spf"});
}

TEST(LearnChanges, TellsThatSomethingCannotBeFoundOutTheSecondTime) {
  DomainMemory memory;
  const std::vector failed{finding("spf", Verdict::Unknown)};
  EXPECT_EQ(fresh(memory, failed), Ids{});
  EXPECT_EQ(fresh(memory, failed), Ids{"spf"});
  EXPECT_EQ(fresh(memory, failed), Ids{});
  EXPECT_THAT(learn_changes("b.example", memory, {}).mended, SizeIs(1));
}

TEST(LearnChanges, TakesNothingForMendedWhileTheDnsFails) {
  DomainMemory memory;
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{"spf"});
  const std::vector failed{finding("spf", Verdict::Unknown)};
  EXPECT_FALSE(learn_changes("b.example", memory, failed).any());
  EXPECT_EQ(fresh(memory, {finding("spf")}), Ids{}) << "it was told before the DNS failed";
}

TEST(LearnChanges, SaysNothingOfWhatIsInOrder) {
  DomainMemory memory;
  EXPECT_FALSE(learn_changes("b.example", memory, std::vector{finding("spf", Verdict::Ok)}).any());
  EXPECT_TRUE(memory.findings.empty());
}

TEST(WatchMemory, IsTheSameAfterARestart) {
  WatchMemory memory;
  memory.checked = UnixTime(seconds(1764000000));
  auto& domain = memory.domains["b.example"];
  domain.sts = StsBefore{.id = "1", .text = "version: STSv1\r\nmode: enforce\r\n"};
  EXPECT_EQ(fresh(domain, {finding("spf"), finding("x", Verdict::Unknown)}), Ids{"spf"});
  memory.domains["c.example"];
  EXPECT_EQ(WatchMemory::load(memory.save()), memory);
}

TEST(WatchMemory, PassesOverWhatIsDamaged) {
  const auto memory = WatchMemory::load(
      "checked\t-5\nfinding\terror\t1\tYQ\tYQ\ndomain\t..\nfinding\tx\n"
      "domain\tb.example\nfinding\tworse\t1\tYQ\tYQ\nfinding\terror\t1\t!\tYQ\nsts\t!\n");
  EXPECT_EQ(memory.checked, UnixTime());
  EXPECT_THAT(memory.domains, SizeIs(1));
  EXPECT_TRUE(memory.domains.at("b.example").findings.empty());
}

TEST(WatchLetter, SaysWhatIsNewWithItsMendAndWhatIsInOrderAgain) {
  auto one = finding("spf.several");
  one.found = "v=spf1 \x1b[31m";
  one.mend = "Put one in their place.";
  one.line = "b.example. IN TXT \"v=spf1 -all\"";
  const std::vector changes{Changes{.domain = "b.example",
                                    .fresh = {one},
                                    .mended = {{.severity = Severity::Error, .problem = "It was so."}},
                                    .still = 2}};
  const auto from = *Mailbox::parse("postmaster@b.example");
  const auto text = watch_letter(changes, "mx.b.example", from, from, "id@b.example", UnixTime(seconds(1764000000)));
  EXPECT_THAT(text, HasSubstr("Subject: DNS records of b.example: 1 new finding, 1 in order again\r\n"));
  EXPECT_THAT(text, HasSubstr("Auto-Submitted: auto-generated\r\n"));
  EXPECT_THAT(text, HasSubstr("ERROR  b.example TXT  [spf.several]\r\n"));
  EXPECT_THAT(text, HasSubstr("  line:      b.example. IN TXT \"v=spf1 -all\"\r\n"));
  EXPECT_THAT(text, HasSubstr("In order again:\r\n  It was so.\r\n"));
  EXPECT_THAT(text, HasSubstr("2 things told before are as before"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
    ASSERT_EQ(text.at(at - 1), '\r');
  }
}

}  // namespace
}  // namespace cas::setup
