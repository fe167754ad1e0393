// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines for people, JSON for programs.
#include "conformance/report.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <map>

namespace cas::conformance {
namespace {

constexpr std::size_t dialog_lines = 12;
constexpr std::size_t id_width = 21;

std::string_view word(Standing standing) {
  switch (standing) {
    case Standing::Holds: return "holds";
    case Standing::Fails: return "fails";
    case Standing::NotChecked: return "not checked";
  }
  std::unreachable();
}

void pad(std::string& text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
}

boost::json::array strings(const std::vector<std::string>& texts) {
  boost::json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

}  // namespace

std::size_t Report::count(Standing standing) const {
  return static_cast<std::size_t>(std::ranges::count(findings, standing, &Finding::standing));
}

std::string finding_text(const Finding& finding) {
  std::string out = "§" + finding.section;
  pad(out, 7);
  out += finding.id;
  pad(out, 7 + id_width);
  switch (finding.standing) {
    case Standing::Holds: return out + " holds: " + finding.title + "\n";
    case Standing::NotChecked: return out + " not checked: " + finding.why + "\n";
    case Standing::Fails: break;
  }
  out += " FAILS: " + finding.title + "\n         " + finding.why + "\n";
  const auto& lines = finding.dialog;
  const std::size_t skipped = lines.size() > dialog_lines ? lines.size() - dialog_lines : 0;
  if (skipped > 0) out += "           ...\n";
  for (std::size_t n = skipped; n < lines.size(); ++n) out += "           " + lines[n] + "\n";
  return out;
}

std::string closing_text(const Report& report) {
  std::string out;
  if (!report.advice.empty()) out += "\nAdvice (CAS §15.1, no fault):\n";
  for (const auto& line : report.advice) out += "  " + line + "\n";
  std::map<std::string, std::string> there, not_there;
  for (const auto& promise : report.promises) {
    if (promise.message_id.empty()) continue;
    auto& list = (promise.delivered ? there : not_there)[promise.mailbox];
    list += "    " + promise.message_id + " (" + promise.check + ")\n";
  }
  if (!there.empty())
    out += "\nThe command cannot see mailboxes. Look whether these messages are there, each exactly once:\n";
  for (const auto& [mailbox, list] : there) out.append("  ").append(mailbox).append("\n").append(list);
  if (!not_there.empty()) out += "and these are not:\n";
  for (const auto& [mailbox, list] : not_there) out.append("  ").append(mailbox).append("\n").append(list);
  return out + "\nconformance: " + std::to_string(report.count(Standing::Holds)) + " hold, " +
         std::to_string(report.count(Standing::Fails)) + " fail, " +
         std::to_string(report.count(Standing::NotChecked)) + " not checked\n";
}

std::string report_json(const Report& report) {
  boost::json::array checks, promises;
  for (const auto& finding : report.findings) {
    boost::json::object one{
        {"id", finding.id}, {"section", finding.section}, {"title", finding.title}, {"result", word(finding.standing)}};
    if (!finding.why.empty()) one["why"] = finding.why;
    if (!finding.dialog.empty()) one["dialog"] = strings(finding.dialog);
    checks.push_back(std::move(one));
  }
  for (const auto& promise : report.promises) {
    if (promise.message_id.empty()) continue;
    promises.push_back(boost::json::object{{"message_id", promise.message_id},
                                           {"mailbox", promise.mailbox},
                                           {"check", promise.check},
                                           {"copies", promise.delivered ? 1 : 0}});
  }
  const boost::json::object whole{{"checks", std::move(checks)},
                                  {"messages", std::move(promises)},
                                  {"advice", strings(report.advice)},
                                  {"connections", report.connections},
                                  {"hold", report.count(Standing::Holds)},
                                  {"fail", report.count(Standing::Fails)},
                                  {"not_checked", report.count(Standing::NotChecked)}};
  return boost::json::serialize(whole) + "\n";
}

}  // namespace cas::conformance
