// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may send as whom.
#include <gtest/gtest.h>

#include "policy/judge.hpp"

namespace cas::policy {
namespace {

Mailbox mailbox(std::string_view text) {
  return Mailbox::parse(text).value();
}

SenderFacts joe_sends(ReversePath envelope, std::optional<std::vector<Mailbox>> from = {}) {
  return {.allowed = {mailbox("joe@a.example"), mailbox("sales@a.example")},
          .envelope_from = std::move(envelope),
          .header_from = std::move(from)};
}

TEST(RefuseSender, LetsUsersSendAsTheirOwnAddressesOnly) {
  const ReversePath joe(mailbox("joe@a.example"));
  EXPECT_FALSE(refuse_sender(joe_sends(joe)));
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath(mailbox("JOE@A.example")))));
  EXPECT_FALSE(refuse_sender(joe_sends(joe, {{mailbox("joe@a.example"), mailbox("Sales@a.example")}})));
  for (const char* other : {"ceo@a.example", "joe@b.example", "joe@[192.0.2.1]", "joe@x.a.example"}) {
    const auto envelope = refuse_sender(joe_sends(ReversePath(mailbox(other))));
    ASSERT_TRUE(envelope) << other;
    EXPECT_TRUE(envelope->summary().starts_with("550 5.7.1 ")) << other;
    EXPECT_TRUE(envelope->summary().contains(other)) << other;
    EXPECT_TRUE(refuse_sender(joe_sends(joe, {{mailbox("joe@a.example"), mailbox(other)}}))) << other;
  }
}

TEST(RefuseSender, ChecksTheAuthorUnderTheNullPathToo) {
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath())));
  EXPECT_FALSE(refuse_sender(joe_sends(ReversePath(), {{mailbox("joe@a.example")}})));
  EXPECT_TRUE(refuse_sender(joe_sends(ReversePath(), {{mailbox("ceo@a.example")}})));
}

TEST(RefuseSender, RefusesAMessageWithoutAnAuthor) {
  EXPECT_TRUE(refuse_sender(joe_sends(ReversePath(mailbox("joe@a.example")), std::vector<Mailbox>())));
}

TEST(RefuseSender, RefusesUsersWithoutAddresses) {
  SenderFacts facts = joe_sends(ReversePath(mailbox("joe@a.example")));
  facts.allowed.clear();
  EXPECT_TRUE(refuse_sender(facts));
}

}  // namespace
}  // namespace cas::policy
