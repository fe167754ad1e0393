// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is remembered of behaviour comes back after a restart, and damage costs no more than what it hit.
#include "registry/conduct_store.hpp"

#include <gtest/gtest.h>

#include "registry/conduct_line.hpp"
#include "store/memory.hpp"
#include "testing/fake_clock.hpp"

namespace cas::registry {
namespace {

policy::SenderIdentity sender(int n) {
  policy::SenderIdentity identity;
  identity.client = IpAddress::parse("192.0." + std::to_string(n) + ".1");
  identity.signer = Domain::parse("d" + std::to_string(n) + ".example").value();
  return identity;
}

TEST(ConductStore, BringsBackWhatWasSaved) {
  const auto store = store::open_memory();
  testing::FakeClock clock;
  policy::Conduct before;
  ConductStore saving(*store, before, clock);
  ASSERT_TRUE(saving.load());
  for (int n = 0; n < 200; ++n) before.told_unknown(sender(n), clock.now());
  saving.save();
  clock.advance(std::chrono::hours(1));
  policy::Conduct after;
  ASSERT_TRUE(ConductStore(*store, after, clock).load());
  EXPECT_EQ(after.began(), clock.now() - std::chrono::hours(1));
  EXPECT_EQ(after.remembered().size(), 400U);
}

TEST(ConductStore, AnEmptyStoreIsANewServer) {
  const auto store = store::open_memory();
  testing::FakeClock clock;
  policy::Conduct conduct;
  ASSERT_TRUE(ConductStore(*store, conduct, clock).load());
  EXPECT_EQ(conduct.began(), clock.now());
}

TEST(ConductStore, PassesOverWhatIsDamaged) {
  const auto store = store::open_memory();
  testing::FakeClock clock;
  const std::string good =
      text_of({.name = "o:a.example", .history = {.good = 3, .first = clock.now(), .at = clock.now()}});
  ASSERT_TRUE(store::write_and_wait(*store, [&](store::Tx& tx) -> Result<void> {
    CAS_CHECK(tx.remember("reputation", {.name = "began", .value = "yesterday", .keep_until = store::for_good}));
    return tx.remember(
        "reputation",
        {.name = "00", .value = "rubbish\nname=o:b.example\n" + good + "\n", .keep_until = store::for_good});
  }));
  policy::Conduct conduct;
  ASSERT_TRUE(ConductStore(*store, conduct, clock).load());
  const auto all = conduct.remembered();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].name, "o:a.example");
  EXPECT_EQ(all[0].history.good, 3);
}

TEST(ConductStore, ReadsNoNumbersThatAreNone) {
  const std::string whole = text_of({.name = "n:192.0.2.0/24", .history = {}});
  EXPECT_TRUE(read_remembered(whole));
  for (const char* line :
       {"", "name=o:x", "name=\tgood=1\tbad=1\tmisses=1\tfirst=1\tat=1",
        "name=o:x\tgood=1x\tbad=1\tmisses=1\tfirst=1\tat=1", "name=o:x\tgood=1\tbad=1\tmisses=1\tfirst=-1\tat=1"}) {
    EXPECT_FALSE(read_remembered(line)) << line;
  }
}

}  // namespace
}  // namespace cas::registry
