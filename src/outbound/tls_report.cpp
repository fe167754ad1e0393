// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8460 §4.4 (JSON), §5.1 (file name), §5.3 (mail).
#include "outbound/tls_report.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "base/encoding.hpp"
#include "message/date.hpp"

namespace cas::outbound {

namespace json = boost::json;

namespace {

// RFC 3339 §5.6
std::string date_time(std::chrono::sys_days day, std::string_view time) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}T{}Z", static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), time);
}

json::object policy_json(const std::string& domain, const tlspolicy::ReportedPolicy& policy,
                         const tlspolicy::PolicyCounters& counters) {
  json::object about{{"policy-type", policy.type}, {"policy-domain", domain}};
  json::array lines;
  for (const auto& line : policy.lines) lines.emplace_back(line);
  if (!lines.empty()) about["policy-string"] = std::move(lines);
  json::array hosts;
  for (const auto& line : policy.lines) {
    if (policy.type == "sts" && line.starts_with("mx: ")) hosts.emplace_back(line.substr(4));
  }
  if (!hosts.empty()) about["mx-host"] = std::move(hosts);

  json::array details;
  for (const auto& [key, count] : counters.details) {
    json::object detail{{"result-type", tlspolicy::to_string(key.type)}, {"failed-session-count", count}};
    if (!key.mx.empty()) detail["receiving-mx-hostname"] = key.mx;
    if (!key.address.empty()) detail["receiving-ip"] = key.address;
    details.emplace_back(std::move(detail));
  }
  json::object out{{"policy", std::move(about)},
                   {"summary", json::object{{"total-successful-session-count", counters.successes},
                                            {"total-failure-session-count", counters.failures}}}};
  if (!details.empty()) out["failure-details"] = std::move(details);
  return out;
}

std::string file_name(const TlsReport& report) {
  const auto begin = std::chrono::sys_seconds(report.day).time_since_epoch().count();
  return report.submitter() + "!" + report.domain + "!" + std::to_string(begin) + "!" + std::to_string(begin + 86399) +
         "!" + report.id + ".json.gz";
}

std::string base64_lines(std::string_view octets) {
  const std::string text = base64(as_octets(octets));
  std::string out;
  for (std::size_t n = 0; n < text.size(); n += 76) out += text.substr(n, 76) + "\r\n";
  return out;
}

}  // namespace

std::string report_json(const TlsReport& report) {
  json::array policies;
  for (const auto& [policy, counters] : report.counters) {
    policies.emplace_back(policy_json(report.domain, policy, counters));
  }
  return json::serialize(json::object{{"organization-name", report.submitter()},
                                      {"date-range", json::object{{"start-datetime", date_time(report.day, "00:00:00")},
                                                                  {"end-datetime", date_time(report.day, "23:59:59")}}},
                                      {"contact-info", report.from.wire()},
                                      {"report-id", report.id + "@" + report.submitter()},
                                      {"policies", std::move(policies)}});
}

Result<std::string> gzip(std::string_view text) {
  constexpr int with_gzip_header = 15 + 16;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return transient("internal error", "gzip cannot be begun");
  }
  std::string in(text);
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (done != Z_STREAM_END) return transient("internal error", "gzip cannot be ended");
  return out;
}

std::string report_message(const TlsReport& report, const Mailbox& to, std::string_view zipped, UnixTime now) {
  const std::string boundary = "report-" + report.id;
  const std::string id = "<" + report.id + "@" + report.submitter() + ">";
  std::string out;
  out += "From: " + report.from.wire() + "\r\nTo: " + to.wire() + "\r\n";
  out += "Subject: Report Domain: " + report.domain + "\r\n Submitter: " + report.submitter() +
         "\r\n Report-ID: " + id + "\r\n";
  out += "Date: " + format_date(now) + "\r\nMessage-ID: " + id + "\r\n";
  out += "TLS-Report-Domain: " + report.domain + "\r\nTLS-Report-Submitter: " + report.submitter() + "\r\n";
  out += "TLS-Required: No\r\nMIME-Version: 1.0\r\n";
  out += "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"" + boundary + "\"\r\n\r\n";
  out += "--" + boundary + "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
  out += "This is an aggregate TLS report from " + report.submitter() + " (RFC 8460).\r\n\r\n";
  out += "--" + boundary + "\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n";
  out += "Content-Disposition: attachment;\r\n filename=\"" + file_name(report) + "\"\r\n\r\n";
  out += base64_lines(zipped) + "\r\n--" + boundary + "--\r\n";
  return out;
}

}  // namespace cas::outbound
