// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The memory is lines of fields with tabs between, texts in base64url.
#include "setup/watch.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "message/date.hpp"

namespace cas::setup {

namespace {

constexpr std::size_t max_domains = 10000, max_findings = 200, max_text = 2048;
constexpr std::array<std::string_view, 5> severities{"ok", "note", "warning", "unknown", "error"};

std::string_view take_until(std::string_view& text, char end) {
  const auto part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

std::string packed(std::string_view text) {
  return base64url(as_octets(text));
}

std::optional<std::string> unpacked(std::string_view text) {
  const auto octets = from_base64url(text);
  if (!octets) return std::nullopt;
  return std::string(octets->begin(), octets->end());
}

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  constexpr std::int64_t latest = 253402300799;  // the year 9999
  return result.ec == std::errc{} && number >= 0 && number <= latest ? number : 0;
}

void load_finding(std::string_view line, DomainMemory& domain) {
  const auto severity = std::ranges::find(severities, take_until(line, '\t'));
  const bool told = take_until(line, '\t') != "0";
  const auto key = unpacked(take_until(line, '\t')), problem = unpacked(take_until(line, '\t'));
  if (severity == severities.end() || !key || !problem || domain.findings.size() >= max_findings) return;
  domain.findings[*key] = {.severity = static_cast<Severity>(severity - severities.begin()),
                           .problem = problem->substr(0, max_text),
                           .told = told};
}

void wrap(std::string& out, std::string_view label, std::string_view text, std::string_view end) {
  constexpr std::size_t longest = 4096;
  while (!text.empty()) {
    std::string line = "  " + std::string(label);
    line.resize(std::max<std::size_t>(line.size(), 13), ' ');
    out += line + printable(take_until(text, '\n'), longest) + std::string(end);
    label = "";
  }
}

std::string counted(std::size_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

std::string body_of(const Changes& one) {
  constexpr std::string_view end = "\r\n";
  std::string out = one.domain + ":\r\n\r\n";
  for (const auto& finding : one.fresh) out += finding_text(finding, end) + "\r\n";
  if (!one.mended.empty()) out += "In order again:\r\n";
  for (const auto& was : one.mended) out += "  " + printable(was.problem, max_text) + "\r\n";
  if (!one.mended.empty()) out += "\r\n";
  if (one.still > 0) {
    out += counted(one.still, "thing") + " told before " + (one.still == 1 ? "is" : "are") +
           " as before: cas dns check " + one.domain + "\r\n\r\n";
  }
  return out;
}

}  // namespace

std::string WatchMemory::save() const {
  std::string out = "checked\t" + std::to_string(checked.time_since_epoch().count()) + "\n";
  for (const auto& [name, domain] : domains) {
    out += "domain\t" + name + "\n";
    if (domain.sts) out += "sts\t" + packed(domain.sts->id) + "\t" + packed(domain.sts->text) + "\n";
    for (const auto& [key, one] : domain.findings) {
      out += "finding\t" + std::string(to_string(one.severity)) + "\t" + (one.told ? "1" : "0") + "\t" + packed(key) +
             "\t" + packed(std::string_view(one.problem).substr(0, max_text)) + "\n";
    }
  }
  return out;
}

WatchMemory WatchMemory::load(std::string_view text) {
  WatchMemory memory;
  DomainMemory* domain = nullptr;
  while (!text.empty()) {
    std::string_view line = take_until(text, '\n');
    const auto what = take_until(line, '\t');
    if (what == "checked") {
      memory.checked = UnixTime(seconds(number_of(line)));
    } else if (what == "domain") {
      const auto name = Domain::parse(line);
      domain = name && memory.domains.size() < max_domains ? &memory.domains[name->text()] : nullptr;
    } else if (what == "sts" && domain != nullptr) {
      const auto id = unpacked(take_until(line, '\t')), file = unpacked(line);
      if (id && file) domain->sts = StsBefore{.id = *id, .text = *file};
    } else if (what == "finding" && domain != nullptr) {
      load_finding(line, *domain);
    }
  }
  return memory;
}

Changes learn_changes(const std::string& domain, DomainMemory& memory, std::span<const Finding> findings) {
  Changes changes{.domain = domain, .fresh = {}, .mended = {}};
  std::map<std::string, Remembered> now;
  bool unknown = false;
  for (const auto& finding : findings) {
    const auto severity = severity_of(finding);
    if (severity == Severity::Ok || now.size() >= max_findings) continue;
    const auto key = key_of(finding);
    const auto before = memory.findings.find(key);
    const bool known = before != memory.findings.end();
    unknown = unknown || severity == Severity::Unknown;
    const bool tell = severity != Severity::Unknown || known;
    const bool news = tell && !(known && before->second.told);
    if (!now.emplace(key, Remembered{.severity = severity, .problem = finding.problem, .told = tell}).second) continue;
    if (news) changes.fresh.push_back(finding);
    if (tell && !news) ++changes.still;
  }
  for (const auto& [key, one] : memory.findings) {
    if (now.contains(key)) continue;
    if (unknown && one.severity != Severity::Unknown) {
      if (now.size() < max_findings) now.emplace(key, one);
      ++changes.still;
    } else if (one.told) {
      changes.mended.push_back(one);
    }
  }
  memory.findings = std::move(now);
  sort_by_severity(changes.fresh);
  return changes;
}

std::string finding_text(const Finding& finding, std::string_view end) {
  std::string head(to_string(severity_of(finding)));
  std::string out = to_upper(head) + "  " + printable(finding.name, 300) +
                    (finding.type.empty() ? "" : " " + finding.type) + "  [" + finding.id + "]" + std::string(end);
  constexpr std::size_t longest = 4096;
  out += "  " + printable(finding.problem, longest) + std::string(end);
  wrap(out, "found:", finding.found, end);
  // The line says it already, and better.
  if (finding.line.empty()) wrap(out, "expected:", finding.expected, end);
  wrap(out, "to do:", finding.mend, end);
  wrap(out, "line:", finding.line, end);
  return out;
}

std::string watch_letter(std::span<const Changes> changes, const std::string& host, const Mailbox& from,
                         const Mailbox& to, const std::string& message_id, UnixTime now) {
  std::size_t fresh = 0, mended = 0;
  for (const auto& one : changes) {
    fresh += one.fresh.size();
    mended += one.mended.size();
  }
  std::string subject = fresh > 0 ? counted(fresh, "new finding") : "";
  if (mended > 0) subject += (fresh > 0 ? ", " : "") + std::to_string(mended) + " in order again";
  std::string text = "Date: " + format_date(now) + "\r\nFrom: <" + from.wire() + ">\r\nTo: <" + to.wire() +
                     ">\r\nSubject: DNS records of " +
                     (changes.size() == 1 ? changes.front().domain : counted(changes.size(), "domain")) + ": " +
                     subject + "\r\nMessage-ID: <" + message_id +
                     ">\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
                     "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
  text += host + " looks at the records of its domains once a day, and writes when something\r\nchanged.\r\n\r\n";
  for (const auto& one : changes) text += body_of(one);
  return text;
}

}  // namespace cas::setup
