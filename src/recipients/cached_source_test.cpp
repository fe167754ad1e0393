// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is kept and for how long, one question for many, and rest for whoever is down.
#include "recipients/cached_source.hpp"

#include <gmock/gmock.h>

#include "net/runtime.hpp"
#include "recipients/sql.hpp"

namespace cas::recipients {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;

class CachedSourceTest : public testing::Test {
 protected:
  CachedSourceTest() { runtime_.start(); }

  net::Task<Answer> answer(std::string local) {
    asked_.push_back(local);
    if (bell_) (void)co_await bell_->wait(milliseconds(20'000));
    co_return answer_;
  }
  std::string find(const std::string& local) {
    std::string said;
    run([&]() -> net::Task<void> { said = words(co_await source_.find(local)); });
    return said;
  }
  net::Task<void> find_into(std::vector<std::string>& said, std::string local) {
    const auto lookup = co_await source_.find(local);
    said.push_back(local + ' ' + words(lookup));
  }
  static std::string words(const Lookup& lookup) {
    if (!lookup) return "error: " + lookup.error().private_reason;
    return *lookup ? (*lookup)->rule : "unknown";
  }
  void run(std::function<net::Task<void>()> task) { net::run_and_wait(runtime_.executor(0), std::move(task)); }

  net::Runtime runtime_{1};
  std::chrono::steady_clock::time_point now_ = std::chrono::steady_clock::now();
  Answer answer_{.lookup = Found{.mailbox = true, .rule = "told"}};
  std::vector<std::string> asked_;
  std::optional<net::Bell> bell_;
  CachedSource source_{[this](std::string local) { return answer(std::move(local)); },
                       {.keep = seconds(60), .keep_unknown = seconds(10), .rest = seconds(3), .asking = 2},
                       [this] { return now_; }};
};

TEST_F(CachedSourceTest, WhatWasFoundIsKeptForItsTime) {
  EXPECT_EQ(find("joe"), "told");
  now_ += seconds(59);
  EXPECT_EQ(find("joe"), "told cached");
  now_ += seconds(1);
  EXPECT_EQ(find("joe"), "told");
  EXPECT_THAT(asked_, ElementsAre("joe", "joe"));
}

TEST_F(CachedSourceTest, WhatIsUnknownIsKeptForAShorterTime) {
  answer_.lookup = std::nullopt;
  EXPECT_EQ(find("joe"), "unknown");
  answer_.lookup = Found{.mailbox = true, .rule = "told"};
  now_ += seconds(9);
  EXPECT_EQ(find("joe"), "unknown");
  now_ += seconds(1);
  EXPECT_EQ(find("joe"), "told");
}

TEST_F(CachedSourceTest, AnErrorIsNotKept) {
  answer_.lookup = transient("not now", "greylisted");
  EXPECT_EQ(find("joe"), "error: greylisted");
  answer_.lookup = Found{.mailbox = true, .rule = "told"};
  EXPECT_EQ(find("joe"), "told");
}

TEST_F(CachedSourceTest, WhoeverIsDownRestsAndWhatIsKnownIsStillSaid) {
  EXPECT_EQ(find("joe"), "told");
  answer_ = {.lookup = transient("not now", "down"), .down = true};
  EXPECT_EQ(find("ann"), "error: down");
  answer_ = {.lookup = Found{.mailbox = true, .rule = "told"}};
  EXPECT_EQ(find("bob"), "error: down");
  EXPECT_EQ(find("joe"), "told cached");
  now_ += seconds(3);
  EXPECT_EQ(find("bob"), "told");
  EXPECT_THAT(asked_, ElementsAre("joe", "ann", "bob"));
}

TEST_F(CachedSourceTest, ManyWaitForOneQuestionAndQuestionsAreBounded) {
  std::vector<std::string> said;
  run([&]() -> net::Task<void> {
    bell_.emplace(runtime_.executor(0));
    net::TaskGroup group(runtime_.executor(0));
    for (const auto* local : {"joe", "joe", "joe", "ann"}) group.spawn(find_into(said, local));
    group.spawn(find_into(said, "bob"));  // one more than may be asked at once
    while (said.empty()) co_await net::sleep_for(milliseconds(0));
    EXPECT_THAT(said, ElementsAre("bob error: too many names are being asked about"));
    EXPECT_THAT(asked_, ElementsAre("joe", "ann"));
    bell_->ring();
    while (said.size() < 4) co_await net::sleep_for(milliseconds(0));
    bell_->ring();
    co_await group.join();
  });
  EXPECT_THAT(said, testing::IsSupersetOf({"joe told", "joe told", "joe told", "ann told"}));
  EXPECT_THAT(asked_, ElementsAre("joe", "ann"));
}

TEST_F(CachedSourceTest, WhoeverWaitsHearsWhenTheOneWhoAskedIsGone) {
  std::vector<std::string> said;
  run([&]() -> net::Task<void> {
    bell_.emplace(runtime_.executor(0));
    answer_.lookup = transient("not now", "cancelled");
    net::TaskGroup first(runtime_.executor(0)), second(runtime_.executor(0));
    first.spawn(find_into(said, "joe"));
    while (asked_.empty()) co_await net::sleep_for(milliseconds(0));
    second.spawn(find_into(said, "joe"));
    co_await net::sleep_for(milliseconds(0));
    first.cancel();
    co_await first.join();
    co_await second.join();
  });
  EXPECT_THAT(said, ElementsAre("joe error: cancelled", "joe error: cancelled"));
}

// ---- Rows of a database ----

std::string meaning(const SqlRows& rows) {
  const auto lookup = found_in_rows(rows, "joe", *Domain::parse("north.example"));
  if (!lookup) return "error";
  if (!*lookup) return "unknown";
  std::string text = (*lookup)->mailbox ? "mailbox" : "";
  for (const auto& target : (*lookup)->targets) text += ' ' + target.wire();
  return text;
}

TEST(FoundInRows, RowsAreTheMailboxItselfOrItsTargets) {
  EXPECT_EQ(meaning({}), "unknown");
  EXPECT_EQ(meaning({""}), "mailbox");
  EXPECT_EQ(meaning({"Joe"}), "mailbox");
  EXPECT_EQ(meaning({"JOE@North.example"}), "mailbox");
  EXPECT_EQ(meaning({"ann", " x@west.example "}), " ann@north.example x@west.example");
  EXPECT_EQ(meaning({"joe, ann,\"a,b\"@west.example"}), "error") << "a quoted comma wants a row of its own";
  EXPECT_EQ(meaning({"joe, ann,", "\"a,b\"@west.example"}), "mailbox ann@north.example \"a,b\"@west.example");
  EXPECT_EQ(meaning({"no address"}), "error");
  EXPECT_EQ(meaning({","}), "unknown");
}

}  // namespace
}  // namespace cas::recipients
