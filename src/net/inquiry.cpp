// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All questions leave together; the last answer, or the deadline, wakes the asker.
#include "net/inquiry.hpp"

#include <memory>
#include <optional>

#include "base/guarded.hpp"
#include "net/await.hpp"

namespace cas::net {

namespace {

using std::chrono::steady_clock;

/// Filled on the resolver's thread, which may still hold it when the asker has gone.
class Batch {
 public:
  Batch(const Bell& bell, std::size_t questions) : inside_(Inside{.answered = {}, .open = questions, .bell = bell}) {}

  void add(dns::Question question, dns::Answer answer) {
    inside_.with([&](Inside& inside) {
      if (!inside.bell) return;
      inside.answered.emplace_back(std::move(question), std::move(answer));
      if (inside.answered.size() == inside.open) inside.bell->ring();
    });
  }
  [[nodiscard]] bool complete() const {
    return inside_.with([](const Inside& inside) { return inside.answered.size() == inside.open; });
  }
  /// What has come; nothing is taken any more, and the bell is nobody's.
  std::vector<std::pair<dns::Question, dns::Answer>> close() {
    return inside_.with([](Inside& inside) {
      inside.bell.reset();
      return std::move(inside.answered);
    });
  }

 private:
  struct Inside {
    std::vector<std::pair<dns::Question, dns::Answer>> answered;
    std::size_t open;
    std::optional<Bell> bell;
  };
  Guarded<Inside> inside_;
};

/// However the asker ends: its bell belongs to an executor that the resolver may outlive.
class Closing {
 public:
  explicit Closing(std::shared_ptr<Batch> batch) : batch_(std::move(batch)) {}
  ~Closing() { (void)batch_->close(); }
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;

 private:
  std::shared_ptr<Batch> batch_;
};

std::chrono::milliseconds until(steady_clock::time_point deadline) {
  return std::chrono::ceil<std::chrono::milliseconds>(
      std::max(deadline - steady_clock::now(), steady_clock::duration::zero()));
}

}  // namespace

Task<bool> ask_open(Resolver& resolver, dns::Answers& answers, steady_clock::time_point deadline) {
  const auto questions = answers.take_open();
  if (questions.empty()) co_return false;
  const auto state = co_await boost::asio::this_coro::cancellation_state;
  const bool stopped = cancelled(state);

  if (!stopped && steady_clock::now() < deadline) {
    Bell bell(co_await boost::asio::this_coro::executor);
    const auto batch = std::make_shared<Batch>(bell, questions.size());
    const Closing closing(batch);
    for (const auto& question : questions) {
      resolver.ask(question, [batch, question](dns::Answer answer) { batch->add(question, std::move(answer)); });
    }
    while (!batch->complete()) {
      const bool rung = co_await bell.wait(until(deadline));
      if (!rung) break;  // late, or cancelled
    }
    for (auto& [question, answer] : batch->close()) answers.add(std::move(question), std::move(answer));
  }

  dns::Answer late;
  late.private_reason = stopped ? "the server is stopping" : "the DNS took too long altogether";
  for (const auto& question : questions) {
    if (!answers.knows(question)) answers.add(question, late);
  }
  co_return true;
}

}  // namespace cas::net
