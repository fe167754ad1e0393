// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What became of recipients, over the admin API.

#include "http/admin_answers.hpp"
#include "http/admin_api.hpp"
#include "http/json_text.hpp"
#include "net/completion.hpp"

namespace cas::http {

namespace {

namespace json = boost::json;
using registry::VerdictReport;

constexpr std::int64_t longest_look = 60L * 24 * 3600;
constexpr std::size_t max_page = 1000;

json::array counts_of(const registry::ReportDay& day) {
  json::array counts;
  for (const auto& [key, count] : day.counts()) {
    if (count.recipients() <= 0) continue;
    json::array senders;
    for (const auto& [sender, recipients] : count.senders()) {
      json::object one;
      one["domain"] = text(printable(sender, 255));
      one["recipients"] = recipients;
      senders.push_back(std::move(one));
    }
    json::object object;
    object["rule"] = text(printable(key.rule, 80));
    object["admission"] = text(printable(key.admission, 80));
    if (!key.observed.empty()) object["observed"] = text(printable(key.observed, 80));
    object["recipients"] = count.recipients();
    object["senders"] = std::move(senders);
    counts.push_back(std::move(object));
  }
  return counts;
}

std::string page_text(const VerdictReport::Page& page) {
  json::array rows;
  for (const auto& row : page.rows) {
    json::object object;
    object["day"] = text(row.day);
    object["domain"] = text(printable(row.domain, 255));
    object["counts"] = counts_of(row.counts);
    rows.push_back(std::move(object));
  }
  json::object object;
  object["rows"] = std::move(rows);
  if (!page.next.empty()) object["next"] = text(printable(page.next, 300));
  return json::serialize(object);
}

}  // namespace

net::Task<Response> AdminApi::report(Request request) {
  if (request.method != "GET") co_return refuse(405, "method", "use GET here");
  if (services_.report == nullptr) co_return refuse(404, "not-found", "this server counts nothing");
  const auto since = number_in<std::int64_t>(request, "since", 7L * 24 * 3600, 1, longest_look);
  const auto limit = number_in<std::size_t>(request, "limit", 200, 1, max_page);
  if (!since || !limit) co_return refuse(400, "number", "since is in seconds, at most 60 days; limit at most 1000");
  std::string domain = to_lower(parameter(request, "domain"));
  std::string after = parameter(request, "after");
  const TimePoint first = services_.clock.now() - seconds(*since);
  auto start = [&](auto done) {
    services_.report->read(first, std::move(domain), std::move(after), *limit, std::move(done));
  };
  auto page = co_await net::completion<Result<VerdictReport::Page>>(std::move(start));
  if (!page) co_return unavailable(page.error());
  co_return ok(page_text(*page));
}

}  // namespace cas::http
