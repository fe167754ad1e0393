// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Relationships over both stores: what is asked, what waits, what people decide, and what the keeper then finds.
#include "registry/relationships.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <future>

#include "store/memory.hpp"
#include "store/sqlite.hpp"
#include "testing/fake_clock.hpp"

namespace cas::registry {
namespace {

using policy::Standing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

enum class Twin { Memory, Sqlite };

class RelationshipsTest : public ::testing::TestWithParam<Twin> {
 protected:
  void SetUp() override {
    if (GetParam() == Twin::Memory) {
      store_ = store::open_memory();
    } else {
      std::string name = (std::filesystem::temp_directory_path() / "cas-relations-XXXXXX").string();
      ASSERT_NE(::mkdtemp(name.data()), nullptr);
      folder_ = name;
      auto opened = store::open_sqlite({.file = folder_ / "cas.db"});
      ASSERT_TRUE(opened) << opened.error().private_reason;
      store_ = *std::move(opened);
    }
    relations_ = std::make_unique<Relationships>(*store_, clock_);
  }
  void TearDown() override {
    relations_.reset();
    store_.reset();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  /// Calls a member with these arguments and waits for its value.
  template <class T, class Member, class... Given>
  Result<T> ask(Member member, Given... given) {
    std::promise<Result<T>> promise;
    ((*relations_).*member)(std::move(given)..., [&](Result<T> value) { promise.set_value(std::move(value)); });
    return promise.get_future().get();
  }

  static policy::RelationNames proven(std::string_view author) {
    policy::SenderIdentity identity;
    identity.author = Mailbox::parse(author).value();
    identity.author_proven = true;
    return policy::relation_names(identity, confirm::Class::Personal).value();
  }
  policy::Relation relation(const policy::RelationNames& names) {
    return ask<policy::Relation>(&Relationships::find, std::string("suzie@b.example"), names).value();
  }
  std::string standing(std::string_view author) {
    return std::string(policy::to_string(relation(proven(author)).standing));
  }

  /// A message of `author` waits for suzie.
  Result<void> wait(std::string_view author, const std::string& id, bool silent = false) {
    store::Message message;
    message.id = id;
    message.arrived = clock_.now();
    const store::Recipient recipient{
        .address = Mailbox::parse("suzie@b.example").value(), .next_attempt = {}, .last_reply = {}};
    const NewHeld what{.mailbox = "suzie@b.example",
                       .names = proven(author),
                       .author = std::string(author),
                       .subject = "Hello",
                       .silent = silent,
                       .in_queue = true};
    return store::write_and_wait(*store_,
                                 [&](store::Tx& tx) { return Relationships::hold(tx, what, message, recipient); });
  }
  /// Sends what letters are due, and says whom they name.
  std::string told() {
    const auto due = ask<std::vector<Relationships::Digest>>(&Relationships::digests_due,
                                                             std::chrono::seconds(std::chrono::hours(24)),
                                                             std::chrono::seconds(std::chrono::minutes(15)));
    std::string named;
    for (const auto& digest : due.value()) {
      const auto now = to_unix(clock_.now());
      for (const auto& row : digest.pending) {
        named += row.author + (is_about_to_lapse(row, now) ? "(last) " : " ");
      }
      if (digest.pending.empty()) {
        EXPECT_TRUE(ask<std::monostate>(&Relationships::digest_over, digest));
        continue;
      }
      EXPECT_TRUE(
          store::write_and_wait(*store_, [&](store::Tx& tx) { return Relationships::digest_sent(tx, digest, now); }));
    }
    return named;
  }
  Result<std::size_t> decide(std::string_view key, Standing standing, bool unauthenticated = false) {
    return ask<std::size_t>(&Relationships::decide,
                            std::vector<Relationships::Decision>{{.mailbox = "suzie@b.example",
                                                                  .key = std::string(key),
                                                                  .standing = standing,
                                                                  .unauthenticated = unauthenticated}},
                            suzie(), std::string("screener"));
  }
  [[nodiscard]] Change suzie() const { return {.at = clock_.now(), .by = "suzie@b.example"}; }
  std::string held(const std::string& key = {}) {
    std::string ids;
    for (const auto& row :
         ask<std::vector<HeldRow>>(&Relationships::held, std::string("suzie@b.example"), key, std::size_t{100})
             .value()) {
      ids += row.id + ' ';
    }
    return ids;
  }
  std::string pending() {
    std::string keys;
    for (const auto& row :
         ask<std::vector<Relationships::Row>>(&Relationships::list, true, std::string("suzie@b.example"), std::string(),
                                              std::size_t{100})
             .value()) {
      keys += row.relation.key + ':' + std::to_string(row.held) + ' ';
    }
    return keys;
  }
  std::vector<Relationships::Release> releases() {
    return ask<std::vector<Relationships::Release>>(&Relationships::releases, std::size_t{10}).value();
  }

  testing::FakeClock clock_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Relationships> relations_;
};

INSTANTIATE_TEST_SUITE_P(Twins, RelationshipsTest, ::testing::Values(Twin::Memory, Twin::Sqlite),
                         [](const auto& twin) { return twin.param == Twin::Memory ? "Memory" : "Sqlite"; });

TEST_P(RelationshipsTest, WhoApprovesADomainLetsInWhatWaitsOfItsAuthors) {
  ASSERT_TRUE(wait("joe@mail.x.example", "A"));
  ASSERT_TRUE(wait("ann@y.example", "B"));
  ASSERT_TRUE(wait("eve@x.example", "C"));
  EXPECT_EQ(decide("eve@x.example", Standing::Blocked), 1U);
  EXPECT_EQ(decide("domain:x.example", Standing::Approved), 1U);
  ASSERT_EQ(releases().size(), 1U);
  EXPECT_EQ(releases()[0].key, "joe@mail.x.example");
  EXPECT_EQ(pending(), "ann@y.example:1 ");
  EXPECT_EQ(standing("eve@x.example"), "blocked") << "by name";
}

TEST_P(RelationshipsTest, WhatComesAfterItsDomainWasApprovedIsLetInAtOnce) {
  EXPECT_EQ(decide("domain:x.example", Standing::Approved), 1U);
  ASSERT_TRUE(wait("joe@x.example", "late"));  // judged before
  ASSERT_EQ(releases().size(), 1U);
  EXPECT_EQ(pending(), "");
}

TEST_P(RelationshipsTest, ABlockOfADomainAsksForNoProof) {
  policy::SenderIdentity identity;
  identity.author = Mailbox::parse("joe@mail.x.example").value();
  const auto unproven = policy::relation_names(identity, confirm::Class::Personal).value();
  EXPECT_EQ(decide("domain:x.example", Standing::Blocked), 1U);
  EXPECT_EQ(relation(unproven).standing, Standing::Blocked);
  EXPECT_EQ(relation(unproven).by, "domain:x.example");
  EXPECT_EQ(decide("domain:x.example", Standing::Approved), 1U);
  EXPECT_EQ(relation(unproven).standing, Standing::Stranger) << "an approval does";
}

TEST_P(RelationshipsTest, AStrangerWaitsAndIsApproved) {
  EXPECT_EQ(standing("joe@x.example"), "stranger");
  ASSERT_TRUE(wait("joe@x.example", "A"));
  ASSERT_TRUE(wait("Joe+shop@x.example", "B"));
  EXPECT_EQ(standing("joe@x.example"), "pending");
  EXPECT_EQ(pending(), "joe@x.example:2 ");
  EXPECT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  EXPECT_EQ(standing("joe@x.example"), "approved");
  EXPECT_EQ(pending(), "");
  ASSERT_EQ(releases().size(), 1U);
  EXPECT_EQ(releases()[0].letting, Relationships::Letting::Go);
  EXPECT_EQ(releases()[0].held.size(), 2U);
  EXPECT_EQ(releases()[0].held[0].id, "A") << "the oldest first";
}

TEST_P(RelationshipsTest, TheKeeperLetsGoOneByOneAndForgetsTheRelease) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  ASSERT_TRUE(wait("joe@x.example", "B"));
  ASSERT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  const auto release = releases().at(0);
  ASSERT_TRUE(ask<std::monostate>(&Relationships::let_go, release.held[0]));
  EXPECT_EQ(held(), "B ");
  ASSERT_TRUE(ask<std::monostate>(&Relationships::released, release));
  EXPECT_EQ(releases().size(), 1U) << "one waits still";
  ASSERT_TRUE(ask<std::monostate>(&Relationships::let_go, release.held[1]));
  ASSERT_TRUE(ask<std::monostate>(&Relationships::released, release));
  EXPECT_TRUE(releases().empty());
}

TEST_P(RelationshipsTest, WhatIsHeldWhileItsAuthorIsApprovedIsLetGo) {
  ASSERT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  EXPECT_TRUE(releases().empty()) << "nothing waits";
  ASSERT_TRUE(wait("joe@x.example", "late"));
  ASSERT_EQ(releases().size(), 1U);
  EXPECT_EQ(releases()[0].held.at(0).id, "late");
}

TEST_P(RelationshipsTest, ABlockHoldsOnAndUndoBringsBackWhatWas) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  ASSERT_EQ(decide("joe@x.example", Standing::Blocked), 1U);
  EXPECT_EQ(standing("joe@x.example"), "blocked");
  EXPECT_EQ(held(), "A ");
  EXPECT_TRUE(releases().empty());
  EXPECT_EQ(ask<bool>(&Relationships::undo, std::string("suzie@b.example"), std::string("joe@x.example"), suzie()),
            true);
  EXPECT_EQ(standing("joe@x.example"), "pending");
  ASSERT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  ASSERT_EQ(decide("joe@x.example", Standing::Blocked), 1U);
  EXPECT_EQ(ask<bool>(&Relationships::undo, std::string("suzie@b.example"), std::string("joe@x.example"), suzie()),
            true);
  EXPECT_EQ(standing("joe@x.example"), "approved");
}

TEST_P(RelationshipsTest, AStandingIsTheSameWhateverWaitsThereCasSection85) {
  const auto plain_standing = [&](std::string_view author) {
    return ask<policy::Relation>(&Relationships::find_standing, std::string("suzie@b.example"), proven(author)).value();
  };
  ASSERT_TRUE(wait("joe@x.example", "A"));
  EXPECT_EQ(plain_standing("joe@x.example").standing, Standing::Stranger) << "what waits is not looked at";
  EXPECT_TRUE(plain_standing("joe@x.example").room);
  ASSERT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  EXPECT_EQ(plain_standing("joe@x.example").standing, Standing::Approved);
  ASSERT_TRUE(ask<std::monostate>(&Relationships::expect, std::string("suzie@b.example"), std::string(),
                                  to_unix(clock_.now()) + std::chrono::hours(1), suzie()));
  EXPECT_TRUE(plain_standing("ann@y.example").expected);
}

TEST_P(RelationshipsTest, ADomainIsApprovedByExplicitChoice) {
  ASSERT_EQ(decide("domain:x.example", Standing::Approved), 1U);
  EXPECT_EQ(standing("joe@x.example"), "approved");
  EXPECT_EQ(standing("ann@mail.x.example"), "approved");
  EXPECT_EQ(standing("joe@y.example"), "stranger");
  ASSERT_EQ(decide("joe@x.example", Standing::Blocked), 1U);
  EXPECT_EQ(standing("joe@x.example"), "blocked") << "the person is nearer than the domain";
}

TEST_P(RelationshipsTest, WhatAnybodyMayClaimIsApprovedOnlyByExplicitWish) {
  const auto refused = decide("?joe@x.example", Standing::Approved);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().lasting, Lasting::Permanent);
  EXPECT_EQ(decide("?joe@x.example", Standing::Approved, true), 1U);
  EXPECT_EQ(decide("?ann@x.example", Standing::Blocked), 1U) << "blocks ask for nothing";
}

TEST_P(RelationshipsTest, WhoTheOwnerWritesToIsApprovedAndAnsweredByMachines) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  const Mailbox to = Mailbox::parse("Joe@x.example").value();
  const auto write = [&] {
    return store::write_and_wait(
        *store_, [&](store::Tx& tx) { return Relationships::wrote(tx, "suzie@b.example", to, suzie()); });
  };
  ASSERT_TRUE(write());
  EXPECT_EQ(standing("joe@x.example"), "approved");
  EXPECT_EQ(releases().at(0).held.at(0).id, "A");
  EXPECT_TRUE(relation(proven("mailer-daemon@x.example")).answers_own_mail);
  EXPECT_FALSE(relation(proven("mailer-daemon@y.example")).answers_own_mail);
  clock_.advance(std::chrono::days(15));
  EXPECT_FALSE(relation(proven("mailer-daemon@x.example")).answers_own_mail);
}

TEST_P(RelationshipsTest, AWindowIsForItsDomainAndItsTime) {
  const auto until = to_unix(clock_.now()) + std::chrono::minutes(15);
  ASSERT_TRUE(ask<std::monostate>(&Relationships::expect, std::string("suzie@b.example"), std::string("shop.example"),
                                  until, suzie()));
  EXPECT_TRUE(relation(proven("code@mail.shop.example")).expected);
  EXPECT_FALSE(relation(proven("joe@x.example")).expected);
  ASSERT_TRUE(
      ask<std::monostate>(&Relationships::expect, std::string("suzie@b.example"), std::string(), until, suzie()));
  EXPECT_TRUE(relation(proven("joe@x.example")).expected);
  clock_.advance(std::chrono::minutes(16));
  EXPECT_FALSE(relation(proven("joe@x.example")).expected);
}

TEST_P(RelationshipsTest, OneOfADomainWaitsAtATimeAndTwentyADay) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  EXPECT_FALSE(relation(proven("ann@x.example")).room);
  EXPECT_TRUE(relation(proven("joe@x.example")).room);
  EXPECT_TRUE(relation(proven("ann@y.example")).room);
  for (int n = 0; n < 20; ++n) {
    const std::string author = "p" + std::to_string(n) + "@z.example";
    ASSERT_TRUE(wait(author, "Z" + std::to_string(n)));
    ASSERT_EQ(decide(author, Standing::Blocked), 1U);
  }
  EXPECT_FALSE(relation(proven("one-more@z.example")).room);
  clock_.advance(std::chrono::days(1));
  EXPECT_TRUE(relation(proven("one-more@z.example")).room);
}

TEST_P(RelationshipsTest, WhatNobodyWroteBeginsNoRelationship) {
  ASSERT_TRUE(wait("mailer-daemon@x.example", "A", true));
  EXPECT_EQ(pending(), "");
  EXPECT_EQ(held(), "A ");
}

TEST_P(RelationshipsTest, WhatWaitsForANameThatLeadsElsewhereNowWaitsThere) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  const store::Recipient before{.address = Mailbox::parse("suzie@b.example").value(),
                                .next_attempt = {},
                                .last_reply = {},
                                .screened = "joe@x.example"};
  const auto lead_on = [&](const char* to, std::uint32_t index) {
    store::Message copy;
    copy.id = "B";
    copy.arrived = clock_.now();
    const store::Recipient row{.index = index,
                               .address = Mailbox::parse(to).value(),
                               .state = store::RecipientState::Held,
                               .next_attempt = {},
                               .last_reply = {},
                               .screened = "joe@x.example"};
    return store::write_and_wait(*store_, [&](store::Tx& tx) {
      return Relationships::wait_elsewhere(tx, {.id = "A", .recipient = before, .is_last = index == 1}, copy, row);
    });
  };
  ASSERT_TRUE(lead_on("ann@b.example", 0));
  EXPECT_EQ(held(), "A ") << "one copy is to follow";
  ASSERT_TRUE(lead_on("bob@b.example", 1));
  EXPECT_EQ(held(), "");
  EXPECT_EQ(pending(), "");
  for (const char* mailbox : {"ann@b.example", "bob@b.example"}) {
    const auto rows = ask<std::vector<Relationships::Row>>(&Relationships::list, true, std::string(mailbox),
                                                           std::string(), std::size_t{10});
    ASSERT_EQ(rows->size(), 1U) << mailbox;
    EXPECT_EQ(rows->at(0).relation.key, "joe@x.example");
    EXPECT_EQ(rows->at(0).held, 1U);
  }
}

TEST_P(RelationshipsTest, AnOwnerIsToldOfWhoWaitsAtFirstAndADayBeforeItLapses) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  EXPECT_EQ(told(), "") << "at once is too soon";
  clock_.advance(std::chrono::minutes(15));
  EXPECT_EQ(told(), "joe@x.example ");
  EXPECT_EQ(told(), "") << "once";
  clock_.advance(std::chrono::days(5));
  ASSERT_TRUE(wait("ann@y.example", "B"));
  clock_.advance(std::chrono::minutes(15));
  EXPECT_EQ(told(), "ann@y.example joe@x.example ");
  clock_.advance(std::chrono::days(7));
  EXPECT_EQ(told(), "");
  clock_.advance(std::chrono::days(1));
  EXPECT_EQ(told(), "ann@y.example joe@x.example(last) ");
  clock_.advance(std::chrono::hours(25));
  EXPECT_EQ(told(), "") << "joe is a stranger again";
  EXPECT_EQ(held(), "B A ") << "his mail stays";
  clock_.advance(std::chrono::days(4));
  ASSERT_EQ(decide("ann@y.example", Standing::Approved), 1U);
  EXPECT_EQ(told(), "") << "nobody is left to be told of";
}

TEST_P(RelationshipsTest, ADayHasOneLetterWhateverBecomesDue) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  clock_.advance(remind_after);
  EXPECT_EQ(told(), "joe@x.example(last) ") << "for the first time and the last";
  ASSERT_TRUE(wait("ann@y.example", "B"));
  clock_.advance(std::chrono::hours(20));
  EXPECT_EQ(told(), "");
  clock_.advance(std::chrono::hours(4));
  EXPECT_EQ(told(), "ann@y.example ");
}

TEST_P(RelationshipsTest, ClearingThrowsAwayWhatWaits) {
  ASSERT_TRUE(wait("joe@x.example", "A"));
  ASSERT_TRUE(wait("ann@y.example", "B"));
  EXPECT_EQ(
      ask<std::size_t>(&Relationships::clear, std::string("suzie@b.example"), std::string("joe@x.example"), suzie()),
      1U);
  EXPECT_EQ(pending(), "ann@y.example:1 ");
  EXPECT_EQ(releases().at(0).letting, Relationships::Letting::Away);
}

TEST_P(RelationshipsTest, EachDecisionIsInTheAuditLog) {
  ASSERT_EQ(decide("joe@x.example", Standing::Approved), 1U);
  EXPECT_EQ(decide("joe@x.example", Standing::Approved), 0U) << "nothing changed";
  std::string lines;
  ASSERT_TRUE(store::read_and_wait(*store_, [&](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto entries, reader.audit(0, 10));
    for (const auto& entry : entries) lines += entry.by + ' ' + entry.action + ' ' + entry.subject + '\n';
    return {};
  }));
  EXPECT_EQ(lines, "suzie@b.example screener-approve suzie@b.example <- joe@x.example\n");
}

TEST(RelationRows, AreReadBackAsTheyWereWritten) {
  const HeldRow row{.mailbox = "suzie@b.example",
                    .key = "?\"a b\"@x.example",
                    .id = "A1",
                    .index = 7,
                    .recipient = Mailbox::parse("suzie+x@b.example").value(),
                    .arrived = UnixTime(seconds(7)),
                    .author = "joe",
                    .subject = "50 %\n",
                    .size = 9,
                    .silent = true,
                    .in_queue = true};
  const auto again = held_of(memory_of(row));
  ASSERT_TRUE(again);
  EXPECT_EQ(memory_of(*again), memory_of(row));
  EXPECT_EQ(again->subject, "50 %\n");
  EXPECT_FALSE(held_of({.name = "suzie@b.example\nkey\nA", .value = memory_of(row).value, .keep_until = {}}));
  EXPECT_FALSE(relation_of({.name = "a\nb", .value = "standing=maybe\tsince=1", .keep_until = {}}));
}

}  // namespace
}  // namespace cas::registry
