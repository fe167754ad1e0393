// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Findings on a terminal and as JSON.
#include <algorithm>
#include <boost/json.hpp>

#include "app/dns_api.hpp"
#include "base/encoding.hpp"
#include "cmd/dns.hpp"
#include "setup/watch.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;
using setup::Finding;
using setup::Severity;

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::Error: return "\x1b[1;31m";
    case Severity::Unknown: return "\x1b[1;35m";
    case Severity::Warning: return "\x1b[1;33m";
    case Severity::Note: return "\x1b[1;36m";
    case Severity::Ok: return "\x1b[32m";
  }
  return "";
}

/// The first word of a finding in the colour of its severity.
std::string coloured(std::string text, Severity severity, bool colours) {
  if (!colours) return text;
  const auto end = std::min(text.find(' '), text.size());
  return std::string(colour_of(severity)) + text.substr(0, end) + "\x1b[0m" + text.substr(end);
}

std::size_t count(const std::vector<Finding>& findings, Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, setup::severity_of));
}

std::string summary(const DnsReport& report) {
  constexpr std::pair<Severity, std::string_view> words[] = {{Severity::Error, "error"},
                                                             {Severity::Unknown, "unknown"},
                                                             {Severity::Warning, "warning"},
                                                             {Severity::Note, "note"}};
  std::string text;
  for (const auto& [severity, word] : words) {
    const auto number = count(report.findings, severity);
    if (number == 0) continue;
    const bool plural = number != 1 && severity != Severity::Unknown;
    text += (text.empty() ? "" : ", ") + std::to_string(number) + " " + std::string(word) + (plural ? "s" : "");
  }
  return text.empty() ? "all is in order" : text;
}

std::string ok_text(const Finding& finding) {
  constexpr std::size_t longest = 100;
  std::string text = "OK  " + printable(finding.name, 300) + (finding.type.empty() ? "" : " " + finding.type) + "  [" +
                     finding.id + "]\n  " + finding.problem + "\n";
  if (!finding.found.empty()) text += "  found:     " + printable(finding.found, longest) + "\n";
  return text;
}

}  // namespace

std::string dns_text(const DnsReport& report, bool all, bool colours) {
  auto findings = report.findings;
  setup::sort_by_severity(findings);
  const std::string name = colours ? "\x1b[1m" + report.domain + "\x1b[0m" : report.domain;
  std::string text = name + (report.own ? "" : " (not a domain of this server)") + ": " + summary(report) + "\n";
  for (const auto& finding : findings) {
    const auto severity = setup::severity_of(finding);
    // How mail to a stranger would travel is what was asked for.
    const bool shown = all || finding.id == "way" || (severity != Severity::Ok && severity != Severity::Note);
    if (!shown) continue;
    text +=
        "\n" + coloured(severity == Severity::Ok ? ok_text(finding) : setup::finding_text(finding), severity, colours);
  }
  const auto hidden = all ? 0 : count(report.findings, Severity::Note);
  if (hidden > 0) text += "\nNotes, and what is in order: --all\n";
  return text;
}

std::string dns_json(std::span<const DnsReport> reports) {
  json::array domains;
  for (const auto& report : reports) {
    auto findings = report.findings;
    setup::sort_by_severity(findings);
    json::array list;
    for (const auto& finding : findings) list.push_back(app::finding_json(finding));
    json::object object;
    object["domain"] = report.domain;
    object["own"] = report.own;
    object["status"] = setup::status_of(report.findings);
    object["findings"] = std::move(list);
    domains.push_back(std::move(object));
  }
  json::object object;
  object["domains"] = std::move(domains);
  return json::serialize(object) + "\n";
}

int dns_status(std::span<const DnsReport> reports) {
  std::vector<Finding> all;
  for (const auto& report : reports) all.insert(all.end(), report.findings.begin(), report.findings.end());
  return setup::status_of(all);
}

}  // namespace cas::cmd
