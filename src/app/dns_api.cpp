// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the watch remembers, as JSON.
#include "app/dns_api.hpp"

#include "base/encoding.hpp"
#include "http/admin_answers.hpp"
#include "http/json_text.hpp"

namespace cas::app {

namespace {

namespace json = boost::json;

constexpr std::size_t longest = 4096;

json::object memory_json(const setup::WatchMemory& memory, bool busy) {
  json::array domains;
  for (const auto& [name, domain] : memory.domains) {
    json::array findings;
    for (const auto& [key, one] : domain.findings) {
      json::object object;
      object["id"] = http::text(printable(std::string_view(key).substr(0, key.find(' ')), 100));
      object["severity"] = http::text(std::string(to_string(one.severity)));
      object["problem"] = http::text(printable(one.problem, longest));
      findings.push_back(std::move(object));
    }
    json::object object;
    object["domain"] = http::text(name);
    object["findings"] = std::move(findings);
    domains.push_back(std::move(object));
  }
  json::object object;
  object["checked"] = memory.checked.time_since_epoch().count();
  object["busy"] = busy;
  object["domains"] = std::move(domains);
  return object;
}

}  // namespace

bool is_dns_path(std::string_view path) {
  return path == "/v1/dns" || path == "/v1/dns/check";
}

net::Task<http::Response> answer_dns(http::Request request, outbound::DnsWatch* watch) {
  if (watch == nullptr) co_return http::refuse(404, "off", "the daily check is off: dns.watch in the configuration");
  if (request.path == "/v1/dns") {
    if (request.method != "GET") co_return http::refuse(405, "method", "use GET here");
    co_return http::ok(json::serialize(memory_json(watch->memory(), watch->busy())));
  }
  if (request.method != "POST") co_return http::refuse(405, "method", "use POST here");
  watch->check_now();
  co_return http::ok("{}");
}

std::map<std::string_view, std::size_t> finding_counts(const setup::WatchMemory& memory) {
  std::map<std::string_view, std::size_t> counts;
  if (memory.checked == UnixTime()) return counts;
  for (const auto severity : {setup::Severity::Error, setup::Severity::Unknown, setup::Severity::Warning}) {
    counts[to_string(severity)] = 0;
  }
  for (const auto& [name, domain] : memory.domains) {
    for (const auto& [key, one] : domain.findings) {
      if (const auto at = counts.find(to_string(one.severity)); at != counts.end()) ++at->second;
    }
  }
  return counts;
}

json::object finding_json(const setup::Finding& finding) {
  json::object object;
  object["id"] = finding.id;
  object["severity"] = std::string(to_string(severity_of(finding)));
  object["verdict"] = std::string(to_string(finding.verdict));
  object["name"] = printable(finding.name, longest);
  object["type"] = finding.type;
  object["problem"] = printable(finding.problem, longest);
  object["expected"] = printable(finding.expected, longest);
  object["found"] = printable(finding.found, longest);
  object["mend"] = printable(finding.mend, longest);
  json::array lines;
  std::string_view rest = finding.line;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  object["lines"] = std::move(lines);
  return object;
}

}  // namespace cas::app
