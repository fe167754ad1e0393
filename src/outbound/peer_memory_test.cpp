// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of a domain, how often the store is asked, and what it is told.
#include "outbound/peer_memory.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "net/runtime.hpp"
#include "store/memory.hpp"

namespace cas::outbound {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class HandClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint(milliseconds(ms_.load())); }
  void advance(milliseconds by) { ms_ += by.count(); }

 private:
  std::atomic<std::int64_t> ms_ = 1'795'460'400'000;
};

/// Counts what passes.
class CountingStore final : public store::Store {
 public:
  std::shared_ptr<store::Draft> draft() override { return inner_->draft(); }
  void append(std::shared_ptr<store::Draft> draft, std::string chunk, Done done) override {
    inner_->append(std::move(draft), std::move(chunk), std::move(done));
  }
  void write(WriteWork work, Done done) override {
    ++writes;
    inner_->write(std::move(work), std::move(done));
  }
  void read(ReadWork work, Done done) override {
    ++reads;
    inner_->read(std::move(work), std::move(done));
  }
  std::atomic<int> writes = 0;
  std::atomic<int> reads = 0;

 private:
  std::unique_ptr<store::Store> inner_ = store::open_memory();
};

class PeerMemoryTest : public testing::Test {
 protected:
  PeerMemoryTest() { runtime_.start(); }

  confirm::Support recall(PeerMemory& memory) {
    confirm::Support known;
    net::run_and_wait(runtime_.executor(0), [&] { return recall_into(memory, known); });
    return known;
  }
  [[nodiscard]] UnixTime in(hours time) const { return to_unix(clock_.now()) + time; }
  static dns::Answer says(std::string text) {
    return {.status = dns::Status::Ok,
            .secure = true,
            .ttl = {},
            .records = {dns::Txt{std::move(text)}},
            .private_reason = {}};
  }

  const Domain domain_ = Domain::parse("b.example").value();
  HandClock clock_;
  CountingStore store_;
  net::Runtime runtime_{1};

 private:
  net::Task<void> recall_into(PeerMemory& memory, confirm::Support& known) {
    auto found = co_await memory.recall(domain_);
    EXPECT_TRUE(found);
    if (found) known = *found;
  }
};

TEST_F(PeerMemoryTest, WhatWasLearntOutlivesARestart_CAS7_3) {
  PeerMemory(store_, clock_).spoke(domain_, true);
  PeerMemory(store_, clock_).saw(domain_, says("v=CAS1; m=required"));
  const UnixTime until = in(hours(7 * 24));
  PeerMemory after(store_, clock_);
  EXPECT_EQ(recall(after), (confirm::Support{.spoke = until, .required = until}));
  clock_.advance(hours(7 * 24) + minutes(1));
  PeerMemory much_later(store_, clock_);
  EXPECT_EQ(recall(much_later), confirm::Support());
}

TEST_F(PeerMemoryTest, TheStoreIsReadOnceForADomain) {
  PeerMemory memory(store_, clock_);
  for (int n = 0; n < 3; ++n) EXPECT_EQ(recall(memory), confirm::Support());
  EXPECT_EQ(store_.reads, 1);
  EXPECT_EQ(store_.writes, 0);
}

TEST_F(PeerMemoryTest, TheSameIsWrittenOnceADay) {
  PeerMemory memory(store_, clock_);
  for (int n = 0; n < 23; ++n) {
    memory.spoke(domain_, true);
    clock_.advance(hours(1));
  }
  EXPECT_EQ(store_.writes, 1);
  clock_.advance(hours(1));
  memory.spoke(domain_, true);
  EXPECT_EQ(store_.writes, 2);
  EXPECT_EQ(recall(memory).spoke, in(hours(7 * 24)));
}

TEST_F(PeerMemoryTest, WhatTeachesNothingIsNotWritten) {
  PeerMemory memory(store_, clock_);
  memory.spoke(domain_, false);
  memory.saw(domain_, says("v=CAS1; m=optional"));
  memory.saw(domain_, dns::Answer{});
  EXPECT_EQ(store_.writes, 0);
}

TEST_F(PeerMemoryTest, ADomainThatTakesItBackIsForgottenInTheStoreToo) {
  PeerMemory(store_, clock_).saw(domain_, says("v=CAS1; m=required"));
  PeerMemory memory(store_, clock_);
  EXPECT_TRUE(recall(memory).required);
  memory.saw(domain_, says("v=CAS1; m=optional"));
  EXPECT_FALSE(recall(memory).required);
  PeerMemory after(store_, clock_);
  EXPECT_FALSE(recall(after).required);
}

TEST_F(PeerMemoryTest, TheAdministratorIsToldOnceADay_CAS9_3) {
  PeerMemory memory(store_, clock_);
  EXPECT_TRUE(memory.is_news("b.example signature"));
  EXPECT_FALSE(memory.is_news("b.example signature"));
  EXPECT_TRUE(memory.is_news("c.example signature"));
  clock_.advance(hours(24));
  EXPECT_TRUE(memory.is_news("b.example signature"));
}

}  // namespace
}  // namespace cas::outbound
