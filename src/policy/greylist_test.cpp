// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who has to come again.
#include "policy/greylist.hpp"

#include <gtest/gtest.h>

namespace cas::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr seconds delay{300};

IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}
ReversePath sender(std::string_view text) {
  return ReversePath::parse(text).value();
}

class GreylistTest : public testing::Test {
 protected:
  std::optional<seconds> ask(std::string_view client, std::string_view from) {
    return list_.ask(address(client), sender(from), delay, now_);
  }

  Greylist list_{GreylistOptions{.most = 3}};
  TimePoint now_{hours(1000)};
};

TEST_F(GreylistTest, WhoComesAgainIsLetIn) {
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), delay);
  now_ += seconds(100);
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), seconds(200));
  now_ += seconds(200);
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), std::nullopt);
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), std::nullopt);  // and for a while
}

TEST_F(GreylistTest, WhoOnlyLooksChangesNothing) {
  const auto peek = [&] { return list_.peek(address("192.0.2.9"), sender("<>"), delay, now_); };
  EXPECT_EQ(peek(), delay);
  EXPECT_EQ(list_.size(), 0U);
  (void)ask("192.0.2.9", "<>");
  now_ += seconds(100);
  EXPECT_EQ(peek(), seconds(200));
  now_ += seconds(200);
  EXPECT_EQ(peek(), std::nullopt);
  now_ += hours(48);
  EXPECT_EQ(peek(), delay);
}

TEST_F(GreylistTest, AnotherHostOfTheSameNetworkMayComeInItsPlace) {
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), delay);
  now_ += delay;
  EXPECT_EQ(ask("192.0.2.77", "<Eve@elsewhere.example>"), std::nullopt);
}

TEST_F(GreylistTest, AnotherNetworkOrSenderBeginsAnew) {
  EXPECT_EQ(ask("192.0.2.9", "<eve@elsewhere.example>"), delay);
  now_ += delay;
  EXPECT_EQ(ask("198.51.100.9", "<eve@elsewhere.example>"), delay);
  EXPECT_EQ(ask("192.0.2.9", "<>"), delay);
}

TEST_F(GreylistTest, WhoComesTooLateBeginsAnew) {
  EXPECT_EQ(ask("192.0.2.9", "<>"), delay);
  now_ += hours(48);
  EXPECT_EQ(ask("192.0.2.9", "<>"), delay);
  EXPECT_EQ(list_.size(), 1U);
}

TEST_F(GreylistTest, WhereTooManyWaitNobodyNewDoes) {
  for (const auto* client : {"192.0.2.1", "198.51.100.1", "203.0.113.1"}) EXPECT_EQ(ask(client, "<>"), delay);
  EXPECT_EQ(ask("2001:db8::1", "<>"), std::nullopt);
  EXPECT_EQ(list_.size(), 3U);
  EXPECT_EQ(ask("192.0.2.1", "<>"), delay);  // those who waited go on waiting
}

TEST_F(GreylistTest, AClockThatIsSetBackKeepsNobodyOutForLong) {
  EXPECT_EQ(ask("192.0.2.1", "<>"), delay);
  now_ -= hours(500);
  EXPECT_EQ(ask("192.0.2.1", "<>"), delay);
  now_ += delay;
  EXPECT_EQ(ask("192.0.2.1", "<>"), std::nullopt);
}

}  // namespace
}  // namespace cas::policy
