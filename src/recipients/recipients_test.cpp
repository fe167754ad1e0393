// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Where addresses lead, over all domains of a server.
#include "recipients/recipients.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <fstream>

#include "net/runtime.hpp"
#include "recipients/sources.hpp"

namespace cas::recipients {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Domain domain(std::string_view text) {
  return *Domain::parse(text);
}
Mailbox mailbox(std::string_view text) {
  return *Mailbox::parse(text);
}

/// Says what it is told to say.
class Told final : public Source {
 public:
  net::Task<Lookup> find(std::string local) override {
    asked.push_back(local);
    if (down) co_return transient("not now", "the source is down");
    const auto known = names.find(local);
    if (known == names.end()) co_return std::nullopt;
    co_return known->second;
  }
  std::map<std::string, Found> names;
  std::vector<std::string> asked;
  bool down = false;
};

class RecipientsTest : public testing::Test {
 protected:
  RecipientsTest() { runtime_.start(); }

  Result<Resolution> resolve(std::string_view address) {
    Result<Resolution> result;
    const Recipients recipients(domains_);
    run([&]() -> net::Task<void> { result = co_await recipients.resolve(mailbox(address)); });
    return result;
  }
  std::vector<std::string> targets(std::string_view address) {
    const auto result = resolve(address);
    if (!result) return {"error: " + result.error().private_reason};
    std::vector<std::string> all;
    for (const auto& target : result->targets) all.push_back(target.wire());
    return all;
  }
  Result<bool> has_mailbox(std::string_view address) {
    Result<bool> result;
    const Recipients recipients(domains_);
    run([&]() -> net::Task<void> { result = co_await recipients.has_mailbox(mailbox(address)); });
    return result;
  }
  void run(std::function<net::Task<void>()> task) { net::run_and_wait(runtime_.executor(0), std::move(task)); }

  net::Runtime runtime_{1};
  std::shared_ptr<Told> north_ = std::make_shared<Told>(), south_ = std::make_shared<Told>();
  std::map<Domain, DomainRules> domains_{{domain("north.example"), {.source = north_, .delimiter = "+"}},
                                         {domain("south.example"), {.source = south_}}};
};

const Found here{.mailbox = true, .rule = "told"};

Found alias(const std::vector<std::string_view>& to, bool mailbox_too = false) {
  Found found{.mailbox = mailbox_too, .rule = "told"};
  for (const auto address : to) found.targets.push_back(mailbox(address));
  return found;
}

TEST_F(RecipientsTest, AMailboxIsItsOwnTargetAsItWasWritten) {
  north_->names["joe"] = here;
  EXPECT_THAT(targets("JOE@north.example"), ElementsAre("JOE@north.example"));
  EXPECT_THAT(targets("ann@north.example"), IsEmpty());
  EXPECT_THAT(targets("ann@west.example"), ElementsAre("ann@west.example"));
}

TEST_F(RecipientsTest, ASubaddressIsTriedWhenTheWholeNameIsNone) {
  north_->names["joe"] = here;
  north_->names["joe+own"] = here;
  EXPECT_THAT(targets("Joe+x+y@north.example"), ElementsAre("Joe@north.example"));
  EXPECT_THAT(targets("joe+own@north.example"), ElementsAre("joe+own@north.example"));
  EXPECT_THAT(targets("+joe@north.example"), IsEmpty());
  EXPECT_EQ(resolve("joe+x@north.example")->rule, "told subaddress");
  south_->names["joe"] = here;
  EXPECT_THAT(targets("joe+x@south.example"), IsEmpty()) << "no delimiter there";
}

TEST_F(RecipientsTest, WhoeverHasTheMailboxesMaySeeTheSubaddress) {
  north_->names["joe"] = here;
  domains_.at(domain("north.example")).keeps_subaddress = true;
  EXPECT_THAT(targets("joe+x@north.example"), ElementsAre("joe+x@north.example"));
}

TEST_F(RecipientsTest, AliasesLeadThroughAllDomains) {
  north_->names["joe"] = here;
  north_->names["sales"] = alias({"joe@north.example", "ann@south.example", "x@west.example"});
  south_->names["ann"] = alias({"joe@north.example", "kim@south.example"}, true);
  south_->names["kim"] = here;
  EXPECT_THAT(targets("sales@north.example"),
              ElementsAre("joe@north.example", "ann@south.example", "x@west.example", "kim@south.example"));
}

TEST_F(RecipientsTest, ATargetThatIsGoneIsTriedAmongOthersAndAloneUnknown) {
  north_->names["joe"] = here;
  north_->names["both"] = alias({"gone@south.example", "joe@north.example"});
  north_->names["one"] = alias({"gone@south.example"});
  EXPECT_THAT(targets("both@north.example"), ElementsAre("joe@north.example", "gone@south.example"));
  EXPECT_THAT(targets("one@north.example"), IsEmpty());
}

TEST_F(RecipientsTest, CirclesAndLongWaysAreTransientFaults) {
  north_->names["a"] = alias({"b@south.example"});
  south_->names["b"] = alias({"a@north.example"});
  EXPECT_THAT(targets("a@north.example"), ElementsAre(HasSubstr("leads back to itself")));
  for (int n = 0; n <= 11; ++n) {
    north_->names["n" + std::to_string(n)] = alias({"n" + std::to_string(n + 1) + "@north.example"});
  }
  EXPECT_THAT(targets("n0@north.example"), ElementsAre(HasSubstr("over too many aliases")));
  std::vector<std::string> many;
  for (int n = 0; n < 101; ++n) many.push_back("x" + std::to_string(n) + "@west.example");
  north_->names["many"] = alias({many.begin(), many.end()});
  EXPECT_THAT(targets("many@north.example"), ElementsAre(HasSubstr("too many addresses")));
}

TEST_F(RecipientsTest, PostmasterIsAlwaysThere) {  // RFC 5321 §4.5.1
  EXPECT_THAT(targets("PostMaster@north.example"), ElementsAre("PostMaster@north.example"));
  north_->names["joe"] = here;
  domains_.at(domain("north.example")).postmaster = mailbox("joe@north.example");
  EXPECT_THAT(targets("postmaster@north.example"), ElementsAre("joe@north.example"));
  north_->names["postmaster"] = alias({"ann@west.example"});
  EXPECT_THAT(targets("postmaster@north.example"), ElementsAre("ann@west.example"));
}

TEST_F(RecipientsTest, ACatchAllTakesWhatNobodyHas) {
  auto& rules = domains_.at(domain("north.example"));
  rules.catch_all = mailbox("joe@north.example");
  EXPECT_THAT(targets("any@north.example"), IsEmpty()) << "joe is nobody either";
  EXPECT_THAT(targets("joe@north.example"), IsEmpty());
  north_->names["joe"] = here;
  EXPECT_THAT(targets("any@north.example"), ElementsAre("joe@north.example"));
  EXPECT_EQ(resolve("any@north.example")->rule, "catch-all");
  EXPECT_THAT(targets("postmaster@north.example"), ElementsAre("postmaster@north.example"));
}

TEST_F(RecipientsTest, ASourceThatIsDownIsNoAnswerWhereverItIsAsked) {
  north_->names["sales"] = alias({"ann@south.example"});
  domains_.at(domain("south.example")).catch_all = mailbox("joe@west.example");
  south_->down = true;
  for (const auto* address : {"ann@south.example", "postmaster@south.example", "sales@north.example"}) {
    const auto result = resolve(address);
    ASSERT_FALSE(result) << address;
    EXPECT_EQ(result.error().lasting, Lasting::Transient);
  }
  EXPECT_FALSE(has_mailbox("ann@south.example"));
}

TEST_F(RecipientsTest, MailThatWaitsStillHasItsMailboxOrNot) {
  north_->names["joe"] = here;
  north_->names["sales"] = alias({"joe@north.example"});
  domains_.at(domain("north.example")).catch_all = mailbox("joe@north.example");
  EXPECT_TRUE(*has_mailbox("joe@north.example"));
  EXPECT_TRUE(*has_mailbox("postmaster@north.example"));
  EXPECT_FALSE(*has_mailbox("sales@north.example"));
  EXPECT_FALSE(*has_mailbox("gone@north.example"));
  EXPECT_FALSE(*has_mailbox("joe@west.example"));
}

// ---- Sources ----

TEST_F(RecipientsTest, AFileSaysMailboxesAliasesAndTheRest) {
  auto file = AliasFile::parse("joe\nsales: joe\n*: sales\n", {.domain = domain("north.example")});
  ASSERT_TRUE(file);
  domains_.at(domain("north.example")).source =
      std::make_shared<FileSource>(std::make_shared<const AliasFile>(*std::move(file)));
  EXPECT_THAT(targets("sales@north.example"), ElementsAre("joe@north.example"));
  EXPECT_THAT(targets("x@north.example"), ElementsAre("joe@north.example"));
  EXPECT_EQ(resolve("x@north.example")->rule, "catch-all file:3");
  EXPECT_EQ(resolve("sales+y@north.example")->rule, "file:2 subaddress");
}

TEST_F(RecipientsTest, AMaildirIsAMailboxAndAMissingParentIsNoAnswer) {
  std::string root = (std::filesystem::temp_directory_path() / "cas-recipients-XXXXXX").string();
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const std::filesystem::path mail = std::filesystem::path(root) / "mail";
  std::filesystem::create_directories(mail / "joe");
  std::filesystem::create_directories(std::filesystem::path(root) / "outside");
  std::ofstream(mail / "file") << "x";
  net::Workers workers(1);
  domains_.at(domain("north.example")).source = std::make_shared<MaildirSource>(mail, workers);
  EXPECT_THAT(targets("Joe@north.example"), ElementsAre("Joe@north.example"));
  EXPECT_THAT(targets("file@north.example"), IsEmpty());
  EXPECT_THAT(targets("ann@north.example"), IsEmpty());
  EXPECT_THAT(targets("\"../outside\"@north.example"), IsEmpty());
  EXPECT_THAT(targets("\"..\"@north.example"), IsEmpty());
  std::filesystem::remove_all(root);
  EXPECT_THAT(targets("joe@north.example"), ElementsAre(HasSubstr("is not there")));
}

TEST(FolderName, NoTwoLocalPartsShareOne) {
  EXPECT_EQ(folder_name(".."), "%2E.");
  EXPECT_EQ(folder_name("a/b%"), "a%2Fb%25");
  EXPECT_EQ(folder_name("a%2fb"), "a%252fb");
}

}  // namespace
}  // namespace cas::recipients
