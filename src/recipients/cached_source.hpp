// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A source that has to be asked elsewhere: answers are kept for a while, one question is asked once however many wait
// for it, and whoever is down is left alone for a moment.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "base/time.hpp"
#include "recipients/source.hpp"

namespace cas::recipients {

struct Answer {
  Lookup lookup;
  bool down = false;  // nobody answers there: it will be no better for the next name
};

/// About one name, in lower case. Ends in bounded time.
using Question = std::function<net::Task<Answer>(std::string local)>;

struct CacheOptions {
  milliseconds keep{60'000};
  milliseconds keep_unknown{10'000};
  milliseconds rest{3'000};       // after an answer that it is down
  std::size_t capacity = 10'000;  // answers; twice as many at most
  std::size_t asking = 50;        // questions at once; what is more is told that it is too much
};

class CachedSource final : public Source {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  CachedSource(Question ask, CacheOptions options, Now now = std::chrono::steady_clock::now);
  ~CachedSource() override;
  /// What was kept says "cached" behind its rule. No error is kept.
  [[nodiscard]] net::Task<Lookup> find(std::string local) override;

 private:
  struct State;
  class Turn;
  std::shared_ptr<State> state_;
};

}  // namespace cas::recipients
