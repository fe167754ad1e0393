// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the command-line tools ask the running server, over its Unix socket (whose file mode says who may):
//
//   GET  /v1/status
//   GET  /v1/queue?after=ID&limit=N     entries in the order of their ids; "next" says where to go on
//   POST /v1/queue/retry[?id=ID]        waiting recipients of one message, or of all, are due now
//   GET  /v1/suppression?after=A&limit=N   mailboxes elsewhere that own users may not write to, by address
//   POST /v1/suppression                {"addresses":[...],"reason"}: enters them
//   DELETE /v1/suppression?address=A    lifts one
//   GET  /v1/trace/ID                   what happened to a message, by trace id or queue id
//
// Errors are {"error":{"code","message"}} with 400, 404, 405 or 503.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "base/trace.hpp"
#include "http/message.hpp"
#include "net/task.hpp"
#include "queue/queue.hpp"
#include "queue/suppression.hpp"

namespace cas::http {

/// An event and when it happened.
struct RecordedEvent {
  TimePoint at;
  Event event;
};

struct ServerStatus {
  std::string version;
  std::string host;
  std::int64_t pid = 0;
  TimePoint started;
  std::vector<std::string> listening;                // "127.0.0.1:25 mx"
  std::optional<TimePoint> next_local, next_remote;  // when the next recipient is due
  std::size_t trace_events = 0;
  std::size_t log_lines_dropped = 0;
};

/// Answers requests. The queue outlives it; the functions are called on any thread.
class AdminApi {
 public:
  struct Services {
    queue::Queue& queue;
    queue::Suppressions& suppressions;
    std::function<std::vector<RecordedEvent>(std::string_view id)> trace;
    std::function<ServerStatus()> status;
  };
  explicit AdminApi(Services services) : services_(std::move(services)) {}

  [[nodiscard]] net::Task<Response> answer(Request request);

 private:
  net::Task<Response> list_queue(Request request);
  net::Task<Response> retry(Request request);
  // suppression_api.cpp
  net::Task<Response> suppression(Request request);
  net::Task<Response> list_suppressions(Request request);
  net::Task<Response> add_suppressions(Request request);
  net::Task<Response> remove_suppression(Request request);
  [[nodiscard]] Response trace(const Request& request) const;

  Services services_;
};

}  // namespace cas::http
