// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The driver of checks that need the DNS and do no I/O (dns/answers.hpp): run, ask what is missing, run again.
#pragma once

#include <chrono>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "dns/answers.hpp"
#include "net/resolver.hpp"

namespace cas::net {

/// Asks all that `answers` has noted, at once, and adds what came back. What has not come back at `deadline`, or when
/// the task is cancelled, is Failed. False when nothing was noted.
[[nodiscard]] Task<bool> ask_open(Resolver& resolver, dns::Answers& answers,
                                  std::chrono::steady_clock::time_point deadline);

/// RFC 7208 §4.6.4: at least 20 seconds for a whole check.
inline constexpr std::chrono::seconds inquiry_time{20};

[[nodiscard]] inline std::chrono::steady_clock::time_point inquiry_deadline() {
  return std::chrono::steady_clock::now() + inquiry_time;
}

/// Runs `check(answers)`, which returns an optional, until it has a value; after `deadline`, with Failed for all that
/// it asks. A check that has none and asks for nothing, or that goes on asking after `max_rounds`, is a bug:
/// std::logic_error. Checks bound how much they look up themselves. `answers` outlives the task.
template <class Check>
[[nodiscard]] Task<typename std::invoke_result_t<Check&, dns::Answers&>::value_type> inquire(
    Resolver& resolver, dns::Answers& answers, Check check,
    std::chrono::steady_clock::time_point deadline = inquiry_deadline()) {
  constexpr int max_rounds = 256;
  for (int round = 0; round < max_rounds; ++round) {
    auto result = check(answers);
    if (result) co_return *std::move(result);
    const bool asked = co_await ask_open(resolver, answers, deadline);
    if (!asked) break;
  }
  throw std::logic_error("a check that does not end");
}

}  // namespace cas::net
