// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "policy/connections.hpp"

#include <gtest/gtest.h>

#include "policy/pace.hpp"

namespace cas::policy {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const TimePoint start{std::chrono::hours(500000)};

class ConnectionsTest : public testing::Test {
 protected:
  Connections& make(ConnectionLimits limits) {
    owned = std::make_unique<Connections>(std::move(limits));
    return *owned;
  }
  // "in", or who it is too many for.
  std::string enter(Connections& table, std::string_view address, TimePoint now = start) {
    auto entered = table.enter(address, now);
    if (!entered.place) return std::string(word(entered.refused.crowd));
    places.push_back(*std::move(entered.place));
    return "in";
  }
  std::string last_of(Connections& table, const std::vector<std::string>& addresses) {
    std::string result;
    for (const auto& address : addresses) result = enter(table, address);
    return result;
  }
  std::unique_ptr<Connections> owned;  // outlives the places
  std::vector<Connections::Place> places;
};

TEST(SharesTest, ShrinkWhenPlacesGetFew) {
  struct Case {
    std::size_t limit, open, total, share;
  };
  for (const auto& c : {Case{50, 0, 1000, 50}, Case{50, 750, 1000, 50}, Case{50, 875, 1000, 25}, Case{50, 999, 1000, 1},
                        Case{50, 1000, 1000, 1}, Case{50, 1200, 1000, 1}, Case{5, 2, 3, 5}}) {
    EXPECT_EQ(share_under_pressure(c.limit, c.open, c.total), c.share) << c.open << " of " << c.total;
  }
}

TEST(SharesTest, BusyWhenAQuarterIsFree) {
  EXPECT_FALSE(is_busy(749, 1000));
  EXPECT_TRUE(is_busy(750, 1000));
}

TEST_F(ConnectionsTest, CountsAnIpv4AddressAndAnIpv6Slash64AsOneClient) {
  Connections& table = make({.total = 100, .per_client = 2, .per_network = 50, .exempt = {}});
  EXPECT_EQ(last_of(table, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), "client");
  EXPECT_EQ(last_of(table, {"::ffff:192.0.2.1"}), "client");
  EXPECT_EQ(last_of(table, {"192.0.2.2"}), "in");
  EXPECT_EQ(last_of(table, {"2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:1:ffff::3"}), "client");
  EXPECT_EQ(last_of(table, {"2001:db8:0:2::1"}), "in");
}

TEST_F(ConnectionsTest, CountsAnIpv4Slash24AndAnIpv6Slash48AsOneNetwork) {
  Connections& table = make({.total = 100, .per_client = 2, .per_network = 3, .exempt = {}});
  EXPECT_EQ(last_of(table, {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"}), "network");
  EXPECT_EQ(last_of(table, {"192.0.3.1"}), "in");
  EXPECT_EQ(last_of(table, {"2001:db8:1:1::", "2001:db8:1:2::", "2001:db8:1:3::", "2001:db8:1:4::"}), "network");
}

TEST_F(ConnectionsTest, APlaceIsGivenBackWhenItGoes) {
  Connections& table = make({.total = 1, .per_client = 1, .exempt = {}});
  EXPECT_EQ(enter(table, "192.0.2.1"), "in");
  EXPECT_EQ(enter(table, "192.0.2.2"), "server");
  places.clear();
  EXPECT_EQ(table.open(), 0U);
  EXPECT_EQ(enter(table, "192.0.2.2"), "in");
}

TEST_F(ConnectionsTest, AFloodLeavesTheLastPlacesToOthers) {
  Connections& table = make({.total = 100, .per_client = 100, .per_network = 100, .exempt = {}});
  int flooder = 0;
  while (enter(table, "192.0.2.1") == "in") ++flooder;
  EXPECT_LT(flooder, 100);
  EXPECT_TRUE(table.busy());
  EXPECT_EQ(enter(table, "198.51.100.1"), "in");
}

TEST_F(ConnectionsTest, RatesAreForEachClientAndComeBackWithTime) {
  Connections& table = make({.total = 100, .per_client = 50, .per_minute = 2, .exempt = {}});
  EXPECT_EQ(last_of(table, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), "rate");
  EXPECT_EQ(enter(table, "192.0.2.2"), "in");
  EXPECT_EQ(enter(table, "192.0.2.1", start + minutes(1)), "in");
}

TEST_F(ConnectionsTest, AFailedHandshakeCostsAsMuchAsTenConnections) {
  Connections& table = make({.total = 100, .per_client = 50, .per_minute = 11, .exempt = {}});
  table.count_failed_handshake("192.0.2.1", start);
  EXPECT_EQ(enter(table, "192.0.2.1"), "in");
  EXPECT_EQ(enter(table, "192.0.2.1"), "rate");
}

TEST_F(ConnectionsTest, ExemptClientsAreBoundedByTheTotalAlone) {
  Connections& table =
      make({.total = 5, .per_client = 1, .per_minute = 1, .exempt = {*Network::parse("192.0.2.0/24")}});
  EXPECT_EQ(last_of(table, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}), "in");
  EXPECT_EQ(last_of(table, {"198.51.100.1", "198.51.100.1"}), "rate");
  EXPECT_EQ(last_of(table, {"192.0.2.1", "192.0.2.1"}), "server");
}

TEST_F(ConnectionsTest, RefusalsAreToldOnceAMinuteWithTheirNumber) {
  Connections& table = make({.total = 10, .per_client = 1, .exempt = {}});
  EXPECT_EQ(enter(table, "192.0.2.1"), "in");
  EXPECT_EQ(table.enter("192.0.2.1", start).refused.tell, 1U);
  EXPECT_EQ(table.enter("192.0.2.1", start + seconds(1)).refused.tell, 0U);
  EXPECT_EQ(table.enter("192.0.2.1", start + seconds(2)).refused.tell, 0U);
  EXPECT_EQ(table.enter("192.0.2.1", start + seconds(61)).refused.tell, 3U);
}

TEST_F(ConnectionsTest, HandshakesAreBoundedAndOneClientCannotTakeThemAll) {
  Connections& table = make({.per_client = 8, .handshakes = 8, .exempt = {}});
  std::vector<Connections::Handshake> mine;
  while (auto one = table.begin_handshake("192.0.2.1")) mine.push_back(*std::move(one));
  EXPECT_LT(mine.size(), 8U);
  auto other = table.begin_handshake("198.51.100.1");
  EXPECT_TRUE(other);
  mine.clear();
  EXPECT_TRUE(table.begin_handshake("192.0.2.1"));
}

TEST(NetworkTest, ReadsPrefixes) {
  struct Case {
    std::string_view text, inside, outside;
  };
  for (const auto& c : {Case{"192.0.2.0/24", "192.0.2.255", "192.0.3.0"}, Case{"192.0.2.1", "192.0.2.1", "192.0.2.2"},
                        Case{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"}, Case{"0.0.0.0/0", "1.2.3.4", "::1"}}) {
    const auto network = Network::parse(c.text);
    ASSERT_TRUE(network) << c.text;
    EXPECT_TRUE(network->holds(*IpAddress::parse(c.inside))) << c.text;
    EXPECT_FALSE(network->holds(*IpAddress::parse(c.outside))) << c.text;
  }
  for (const std::string_view bad :
       {"", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1", "::/129", "a/8", "1.2.3.4/8x"}) {
    EXPECT_FALSE(Network::parse(bad)) << bad;
  }
}

TEST(PaceTest, AnAllowanceAndThenARate) {
  struct Case {
    milliseconds waited;
    std::uint64_t octets, rate;
    bool in_time;
  };
  for (const auto& c :
       {Case{seconds(10), 0, 500, false}, Case{seconds(9), 0, 500, true}, Case{seconds(100), 50000, 500, true},
        Case{seconds(110), 50000, 500, false}, Case{seconds(5000), 1, 0, true}}) {
    const Pace pace{.waited = c.waited, .octets = c.octets};
    EXPECT_EQ(pace.left(seconds(10), c.rate) > milliseconds{0}, c.in_time) << c.octets << " in " << c.waited.count();
  }
}

// RFC 1870 §6.1
TEST(RoomTest, CountsTheDeclaredSizeOnTopOfTheReserve) {
  struct Case {
    std::uint64_t octets, inodes;
    bool counts;
    std::uint64_t declared, reserve;
    bool room;
  };
  for (const auto& c : {Case{100, 5000, true, 0, 100, true}, Case{99, 5000, true, 0, 100, false},
                        Case{150, 5000, true, 50, 100, true}, Case{150, 5000, true, 51, 100, false},
                        Case{150, 999, true, 0, 100, false}, Case{150, 0, false, 0, 100, true}}) {
    const Space space{.octets = c.octets, .inodes = c.inodes, .counts_inodes = c.counts};
    EXPECT_EQ(has_room(space, c.declared, c.reserve), c.room) << c.octets << " " << c.declared;
  }
}

}  // namespace
}  // namespace cas::policy
