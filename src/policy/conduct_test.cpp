// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is more than a limit allows, and for whom.
#include "policy/conduct.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

const TimePoint start{hours(24 * 20000)};

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

SenderIdentity plain(std::string_view client) {
  SenderIdentity sender;
  sender.client = IpAddress::parse(client);
  return sender;
}

SenderIdentity signed_by(std::string_view domain, std::string_view client = "192.0.2.1") {
  auto sender = plain(client);
  sender.signer = Domain::parse(domain).value();
  sender.author = Mailbox(LocalPart::from_value("joe").value(), *sender.signer);
  sender.author_proven = true;
  return sender;
}

struct Place {
  explicit Place(ConductLimits limits, TimePoint began = start) {
    conduct.set_limits(std::move(limits));
    conduct.restore({}, began, began);
  }
  Excess excess(const SenderIdentity& sender, std::string_view to = "suzie@b.example") {
    return conduct.excess(sender, mailbox(to), now);
  }
  void sends(const SenderIdentity& sender, int times, std::string_view to = "suzie@b.example") {
    const std::vector<Mailbox> recipients{mailbox(to)};
    for (int n = 0; n < times; ++n) conduct.accepted(sender, recipients, now);
  }
  void misses(const SenderIdentity& sender, int times) {
    for (int n = 0; n < times; ++n) conduct.told_unknown(sender, now);
  }
  Conduct conduct;
  TimePoint now = start;
};

TEST(Conduct, ANormalSiteMeetsNoLimit) {
  Place place{{}};
  const auto sender = signed_by("a.example");
  place.sends(sender, 1000);
  place.misses(sender, 9);
  EXPECT_EQ(place.excess(sender), Excess());
}

TEST(Conduct, BoundsTheMessagesOfANetworkInAnHour) {
  Place place({.network_messages_per_hour = 5});
  place.sends(plain("192.0.2.1"), 5);
  EXPECT_TRUE(place.excess(plain("192.0.2.200")).network_messages);
  EXPECT_FALSE(place.excess(plain("192.0.3.1")).network_messages);
  place.sends(plain("2001:db8:1:2::1"), 5);
  EXPECT_TRUE(place.excess(plain("2001:db8:1:ff::9")).network_messages);
  EXPECT_FALSE(place.excess(plain("2001:db8:2::1")).network_messages);
  place.now += minutes(13);
  EXPECT_FALSE(place.excess(plain("192.0.2.1")).network_messages) << "one more each twelve minutes";
}

TEST(Conduct, BoundsTheMessagesToOneMailboxInAnHour) {
  Place place({.mailbox_messages_per_hour = 3});
  place.sends(plain("192.0.2.1"), 1);
  place.sends(plain("198.51.100.1"), 1, "Suzie+news@b.example");
  place.sends(plain("203.0.113.1"), 1);
  EXPECT_TRUE(place.excess(plain("2001:db8::1")).mailbox);
  EXPECT_FALSE(place.excess(plain("2001:db8::1"), "bob@b.example").mailbox);
}

TEST(Conduct, HoldsANetworkThatGuessesMailboxesAndNotOneThatHasMuchMail) {
  Place place({.network_unknown_per_hour = 10});
  place.misses(plain("192.0.2.1"), 10);
  EXPECT_TRUE(place.excess(plain("192.0.2.77")).network_unknown);
  EXPECT_FALSE(place.excess(plain("192.0.3.77")).network_unknown);
  place.now += hours(1);
  EXPECT_FALSE(place.excess(plain("192.0.2.77")).network_unknown) << "an hour later";

  const auto large = plain("198.51.100.1");
  for (int hour = 0; hour < 30 * 24; ++hour) {  // 60 an hour: 12 that miss are less than a fifth of all
    place.sends(large, 60);
    place.now += hours(1);
  }
  place.misses(large, 12);
  EXPECT_FALSE(place.excess(large).network_unknown);
  place.misses(large, 30);
  EXPECT_TRUE(place.excess(large).network_unknown);
}

TEST(Conduct, TellsASignerOfFewUnknownMailboxesCasSection85) {
  Place place({.signer_unknown_per_day = 3});
  place.misses(signed_by("a.example"), 2);
  EXPECT_FALSE(place.excess(signed_by("a.example")).signer_unknown);
  place.misses(signed_by("a.example", "198.51.100.1"), 1);
  EXPECT_TRUE(place.excess(signed_by("a.example", "203.0.113.1")).signer_unknown) << "from wherever it comes";
  EXPECT_TRUE(place.excess(signed_by("fresh.a.example")).signer_unknown) << "a name below it is no new beginning";
  EXPECT_FALSE(place.excess(signed_by("b.example")).signer_unknown);
  EXPECT_FALSE(place.excess(plain("192.0.2.1")).signer_unknown) << "only who signs";
  place.now += hours(24);
  EXPECT_FALSE(place.excess(signed_by("a.example")).signer_unknown);
}

TEST(Conduct, TellsASignerWithAHistoryOfFivePercentMoreCasSection85) {
  Place place({.signer_unknown_per_day = 3});
  const auto sender = signed_by("a.example");
  for (int day = 0; day < 60; ++day) {
    place.now += hours(24);
    place.sends(sender, 200);
  }
  place.misses(sender, 12);
  EXPECT_FALSE(place.excess(sender).signer_unknown) << "3, and 10 for 200 a day";
  place.misses(sender, 3);
  EXPECT_TRUE(place.excess(sender).signer_unknown);
}

TEST(Conduct, BoundsADomainThatIsNew) {
  Place place({.new_domain_messages_per_day = 2}, start - hours(24 * 30));
  const auto sender = signed_by("a.example");
  place.sends(sender, 2);
  EXPECT_TRUE(place.excess(sender).new_domain);
  EXPECT_TRUE(place.excess(signed_by("x.a.example")).new_domain);
  EXPECT_FALSE(place.excess(signed_by("b.example")).new_domain);
  EXPECT_FALSE(place.excess(plain("192.0.2.1")).new_domain) << "of a name that is not proven nothing is counted";
  place.now += hours(24 * 8);
  place.sends(sender, 5);
  EXPECT_FALSE(place.excess(sender).new_domain) << "known for a week";
}

TEST(Conduct, BoundsTheRecipientsOfADomainThatIsNew) {
  Place place({.new_domain_recipients_per_day = 3}, start - hours(24 * 30));
  const auto sender = signed_by("a.example");
  place.conduct.accepted(sender, std::vector{mailbox("x@b.example"), mailbox("y@b.example"), mailbox("z@b.example")},
                         place.now);
  EXPECT_TRUE(place.excess(sender).new_domain);
}

TEST(Conduct, CallsNobodyNewWhileItIsNewItself) {
  Place place({.new_domain_messages_per_day = 2});
  const auto sender = signed_by("a.example");
  place.sends(sender, 50);
  EXPECT_FALSE(place.excess(sender).new_domain);
  place.now += hours(24 * 8);
  EXPECT_FALSE(place.excess(sender).new_domain) << "it may have been known for years";
}

TEST(Conduct, BoundsADomainThatDoesMoreHarmThanGood) {
  Place place({.new_domain_messages_per_day = 2}, start - hours(24 * 30));
  const auto sender = signed_by("a.example");
  place.sends(sender, 1);
  place.now += hours(24 * 8);
  for (int n = 0; n < 9; ++n) place.conduct.misbehaved(sender, place.now);
  place.sends(sender, 3);
  EXPECT_TRUE(place.excess(sender).new_domain);
}

TEST(Conduct, APublicProviderIsNeverNew) {
  Place place({.new_domain_messages_per_day = 2}, start - hours(24 * 30));
  place.sends(signed_by("gmail.com"), 9);
  EXPECT_FALSE(place.excess(signed_by("gmail.com")).new_domain);
}

TEST(Conduct, ZeroIsAnyNumber) {
  Place place({.network_messages_per_hour = 0,
               .network_unknown_per_hour = 0,
               .mailbox_messages_per_hour = 0,
               .signer_unknown_per_day = 0,
               .new_domain_messages_per_day = 0,
               .new_domain_recipients_per_day = 0},
              start - hours(24 * 30));
  const auto sender = signed_by("a.example");
  place.sends(sender, 500);
  place.misses(sender, 500);
  EXPECT_EQ(place.excess(sender), Excess());
}

TEST(Conduct, ExemptNetworksAreNotCounted) {
  Place place({.network_messages_per_hour = 1,
               .network_unknown_per_hour = 1,
               .mailbox_messages_per_hour = 1,
               .signer_unknown_per_day = 1,
               .exempt = {*Network::parse("192.0.2.0/24")}});
  place.sends(signed_by("a.example"), 9);
  place.misses(signed_by("a.example"), 9);
  EXPECT_EQ(place.excess(signed_by("a.example")), Excess());
  EXPECT_EQ(place.excess(signed_by("a.example", "203.0.113.1")), Excess());
  EXPECT_TRUE(place.conduct.remembered().empty());
}

TEST(Conduct, SaysOfAMailboxThatDoesNotExistWhatItSaysOfOneThatDoes) {
  Place place({.network_unknown_per_hour = 1, .signer_unknown_per_day = 1});
  const auto sender = signed_by("a.example");
  place.misses(sender, 2);
  EXPECT_EQ(place.excess(sender), place.excess(sender, "nobody@b.example"));
}

TEST(Conduct, RemembersOverARestart) {
  Place before({.signer_unknown_per_day = 3}, start - hours(24 * 30));
  const auto sender = signed_by("a.example");
  before.misses(sender, 4);
  before.sends(sender, 1);
  Conduct after(9);
  after.set_limits({.network_unknown_per_hour = 3, .signer_unknown_per_day = 3});
  after.restore(before.conduct.remembered(), before.conduct.began(), start);
  EXPECT_EQ(after.began(), start - hours(24 * 30));
  EXPECT_TRUE(after.excess(sender, mailbox("suzie@b.example"), start).signer_unknown);
  EXPECT_TRUE(after.excess(plain("192.0.2.9"), mailbox("suzie@b.example"), start).network_unknown);
}

}  // namespace
}  // namespace cas::policy
