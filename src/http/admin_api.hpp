// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the command-line tools ask the running server, over its Unix socket (whose file mode says who may):
//
//   GET  /v1/status
//   GET  /v1/suppression?after=A&limit=N   mailboxes elsewhere that own users may not write to, by address
//   POST /v1/suppression                {"addresses":[...],"reason"}: enters them
//   DELETE /v1/suppression?address=A    lifts one
//   GET  /v1/screener?mailbox=M&decided=1&after_mailbox=M&after_sender=S&limit=N
//                                       who waits, or was decided on, by mailbox and sender
//   GET  /v1/screener/held?mailbox=M&sender=S               the messages that wait
//   POST /v1/screener/{approve,block,undo,clear}?mailbox=M&sender=S&by=..&unauthenticated=1
//   POST /v1/screener/seed?mailbox=M&by=..    {"authors":[...]}: approves them
//   POST /v1/screener/expect?mailbox=M&domain=D&seconds=N&by=..    POST /v1/screener/mode?mailbox=M&mode=W&by=..
//   /v1/users, /v1/users/...            accounts: users_api.hpp
//   GET  /v1/why?from=A&to=A&envelope=A&client=IP&intent=1&signed=1&spf=1&list=ID&list_proven=1&class=p|t|b|a
//                                       what would become of such a message, rule by rule
//   GET  /v1/report?since=SECONDS&domain=D&after=A&limit=N
//                                       what was decided on recipients, by day and receiving domain
//   GET  /v1/trace/ID                   what happened to a message, by trace id or queue id
//   GET  /v1/queue?after=ID&limit=N     entries in the order of their ids, of N that are looked at; "next" says where
//                                       to go on
//   GET  /v1/queue/message/ID           one message, all of it but the body
//   GET  /v1/queue/body/ID?chunk=N      its octets: from 0 until there are none
//   GET  /v1/queue/stats                by state, destination and reason
//   POST /v1/queue/{retry,hold,release,bounce,remove}?after=ID&dry_run=1&reason=..&by=..
//                                       one page; "next" says where to go on; hold, bounce and remove need a filter,
//                                       or all=1
//   POST /v1/queue/{suspend,resume}?domain=..     POST /v1/queue/{pause,unpause}
//
// Filters: ids (separated by commas), domain, sender, older_than, younger_than (seconds), last_reply, state; see
// queue/filter.hpp.
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
#include "policy/why.hpp"
#include "queue/queue.hpp"
#include "queue/suppression.hpp"
#include "registry/relationships.hpp"
#include "registry/verdict_report.hpp"

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
    registry::Relationships& relationships;
    const Clock& clock;
    std::function<std::vector<RecordedEvent>(std::string_view id)> trace;
    std::function<ServerStatus()> status;
    /// Somebody wants mail tried now: what keeps it from being tried is to be forgotten, before the queue is asked.
    std::function<void()> about_to_retry = [] {};
    std::function<net::Task<policy::Why>(policy::WhyQuestion)> why{};
    /// Something that waits in a Screener was decided on.
    std::function<void()> screener_decided = [] {};
    std::function<bool(const std::string& domain)> is_ours = [](const std::string&) { return true; };
    /// What lies under /v1/users (users_api.hpp); none: nothing does.
    std::function<net::Task<Response>(Request)> users{};
    registry::VerdictReport* report = nullptr;  // none: nothing was counted
  };
  explicit AdminApi(Services services) : services_(std::move(services)) {}

  [[nodiscard]] net::Task<Response> answer(Request request);

 private:
  // admin_queue.cpp
  net::Task<Response> answer_queue(Request request);
  net::Task<Response> list_queue(Request request);
  net::Task<Response> show(std::string id);
  net::Task<Response> body(std::string id, const Request& request);
  net::Task<Response> stats();
  net::Task<Response> steer(queue::Action action, Request request);
  net::Task<Response> suspend_or_resume(Request request);
  net::Task<Response> pause_or_unpause(Request request);
  // suppression_api.cpp
  net::Task<Response> suppression(Request request);
  net::Task<Response> list_suppressions(Request request);
  net::Task<Response> add_suppressions(Request request);
  net::Task<Response> remove_suppression(Request request);
  net::Task<Response> why(Request request);  // why_api.cpp
  // report_api.cpp
  net::Task<Response> report(Request request);
  // screener_api.cpp
  net::Task<Response> screener(Request request);
  net::Task<Response> list_screener(Request request);
  net::Task<Response> list_held(Request request);
  net::Task<Response> decide(Request request, policy::Standing standing);
  net::Task<Response> undo_decision(Request request);
  net::Task<Response> clear_screener(Request request);
  net::Task<Response> seed(Request request);
  net::Task<Response> expect(Request request);
  net::Task<Response> set_screening(Request request);
  [[nodiscard]] Response trace(const Request& request) const;

  Services services_;
};

}  // namespace cas::http
