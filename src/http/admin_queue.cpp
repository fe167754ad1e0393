// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The admin API's routes of the queue.
#include <array>

#include "http/admin_answers.hpp"
#include "http/admin_api.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

constexpr std::size_t default_limit = 100;
constexpr std::size_t max_limit = 1000;
constexpr std::size_t longest_reason = 400;
constexpr std::string_view prefix = "/v1/queue/";
constexpr std::string_view message_prefix = "message/";
constexpr std::string_view body_prefix = "body/";

constexpr std::array actions = {queue::Action::Retry, queue::Action::Hold, queue::Action::Release,
                                queue::Action::Bounce, queue::Action::Remove};

Result<queue::Filter> filter_of(const Request& request) {
  return queue::parse_filter({.ids = parameter(request, "ids"),
                              .domain = parameter(request, "domain"),
                              .sender = parameter(request, "sender"),
                              .older_than = parameter(request, "older_than"),
                              .younger_than = parameter(request, "younger_than"),
                              .reason = parameter(request, "last_reply"),
                              .state = parameter(request, "state")});
}

// What is said in a reply and in a notification (RFC 5321 §4.2: textstring).
bool is_reason(std::string_view text) {
  return text.size() <= longest_reason && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

Response no_reason() {
  return refuse(400, "reason", "a reason is at most " + std::to_string(longest_reason) + " printable ASCII characters");
}

std::string who(const Request& request) {
  return printable(parameter(request, "by"), 64);
}

}  // namespace

net::Task<Response> AdminApi::answer_queue(Request request) {
  const std::string rest = request.path.size() > prefix.size() ? request.path.substr(prefix.size()) : std::string();
  const auto action = std::ranges::find(actions, std::string_view(rest), [](auto a) { return to_string(a); });
  const bool switches = rest == "suspend" || rest == "resume" || rest == "pause" || rest == "unpause";
  const bool posts = action != actions.end() || switches;
  const bool shows = rest.starts_with(message_prefix) || rest.starts_with(body_prefix);
  if (!posts && !shows && rest != "stats" && request.path != "/v1/queue") {
    co_return refuse(404, "not-found", "there is nothing at " + request.path);
  }
  const std::string method = posts ? "POST" : "GET";
  if (request.method != method) co_return refuse(405, "method", "use " + method + " here");
  if (request.path == "/v1/queue") co_return co_await list_queue(std::move(request));
  if (action != actions.end()) co_return co_await steer(*action, std::move(request));
  if (rest == "suspend" || rest == "resume") co_return co_await suspend_or_resume(std::move(request));
  if (switches) co_return co_await pause_or_unpause(std::move(request));
  if (rest == "stats") co_return co_await stats();
  const bool wants_body = rest.starts_with(body_prefix);
  const std::string id = rest.substr(wants_body ? body_prefix.size() : message_prefix.size());
  if (!is_id(id)) co_return refuse(400, "id", "this is no queue id");
  if (wants_body) co_return co_await body(id, request);
  co_return co_await show(id);
}

// ---- Seeing ----

net::Task<Response> AdminApi::list_queue(Request request) {
  const auto limit = number_in<std::size_t>(request, "limit", default_limit, 1, max_limit);
  if (!limit) co_return refuse(400, "limit", "limit is a number from 1 to " + std::to_string(max_limit));
  const std::string after = parameter(request, "after");
  if (!after.empty() && !is_id(after)) co_return refuse(400, "after", "after is no queue id");
  const auto filter = filter_of(request);
  if (!filter) co_return refuse(400, "filter", filter.error().public_text);
  auto start = [&](auto done) { services_.queue.list(*filter, after, *limit, std::move(done)); };
  const auto page = co_await net::completion<Result<queue::Queue::Page>>(std::move(start));
  if (!page) co_return unavailable(page.error());
  co_return ok(queue_json(*page));
}

net::Task<Response> AdminApi::show(std::string id) {
  auto start = [&](auto done) { services_.queue.show(id, std::move(done)); };
  const auto entry = co_await net::completion<Result<std::optional<queue::Queue::Entry>>>(std::move(start));
  if (!entry) co_return unavailable(entry.error());
  if (!*entry) co_return refuse(404, "not-found", "no message " + id + " is in the queue");
  co_return ok(message_json(**entry));
}

net::Task<Response> AdminApi::body(std::string id, const Request& request) {
  const auto chunk = number_in<std::uint32_t>(parameter(request, "chunk"), 0, UINT32_MAX);
  if (!chunk) co_return refuse(400, "chunk", "chunk is a number from 0");
  auto start = [&](auto done) { services_.queue.show(id, std::move(done)); };
  const auto entry = co_await net::completion<Result<std::optional<queue::Queue::Entry>>>(std::move(start));
  if (!entry) co_return unavailable(entry.error());
  if (!*entry) co_return refuse(404, "not-found", "no message " + id + " is in the queue");
  const auto number = (*entry)->message.body;
  auto read = [&](auto done) { services_.queue.body_chunk(number, *chunk, std::move(done)); };
  auto octets = co_await net::completion<Result<std::string>>(std::move(read));
  if (!octets) co_return unavailable(octets.error());
  co_return Response{.status = 200, .content_type = "application/octet-stream", .body = *std::move(octets)};
}

net::Task<Response> AdminApi::stats() {
  auto start = [&](auto done) { services_.queue.stats(std::move(done)); };
  const auto found = co_await net::completion<Result<queue::Stats>>(std::move(start));
  if (!found) co_return unavailable(found.error());
  co_return ok(stats_json(*found));
}

// ---- Steering ----

net::Task<Response> AdminApi::steer(queue::Action action, Request request) {
  const std::string after = parameter(request, "after");
  if (!after.empty() && !is_id(after)) co_return refuse(400, "after", "after is no queue id");
  auto filter = filter_of(request);
  if (!filter) co_return refuse(400, "filter", filter.error().public_text);
  const bool harmless = action == queue::Action::Retry || action == queue::Action::Release;
  if (filter->empty() && !harmless && parameter(request, "all") != "1") {
    co_return refuse(400, "filter", "say what is meant, or all=1 for the whole queue");
  }
  const std::string reason = parameter(request, "reason");
  if (!is_reason(reason)) co_return no_reason();
  const bool by_id = !filter->ids.empty();
  queue::Steering steering{.action = action,
                           .filter = *std::move(filter),
                           .reason = reason,
                           .by = who(request),
                           .dry_run = parameter(request, "dry_run") == "1"};
  if (action == queue::Action::Retry && !steering.dry_run) services_.about_to_retry();
  auto start = [&](auto done) { services_.queue.steer(steering, after, std::move(done)); };
  const auto steered = co_await net::completion<Result<queue::Steered>>(std::move(start));
  if (!steered) co_return unavailable(steered.error());
  if (by_id && after.empty() && steered->next.empty() && steered->matched == 0) {
    const std::string words(to_string(action));
    co_return refuse(404, "not-found", "no such message with a recipient to " + words + " is in the queue");
  }
  co_return ok(steered_json(*steered));
}

net::Task<Response> AdminApi::suspend_or_resume(Request request) {
  const auto domain = Domain::parse(parameter(request, "domain"));
  if (!domain) co_return refuse(400, "domain", "this is no domain name: " + parameter(request, "domain"));
  const std::string reason = parameter(request, "reason");
  if (!is_reason(reason)) co_return no_reason();
  if (request.path.ends_with("/resume")) {
    auto start = [&](auto done) { services_.queue.resume(*domain, who(request), std::move(done)); };
    const auto was = co_await net::completion<Result<bool>>(std::move(start));
    if (!was) co_return unavailable(was.error());
    if (!*was) co_return refuse(404, "not-found", domain->text() + " is not suspended");
    co_return ok(changed_json(true));
  }
  auto start = [&](auto done) { services_.queue.suspend(*domain, reason, who(request), std::move(done)); };
  const auto suspended = co_await net::completion<Result<void>>(std::move(start));
  if (suspended) co_return ok(changed_json(true));
  if (suspended.error().lasting == Lasting::Transient) co_return unavailable(suspended.error());
  co_return refuse(400, "domain", suspended.error().public_text);
}

net::Task<Response> AdminApi::pause_or_unpause(Request request) {
  const std::string reason = parameter(request, "reason");
  if (!is_reason(reason)) co_return no_reason();
  if (request.path.ends_with("/unpause")) {
    auto start = [&](auto done) { services_.queue.resume_all(who(request), std::move(done)); };
    const auto was = co_await net::completion<Result<bool>>(std::move(start));
    if (!was) co_return unavailable(was.error());
    if (!*was) co_return refuse(404, "not-found", "the queue is not paused");
    co_return ok(changed_json(true));
  }
  auto start = [&](auto done) { services_.queue.pause_all(reason, who(request), std::move(done)); };
  const auto paused = co_await net::completion<Result<void>>(std::move(start));
  if (!paused) co_return unavailable(paused.error());
  co_return ok(changed_json(true));
}

}  // namespace cas::http
