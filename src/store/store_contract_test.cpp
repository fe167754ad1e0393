// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What every store promises (store.hpp), asked of each of the twins.
#include <future>
#include <latch>
#include <limits>
#include <thread>

#include "store/store_contract_test.hpp"

namespace cas::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

INSTANTIATE_TEST_SUITE_P(Twins, StoreContract, testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

// ---- Rows ----

TEST_P(StoreContract, AMessageComesBackAsItWasGiven) {
  Message message = plain_message("A1", make_body({"x"}));
  message.sender = ReversePath(mailbox("\"odd one\"@football.example.com"));
  message.user = "joe";
  message.sender_verified = true;
  message.body_size = 1'234'567'890'123;
  message.prefix = std::string("Received: from x\r\n\tby y\0; z\r\n", 29);
  message.eight_bit = true;
  message.smtputf8 = true;
  message.author = mailbox("j\xc3\xb6@football.example.com");
  message.klass = confirm::Class::Bulk;
  message.list_id = "list.football.example.com";
  message.hashes.header.fill(0xa7);
  message.hashes.body.fill(0x00);
  message.envid = "QQ+314159";
  message.ret = DsnReturn::Headers;
  message.require_tls = true;
  message.client = "2001:db8::7";
  message.client_helo = "client.example";
  const std::vector<Recipient> given = {{.index = 0,
                                         .address = mailbox("suzie@shopping.example.net"),
                                         .route = Route::Remote,
                                         .next_attempt = at(5),
                                         .last_reply = {}},
                                        {.index = 7,
                                         .address = mailbox("bob@[192.0.2.1]"),
                                         .route = Route::Local,
                                         .quarantined = true,
                                         .state = RecipientState::Failed,
                                         .attempts = 3,
                                         .next_attempt = at(-1),
                                         .last_reply = "550 5.1.1 no \\ such \xc3\xbc",
                                         .relay = "mx.b.example[192.0.2.1]:25",
                                         .notify = {.success = true, .delay = true},
                                         .orcpt = "rfc822;Bob+40b.example",
                                         .in_doubt = true,
                                         .confirm_until = at(99),
                                         .warned = true,
                                         .note = "asked by the abuse desk",
                                         .flow = std::numeric_limits<FlowId>::max()}};
  ASSERT_TRUE(add(message, given));
  EXPECT_EQ(this->message("A1"), message);
  EXPECT_EQ(recipients("A1"), given);
}

TEST_P(StoreContract, TheNullPathAndAbsentAuthorComeBack) {
  Message message = plain_message("A1", make_body({}));
  message.sender = ReversePath();
  ASSERT_TRUE(add(message, {}));
  EXPECT_EQ(this->message("A1"), message);
}

TEST_P(StoreContract, WhatIsNotThereIsNoError) {
  EXPECT_EQ(message("nobody"), std::nullopt);
  EXPECT_THAT(recipients("nobody"), IsEmpty());
  EXPECT_THAT(chunks(42), IsEmpty());
  EXPECT_EQ(read_value([](Reader& reader) { return reader.ledger(ledger_key_of(1)); }), std::nullopt);
  EXPECT_EQ(read_value([](Reader& reader) { return reader.setting("x"); }), std::nullopt);
  EXPECT_TRUE(write([](Tx& tx) { return tx.remove_message("nobody"); }));
  EXPECT_TRUE(write([](Tx& tx) { return tx.remove_body(42); }));
}

TEST_P(StoreContract, AMessageIdIsUsedOnce) {
  ASSERT_TRUE(add(plain_message("A1", make_body({"x"})), {}));
  EXPECT_TRUE(is_permanent(add(plain_message("A1", make_body({"y"})), {})));
}

TEST_P(StoreContract, AMessageNeedsABodyOfItsOwn) {
  EXPECT_TRUE(is_permanent(add(plain_message("A0", 99), {})));
  const BodyId body = make_body({"x"});
  ASSERT_TRUE(add(plain_message("A1", body), {}));
  EXPECT_TRUE(is_permanent(add(plain_message("A2", body), {})));
}

TEST_P(StoreContract, UpdateChangesWhatAnAttemptChangesOnly) {
  const Recipient before = waiting_recipient(0, 5);
  ASSERT_TRUE(add(plain_message("A1", make_body({})), {before, waiting_recipient(1, 6)}));
  Recipient change = before;
  change.address = mailbox("other@else.example");
  change.route = Route::Remote;
  change.quarantined = true;
  change.state = RecipientState::Delivered;
  change.attempts = 2;
  change.next_attempt = at(77);
  change.last_reply = "250 ok";
  change.relay = "mx";
  change.in_doubt = true;
  change.confirm_until = at(78);
  change.warned = true;
  change.note = "why";
  change.notify.never = true;
  change.orcpt = "rfc822;else";
  change.flow = 9;
  ASSERT_TRUE(write([&](Tx& tx) { return tx.update_recipient("A1", change); }));
  Recipient after = change;
  after.address = before.address;
  after.route = before.route;
  after.quarantined = before.quarantined;
  after.notify = before.notify;
  after.orcpt = before.orcpt;
  after.flow = before.flow;
  EXPECT_THAT(recipients("A1"), ElementsAre(after, waiting_recipient(1, 6)));
}

TEST_P(StoreContract, ADoubtComesWithATimeOrWithoutAndGoes_CAS9_5) {
  ASSERT_TRUE(add(plain_message("A1", make_body({})), {waiting_recipient(0, 5)}));
  Recipient row = waiting_recipient(0, 5);
  row.in_doubt = true;
  for (const auto& until : {std::optional<TimePoint>(), std::optional(at(3)), std::optional<TimePoint>()}) {
    row.confirm_until = until;
    ASSERT_TRUE(write([&](Tx& tx) { return tx.update_recipient("A1", row); }));
    EXPECT_THAT(recipients("A1"), ElementsAre(row));
  }
  ASSERT_TRUE(write([](Tx& tx) { return tx.update_recipient("A1", waiting_recipient(0, 5)); }));
  EXPECT_THAT(recipients("A1"), ElementsAre(waiting_recipient(0, 5)));
}

TEST_P(StoreContract, UpdatingARecipientThatIsNotThereIsPermanent) {
  ASSERT_TRUE(add(plain_message("A1", make_body({})), {waiting_recipient(0, 5)}));
  EXPECT_TRUE(is_permanent(write([](Tx& tx) { return tx.update_recipient("A1", waiting_recipient(1, 5)); })));
  EXPECT_TRUE(is_permanent(write([](Tx& tx) { return tx.update_recipient("A2", waiting_recipient(0, 5)); })));
}

TEST_P(StoreContract, RemovingAMessageTakesRecipientsAndBodyAlong) {
  const BodyId body = make_body({"x", "y"});
  ASSERT_TRUE(add(plain_message("A1", body), {waiting_recipient(0, 5)}));
  ASSERT_TRUE(write([](Tx& tx) { return tx.remove_message("A1"); }));
  EXPECT_EQ(message("A1"), std::nullopt);
  EXPECT_THAT(recipients("A1"), IsEmpty());
  EXPECT_THAT(chunks(body), IsEmpty());
}

TEST_P(StoreContract, DueGivesTheWaitingOnesOfAFlowByTimeThenIdThenIndex) {
  Recipient delivered = waiting_recipient(2, 1);
  delivered.state = RecipientState::Delivered;
  Recipient held = waiting_recipient(3, 1);
  held.state = RecipientState::Held;
  ASSERT_TRUE(
      add(plain_message("B", make_body({})), {waiting_recipient(0, 10), waiting_recipient(1, 5), delivered, held}));
  ASSERT_TRUE(add(plain_message("A", make_body({})),
                  {waiting_recipient(0, 10), waiting_recipient(1, 11), waiting_recipient(2, 1, "x@other.example")}));
  const auto due = [&](std::int64_t until, std::size_t limit) {
    std::vector<std::string> names;
    const FlowId flow = waiting_recipient(0, 1).flow;
    for (const auto& entry : read_value([&](Reader& reader) { return reader.due(flow, at(until), limit); }).rows) {
      EXPECT_EQ(entry.message.trace, plain_message("A", 0).trace);
      names.push_back(entry.message.id + std::to_string(entry.recipient.index));
    }
    return names;
  };
  EXPECT_THAT(due(10, 10), ElementsAre("B1", "A0", "B0"));
  EXPECT_THAT(due(11, 2), ElementsAre("B1", "A0"));
  EXPECT_THAT(due(4, 10), IsEmpty());
}

TEST_P(StoreContract, MomentsPageThroughTimesAndFlowsOnceEach) {
  Recipient failed = waiting_recipient(1, 1);
  failed.state = RecipientState::Failed;
  ASSERT_TRUE(add(plain_message("B", make_body({})), {waiting_recipient(0, 9), failed, waiting_recipient(2, 1)}));
  ASSERT_TRUE(add(plain_message("A", make_body({})),
                  {waiting_recipient(0, 9), waiting_recipient(1, 9, "x@other.example"), waiting_recipient(2, 12)}));
  std::vector<std::pair<std::int64_t, FlowId>> found;
  for (Reader::Moment after{};;) {
    const auto page = read_value([&](Reader& reader) { return reader.moments(after, at(11), 1); });
    if (page.empty()) break;
    after = page.back();
    found.emplace_back(after.next.time_since_epoch().count(), after.flow);
  }
  const FlowId one = waiting_recipient(0, 1).flow;
  const FlowId other = waiting_recipient(0, 1, "x@other.example").flow;
  EXPECT_THAT(found,
              ElementsAre(std::pair(1, one), std::pair(9, std::min(one, other)), std::pair(9, std::max(one, other))));
  EXPECT_EQ(read_value([](Reader& reader) { return reader.next_moment(at(9)); }), at(12));
  EXPECT_EQ(read_value([](Reader& reader) { return reader.next_moment(at(12)); }), std::nullopt);
}

TEST_P(StoreContract, MessagesPageInTheOrderOfTheirIds) {
  for (const auto* id : {"C", "A", "B"}) ASSERT_TRUE(write(enqueue(id)));
  const auto page = [&](const QueueId& after, std::size_t limit) {
    std::vector<QueueId> ids;
    for (const auto& entry : read_value([&](Reader& reader) { return reader.messages(after, limit); }).rows) {
      ids.push_back(entry.id);
    }
    return ids;
  };
  const auto next = [&](const QueueId& after) {
    return read_value([&](Reader& reader) { return reader.messages(after, 2); }).next;
  };
  EXPECT_EQ(next(""), "B");
  EXPECT_EQ(next("B"), "");
  EXPECT_THAT(page("", 2), ElementsAre("A", "B"));
  EXPECT_THAT(page("B", 2), ElementsAre("C"));
  EXPECT_THAT(page("C", 2), IsEmpty());
}

// ---- Memory ----

TEST_P(StoreContract, WhatIsKeptInMindIsReplacedForgottenAndExpires) {
  const auto put = [&](std::string_view kind, std::string name, std::string value, std::int64_t until) {
    const Memory memory{.name = std::move(name), .value = std::move(value), .keep_until = UnixTime(seconds(until))};
    EXPECT_TRUE(write([&](Tx& tx) { return tx.remember(kind, memory); }));
  };
  const auto names = [&](std::string_view kind, std::string_view after) {
    std::string all;
    for (const auto& memory : read_value([&](Reader& reader) { return reader.memories(kind, after, 10); })) {
      all += memory.name + '=' + memory.value + ' ';
    }
    return all;
  };
  put("peer", "b.example", "old", 5);
  put("peer", "b.example", "new", 9);
  put("peer", "a.example", "x", 3);
  put("suppressed", "b.example", "y", 9);
  EXPECT_EQ(names("peer", ""), "a.example=x b.example=new ");
  EXPECT_EQ(names("peer", "a.example"), "b.example=new ");
  EXPECT_EQ(read_value([](Reader& reader) { return reader.recall("peer", "b.example"); }),
            (Memory{.name = "b.example", .value = "new", .keep_until = UnixTime(seconds(9))}));
  EXPECT_EQ(read_value([](Reader& reader) { return reader.recall("peer", "c.example"); }), std::nullopt);
  EXPECT_TRUE(write([](Tx& tx) -> Result<void> {
    CAS_TRY(const auto expired, tx.expire_memories(UnixTime(seconds(4)), 10));
    EXPECT_EQ(expired, 1U);
    return {};
  }));
  EXPECT_EQ(names("peer", ""), "b.example=new ");
  EXPECT_TRUE(write([](Tx& tx) { return tx.forget("peer", "b.example"); }));
  EXPECT_EQ(names("peer", ""), "");
  EXPECT_EQ(names("suppressed", ""), "b.example=y ");
}

// ---- Audit ----

TEST_P(StoreContract, TheAuditLogIsReadNewestFirstAndHoldsNothingThatWasUndone) {
  const auto entry = [](std::string action) {
    return AuditEntry{
        .number = 0, .at = at(7), .by = "root", .action = std::move(action), .subject = "s", .detail = "d"};
  };
  const auto actions = [&](std::int64_t before, std::size_t limit) {
    std::string all;
    for (const auto& one : read_value([&](Reader& reader) { return reader.audit(before, limit); })) {
      all += std::to_string(one.number) + one.action + ' ';
    }
    return all;
  };
  for (const char* action : {"a", "b"}) {
    EXPECT_TRUE(write([&](Tx& tx) { return tx.add_audit(entry(action)); }));
  }
  EXPECT_FALSE(write([&](Tx& tx) -> Result<void> {
    CAS_CHECK(tx.add_audit(entry("undone")));
    return permanent("no");
  }));
  EXPECT_TRUE(write([&](Tx& tx) { return tx.add_audit(entry("c")); }));
  EXPECT_EQ(actions(0, 10), "3c 2b 1a ");
  EXPECT_EQ(actions(0, 1), "3c ");
  EXPECT_EQ(actions(3, 10), "2b 1a ");
  const auto newest = read_value([](Reader& reader) { return reader.audit(0, 1); });
  auto expected = entry("c");
  expected.number = 3;
  EXPECT_THAT(newest, ElementsAre(expected));
}

// ---- Ledger and settings ----

TEST_P(StoreContract, ALedgerKeyIsCommittedAtMostOnce_I3) {
  ASSERT_TRUE(write([](Tx& tx) { return tx.add_ledger(ledger_key_of(1), ledger_row(1)); }));
  EXPECT_TRUE(is_permanent(write([](Tx& tx) { return tx.add_ledger(ledger_key_of(1), ledger_row(2)); })));
  EXPECT_TRUE(is_permanent(write([](Tx& tx) { return tx.add_ledger(ledger_key_of(1), ledger_row(1)); })));
  EXPECT_EQ(read_value([](Reader& reader) { return reader.ledger(ledger_key_of(1)); }), ledger_row(1));
}

TEST_P(StoreContract, EveryPartOfTheLedgerKeyCounts) {
  const auto base = ledger_key_of(1);
  auto other_d = base;
  other_d.d = "x.example";
  auto other_recipient = base;
  other_recipient.recipient = "Suzie@shopping.example.net";
  for (const auto& key : {base, other_d, other_recipient, ledger_key_of(2)}) {
    EXPECT_TRUE(write([&](Tx& tx) { return tx.add_ledger(key, ledger_row(1)); })) << key.d << key.recipient;
  }
}

TEST_P(StoreContract, LedgerKeysAreReadInPages) {
  auto same_intent = ledger_key_of(2);
  same_intent.recipient += ".example";
  const std::vector<confirm::LedgerKey> all{ledger_key_of(1), ledger_key_of(2), same_intent, ledger_key_of(200)};
  for (const auto& key : all) ASSERT_TRUE(write([&](Tx& tx) { return tx.add_ledger(key, ledger_row(1)); }));
  const auto page = [&](const confirm::LedgerKey& after, std::size_t limit) {
    return read_value([&](Reader& reader) { return reader.ledger_keys(after, limit); });
  };
  EXPECT_EQ(page({}, 10), all);
  EXPECT_EQ(page({}, 2), std::vector(all.begin(), all.begin() + 2));
  EXPECT_EQ(page(all[1], 10), std::vector(all.begin() + 2, all.end()));
  EXPECT_THAT(page(all.back(), 10), IsEmpty());
}

TEST_P(StoreContract, LedgerRowsExpireInBoundedSteps) {
  for (std::uint8_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(write([&](Tx& tx) { return tx.add_ledger(ledger_key_of(n), ledger_row(n, 100 + n)); }));
  }
  const auto expire = [&](std::int64_t now, std::size_t limit) {
    std::size_t removed = 0;
    EXPECT_TRUE(write([&](Tx& tx) -> Result<void> {
      CAS_TRY(removed, tx.expire_ledger(UnixTime(seconds(now)), limit));
      return {};
    }));
    return removed;
  };
  EXPECT_EQ(expire(104, 2), 2U);
  EXPECT_EQ(expire(104, 2), 1U);  // the row whose keep_until is now stays
  EXPECT_EQ(expire(104, 2), 0U);
  EXPECT_EQ(read_value([](Reader& reader) { return reader.ledger(ledger_key_of(4)); }), ledger_row(4, 104));
}

TEST_P(StoreContract, SettingsAreReplaced) {
  const std::string binary("\0secret\xff", 8);
  ASSERT_TRUE(write([&](Tx& tx) { return tx.set_setting("secret", "first"); }));
  ASSERT_TRUE(write([&](Tx& tx) { return tx.set_setting("secret", binary); }));
  EXPECT_EQ(read_value([](Reader& reader) { return reader.setting("secret"); }), binary);
}

// ---- Transactions ----

TEST_P(StoreContract, AFailedWorkUndoesAllOfIt) {
  const BodyId body = make_body({"x"});
  ASSERT_TRUE(add(plain_message("A1", body), {waiting_recipient(0, 5)}));
  ASSERT_TRUE(write([](Tx& tx) { return tx.set_setting("k", "before"); }));
  const auto failed = write([&](Tx& tx) -> Result<void> {
    CAS_TRY(const BodyId other, tx.create_body());
    CAS_CHECK(tx.append_body(other, "y"));
    CAS_CHECK(tx.add_message(plain_message("A2", other), {waiting_recipient(0, 5)}));
    Recipient change = waiting_recipient(0, 99);
    CAS_CHECK(tx.update_recipient("A1", change));
    CAS_CHECK(tx.remove_message("A1"));
    CAS_CHECK(tx.add_ledger(ledger_key_of(1), ledger_row(1)));
    CAS_CHECK(tx.set_setting("k", "after"));
    return transient("no", "the work says no");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().private_reason, "the work says no");
  EXPECT_NE(message("A1"), std::nullopt);
  EXPECT_THAT(recipients("A1"), ElementsAre(waiting_recipient(0, 5)));
  EXPECT_THAT(chunks(body), ElementsAre("x"));
  EXPECT_EQ(message("A2"), std::nullopt);
  EXPECT_THAT(recipients("A2"), IsEmpty());
  EXPECT_EQ(read_value([](Reader& reader) { return reader.ledger(ledger_key_of(1)); }), std::nullopt);
  EXPECT_EQ(read_value([](Reader& reader) { return reader.setting("k"); }), "before");
}

TEST_P(StoreContract, AnExceptionUndoesTheWorkAndIsTransient) {
  const auto failed = write([](Tx& tx) -> Result<void> {
    CAS_CHECK(tx.set_setting("k", "v"));
    throw std::runtime_error("a bug");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().lasting, Lasting::Transient);
  EXPECT_EQ(read_value([](Reader& reader) { return reader.setting("k"); }), std::nullopt);
  const auto read_failed = read([](Reader&) -> Result<void> { throw 42; });
  EXPECT_FALSE(read_failed);
  EXPECT_TRUE(write([](Tx& tx) { return tx.set_setting("k", "v"); })) << "the store serves on";
}

TEST_P(StoreContract, AWorkSeesItsOwnWrites) {
  EXPECT_TRUE(write([](Tx& tx) -> Result<void> {
    CAS_CHECK(tx.set_setting("k", "v"));
    CAS_TRY(const auto value, tx.setting("k"));
    return value == "v" ? Result<void>() : transient("not seen");
  }));
}

TEST_P(StoreContract, WritesThatShareACommitFailAlone) {
  // The first holds the writer until all are given, so the rest gathers.
  std::latch given(1);
  std::vector<bool> succeeded;
  std::promise<void> all;
  const auto note = [&](Result<void> result) {
    succeeded.push_back(result.has_value());
    if (succeeded.size() == 5) all.set_value();
  };
  store_->write([&](Tx&) -> Result<void> { return given.wait(), Result<void>(); }, note);
  store_->write([](Tx& tx) { return tx.set_setting("a", "1"); }, note);
  store_->write(
      [](Tx& tx) -> Result<void> {
        CAS_CHECK(tx.set_setting("b", "1"));
        return permanent("no");
      },
      note);
  store_->write(
      [](Tx& tx) -> Result<void> {
        CAS_CHECK(tx.set_setting("c", "1"));
        throw std::runtime_error("a bug");
      },
      note);
  store_->write([](Tx& tx) { return tx.set_setting("d", "1"); }, note);
  given.count_down();
  all.get_future().wait();
  EXPECT_THAT(succeeded, ElementsAre(true, true, false, false, true));
  const auto is_set = [&](const char* name) {
    return read_value([&](Reader& reader) { return reader.setting(name); }).has_value();
  };
  EXPECT_TRUE(is_set("a"));
  EXPECT_FALSE(is_set("b"));
  EXPECT_FALSE(is_set("c"));
  EXPECT_TRUE(is_set("d"));
}

TEST_P(StoreContract, CallbacksComeInTheOrderOfTheWrites) {
  std::vector<int> order;
  std::promise<void> all;
  for (int n = 0; n < 1000; ++n) {
    store_->write(
        [n](Tx& tx) -> Result<void> {
          if (n % 7 == 0) return transient("no");
          return tx.set_setting("k" + std::to_string(n % 10), std::to_string(n));
        },
        [&, n](const Result<void>&) {
          order.push_back(n);
          if (n == 999) all.set_value();
        });
  }
  all.get_future().wait();
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST_P(StoreContract, WhatWasAcknowledgedIsSeenByTheNextRead) {
  for (int n = 0; n < 50; ++n) {
    const std::string value = std::to_string(n);
    ASSERT_TRUE(write([&](Tx& tx) { return tx.set_setting("k", value); }));
    ASSERT_EQ(read_value([](Reader& reader) { return reader.setting("k"); }), value);
  }
}

TEST_P(StoreContract, TheDestructorFinishesWhatWasGiven) {
  std::atomic<int> done = 0;
  for (int n = 0; n < 100; ++n) {
    store_->write(enqueue("M" + std::to_string(n)), [&](const Result<void>& result) { done += result ? 1 : 0; });
    store_->read([](Reader&) -> Result<void> { return {}; },
                 [&](const Result<void>& result) { done += result ? 1 : 0; });
  }
  store_.reset();
  EXPECT_EQ(done, 200);
}

TEST_P(StoreContract, ACallbackMayGiveMoreWork) {
  std::promise<Result<void>> last;
  store_->write([](Tx& tx) { return tx.set_setting("a", "1"); },
                [&](const Result<void>&) {
                  store_->write([](Tx& tx) { return tx.set_setting("b", "1"); },
                                [&](Result<void> result) { last.set_value(std::move(result)); });
                });
  EXPECT_TRUE(last.get_future().get());
}

TEST_P(StoreContract, ACallbackThatThrowsHarmsNobody) {
  store_->write([](Tx&) -> Result<void> { return {}; }, [](const Result<void>&) { throw std::runtime_error("a bug"); });
  EXPECT_TRUE(write([](Tx& tx) { return tx.set_setting("k", "v"); }));
}

TEST_P(StoreContract, ManyThreadsMayWriteAndRead) {
  std::vector<std::jthread> threads;
  std::atomic<int> failures = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int n = 0; n < 25; ++n) {
        const QueueId id = std::to_string(t) + "-" + std::to_string(n);
        if (!write(enqueue(id))) ++failures;
        const auto seen = read([&](Reader& reader) -> Result<void> {
          CAS_TRY(const auto found, reader.message(id));
          return found ? Result<void>() : transient("not there");
        });
        if (!seen) ++failures;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(read_value([](Reader& reader) { return reader.messages("", 1000); }).rows.size(), 100U);
}

}  // namespace
}  // namespace cas::store
