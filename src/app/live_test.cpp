// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
#include "app/live.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "app/disk_watch.hpp"

namespace cas::app {
namespace {

Config some_config() {
  Config config(*Domain::parse("mx.north.example"));
  config.listen.push_back(ListenConfig{.address = {.address = "127.0.0.1", .port = 25}});
  return config;
}

TEST(NeedsRestartTest, NamesWhatAReloadCannotChangeAndNothingElse) {
  struct Case {
    std::string key;
    void (*change)(Config&);
  };
  const Case cases[] = {
      {"host", [](Config& c) { c.host = *Domain::parse("other.example"); }},
      {"state_dir", [](Config& c) { c.state_dir = "/elsewhere"; }},
      {"admin_socket", [](Config& c) { c.admin_socket = "/elsewhere"; }},
      {"run_as", [](Config& c) { c.run_as = "other"; }},
      {"threads", [](Config& c) { c.threads = 7; }},
      {"listen", [](Config& c) { c.listen.front().address.port = 26; }},
      {"listen", [](Config& c) { c.listen.front().tls = ListenTls::Implicit; }},
      {"listen", [](Config& c) { c.listen.push_back(c.listen.front()); }},
      {"dns", [](Config& c) { c.dns.forwarders.emplace_back("192.0.2.53"); }},
      {"outbound.concurrency", [](Config& c) { c.outbound.concurrency = 3; }},
      {"", [](Config& c) { c.outbound.concurrency_per_domain = 3; }},
      {"", [](Config& c) { c.outbound.destinations.push_back({.domain = *Domain::parse("b.example")}); }},
      {"outbound.ca_file", [](Config& c) { c.outbound.ca_file = "/elsewhere"; }},
      {"dns", [](Config& c) { c.dns_check.watch = false; }},
      {"tls_reports", [](Config& c) { c.tls_reports_from = Mailbox::parse("tls@north.example").value(); }},
      {"queue", [](Config& c) { c.queue.lifetime = std::chrono::hours(1); }},
      {"log.format", [](Config& c) { c.log.format = LogFormat::Json; }},
      {"", [](Config& c) { c.limits.message = 1000000; }},
      {"", [](Config& c) { c.load.memory = 1; }},
      {"", [](Config& c) { c.log.level = Level::Error; }},
      {"", [](Config& c) { c.outbound.require_tls = true; }},
      {"", [](Config& c) { c.outbound.mta_sts = c.outbound.dane = false; }},
      {"", [](Config& c) { c.outbound.pins[*Domain::parse("b.example")] = {}; }},
  };
  for (const auto& c : cases) {
    Config fresh = some_config();
    c.change(fresh);
    const auto keys = needs_restart(some_config(), fresh);
    EXPECT_EQ(keys, c.key.empty() ? std::vector<std::string>() : std::vector{c.key}) << c.key;
  }
}

TEST(PacesTest, ADestinationThatFailedRestsShorterThanTheFirstRetry) {
  Config config = some_config();
  EXPECT_EQ(paces_of(config)->usual.first_rest, std::chrono::seconds(60));
  EXPECT_EQ(paces_of(config)->usual.longest_rest, std::chrono::hours(1));
  EXPECT_EQ(paces_of(config)->usual.most, 20U);
  config.queue.first_retry = std::chrono::seconds(10);
  config.queue.max_retry = std::chrono::seconds(20);
  EXPECT_EQ(paces_of(config)->usual.first_rest, std::chrono::seconds(2));
  EXPECT_EQ(paces_of(config)->usual.longest_rest, std::chrono::seconds(20));
  EXPECT_EQ(local_pace(config).first_rest, std::chrono::seconds(2));
  EXPECT_GT(local_pace(config).most, 20U);
  EXPECT_EQ(local_pace(some_config()).longest_rest, std::chrono::minutes(5));
}

TEST(DiskReserveTest, IsAMessageAndAHalfAnd100MegabytesUnlessConfigured) {
  Config config = some_config();
  config.limits.message = 1000;
  EXPECT_EQ(config.disk_reserve(), 100'001'500U);
  config.load.min_free_disk = 7;
  EXPECT_EQ(config.disk_reserve(), 7U);
}

TEST(ConnectionsThatFitTest, AreAtMostWhatTheLimitOfOpenFilesAllows) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  Config config = some_config();
  config.load.connections.total = 10;
  EXPECT_EQ(connections_that_fit(config), 10U);
  config.load.connections.total = SIZE_MAX;
  if (limit.rlim_cur != RLIM_INFINITY) EXPECT_LT(connections_that_fit(config), limit.rlim_cur);
}

TEST(DiskWatchTest, TellsOfTheStateBeforeItReturns) {
  std::atomic<std::size_t> seen = 0;
  const DiskWatch watch({.state_dir = "/", .maildirs = {}}, std::chrono::hours(1),
                        [&](const inbound::Room::Seen& found) {
                          ++seen;
                          EXPECT_LT(found.state.octets, UINT64_MAX);
                        });
  EXPECT_GE(seen, 1U);
}

TEST(SpaceTest, OfAFolderThatIsNotThereYetIsThatOfTheOneAround) {
  EXPECT_TRUE(space_of("/"));
  EXPECT_TRUE(space_of("/no-such-folder-here/nor-this"));
}

}  // namespace
}  // namespace cas::app
