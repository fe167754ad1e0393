// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// GET /metrics, for Prometheus.
#include "app/dns_api.hpp"
#include "app/server.hpp"
#include "app/version.hpp"
#include "net/completion.hpp"

namespace cas::app {

namespace {

// To count a long queue takes a while: whoever asks more often is told the same again.
constexpr seconds look_pause{10};

using NoFindings = std::map<std::string_view, std::size_t>;

http::Response plain(int status, std::string text) {
  return {.status = status, .content_type = "text/plain", .body = std::move(text)};
}

}  // namespace

void Server::build_metrics() {
  if (!sockets_.metrics) return;
  listening_.push_back(sockets_.metrics->endpoint().text() + " metrics");
  auto answer = [this](http::Request request) { return answer_metrics(std::move(request)); };
  const http::ServerOptions options{.max_connections = 16};
  metrics_server_ = std::make_unique<http::Server>(runtime_->executor(0), *std::move(sockets_.metrics), options,
                                                   *events_, std::move(answer));
}

net::Task<http::Response> Server::answer_metrics(http::Request request) {
  if (request.path != "/metrics") co_return plain(404, "see /metrics\n");
  if (request.method != "GET") co_return plain(405, "use GET\n");
  const TimePoint now = clock_.now();
  if (!numbers_ || now - numbers_at_ >= look_pause || now < numbers_at_) {
    auto start = [this](auto done) { queue_->numbers(std::move(done)); };
    auto numbers = co_await net::completion<Result<queue::Numbers>>(std::move(start));
    if (!numbers) co_return plain(503, "storage is not available\n");
    numbers_ = *std::move(numbers);
    numbers_at_ = now;
  }
  const Gauges gauges{.version = std::string(version),
                      .now = now,
                      .started = started_,
                      .queue = *numbers_,
                      .connections = load_.connections.open(),
                      .memory = load_.memory.used(),
                      .trace_events = trace_book_.size(),
                      .log_lines_dropped = log_->dropped(),
                      .commits = commits_.seen(),
                      .dns_findings = dns_watch_ ? finding_counts(dns_watch_->memory()) : NoFindings()};
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics_.text(gauges);
  co_return response;
}

}  // namespace cas::app
