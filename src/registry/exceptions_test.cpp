// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The exceptions of a running server, over both kinds of store.
#include "registry/exceptions.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <future>

#include "registry/audit.hpp"
#include "store/memory.hpp"
#include "store/sqlite.hpp"
#include "testing/fake_clock.hpp"

namespace cas::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using enum policy::ExceptionAction;
using Outcome = EnteredException::Outcome;
using policy::Proof;

class Silent final : public EventSink {
 public:
  void emit(Event event) override { names.push_back(std::string(event.name)); }
  std::vector<std::string> names;
};

enum class Twin { Memory, Sqlite };

class ExceptionsRegistry : public ::testing::TestWithParam<Twin> {
 protected:
  ExceptionsRegistry() {
    std::string pattern = (std::filesystem::temp_directory_path() / "cas-registry-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    open();
  }
  ~ExceptionsRegistry() override {
    exceptions_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    if (!store_ && GetParam() == Twin::Memory) store_ = store::open_memory();
    if (!store_) store_ = store::open_sqlite({.file = folder_ / "cas.db"}).value();
    exceptions_ = Exceptions::load(*store_, clock_, events_, 3, options_).value();
  }
  /// As after a stop and a start; the store without a disk stays open.
  void restart() {
    exceptions_.reset();
    if (GetParam() == Twin::Sqlite) store_.reset();
    open();
  }

  /// What a callback is given.
  template <class T>
  static Result<T> wait(const std::function<void(Exceptions::Done<T>)>& start) {
    std::promise<Result<T>> promise;
    start([&](Result<T> value) { promise.set_value(std::move(value)); });
    return promise.get_future().get();
  }
  Result<std::vector<EnteredException>> enter(std::vector<NewException> entries, EnterOptions options = {}) {
    return wait<std::vector<EnteredException>>(
        [&](auto done) { exceptions_->enter(std::move(entries), change(), std::move(options), std::move(done)); });
  }
  std::vector<ExceptionRow> remove(std::vector<std::int64_t> ids) {
    return wait<std::vector<ExceptionRow>>(
               [&](auto done) { exceptions_->remove(std::move(ids), change(), std::move(done)); })
        .value();
  }
  ExceptionPage list(std::int64_t after = 0, std::size_t limit = 100, ExceptionFilter filter = {}) {
    return wait<ExceptionPage>([&](auto done) { exceptions_->list(after, limit, std::move(filter), std::move(done)); })
        .value();
  }
  /// "WHO ACTION SUBJECT | DETAIL", the oldest first.
  std::vector<std::string> audit() {
    AuditLog log(*store_);
    const auto entries =
        wait<std::vector<store::AuditEntry>>([&](auto done) { log.list(0, 1000, std::move(done)); }).value();
    std::vector<std::string> lines;
    for (const auto& one : entries) lines.push_back(one.by + " " + one.action + " " + one.subject + " | " + one.detail);
    std::ranges::reverse(lines);
    return lines;
  }
  [[nodiscard]] Change change() const { return {.at = clock_.now(), .by = "root"}; }

  static NewException entry(policy::ExceptionAction action, std::string_view pattern, std::string_view scope = {},
                            std::string reason = {}) {
    auto parsed = policy::Pattern::parse(pattern).value();
    const bool blocks = action == Block;
    const bool is_network = parsed.kind() == policy::Pattern::Kind::Network;
    return {.action = action,
            .pattern = std::move(parsed),
            .scope = policy::Scope::parse(scope).value(),
            .proof = blocks       ? Proof::None
                     : is_network ? Proof::Client
                                  : Proof::Dkim,
            .unauthenticated = false,
            .reason = std::move(reason),
            .owner = "joe",
            .expires = {}};
  }
  /// The entry that decides about a signed message of that author.
  std::int64_t decided(std::string_view author) const {
    policy::SenderIdentity sender;
    sender.author = Mailbox::parse(author).value();
    sender.author_proven = true;
    const auto found = exceptions_->find(sender, Mailbox::parse("suzie@south.example").value());
    return found.decided ? found.decided->id : 0;
  }

  testing::FakeClock clock_;
  Silent events_;
  ExceptionsOptions options_{.housekeeping = milliseconds(5), .write_hits = std::chrono::hours(1)};
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Exceptions> exceptions_;
};

TEST_P(ExceptionsRegistry, AChangeIsInForceWhenItIsToldAndAfterARestart) {
  const auto entered =
      enter({entry(Exempt, "north.example"), entry(Block, "/^spam/"), entry(Allow, "joe@west.example")});
  ASSERT_TRUE(entered) << entered.error().public_text;
  EXPECT_EQ(entered->size(), 3U);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(decided("a@north.example"), 1);
    EXPECT_EQ(decided("spam@x.example"), 2);
    EXPECT_EQ(decided("joe@west.example"), 3);
    EXPECT_EQ(decided("a@elsewhere.example"), 0);
    EXPECT_EQ(exceptions_->size(), 3U);
    restart();
  }
  EXPECT_EQ(remove({2, 9}).at(0).entry.pattern.text(), "/^spam/");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(decided("spam@x.example"), 0);
    EXPECT_EQ(decided("a@north.example"), 1);
    restart();
  }
}

TEST_P(ExceptionsRegistry, ADuplicateChangesTheEntryAndTheSameAgainNothing) {
  ASSERT_TRUE(enter({entry(Exempt, "north.example", "south.example", "first")}));
  clock_.advance(seconds(60));
  const auto again = enter({entry(Exempt, "NORTH.example", "South.example", "second")}).value();
  EXPECT_EQ(again.at(0).outcome, Outcome::Changed);
  EXPECT_EQ(again.at(0).id, 1);
  EXPECT_EQ(again.at(0).before->reason, "first");
  EXPECT_EQ(list().rows.at(0).entry.reason, "second");
  EXPECT_EQ(list().rows.at(0).entry.created, to_unix(clock_.now()) - seconds(60));
  EXPECT_EQ(enter({entry(Exempt, "north.example", "south.example", "second")}).value().at(0).outcome, Outcome::Same);
  // Another action, scope or pattern is another entry.
  const auto others = enter({entry(Block, "north.example", "south.example"), entry(Exempt, "north.example"),
                             entry(Exempt, ".north.example", "south.example")})
                          .value();
  for (const auto& one : others) EXPECT_EQ(one.outcome, Outcome::New);
  EXPECT_THAT(
      audit(),
      ElementsAre("root exception-add exempt #1 north.example for south.example | proof=dkim owner=joe reason=first",
                  "root exception-change exempt #1 north.example for south.example | proof=dkim owner=joe "
                  "reason=first -> proof=dkim owner=joe reason=second",
                  HasSubstr("block #2"), HasSubstr("exempt #3"), HasSubstr("exempt #4")));
}

TEST_P(ExceptionsRegistry, TwiceInOneBatchIsOneEntry) {
  const auto entered = enter({entry(Block, "north.example", "", "a"), entry(Block, "north.example", "", "b"),
                              entry(Block, "north.example", "", "b")})
                           .value();
  EXPECT_EQ(entered.at(0).outcome, Outcome::New);
  EXPECT_EQ(entered.at(1).outcome, Outcome::Changed);
  EXPECT_EQ(entered.at(2).outcome, Outcome::Same);
  EXPECT_EQ(list().rows.size(), 1U);
  EXPECT_EQ(list().rows.at(0).entry.reason, "b");
  EXPECT_EQ(exceptions_->size(), 1U);
}

TEST_P(ExceptionsRegistry, OneThatIsRefusedKeepsTheWholeBatchOut) {
  auto open_door = entry(Exempt, "west.example");
  open_door.proof = Proof::None;
  const auto entered = enter({entry(Exempt, "north.example"), open_door});
  ASSERT_FALSE(entered);
  EXPECT_EQ(entered.error().lasting, Lasting::Permanent);
  EXPECT_EQ(entered.error().private_reason, "1");
  EXPECT_EQ(exceptions_->size(), 0U);
  EXPECT_THAT(list().rows, IsEmpty());
  EXPECT_THAT(audit(), IsEmpty());
  open_door.unauthenticated = true;
  ASSERT_TRUE(enter({open_door}));
  EXPECT_THAT(audit(), ElementsAre(HasSubstr("UNAUTHENTICATED")));
}

TEST_P(ExceptionsRegistry, ADryRunChangesNothing) {
  ASSERT_TRUE(enter({entry(Exempt, "north.example")}));
  const auto tried = enter({entry(Exempt, "north.example", "", "new reason"), entry(Exempt, "west.example"),
                            entry(Exempt, "north.example", "", "new reason")},
                           {.dry_run = true, .source = {}})
                         .value();
  EXPECT_EQ(tried.at(0).outcome, Outcome::Changed);
  EXPECT_EQ(tried.at(1).outcome, Outcome::New);
  EXPECT_EQ(tried.at(1).id, 0);
  EXPECT_EQ(tried.at(2).outcome, Outcome::Same);
  EXPECT_EQ(audit().size(), 1U);
  EXPECT_EQ(list().rows.size(), 1U);
  EXPECT_EQ(decided("a@west.example"), 0);
  EXPECT_EQ(enter({entry(Exempt, "west.example")}).value().at(0).id, 2);
}

TEST_P(ExceptionsRegistry, ANumberIsNeverUsedAgain) {
  ASSERT_TRUE(enter({entry(Exempt, "north.example"), entry(Exempt, "west.example")}));
  remove({2});
  restart();
  EXPECT_EQ(enter({entry(Exempt, "west.example")}).value().at(0).id, 3);
}

TEST_P(ExceptionsRegistry, AnImportHasOneLineForWhatIsNewAndOneForEachChange) {
  ASSERT_TRUE(enter({entry(Block, "b.example", "", "mine")}));
  ASSERT_TRUE(enter({entry(Block, "a.example"), entry(Block, "b.example"), entry(Block, "c.example")},
                    {.dry_run = false, .source = "bad.txt"}));
  EXPECT_THAT(audit(), ElementsAre(HasSubstr("exception-add"), HasSubstr("exception-change block #1"),
                                   "root exception-import #2 to #3 | 2 from bad.txt"));
}

TEST_P(ExceptionsRegistry, ListsByPageAndFilter) {
  std::vector<NewException> entries;
  for (int n = 0; n < 10; ++n) {
    entries.push_back(
        entry(n % 2 == 0 ? Exempt : Block, "n" + std::to_string(n) + ".example", n < 5 ? "" : "south.example"));
  }
  ASSERT_TRUE(enter(std::move(entries)));
  std::vector<std::int64_t> seen;
  for (std::int64_t after = 0;;) {
    const auto page = list(after, 4);
    for (const auto& row : page.rows) seen.push_back(row.entry.id);
    if (page.next == 0) break;
    after = page.next;
  }
  EXPECT_THAT(seen, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
  seen.clear();
  for (const auto& row : list(0, 100, {.action = Block, .scope = policy::Scope::parse("south.example").value()}).rows) {
    seen.push_back(row.entry.id);
  }
  EXPECT_THAT(seen, ElementsAre(6, 8, 10));
}

TEST_P(ExceptionsRegistry, HitsAreCountedAndKept) {
  ASSERT_TRUE(enter({entry(Block, "north.example"), entry(Block, "west.example")}));
  exceptions_->count_hit(1);
  clock_.advance(seconds(5));
  exceptions_->count_hit(1);
  exceptions_->count_hit(77);  // removed meanwhile
  EXPECT_EQ(list().rows.at(0).hits, 2U);
  restart();
  exceptions_->count_hit(1);
  const auto rows = list().rows;
  EXPECT_EQ(rows.at(0).hits, 3U);
  EXPECT_EQ(rows.at(0).last_hit, to_unix(clock_.now()));
  EXPECT_EQ(rows.at(1).hits, 0U);
  EXPECT_EQ(rows.size(), 2U);
}

TEST_P(ExceptionsRegistry, AnExpiredEntryDoesNotCountAndIsRemovedLater) {
  auto passing = entry(Block, "north.example");
  passing.expires = to_unix(clock_.now()) + seconds(60);
  ASSERT_TRUE(enter({passing, entry(Block, "west.example")}));
  EXPECT_EQ(decided("a@north.example"), 1);
  clock_.advance(seconds(60));
  EXPECT_EQ(decided("a@north.example"), 0);
  EXPECT_EQ(list().rows.size(), 2U);
  clock_.advance(std::chrono::hours(30 * 24));
  restart();
  // The thread looks around after a change, before the next one.
  for (int n = 0; n < 2; ++n) ASSERT_TRUE(enter({entry(Block, "west.example")}));
  EXPECT_EQ(list().rows.size(), 1U);
  EXPECT_THAT(audit().back(), HasSubstr("cas exception-expire block #1 north.example"));
}

TEST_P(ExceptionsRegistry, ARowThatCannotBeReadIsToldAndPassedOver) {
  ASSERT_TRUE(enter({entry(Block, "north.example")}));
  ASSERT_TRUE(store::write_and_wait(*store_, [](store::Tx& tx) {
    return tx.remember(
        exception_kind,
        {.name = "000000000009", .value = "action=what", .keep_until = UnixTime(seconds(9'999'999'999))});
  }));
  restart();
  EXPECT_THAT(events_.names, ElementsAre("exceptions-damaged"));
  EXPECT_EQ(exceptions_->size(), 1U);
  EXPECT_EQ(decided("a@north.example"), 1);
}

TEST_P(ExceptionsRegistry, ManyAreLoadedOverSeveralPages) {
  std::vector<NewException> entries;
  for (int n = 0; n < 9000; ++n) entries.push_back(entry(Block, "n" + std::to_string(n) + ".example"));
  ASSERT_TRUE(enter(std::move(entries), {.dry_run = false, .source = "many"}));
  restart();
  EXPECT_EQ(exceptions_->size(), 9000U);
  EXPECT_EQ(decided("a@n8999.example"), 9000);
}

TEST_P(ExceptionsRegistry, QuestionsAndChangesRunAtTheSameTime) {
  std::atomic<bool> ending = false;
  std::vector<std::jthread> askers;
  for (int n = 0; n < 3; ++n) {
    askers.emplace_back([&] {
      while (!ending) {
        const auto id = decided("a@stays.example");
        if (id > 1) std::abort();
        if (id != 0) exceptions_->count_hit(id);
      }
    });
  }
  ASSERT_TRUE(enter({entry(Block, "stays.example")}));
  for (int n = 0; n < 60; ++n) {
    const auto id =
        enter({entry(Block, "/^r" + std::to_string(n) + "@/"), entry(Block, "a" + std::to_string(n) + ".example")})
            .value()
            .at(0)
            .id;
    if (n % 2 == 0) remove({id});
    EXPECT_EQ(decided("a@stays.example"), 1);
  }
  ending = true;
  askers.clear();
  EXPECT_EQ(exceptions_->size(), 91U);
}

TEST(ExceptionRow, IsReadAsItWasWritten) {
  const policy::Exception entry{.id = 17,
                                .action = Exempt,
                                .pattern = policy::Pattern::parse("/^a%\\d+@b\\.example$/").value(),
                                .scope = policy::Scope::parse("suzie@south.example").value(),
                                .proof = Proof::Spf,
                                .reason = "100% sure",
                                .owner = "joe",
                                .created = UnixTime(seconds(5)),
                                .expires = UnixTime(seconds(1'800'000'000))};
  const auto memory = memory_of({.entry = entry, .hits = 3, .last_hit = UnixTime(seconds(7))});
  const auto row = read_exception(memory);
  ASSERT_TRUE(row);
  EXPECT_EQ(memory_of(*row), memory);
  EXPECT_EQ(row->entry.pattern, entry.pattern);
  EXPECT_EQ(row->hits, 3U);
  EXPECT_EQ(read_deciding(memory)->expires, entry.expires);
  EXPECT_EQ(read_deciding(memory)->pattern, entry.pattern);
  EXPECT_EQ(detail_of(entry), "proof=spf until=2027-01-15T08:00:00Z owner=joe reason=100% sure");
  EXPECT_FALSE(read_exception({.name = "17", .value = memory.value, .keep_until = {}}));
}

INSTANTIATE_TEST_SUITE_P(Twins, ExceptionsRegistry, ::testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

}  // namespace
}  // namespace cas::registry
