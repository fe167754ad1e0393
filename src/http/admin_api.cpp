// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The routes of the admin API; those of the queue stand in admin_queue.cpp.
#include "http/admin_api.hpp"

#include "http/admin_answers.hpp"

namespace cas::http {

namespace {

constexpr std::string_view trace_prefix = "/v1/trace/";

}  // namespace

net::Task<Response> AdminApi::answer(Request request) {
  if (request.path == "/v1/suppression") co_return co_await suppression(std::move(request));
  if (request.path == "/v1/report") co_return co_await report(std::move(request));
  if (request.path == "/v1/screener" || request.path.starts_with("/v1/screener/")) {
    co_return co_await screener(std::move(request));
  }
  if (services_.users && (request.path == "/v1/users" || request.path.starts_with("/v1/users/"))) {
    co_return co_await services_.users(std::move(request));
  }
  if (request.path == "/v1/queue" || request.path.starts_with("/v1/queue/")) {
    co_return co_await answer_queue(std::move(request));
  }
  if (request.path != "/v1/status" && !request.path.starts_with(trace_prefix)) {
    co_return refuse(404, "not-found", "there is nothing at " + request.path);
  }
  if (request.method != "GET") co_return refuse(405, "method", "use GET here");
  if (request.path == "/v1/status") co_return ok(status_json(services_.status()));
  co_return trace(request);
}

Response AdminApi::trace(const Request& request) const {
  const std::string_view id = std::string_view(request.path).substr(trace_prefix.size());
  if (!is_id(id)) return refuse(400, "id", "this is neither a trace id nor a queue id");
  const auto events = services_.trace(id);
  if (events.empty()) return refuse(404, "not-found", "nothing is known of " + std::string(id) + "; it may be too old");
  return ok(events_json(events));
}

}  // namespace cas::http
