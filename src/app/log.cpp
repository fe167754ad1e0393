// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Log lines, and spdlog's thread that writes them.
#include "app/log.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>

#include "base/encoding.hpp"
#include "http/json.hpp"

namespace cas::app {

namespace {

constexpr std::size_t max_value = 1024;
constexpr std::size_t max_id = 64;

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warning: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
  }
  return spdlog::level::err;
}

// A bare word where it can be told from its neighbours, quoted elsewhere. printable() has escaped backslashes.
std::string value_text(const std::string& value, std::size_t limit = max_value) {
  std::string safe = printable(value, limit);
  if (!safe.empty() && safe.find_first_of(" \"") == std::string::npos) return safe;
  std::string quoted = "\"";
  for (const char c : safe) {
    if (c == '"') {
      quoted += "\\x22";
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string id_text(const std::string& id) {
  return id.empty() ? "-" : value_text(id, max_id);
}

}  // namespace

std::string text_line(TimePoint at, const Event& event) {
  std::string line = fmt::format("{} {} {} {} {}", http::timestamp(at), http::to_string(event.level),
                                 id_text(event.trace), id_text(event.queue_id), event.name);
  for (const auto& [key, value] : event.fields)
    fmt::format_to(std::back_inserter(line), " {}={}", key, value_text(value));
  return line;
}

std::string json_line(TimePoint at, const Event& event) {
  return http::event_json(http::RecordedEvent{.at = at, .event = event});
}

struct Log::State {
  LogFormat format = LogFormat::Text;
  spdlog::level::level_enum least = spdlog::level::info;
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
  state_->logger->set_level(state_->least);
}

Log::~Log() {
  state_->logger.reset();
  state_->pool.reset();  // its destructor writes what is queued and joins
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
  log_.write(at, event);
  book_.record(at, std::move(event));
}

}  // namespace cas::app
