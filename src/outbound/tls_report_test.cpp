// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reports as RFC 8460 has them.
#include "outbound/tls_report.hpp"

#include <gmock/gmock.h>
#include <zlib.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace cas::outbound {
namespace {

using testing::HasSubstr;

class TlsReportTest : public testing::Test {
 protected:
  TlsReportTest() {
    tlspolicy::SessionResult result{.domain = "b.example",
                                    .policy = {.type = "sts", .lines = {"version: STSv1", "mx: mx.b.example"}},
                                    .mx = "mx.b.example",
                                    .address = "192.0.2.1",
                                    .failure = {}};
    day.add(result);
    result.failure = tlspolicy::TlsFailure::CertificateExpired;
    day.add(result);
    day.add(result);
  }
  [[nodiscard]] TlsReport report() const {
    return {.domain = "b.example",
            .counters = day.domains().at("b.example"),
            .day = std::chrono::sys_days(std::chrono::days(20000)),
            .from = Mailbox::parse("tls-reports@a.example").value(),
            .id = "X1"};
  }

  tlspolicy::DayCounters day;
};

TEST_F(TlsReportTest, IsJsonRfc8460Section44) {
  const auto parsed = boost::json::parse(report_json(report()));
  EXPECT_EQ(parsed.at("organization-name").as_string(), "a.example");
  EXPECT_EQ(parsed.at("date-range").at("start-datetime").as_string(), "2024-10-04T00:00:00Z");
  EXPECT_EQ(parsed.at("date-range").at("end-datetime").as_string(), "2024-10-04T23:59:59Z");
  const auto& policy = parsed.at("policies").at(0);
  EXPECT_EQ(policy.at("policy").at("policy-type").as_string(), "sts");
  EXPECT_EQ(policy.at("policy").at("mx-host").at(0).as_string(), "mx.b.example");
  EXPECT_EQ(policy.at("summary").at("total-successful-session-count").to_number<int>(), 1);
  EXPECT_EQ(policy.at("summary").at("total-failure-session-count").to_number<int>(), 2);
  const auto& detail = policy.at("failure-details").at(0);
  EXPECT_EQ(detail.at("result-type").as_string(), "certificate-expired");
  EXPECT_EQ(detail.at("failed-session-count").to_number<int>(), 2);
  EXPECT_EQ(detail.at("receiving-ip").as_string(), "192.0.2.1");
}

TEST(Gzip, IsUndoneByGunzip) {
  const std::string text(5000, 'x');
  const auto zipped = gzip(text).value();
  EXPECT_LT(zipped.size(), text.size());
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string in = zipped;
  std::string out(text.size() + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(out, text);
}

TEST_F(TlsReportTest, IsMailRfc8460Section53) {
  const auto text = report_message(report(), Mailbox::parse("r@b.example").value(), std::string(200, 'z'), UnixTime{});
  EXPECT_THAT(text, HasSubstr("To: r@b.example\r\n"));
  EXPECT_THAT(text,
              HasSubstr("TLS-Report-Domain: b.example\r\nTLS-Report-Submitter: a.example\r\nTLS-Required: No\r\n"));
  EXPECT_THAT(text, HasSubstr("report-type=\"tlsrpt\""));
  EXPECT_THAT(text, HasSubstr("filename=\"a.example!b.example!1728000000!1728086399!X1.json.gz\""));
  EXPECT_TRUE(tlspolicy::says_tls_not_required(text.substr(0, text.find("\r\n\r\n") + 2)));
  for (std::size_t start = 0; start < text.size();) {
    const auto end = text.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - start, 200U);
    start = end + 2;
  }
}

}  // namespace
}  // namespace cas::outbound
