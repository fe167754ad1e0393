// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What happened to a message, as data. Each step of its life is an Event; sinks turn events into log lines, into the
// answer of `cas trace`, into metrics. Nobody formats a log line anywhere else.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cas {

/// Sixteen lower-case hexadecimal digits that follow a message from its first command to its last delivery attempt.
using TraceId = std::string;

enum class Level { Debug, Info, Warning, Error };

/// One thing that happened. `name` is a fixed word such as "rcpt" or "delivered"; the fields are key and value.
/// Values may come from peers: sinks encode them (base/encoding.hpp, printable()). Secrets are never put here.
struct Event {
  Level level = Level::Info;
  TraceId trace;
  std::string queue_id;  // empty before the message has one
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string>> fields;
};

/// Takes events. Implementations are safe to call from any thread and do not block on I/O.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(Event event) = 0;
};

}  // namespace cas
