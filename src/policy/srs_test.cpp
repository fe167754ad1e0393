// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is rewritten comes back, and nothing else does.
#include "policy/srs.hpp"

#include <gtest/gtest.h>

#include "base/encoding.hpp"

namespace cas::policy {
namespace {

using std::chrono::days;

const Octets secret(32, 7);
const Domain north = *Domain::parse("north.example");
const UnixTime now = UnixTime(std::chrono::seconds(1'795'460'400));

Mailbox mailbox(std::string_view text) {
  return *Mailbox::parse(text);
}
std::optional<Mailbox> encode(std::string_view sender, const Domain& ours = north, UnixTime at = now) {
  return srs_encode(secret, mailbox(sender), ours, at);
}
std::string decode(const Mailbox& address, UnixTime at = now) {
  const auto decoded = srs_decode(secret, address, at);
  return decoded ? decoded->wire() : "nobody";
}
Mailbox with_local(std::string_view local, const Domain& domain = north) {
  return {*LocalPart::from_value(local), domain};
}

TEST(Srs, WhatIsRewrittenComesBack) {
  for (const char* sender : {"joe@west.example", "Joe.Doe+x=y@west.example", "\"a b\"@west.example", "=@x", "-=-@x.y",
                             "b\xc3\xbc@west.example"}) {
    const auto made = encode(sender);
    ASSERT_TRUE(made) << sender;
    EXPECT_TRUE(made->local().value().starts_with("SRS0=")) << made->wire();
    EXPECT_EQ(made->domain(), north);
    EXPECT_EQ(decode(*made), sender);
  }
}

TEST(Srs, ItMayLoseItsCaseOnTheWay) {
  const auto made = encode("Joe@west.example");
  EXPECT_EQ(decode(with_local(to_lower(made->local().value()))), "joe@west.example");
  EXPECT_EQ(decode(with_local(to_upper(made->local().value()))), "JOE@west.example");
}

TEST(Srs, ItIsGoodForFourteenDays) {
  const auto made = *encode("joe@west.example");
  EXPECT_EQ(decode(made, now + days(14)), "joe@west.example");
  EXPECT_EQ(decode(made, now + days(15)), "nobody");
  EXPECT_EQ(decode(made, now - days(1)), "nobody");
  // The count of days begins anew after 1024 of them.
  const UnixTime last = UnixTime(days(1024 * 20 - 1));
  EXPECT_EQ(decode(*encode("joe@west.example", north, last), last + days(3)), "joe@west.example");
}

TEST(Srs, WhatForwardersMadeBeforeUsIsWrappedOnce) {
  const auto first = encode("joe@west.example", *Domain::parse("b.c"));
  const auto second = srs_encode(secret, *first, north, now);
  ASSERT_TRUE(second);
  EXPECT_TRUE(second->local().value().starts_with("SRS1=")) << second->wire();
  EXPECT_EQ(decode(*second), first->wire());
  EXPECT_EQ(decode(*second, now + days(15)), "nobody");
  const Domain third = *Domain::parse("d.e");
  const auto again = srs_encode(secret, *second, third, now);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->local().value().size(), second->local().value().size()) << "it does not grow";
  EXPECT_EQ(decode(*again), first->wire()) << "to the first forwarder, past the second";
  EXPECT_EQ(decode(*encode("SRS0+x@b.c")), "SRS0+x@b.c");
}

TEST(Srs, WhatDoesNotFitIsNotMade) {
  EXPECT_TRUE(encode(std::string(46 - 12, 'x') + "@west.example"));
  EXPECT_FALSE(encode(std::string(47 - 12, 'x') + "@west.example"));
  EXPECT_FALSE(encode("joe@[192.0.2.1]"));
  EXPECT_FALSE(encode("SRS1=nothing@west.example"));
}

TEST(Srs, NothingThatWeDidNotMakeIsRead) {
  const auto made = *encode("joe@west.example");
  EXPECT_EQ(decode(with_local(made.local().value(), *Domain::parse("south.example"))), "nobody");
  EXPECT_FALSE(srs_decode(Octets(32, 8), made, now));
  const std::string local = made.local().value();
  for (std::size_t n = 0; n < local.size(); ++n) {
    std::string other = local;
    other[n] = other[n] == 'x' ? 'y' : 'x';
    EXPECT_EQ(decode(with_local(other)), "nobody") << other;
  }
  for (const char* text : {"joe", "SRS0", "SRS0=", "SRS0=aaaaaaaa", "SRS0=aaaaaaaa=aa", "SRS0=aaaaaaaa=aa=west.example",
                           "SRS0=aaaaaaaa=aa=west.example=", "SRS1=aaaaaaaaaa=b.c==x", "SRS1==", "SRS1=aaaaaaaaaa="}) {
    EXPECT_EQ(decode(with_local(text)), "nobody") << text;
  }
}

TEST(Srs, ItsFormIsSeenWhoeverMadeIt) {
  EXPECT_TRUE(looks_like_srs(*LocalPart::from_value("srs0+abc")));
  EXPECT_TRUE(looks_like_srs(*LocalPart::from_value("SRS1=abc")));
  EXPECT_FALSE(looks_like_srs(*LocalPart::from_value("SRS0")));
  EXPECT_FALSE(looks_like_srs(*LocalPart::from_value("SRS01=a")));
}

}  // namespace
}  // namespace cas::policy
