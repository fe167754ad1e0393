// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All questions leave together; the last answer wakes the asker.
#include "net/inquiry.hpp"

#include <memory>

#include "net/await.hpp"

namespace cas::net {

namespace {

/// Filled on the resolver's thread.
struct Batch {
  std::vector<std::pair<dns::Question, dns::Answer>> answered;
  std::size_t open = 0;
};

}  // namespace

Task<bool> ask_open(Resolver& resolver, dns::Answers& answers, std::chrono::steady_clock::time_point deadline) {
  auto questions = answers.take_open();
  if (questions.empty()) co_return false;
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  const bool stopped = cancelled(state);
  if (stopped || std::chrono::steady_clock::now() > deadline) {
    dns::Answer late;
    late.private_reason = stopped ? "the server is stopping" : "the DNS took too long altogether";
    for (auto& question : questions) answers.add(std::move(question), late);
    co_return true;
  }
  auto batch = std::make_shared<Batch>();
  batch->open = questions.size();
  auto start = [&resolver, &questions, batch](auto done) {
    for (auto& question : questions) {
      auto one_more = [batch, question, done](dns::Answer answer) mutable {
        batch->answered.emplace_back(std::move(question), std::move(answer));
        if (--batch->open == 0) done(true);
      };
      resolver.ask(question, std::move(one_more));
    }
  };
  co_await completion<bool>(std::move(start));
  for (auto& [question, answer] : batch->answered) answers.add(std::move(question), std::move(answer));
  co_return true;
}

}  // namespace cas::net
