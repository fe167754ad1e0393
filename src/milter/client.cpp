// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One filter after the other, and what their words mean here.
#include "milter/client.hpp"

#include <algorithm>
#include <utility>

#include "milter/conversation.hpp"
#include "net/task.hpp"

namespace cas::milter {

namespace {

constexpr milliseconds connect_time{5000};
/// RFC 5321 §4.5.3.2.6 gives a client ten minutes for the reply to the end of its data; most of them are left to
/// others.
constexpr std::chrono::minutes time_for_all{4};

smtp::Reply unavailable() {
  return {451, smtp::EnhancedCode{4, 7, 1}, "a content filter cannot be asked now, try again later"};
}

/// A filter's own words, as far as they are a reply.
std::optional<smtp::Reply> reply_in(const std::string& text) {
  smtp::ReplyParser parser;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto parsed = parser.on_line(line);
    if (!parsed) return std::nullopt;
    if (*parsed) return **parsed;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return std::nullopt;
}

/// Nothing vanishes here: what a filter would have discarded is refused, and its sender hears of it.
smtp::Reply meaning_of(const Reply& refusal) {
  const smtp::Reply refused(550, smtp::EnhancedCode{5, 7, 1}, "refused by a content filter");
  const smtp::Reply later(451, smtp::EnhancedCode{4, 7, 1}, "a content filter says: try again later");
  if (const auto* code = std::get_if<ReplyCode>(&refusal)) {
    if (auto reply = reply_in(code->text)) return *std::move(reply);
    return code->text.starts_with('4') ? later : refused;
  }
  const auto* verdict = std::get_if<Verdict>(&refusal);
  const bool for_good = verdict != nullptr && (*verdict == Verdict::Reject || *verdict == Verdict::Discard);
  return for_good ? refused : later;
}

using Deadline = std::chrono::steady_clock::time_point;

net::Task<Result<Opinion>> opinion_of(const FilterOptions& filter, const inbound::FilterRequest& message,
                                      const Domain& host, std::size_t max_body, Deadline last) {
  const auto begun = std::chrono::steady_clock::now();
  const auto deadline = std::min<Deadline>(begun + filter.timeout, last);
  if (deadline <= begun) co_return transient("no time is left for it");
  const auto left = std::chrono::ceil<milliseconds>(deadline - begun);
  const auto time = std::min<milliseconds>(connect_time, left);
  Result<net::Stream> stream = transient("not connected");
  if (filter.socket.empty()) {
    stream = co_await net::connect(filter.address, time);
  } else {
    stream = co_await net::connect_unix(filter.socket.string(), time);
  }
  if (!stream) co_return std::unexpected(std::move(stream).error());
  Conversation conversation(*std::move(stream), host, deadline, max_body);
  co_return co_await conversation.ask(message);
}

}  // namespace

FilterClient::FilterClient(Domain host, std::vector<FilterOptions> filters, std::size_t max_body, EventSink& events)
    : host_(std::move(host)), filters_(std::move(filters)), max_body_(max_body), events_(events) {}

bool FilterClient::look_at(policy::Origin origin) const {
  return std::ranges::any_of(
      filters_, [&](const auto& filter) { return origin == policy::Origin::Outside || filter.submissions; });
}

net::Task<inbound::FilterFindings> FilterClient::run(inbound::FilterRequest& message, policy::Origin origin) const {
  inbound::FilterFindings findings;
  findings.apart.resize(message.recipients.size());
  const auto last = std::chrono::steady_clock::now() + time_for_all;
  for (const auto& filter : filters_) {
    if (origin != policy::Origin::Outside && !filter.submissions) continue;
    auto opinion = co_await opinion_of(filter, message, host_, max_body_, last);
    // Cut off by a stop: it was not asked, whatever may be done without it.
    const bool stopping = co_await net::is_cancelled();
    if (stopping) {
      findings.refusal = smtp::Reply(451, smtp::EnhancedCode{4, 3, 2}, "going down, try again later");
      co_return findings;
    }
    if (!opinion) {
      tell(filter, message, filter.accept_on_failure ? "passed-over" : "failed", opinion.error().private_reason);
      if (filter.accept_on_failure) continue;
      findings.refusal = unavailable();
      co_return findings;
    }
    if (opinion->refusal) {
      findings.refusal = meaning_of(*opinion->refusal);
      tell(filter, message, "refused", findings.refusal->summary());
      co_return findings;
    }
    for (const auto n : opinion->unwanted) findings.apart[n] = true;
    if (opinion->quarantine) findings.apart.assign(findings.apart.size(), true);
    if (opinion->header) message.header = *std::move(opinion->header);
    if (opinion->body) message.body = with_crlf(*opinion->body);
    const bool changed = opinion->header || opinion->body;
    findings.changed = findings.changed || changed;
    tell(filter, message,
         opinion->quarantine ? "quarantined"
         : changed           ? "changed"
                             : "accepted",
         opinion->quarantine.value_or(""));
  }
  co_return findings;
}

void FilterClient::tell(const FilterOptions& filter, const inbound::FilterRequest& message, std::string result,
                        std::string reason) const {
  Event event;
  event.level = result == "failed" || result == "passed-over" ? Level::Warning : Level::Info;
  event.trace = message.trace;
  event.name = "filter";
  event.fields = {{"milter", filter.text()}, {"result", std::move(result)}, {"reason", std::move(reason)}};
  events_.emit(std::move(event));
}

}  // namespace cas::milter
