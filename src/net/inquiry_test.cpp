// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Checks that need the DNS, driven against a real resolver with data of its own.
#include "net/inquiry.hpp"

#include <optional>

#include "net/test_support.hpp"

namespace cas::net {
namespace {

std::unique_ptr<Resolver> make_resolver() {
  ResolverOptions options;
  options.trust_anchor_file = "none";
  options.local_zones = {"south.example."};
  options.local_data = {"a.south.example. 60 IN TXT \"b.south.example\"", "b.south.example. 60 IN TXT \"the end\"",
                        "c.south.example. 60 IN TXT \"beside\""};
  return Resolver::create(options).value();
}

/// Follows texts that name names until one names none; looks at c beside the first.
struct Follow {
  int runs = 0;
  std::optional<std::string> operator()(dns::Answers& answers) {
    ++runs;
    std::string name = "a.south.example";
    (void)answers.find(dns::Question{.name = "c.south.example", .type = dns::Type::TXT});
    while (true) {
      const auto* answer = answers.find(dns::Question{.name = name, .type = dns::Type::TXT});
      if (answer == nullptr) return std::nullopt;
      if (answer->status != dns::Status::Ok) return "lost at " + name;
      name = std::get<dns::Txt>(answer->records.front()).text;
      if (!name.ends_with("example")) return name + " after " + std::to_string(runs) + " runs";
    }
  }
};

using InquiryTest = test::NetTest;

TEST_F(InquiryTest, RunsTheCheckAgainUntilNothingIsMissing) {
  const auto resolver = make_resolver();
  dns::Answers answers;
  std::string found;
  auto task = [&]() -> Task<void> { found = co_await inquire(*resolver, answers, Follow()); };
  run(task);
  EXPECT_EQ(found, "the end after 3 runs");
  EXPECT_EQ(answers.size(), 3) << "what is looked up together is asked together";
}

TEST_F(InquiryTest, AfterTheDeadlineNothingIsKnown) {
  const auto resolver = make_resolver();
  dns::Answers answers;
  const dns::Question question{.name = "b.south.example", .type = dns::Type::TXT};
  (void)answers.find(question);
  auto task = [&]() -> Task<void> {
    const auto past = std::chrono::steady_clock::now() - std::chrono::seconds{1};
    EXPECT_TRUE(co_await ask_open(*resolver, answers, past));
    EXPECT_FALSE(co_await ask_open(*resolver, answers, past)) << "nothing is open any more";
  };
  run(task);
  EXPECT_EQ(answers.find(question)->status, dns::Status::Failed);
}

TEST_F(InquiryTest, ACancelledTaskAsksNothingMore) {
  const auto resolver = make_resolver();
  dns::Answers answers;
  std::string found;
  constexpr std::chrono::milliseconds moment(1);
  constexpr std::chrono::hours long_time(1);
  auto task = [&]() -> Task<void> {
    TaskGroup group(co_await boost::asio::this_coro::executor);
    auto follow = [&]() -> Task<void> {
      co_await sleep_for(long_time);  // until it is cancelled
      found = co_await inquire(*resolver, answers, Follow());
    };
    group.spawn(follow());
    co_await sleep_for(moment);
    group.cancel();
    co_await group.join();
  };
  run(task);
  EXPECT_EQ(found, "lost at a.south.example");
}

TEST_F(InquiryTest, ACheckThatNeitherEndsNorAsksIsABug) {
  const auto resolver = make_resolver();
  dns::Answers answers;
  bool thrown = false;
  auto task = [&]() -> Task<void> {
    try {
      auto never = [](dns::Answers&) -> std::optional<int> { return std::nullopt; };
      co_await inquire(*resolver, answers, never);
    } catch (const std::logic_error&) {
      thrown = true;
    }
  };
  run(task);
  EXPECT_TRUE(thrown);
}

}  // namespace
}  // namespace cas::net
