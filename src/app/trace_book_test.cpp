// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory of `cas trace`: found by either id, bounded in events and octets.
#include "app/trace_book.hpp"

#include <gtest/gtest.h>

namespace cas::app {
namespace {

Event event(std::string trace, std::string queue_id, std::string value = {}) {
  Event result{
      .level = Level::Info, .trace = std::move(trace), .queue_id = std::move(queue_id), .name = "x", .fields = {}};
  result.fields.emplace_back("value", std::move(value));
  return result;
}

TimePoint at(int n) {
  return TimePoint(milliseconds(n));
}

TEST(TraceBook, finds_events_by_trace_id_and_by_queue_id_in_order) {
  TraceBook book;
  book.record(at(1), event("t1", "", "mail"));
  book.record(at(2), event("t2", "", "other"));
  book.record(at(3), event("t1", "Q1", "accepted"));
  book.record(at(4), event("t1", "Q1", "delivered"));
  for (const auto* id : {"t1", "Q1"}) {
    const auto found = book.find(id);
    ASSERT_EQ(found.size(), 3U) << id;
    EXPECT_EQ(found[0].event.fields[0].second, "mail") << "before it had a queue id";
    EXPECT_EQ(found[2].at, at(4));
  }
  EXPECT_EQ(book.find("t2").size(), 1U);
  EXPECT_TRUE(book.find("t3").empty());
  EXPECT_TRUE(book.find("").empty());
}

TEST(TraceBook, events_of_no_message_are_not_kept) {
  TraceBook book;
  book.record(at(1), event("", ""));
  EXPECT_EQ(book.size(), 0U);
}

TEST(TraceBook, forgets_the_oldest_when_it_is_full) {
  TraceBook book(TraceBookOptions{.max_events = 3});
  for (int n = 0; n < 10; ++n) book.record(at(n), event("t" + std::to_string(n % 5), "q" + std::to_string(n)));
  EXPECT_EQ(book.size(), 3U);
  EXPECT_TRUE(book.find("q6").empty());
  ASSERT_EQ(book.find("q7").size(), 1U);
  EXPECT_EQ(book.find("t2").size(), 1U) << "its event of round one is gone";
  EXPECT_TRUE(book.find("t1").empty());
}

TEST(TraceBook, is_bounded_in_octets_too) {
  TraceBook book(TraceBookOptions{.max_events = 1000, .max_octets = 10000});
  for (int n = 0; n < 100; ++n) book.record(at(n), event("t", "q", std::string(1000, 'a')));
  EXPECT_LT(book.size(), 10U);
  EXPECT_GT(book.size(), 0U);
  const auto before = book.size();
  book.record(at(101), event("big", "", std::string(20000, 'a')));
  EXPECT_EQ(book.size(), before) << "an event larger than the book pushes nothing out";
  EXPECT_TRUE(book.find("big").empty());
}

TEST(TraceBook, long_lives_are_answered_with_their_newest_events) {
  TraceBook book(TraceBookOptions{.max_answer = 5});
  for (int n = 0; n < 20; ++n) book.record(at(n), event("t", "q"));
  const auto found = book.find("q");
  ASSERT_EQ(found.size(), 5U);
  EXPECT_EQ(found.front().at, at(15));
}

TEST(TraceBook, same_text_as_both_ids_counts_once) {
  TraceBook book(TraceBookOptions{.max_events = 1});
  book.record(at(1), event("same", "same"));
  book.record(at(2), event("same", "same"));
  EXPECT_EQ(book.find("same").size(), 1U);
}

}  // namespace
}  // namespace cas::app
