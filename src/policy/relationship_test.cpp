// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/relationship.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using confirm::Class;
using testing::ElementsAre;
using testing::IsEmpty;

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

SenderIdentity sender(std::string_view author, std::string_view envelope = "bounce@x.example") {
  SenderIdentity identity;
  identity.author = mailbox(author);
  identity.envelope = ReversePath(mailbox(envelope));
  return identity;
}

std::string key_of(const SenderIdentity& identity, Class klass = Class::Personal) {
  const auto names = relation_names(identity, klass);
  return names ? names->key + (names->proven ? " proven" : "") : "none";
}

TEST(RelationNames, SayWhatTheAuthorWasProvenBy) {
  auto identity = sender("Joe+Shop@X.example");
  EXPECT_EQ(key_of(identity), "?joe@x.example");
  identity.spf_pass = true;
  EXPECT_EQ(key_of(identity), "spf:joe@x.example proven");
  identity.envelope = ReversePath(mailbox("bounce@mailer.example"));
  EXPECT_EQ(key_of(identity), "?joe@x.example") << "SPF spoke for another domain";
  identity.author_proven = true;
  EXPECT_EQ(key_of(identity), "joe@x.example proven");
}

TEST(RelationNames, AreThoseOfAListWhereOneIsProven) {
  auto identity = sender("joe@x.example");
  identity.author_proven = true;
  identity.list_id = "news.x.example";
  EXPECT_EQ(key_of(identity, Class::Bulk), "joe@x.example proven");
  identity.list_proven = true;
  EXPECT_EQ(key_of(identity, Class::Bulk), "list:news.x.example proven");
  EXPECT_EQ(key_of(identity, Class::Personal), "joe@x.example proven");
}

TEST(RelationNames, OfAListSayNothingOfTheAuthorItShows) {
  auto identity = sender("boss@friend.example");
  identity.list_id = "x.attacker.example";
  identity.list_proven = true;
  const auto names = relation_names(identity, Class::Bulk);
  EXPECT_EQ(names->key, "list:x.attacker.example");
  EXPECT_THAT(names->wider, IsEmpty()) << "an approval of friend.example is for who proves to be of it";
  EXPECT_EQ(names->domain, "attacker.example");
}

TEST(RelationNames, AreNoneWhereNobodyIsNamed) {
  EXPECT_EQ(key_of(SenderIdentity{}), "none");
  SenderIdentity without_author;
  without_author.envelope = ReversePath(mailbox("joe@x.example"));
  EXPECT_EQ(key_of(without_author), "?joe@x.example");
}

TEST(RelationNames, OfADomainAreThoseUpToWhatPeopleRegister) {
  auto identity = sender("joe@mail.x.co.uk");
  EXPECT_THAT(relation_names(identity, Class::Personal)->wider, IsEmpty()) << "nothing proves the author";
  identity.author_proven = true;
  const auto names = relation_names(identity, Class::Personal);
  EXPECT_THAT(names->wider, ElementsAre("domain:mail.x.co.uk", "domain:x.co.uk", "spf:joe@mail.x.co.uk"));
  EXPECT_EQ(names->domain, "x.co.uk");
}

TEST(RelationNames, CountAuthorsOfPublicProvidersOneByOne) {
  EXPECT_EQ(relation_names(sender("joe@gmail.com"), Class::Personal)->domain, "joe@gmail.com");
  EXPECT_EQ(relation_names(sender("joe@[192.0.2.1]"), Class::Personal)->domain, "joe@[192.0.2.1]");
}

TEST(KeysMeant, AreThoseOfAPersonADomainOrAList) {
  EXPECT_THAT(keys_meant("Joe+x@X.example", false), ElementsAre("joe@x.example", "spf:joe@x.example"));
  EXPECT_THAT(keys_meant("joe@x.example", true), ElementsAre("joe@x.example", "spf:joe@x.example", "?joe@x.example"));
  EXPECT_THAT(keys_meant("X.example", false), ElementsAre("domain:x.example"));
  EXPECT_THAT(keys_meant("domain:x.example", false), ElementsAre("domain:x.example"));
  EXPECT_THAT(keys_meant("list:News.x.example", false), ElementsAre("list:news.x.example"));
  EXPECT_THAT(keys_meant("?joe@x.example", false), ElementsAre("?joe@x.example"));
  for (const char* nobody : {"", "gmail.com", "co.uk", "joe@", "list:a b", "?x", "domain:"}) {
    EXPECT_THAT(keys_meant(nobody, true), IsEmpty()) << nobody;
  }
}

TEST(KeysMeant, OfAnAuthorWhoseNameLooksLikeAMarkAreNoMark) {
  for (const char* name : {"?joe@x.example", "\"spf:joe\"@x.example", "\"list:joe\"@x.example", "\"?joe\"@x.example",
                           "\"\\\"?joe\"@x.example"}) {
    const std::string key = author_key(mailbox(name));
    EXPECT_TRUE(key.starts_with('"')) << name;
    EXPECT_THAT(keys_meant(key, false), ElementsAre(key, "spf:" + key)) << "what a listing shows means itself";
  }
  EXPECT_NE(author_key(mailbox("?joe@x.example")), author_key(mailbox("\"\\\"?joe\"@x.example")));
}

TEST(RelationMailbox, IsOneForAllSpellings) {
  EXPECT_EQ(relation_mailbox(mailbox("Suzie+news@B.example")), "suzie@b.example");
  EXPECT_EQ(relation_mailbox(mailbox("+x@b.example")), "+x@b.example");
}

TEST(ScreenerRoom, IsBounded) {
  const ScreenerBounds bounds;
  const auto has_room = [&](Waiting waiting, Standing standing = Standing::Stranger, bool proven = true) {
    return has_screener_room(waiting, standing, proven, bounds);
  };
  EXPECT_TRUE(has_room({}));
  EXPECT_TRUE(has_room({.pending = 49}));
  EXPECT_FALSE(has_room({.pending = 50}));
  EXPECT_TRUE(has_room({.pending = 50}, Standing::Pending)) << "it waits already";
  EXPECT_FALSE(has_room({.held = 20}, Standing::Pending));
  EXPECT_FALSE(has_room({.of_this_domain = 1}));
  EXPECT_FALSE(has_room({.new_today = 20}));
  EXPECT_TRUE(has_room({.unproven = 9, .of_this_domain = 1}, Standing::Stranger, false));
  EXPECT_FALSE(has_room({.unproven = 10}, Standing::Stranger, false));
  EXPECT_TRUE(has_room({.unproven = 10})) << "strangers whom nothing proves take no place of the others";
}

}  // namespace
}  // namespace cas::policy
