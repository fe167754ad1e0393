// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Events as log lines on standard error: as administrators know them, or as JSON. Every value that may come from a
// peer is made printable; nothing here can be talked into a second line.
#pragma once

#include <memory>
#include <string>

#include "app/config.hpp"
#include "app/log_line.hpp"
#include "app/metrics.hpp"
#include "app/trace_book.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"

namespace cas::app {

/// Writes lines from a thread of its own. Its queue is bounded: when standard error stalls, the oldest lines are
/// dropped and counted, and nobody waits. Thread-safe.
class Log {
 public:
  /// Starts the thread: after privileges were dropped.
  explicit Log(const LogConfig& config, std::size_t max_lines = 8192);
  /// Writes what is left.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void set_level(Level level);
  void write(TimePoint at, const Event& event);
  [[nodiscard]] std::size_t dropped() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What everybody emits to: gives each event its time, counts it, keeps it in the book and writes it to the log.
class Recorder : public EventSink {
 public:
  Recorder(const Clock& clock, TraceBook& book, Log& log, Metrics* metrics = nullptr)
      : clock_(clock), book_(book), log_(log), metrics_(metrics) {}
  void emit(Event event) override;

 private:
  const Clock& clock_;
  TraceBook& book_;
  Log& log_;
  Metrics* metrics_;
};

}  // namespace cas::app
