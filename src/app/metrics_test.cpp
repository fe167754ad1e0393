// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What Prometheus reads.
#include "app/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Event delivered(std::string status, std::string delay) {
  return {.level = Level::Info,
          .trace = {},
          .queue_id = {},
          .name = "delivered",
          .fields = {{"to", "joe@b.example"}, {"delay", std::move(delay)}, {"status", std::move(status)}}};
}

TEST(Metrics, EventsAreCountedByNameAndAttemptsByStatus) {
  Metrics metrics;
  metrics.count(delivered("sent", "0.200"));
  metrics.count(delivered("sent", "4000.000"));
  metrics.count(delivered("deferred", "1.000"));
  metrics.count({.level = Level::Info, .trace = {}, .queue_id = {}, .name = "connect", .fields = {}});
  const std::string text = metrics.text({});
  EXPECT_THAT(text, HasSubstr("cas_events_total{event=\"delivered\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cas_events_total{event=\"connect\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_deliveries_total{status=\"sent\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_deliveries_total{status=\"deferred\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_deliveries_total{status=\"expired\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("joe"))) << "no address";
}

TEST(Metrics, VerdictsAreCountedByRuleAndAdmission) {
  Metrics metrics;
  const auto verdict = [](std::string rule, std::string admission) {
    return Event{.level = Level::Info,
                 .trace = {},
                 .queue_id = {},
                 .name = "rcpt",
                 .fields = {{"to", "joe@b.example"}, {"rule", std::move(rule)}, {"admission", std::move(admission)}}};
  };
  for (int n = 0; n < 3; ++n) metrics.count(verdict("optional", "unconfirmed"));
  metrics.count(verdict("required", "refused"));
  for (int n = 0; n < 5000; ++n) metrics.count(verdict("made-up-" + std::to_string(n), "refused"));
  const std::string text = metrics.text({});
  EXPECT_THAT(text, HasSubstr("cas_verdicts_total{rule=\"optional\",admission=\"unconfirmed\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cas_verdicts_total{rule=\"required\",admission=\"refused\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("made-up-4999"))) << "bounded";
  EXPECT_THAT(text, Not(HasSubstr("joe"))) << "no address";
}

TEST(Metrics, LoginsAreCountedByHowTheyEnded) {
  Metrics metrics;
  const auto login = [](std::string result) {
    return Event{.level = Level::Info,
                 .trace = {},
                 .queue_id = {},
                 .name = "auth",
                 .fields = {{"user", "joe@b.example"}, {"result", std::move(result)}}};
  };
  for (const auto* result : {"ok", "wrong", "wrong", "locked-account"}) metrics.count(login(result));
  const std::string text = metrics.text({});
  EXPECT_THAT(text, HasSubstr("cas_auth_total{result=\"ok\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_auth_total{result=\"wrong\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_auth_total{result=\"locked-account\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_auth_total{result=\"locked-network\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("joe"))) << "no name";
}

TEST(Metrics, TheHistogramAddsUp) {
  Metrics metrics;
  for (const auto* delay : {"0.100", "0.101", "4000.000", "999999.000"}) metrics.count(delivered("sent", delay));
  metrics.count(delivered("bounced", "7.000"));
  const std::string text = metrics.text({});
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_bucket{le=\"0.5\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_bucket{le=\"3600\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_bucket{le=\"21600\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_bucket{le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("cas_delivery_delay_seconds_count 4\n"));
}

TEST(Metrics, CommitsAreCountedByHowLongTheyTook) {
  store::CommitCounts counts;
  counts.add(3, std::chrono::microseconds(500));
  counts.add(1, std::chrono::microseconds(501));
  counts.add(10, std::chrono::seconds(3));
  Gauges gauges;
  gauges.commits = counts.seen();
  const std::string text = Metrics().text(gauges);
  EXPECT_THAT(text, HasSubstr("cas_store_commit_seconds_bucket{le=\"0.0005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("cas_store_commit_seconds_bucket{le=\"0.001\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_store_commit_seconds_bucket{le=\"2\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("cas_store_commit_seconds_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("cas_store_commit_seconds_sum 3.001001\n"));
  EXPECT_THAT(text, HasSubstr("cas_store_writes_total 14\n"));
}

TEST(Metrics, TheQueueIsCountedByRouteAndState) {
  Gauges gauges;
  gauges.now = TimePoint(milliseconds(90'500));
  gauges.queue.tally.messages = 3;
  gauges.queue.tally.oldest = TimePoint(milliseconds(30'000));
  gauges.queue.tally.counts = {{store::Route::Remote, store::RecipientState::Held, 7}};
  gauges.queue.paused = true;
  const std::string text = Metrics().text(gauges);
  EXPECT_THAT(text, HasSubstr("cas_queue_recipients{route=\"remote\",state=\"held\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("cas_queue_recipients{route=\"local\",state=\"waiting\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("cas_queue_messages 3\n"));
  EXPECT_THAT(text, HasSubstr("cas_queue_oldest_seconds 60.5\n"));
  EXPECT_THAT(text, HasSubstr("cas_queue_paused 1\n"));
}

}  // namespace
}  // namespace cas::app
