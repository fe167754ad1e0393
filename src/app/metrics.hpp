// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Numbers for Prometheus: counters that events move, gauges that are asked for when somebody looks. The text format is
// 0.0.4's. Labels are words of this program, never what a peer said.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/guarded.hpp"
#include "base/trace.hpp"
#include "queue/queue.hpp"
#include "store/commit_counts.hpp"

namespace cas::app {

/// What is asked for at that moment.
struct Gauges {
  std::string version;
  TimePoint now, started;
  queue::Numbers queue;
  std::size_t connections = 0;
  std::size_t memory = 0;  // octets that sessions hold
  std::size_t trace_events = 0;
  std::size_t log_lines_dropped = 0;
  store::CommitCounts::Seen commits{};
  std::map<std::string_view, std::size_t> dns_findings{};  // of the last daily check, by severity
};

/// Thread-safe.
class Metrics {
 public:
  void count(const Event& event);
  [[nodiscard]] std::string text(const Gauges& gauges) const;

 private:
  static constexpr std::array<double, 9> delay_bounds{0.1, 0.5, 1, 5, 30, 300, 3600, 21600, 86400};  // seconds
  struct State {
    std::map<std::string, std::uint64_t, std::less<>> events;    // by name: literals of this program
    std::map<std::string, std::uint64_t, std::less<>> attempts;  // by status: sent, deferred, bounced, expired
    std::map<std::string, std::uint64_t, std::less<>> auths;     // by result: literals of this program
    std::map<std::pair<std::string, std::string>, std::uint64_t> verdicts;  // by rule and admission
    std::array<std::uint64_t, delay_bounds.size() + 1> delays{};
    double delay_sum = 0;
  };
  Guarded<State> state_;
};

}  // namespace cas::app
