// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See metrics.hpp.
#include "app/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "http/json.hpp"

namespace cas::app {

namespace {

constexpr std::size_t most_names = 500;

/// A family: its head once, then its samples.
class Writer {
 public:
  void family(std::string_view name, std::string_view type, std::string_view help) {
    fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    name_ = name;
  }
  template <class Value>
  void sample(std::string_view labels, Value value, std::string_view suffix = {}) {
    const std::string braced = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
    fmt::format_to(std::back_inserter(text_), "{}{}{} {}\n", name_, suffix, braced, value);
  }
  /// `counts`: for each bound those up to it and above the one before, then those above all.
  template <std::size_t n>
  void histogram(std::string_view name, std::string_view help, const std::array<double, n>& bounds,
                 const std::array<std::uint64_t, n + 1>& counts, double sum) {
    family(name, "histogram", help);
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < n; ++i) {
      below += counts.at(i);
      sample(fmt::format("le=\"{}\"", bounds.at(i)), below, "_bucket");
    }
    below += counts.back();
    sample("le=\"+Inf\"", below, "_bucket");
    sample({}, sum, "_sum");
    sample({}, below, "_count");
  }
  template <class Value>
  void one(std::string_view name, std::string_view type, std::string_view help, Value value) {
    family(name, type, help);
    sample({}, value);
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string_view name_;
};

std::string_view field(const Event& event, std::string_view name) {
  const auto at = std::ranges::find(event.fields, name, [](const auto& field) { return field.first; });
  return at == event.fields.end() ? std::string_view() : std::string_view(at->second);
}

double in_seconds(milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

std::string_view word(store::RecipientState state) {
  switch (state) {
    case store::RecipientState::Waiting: return "waiting";
    case store::RecipientState::Delivered: return "done";
    case store::RecipientState::Failed: return "failed";
    case store::RecipientState::Held: break;
  }
  return "held";
}

void write_queue(Writer& out, const Gauges& gauges) {
  const auto& queue = gauges.queue;
  out.family("cas_queue_recipients", "gauge", "Recipients in the queue.");
  for (const auto route : {store::Route::Local, store::Route::Remote}) {
    for (const auto state :
         {store::RecipientState::Waiting, store::RecipientState::Held, store::RecipientState::Failed}) {
      const auto is = [&](const store::Tally::Count& count) { return count.route == route && count.state == state; };
      const auto at = std::ranges::find_if(queue.tally.counts, is);
      out.sample(fmt::format("route=\"{}\",state=\"{}\"", http::to_string(route), word(state)),
                 at == queue.tally.counts.end() ? 0 : at->recipients);
    }
  }
  const milliseconds age = queue.tally.oldest ? gauges.now - *queue.tally.oldest : milliseconds(0);
  out.one("cas_queue_messages", "gauge", "Messages in the queue.", queue.tally.messages);
  out.one("cas_queue_oldest_seconds", "gauge", "Age of the oldest message in the queue; 0 when it is empty.",
          in_seconds(std::max(age, milliseconds(0))));
  out.one("cas_queue_in_flight", "gauge", "Delivery attempts under way.", queue.in_flight);
  out.one("cas_queue_suspended_domains", "gauge", "Domains that get nothing until they are resumed.", queue.suspended);
  out.one("cas_queue_paused", "gauge", "1 while nothing is tried at all.", queue.paused ? 1 : 0);
  out.one("cas_destinations_active", "gauge", "Remote destinations with mail that is due or being tried.",
          queue.destinations);
  out.one("cas_destinations_resting", "gauge", "Destinations left in peace for a while.", queue.resting);
}

/// Rules and admissions are words of this program.
void count_verdict(const Event& event, std::map<std::pair<std::string, std::string>, std::uint64_t>& verdicts) {
  const std::pair<std::string, std::string> labels{field(event, "rule"), field(event, "admission")};
  if (verdicts.size() < most_names || verdicts.contains(labels)) ++verdicts[labels];
}

}  // namespace

void Metrics::count(const Event& event) {
  const std::string_view status = field(event, "status");
  const std::string_view delay = field(event, "delay");
  const std::string_view auth = event.name == "auth" ? field(event, "result") : std::string_view();
  state_.with([&](State& state) {
    if (!auth.empty()) ++state.auths[std::string(auth)];
    const auto at = state.events.find(event.name);
    if (at != state.events.end()) {
      ++at->second;
    } else if (state.events.size() < most_names) {
      state.events.emplace(event.name, 1);
    }
    if (event.name == "rcpt") count_verdict(event, state.verdicts);
    if (status.empty() || delay.empty()) return;  // no attempt's end
    ++state.attempts[std::string(status)];
    if (status != "sent") return;
    const double seconds = std::strtod(std::string(delay).c_str(), nullptr);
    const auto bound = std::ranges::lower_bound(delay_bounds, seconds);
    ++state.delays.at(static_cast<std::size_t>(bound - delay_bounds.begin()));
    state.delay_sum += seconds;
  });
}

std::string Metrics::text(const Gauges& gauges) const {
  const State now = state_.with([](const State& state) { return state; });
  Writer out;
  out.family("cas_build_info", "gauge", "1, with the version.");
  out.sample(fmt::format("version=\"{}\"", gauges.version), 1);
  out.one("cas_start_time_seconds", "gauge", "When the server started, in seconds since 1970.",
          in_seconds(gauges.started.time_since_epoch()));
  out.family("cas_events_total", "counter", "What happened, by the name it has in the log.");
  for (const auto& [name, count] : now.events) out.sample(fmt::format("event=\"{}\"", name), count);
  out.family("cas_verdicts_total", "counter", "What was decided on recipients, by rule and how they were admitted.");
  for (const auto& [labels, count] : now.verdicts) {
    out.sample(fmt::format("rule=\"{}\",admission=\"{}\"", labels.first, labels.second), count);
  }
  out.family("cas_deliveries_total", "counter", "Delivery attempts that ended, a recipient each.");
  for (const auto* status : {"sent", "deferred", "bounced", "expired"}) {
    const auto at = now.attempts.find(status);
    out.sample(fmt::format("status=\"{}\"", status), at == now.attempts.end() ? 0 : at->second);
  }
  out.family("cas_auth_total", "counter", "Logins that were tried, by how they ended.");
  for (const auto* result : {"ok", "wrong", "locked-account", "locked-network", "busy", "authzid-refused", "malformed",
                             "failed", "unknown"}) {
    const auto at = now.auths.find(result);
    out.sample(fmt::format("result=\"{}\"", result), at == now.auths.end() ? 0 : at->second);
  }
  out.histogram("cas_delivery_delay_seconds", "From the arrival of a message to its delivery.", delay_bounds,
                now.delays, now.delay_sum);
  write_queue(out, gauges);
  out.histogram("cas_store_commit_seconds", "What each commit of the store waited for the disk.",
                store::CommitCounts::bounds, gauges.commits.commits, gauges.commits.seconds);
  out.one("cas_store_writes_total", "counter", "Writes that were committed; several share a commit.",
          gauges.commits.writes);
  if (!gauges.dns_findings.empty()) {
    out.family("cas_dns_findings", "gauge", "What is not in order in the DNS of own domains, by severity.");
    for (const auto& [severity, count] : gauges.dns_findings)
      out.sample(fmt::format("severity=\"{}\"", severity), count);
  }
  out.one("cas_connections", "gauge", "SMTP connections of clients.", gauges.connections);
  out.one("cas_session_memory_bytes", "gauge", "What SMTP sessions hold in memory.", gauges.memory);
  out.one("cas_trace_events", "gauge", "Events remembered for `cas trace`.", gauges.trace_events);
  out.one("cas_log_lines_dropped_total", "counter", "Log lines nobody took in time.", gauges.log_lines_dropped);
  return out.take();
}

}  // namespace cas::app
