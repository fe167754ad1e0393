// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// spdlog's thread that writes the lines.
#include "app/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>

namespace cas::app {

namespace {

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warning: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

struct Log::State {
  LogFormat format = LogFormat::Text;
  std::atomic<spdlog::level::level_enum> least = spdlog::level::info;
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::async_logger> logger;
  std::atomic<std::size_t> reported = 0;  // lost lines that the log itself tells of
};

Log::Log(const LogConfig& config, std::size_t max_lines) : state_(std::make_unique<State>()) {
  state_->format = config.format;
  state_->least = spdlog_level(config.level);
  state_->pool = std::make_shared<spdlog::details::thread_pool>(max_lines, 1);
  auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  state_->logger = std::make_shared<spdlog::async_logger>("cas", std::move(sink), state_->pool,
                                                          spdlog::async_overflow_policy::overrun_oldest);
  state_->logger->set_pattern("%v");
  state_->logger->set_level(spdlog::level::trace);  // write() chooses
}

Log::~Log() {
  state_->logger.reset();
  state_->pool.reset();  // its destructor writes what is queued and joins
}

void Log::set_level(Level level) {
  state_->least = spdlog_level(level);
}

void Log::write(TimePoint at, const Event& event) {
  const auto level = spdlog_level(event.level);
  if (level < state_->least) return;
  const auto line = [&](const Event& e) {
    return state_->format == LogFormat::Json ? json_line(at, e) : text_line(at, e);
  };
  const std::size_t lost = dropped();
  std::size_t told = state_->reported.load();
  if (told < lost && state_->reported.compare_exchange_strong(told, lost)) {
    const Event note{.level = Level::Warning,
                     .trace = {},
                     .queue_id = {},
                     .name = "log-lines-dropped",
                     .fields = {{"lines", std::to_string(lost - told)}}};
    state_->logger->log(spdlog::level::warn, line(note));
  }
  state_->logger->log(level, line(event));
}

std::size_t Log::dropped() const {
  return state_->pool->overrun_counter();
}

void Recorder::emit(Event event) {
  const auto at = clock_.now();
  if (metrics_ != nullptr) metrics_->count(event);
  log_.write(at, event);
  book_.record(at, std::move(event));
}

}  // namespace cas::app
