// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The routes of the admin API.
#include "http/admin_api.hpp"

#include <charconv>

#include "base/encoding.hpp"
#include "http/json.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t max_limit = 1000;
constexpr std::string_view trace_prefix = "/v1/trace/";

Response ok(std::string body) {
  return Response{.status = 200, .body = std::move(body)};
}

Response refuse(int status, std::string_view code, std::string_view message) {
  return Response{.status = status, .body = error_json(code, message)};
}

Response unavailable(const Error& error) {
  return refuse(503, "unavailable", error.public_text);
}

std::string parameter(const Request& request, const std::string& name) {
  const auto place = request.query.find(name);
  return place == request.query.end() ? std::string() : place->second;
}

// Trace ids and queue ids: letters and digits.
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) { return is_alnum(c); });
}

std::optional<std::size_t> read_limit(const std::string& text) {
  if (text.empty()) return default_limit;
  std::size_t limit = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (fault != std::errc{} || end != text.data() + text.size() || limit == 0 || limit > max_limit) return std::nullopt;
  return limit;
}

}  // namespace

net::Task<Response> AdminApi::answer(Request request) {
  if (request.path == "/v1/suppression") co_return co_await suppression(std::move(request));
  const bool is_retry = request.path == "/v1/queue/retry";
  const bool known =
      is_retry || request.path == "/v1/status" || request.path == "/v1/queue" || request.path.starts_with(trace_prefix);
  if (!known) co_return refuse(404, "not-found", "there is nothing at " + request.path);
  const std::string_view method = is_retry ? "POST" : "GET";
  if (request.method != method) {
    co_return refuse(405, "method", "use " + std::string(method) + " here");
  }
  if (request.path == "/v1/status") co_return ok(status_json(services_.status()));
  if (request.path == "/v1/queue") co_return co_await list_queue(std::move(request));
  if (is_retry) co_return co_await retry(std::move(request));
  co_return trace(request);
}

net::Task<Response> AdminApi::list_queue(Request request) {
  const auto limit = read_limit(parameter(request, "limit"));
  if (!limit) co_return refuse(400, "limit", "limit is a number from 1 to " + std::to_string(max_limit));
  std::string after = parameter(request, "after");
  if (!after.empty() && !is_id(after)) co_return refuse(400, "after", "after is no queue id");
  // One more than asked for tells whether there are more.
  auto start = [&](auto done) { services_.queue.list(after, *limit + 1, std::move(done)); };
  auto entries = co_await net::completion<Result<std::vector<queue::Queue::Entry>>>(std::move(start));
  if (!entries) co_return unavailable(entries.error());
  std::optional<store::QueueId> next;
  if (entries->size() > *limit) {
    entries->resize(*limit);
    next = entries->back().message.id;
  }
  co_return ok(queue_json(*entries, next));
}

net::Task<Response> AdminApi::retry(Request request) {
  const std::string id = parameter(request, "id");
  if (!id.empty() && !is_id(id)) co_return refuse(400, "id", "id is no queue id");
  auto start = [&](auto done) { services_.queue.retry(id, std::move(done)); };
  const auto recipients = co_await net::completion<Result<std::size_t>>(std::move(start));
  if (!recipients && recipients.error().lasting == Lasting::Permanent) {
    co_return refuse(404, "not-found", "no message " + id + " is in the queue");
  }
  if (!recipients) co_return unavailable(recipients.error());
  if (*recipients == 0 && !id.empty()) {
    co_return refuse(404, "not-found", "no message " + id + " with waiting recipients is in the queue");
  }
  co_return ok(retried_json(*recipients));
}

Response AdminApi::trace(const Request& request) const {
  const std::string_view id = std::string_view(request.path).substr(trace_prefix.size());
  if (!is_id(id)) return refuse(400, "id", "this is neither a trace id nor a queue id");
  const auto events = services_.trace(id);
  if (events.empty()) return refuse(404, "not-found", "nothing is known of " + std::string(id) + "; it may be too old");
  return ok(events_json(events));
}

}  // namespace cas::http
