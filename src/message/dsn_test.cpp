// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Delivery status notifications: the structure of RFC 3464 and RFC 6522, and hostile remote servers.
#include "message/dsn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "message/header.hpp"
#include "message/quoted_printable.hpp"

namespace cas {
namespace {

using testing::HasSubstr;
using testing::Not;

DsnRecipient recipient(std::string_view address) {
  return {.recipient = Mailbox::parse(address).value(),
          .status = "5.1.1",
          .diagnostic_code = "550 5.1.1 no such user",
          .remote_mta = "mx.remote.example",
          .explanation = "The address does not exist."};
}

Dsn example() {
  return {.reporting_mta = Domain::parse("mx.example").value(),
          .from = Mailbox::parse("postmaster@mx.example").value(),
          .to = Mailbox::parse("sender@origin.example").value(),
          .message_id = "1234.dsn@mx.example",
          .queue_id = "7f3a",
          .arrival = UnixTime(seconds(1795460400)),
          .now = UnixTime(seconds(1795464000)),
          .recipients = {recipient("user@remote.example")},
          .original = "From: sender@origin.example\r\nSubject: hello\r\n"};
}

std::string boundary_of(const std::string& text) {
  const std::size_t start = text.find("boundary=\"") + 10;
  return text.substr(start, text.find('"', start) - start);
}

/// What stands between the boundary lines, in order; the preamble first, the epilogue last.
std::vector<std::string> split(const std::string& text) {
  const std::string delimiter = "\r\n--" + boundary_of(text);
  std::vector<std::string> pieces;
  std::size_t from = 0;
  for (std::size_t to = 0; to != std::string::npos; from = to + delimiter.size()) {
    to = text.find(delimiter, from);
    pieces.push_back(text.substr(from, to - from));
  }
  return pieces;
}

TEST(FormatDsn, HasTheFieldsOfANotification) {
  const std::string text = format_dsn(example());
  const auto fields = parse_header(text);
  ASSERT_TRUE(fields);
  const auto value = [&](std::string_view name) {
    const auto found = fields_named(*fields, name);
    return found.size() == 1 ? unfold(found[0].value) : "not once";
  };
  EXPECT_EQ(value("From"), " Mail Delivery System <postmaster@mx.example>");
  EXPECT_EQ(value("To"), " <sender@origin.example>");
  EXPECT_EQ(value("Date"), " Mon, 23 Nov 2026 20:00:00 +0000");
  EXPECT_EQ(value("Message-ID"), " <1234.dsn@mx.example>");
  EXPECT_EQ(value("Auto-Submitted"), " auto-replied");  // RFC 3834 §5
  EXPECT_EQ(value("MIME-Version"), " 1.0");
  EXPECT_THAT(value("Content-Type"), HasSubstr("multipart/report; report-type=delivery-status;\tboundary=\"=_cas_"));
}

TEST(FormatDsn, HasThreePartsRfc6522Section3) {
  const auto pieces = split(format_dsn(example()));
  ASSERT_EQ(pieces.size(), 5U);
  EXPECT_TRUE(pieces[1].starts_with("\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"));
  EXPECT_THAT(pieces[1], HasSubstr("<user@remote.example>"));
  EXPECT_THAT(pieces[1], HasSubstr("The address does not exist."));
  EXPECT_THAT(pieces[1], HasSubstr("550 5.1.1 no such user"));
  EXPECT_EQ(pieces[3],
            "\r\nContent-Type: text/rfc822-headers\r\n\r\nFrom: sender@origin.example\r\nSubject: hello\r\n");
  EXPECT_EQ(pieces[4], "--\r\n");
}

TEST(FormatDsn, ReportsEachRecipientInAGroupOfFieldsRfc3464Section2) {
  Dsn dsn = example();
  dsn.recipients.push_back({.recipient = Mailbox::parse("\"a b\"@[192.0.2.1]").value(),
                            .status = "nonsense",
                            .diagnostic_code = "",
                            .remote_mta = "",
                            .explanation = ""});
  EXPECT_EQ(split(format_dsn(dsn))[2],
            "\r\nContent-Type: message/delivery-status\r\n\r\n"
            "Reporting-MTA: dns; mx.example\r\n"
            "X-CAS-Queue-ID: 7f3a\r\n"
            "Arrival-Date: Mon, 23 Nov 2026 19:00:00 +0000\r\n"
            "\r\n"
            "Final-Recipient: rfc822; user@remote.example\r\n"
            "Action: failed\r\n"
            "Status: 5.1.1\r\n"
            "Remote-MTA: dns; mx.remote.example\r\n"
            "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
            "Last-Attempt-Date: Mon, 23 Nov 2026 20:00:00 +0000\r\n"
            "\r\n"
            "Final-Recipient: rfc822; \"a b\"@[192.0.2.1]\r\n"
            "Action: failed\r\n"
            "Status: 5.0.0\r\n"
            "Last-Attempt-Date: Mon, 23 Nov 2026 20:00:00 +0000\r\n");
}

struct ActionCase {
  DsnAction action;
  std::string_view status, subject, text, fields;
};

class FormatDsnAction : public testing::TestWithParam<ActionCase> {};

INSTANTIATE_TEST_SUITE_P(
    Rfc3464Section2_3_3, FormatDsnAction,
    testing::Values(ActionCase{.action = DsnAction::Failed,
                               .status = "5.1.1",
                               .subject = "Your message to <user@remote.example> could not be delivered",
                               .text = "will not be tried again",
                               .fields = "Action: failed\r\nStatus: 5.1.1\r\n"},
                    ActionCase{.action = DsnAction::Delayed,
                               .status = "4.4.1",
                               .subject = "Your message to <user@remote.example> is delayed",
                               .text = "tried until\r\nTue, 24 Nov 2026 20:00:00 +0000",
                               .fields = "Action: delayed\r\nStatus: 4.4.1\r\n"},
                    ActionCase{.action = DsnAction::Delivered,
                               .status = "2.1.5",
                               .subject = "Your message to <user@remote.example> was delivered",
                               .text = "was delivered to",
                               .fields = "Action: delivered\r\nStatus: 2.1.5\r\n"},
                    ActionCase{.action = DsnAction::Relayed,
                               .status = "5.1.1",  // no status of a success
                               .subject = "Your message to <user@remote.example> was handed on",
                               .text = "hear no\r\nmore about it unless",
                               .fields = "Action: relayed\r\nStatus: 2.0.0\r\n"}),
    [](const auto& row) { return std::to_string(static_cast<int>(row.param.action)); });

TEST_P(FormatDsnAction, SaysWhatBecameOfIt) {
  Dsn dsn = example();
  dsn.action = GetParam().action;
  dsn.recipients[0].status = GetParam().status;
  dsn.retry_until = UnixTime(seconds(1795550400));
  const std::string text = format_dsn(dsn);
  EXPECT_THAT(unfold(fields_named(*parse_header(text), "Subject")[0].value), HasSubstr(GetParam().subject));
  EXPECT_THAT(split(text)[1], HasSubstr(GetParam().text));
  EXPECT_THAT(split(text)[2], HasSubstr(GetParam().fields));
  const bool retries = split(text)[2].contains("Will-Retry-Until: Tue, 24 Nov 2026 20:00:00 +0000\r\n");
  EXPECT_EQ(retries, GetParam().action == DsnAction::Delayed);
}

TEST(FormatDsn, RepeatsWhatTheSenderNamed_Rfc3461Section6_3) {
  Dsn dsn = example();
  dsn.envelope_id = "QQ 314";
  dsn.recipients[0].orcpt = "rfc822;Dana+2Bx@Ivory.EDU";
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Original-Envelope-Id: QQ 314\r\n"));
  EXPECT_THAT(split(format_dsn(dsn))[2],
              HasSubstr("\r\n\r\nOriginal-Recipient: rfc822; Dana+x@Ivory.EDU\r\nFinal-Recipient: "));
  dsn.recipients[0].orcpt = "rfc822;a+0D+0ABcc:x+E4";
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Original-Recipient: rfc822; a??Bcc:x?\r\nFinal"));
  dsn.recipients[0].orcpt = "rfc822;+22a+5C+22b+22@a.example";
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Original-Recipient: rfc822; \"a\\\"b\"@a.example\r\n"));
  dsn.recipients[0].orcpt = "utf-8;j\\x{FC}rgen@a.example";
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Original-Recipient: utf-8; j\\x{FC}rgen@a.example\r\n"));
  dsn.recipients[0].orcpt = "utf-8;j\xC3\xBCrgen@a.example";
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Original-Recipient: utf-8; j\\x{FC}rgen@a.example\r\n"));
}

TEST(FormatDsn, OurOwnConclusionIsNoReplyOfASmtpServer_Rfc3464Section2_3_6) {
  Dsn dsn = example();
  dsn.recipients[0].peers_words = false;
  dsn.recipients[0].remote_mta.clear();
  EXPECT_THAT(split(format_dsn(dsn))[2], HasSubstr("Diagnostic-Code: x-cas; 550 5.1.1 no such user\r\n"));
  EXPECT_THAT(split(format_dsn(dsn))[1], HasSubstr("The reason noted here:\r\n    550 5.1.1 no such user"));
}

TEST(FormatDsn, SpeaksUtf8ToWhoWroteInIt_Rfc6533) {
  Dsn dsn = example();
  dsn.international = true;
  dsn.recipients = {recipient("j\xC3\xBCrgen@remote.example")};
  dsn.recipients[0].orcpt = "utf-8;j\xC3\xBC@a.example";
  const std::string part = split(format_dsn(dsn))[2];
  EXPECT_TRUE(
      part.starts_with("\r\nContent-Type: message/global-delivery-status\r\n"
                       "Content-Transfer-Encoding: quoted-printable\r\n"));
  EXPECT_THAT(part, HasSubstr("Final-Recipient: utf-8; j=C3=BCrgen@remote.example\r\n"));
  EXPECT_THAT(part, HasSubstr("Original-Recipient: utf-8; j=C3=BC@a.example\r\n"));
}

TEST(FormatDsn, ReturnsTheMessageWhereItMay_Rfc3461Section4_3) {
  const std::string header = "From: sender@origin.example\r\nSubject: hello\r\n";
  const std::string long_line(999, 'x');
  struct Case {
    std::string message, part;
  };
  for (const Case& one : {
           Case{header + "\r\nHi.\r\n", "Content-Type: message/rfc822\r\n\r\n" + header + "\r\nHi.\r\n"},
           Case{header + "\r\nGr\xC3\xBC\xC3\x9F\r\n",
                "Content-Type: message/rfc822\r\n"
                "Content-Transfer-Encoding: 8bit\r\n\r\n" +
                    header + "\r\nGr\xC3\xBC\xC3\x9F\r\n"},
           Case{header + "\r\n" + long_line + "\r\n", "Content-Type: text/rfc822-headers\r\n\r\n" + header},
           Case{header + "\r\na\rb\r\n", "Content-Type: text/rfc822-headers\r\n\r\n" + header},
           Case{"Subject: gr\xC3\xBC\xC3\x9F\r\n\r\nHi.\r\n",
                "Content-Type: message/global\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                "Subject: gr=C3=BC=C3=9F\r\n\r\nHi.\r\n"},
       }) {
    Dsn dsn = example();
    dsn.whole = true;
    dsn.original = one.message;
    EXPECT_EQ(split(format_dsn(dsn))[3], "\r\n" + one.part);
  }
}

TEST(FormatDsn, NamesInternationalAddressesInAsciiRfc6533Section3) {
  Dsn dsn = example();
  dsn.recipients = {recipient("j\xC3\xBC\xF0\x9F\x98\x80+x@remote.example")};
  const std::string text = format_dsn(dsn);
  EXPECT_THAT(text, HasSubstr("Final-Recipient: utf-8; j\\x{FC}\\x{1F600}\\x{2B}x@remote.example\r\n"));
  EXPECT_THAT(text, HasSubstr("<j=C3=BC=F0=9F=98=80+x@remote.example>"));  // the text part, quoted-printable
  EXPECT_TRUE(is_seven_bit(text));
}

TEST(FormatDsn, CarriesAnInternationalHeaderRfc6533Section6) {
  Dsn dsn = example();
  dsn.original = "Subject: gr\xC3\xBC\xC3\x9F\r\n";
  EXPECT_THAT(format_dsn(dsn),
              HasSubstr("Content-Type: message/global-headers\r\n"
                        "Content-Transfer-Encoding: quoted-printable\r\n\r\nSubject: gr=C3=BC=C3=9F\r\n"));
  dsn.original = "Subject: gr\xFC\r\n";
  EXPECT_THAT(format_dsn(dsn), HasSubstr("text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
                                         "Subject: gr=FC\r\n"));
}

TEST(FormatDsn, LetsNoRemoteTextBreakAFieldOrAPart) {
  Dsn dsn = example();
  const std::string first = boundary_of(format_dsn(dsn));
  const std::string attack =
      "x\r\n\r\n--" + first + "--\r\nBcc: victim@x.example\r\n\x1B[2J\xFF" + std::string("\0", 1);
  dsn.recipients[0].diagnostic_code = attack;
  dsn.recipients[0].remote_mta = attack;
  dsn.recipients[0].explanation = attack;
  dsn.queue_id = attack;
  dsn.message_id = attack;
  dsn.original = attack;
  const std::string text = format_dsn(dsn);
  EXPECT_TRUE(is_seven_bit(text));
  const auto pieces = split(text);
  ASSERT_EQ(pieces.size(), 5U);
  const auto fields = parse_header(text);
  ASSERT_TRUE(fields);
  EXPECT_TRUE(fields_named(*fields, "Bcc").empty());
  const std::string status = pieces[2].substr(pieces[2].find("\r\n\r\n") + 4);
  const std::size_t gap = status.find("\r\n\r\n");
  const auto per_message = parse_header(status.substr(0, gap + 2));
  const auto per_recipient = parse_header(status.substr(gap + 4));
  ASSERT_TRUE(per_message && per_recipient);
  EXPECT_EQ(per_message->size(), 3U);
  EXPECT_EQ(per_recipient->size(), 6U);
  EXPECT_THAT(pieces[1], Not(HasSubstr("\r\nBcc:")));
}

TEST(FormatDsn, HoldsLongRepliesAndLinesWithin998Octets) {
  Dsn dsn = example();
  dsn.recipients[0].diagnostic_code = std::string(100'000, '\x01');
  dsn.recipients[0].remote_mta = std::string(100'000, 'm');
  dsn.original = "X: " + std::string(5'000, 'y') + "\r\n";
  const std::string text = format_dsn(dsn);
  EXPECT_TRUE(is_seven_bit(text));
  EXPECT_LT(text.size(), 12'000U);
}

TEST(QuotedPrintable, EncodesAsRfc2045Section6_7) {
  EXPECT_EQ(quoted_printable("a=b\r\n"), "a=3Db\r\n");
  EXPECT_EQ(quoted_printable("a \r\nb\t"), "a=20\r\nb=09");
  EXPECT_EQ(quoted_printable("a\rb\nc"), "a=0Db=0Ac");
  EXPECT_EQ(quoted_printable(std::string(76, 'a')), std::string(76, 'a'));
  EXPECT_EQ(quoted_printable(std::string(77, 'a')), std::string(75, 'a') + "=\r\naa");
  EXPECT_EQ(quoted_printable(""), "");
}

TEST(QuotedPrintable, LinesStayWithin76Octets) {
  for (std::size_t n = 60; n < 90; ++n) {
    std::string encoded = quoted_printable(std::string(n, 'a') + "\xC3\xBC" + std::string(n, ' '));
    while (!encoded.empty()) {
      const std::size_t end = std::min(encoded.find("\r\n"), encoded.size());
      EXPECT_LE(end, 76U);
      encoded.erase(0, end + 2);
    }
  }
}

}  // namespace
}  // namespace cas
