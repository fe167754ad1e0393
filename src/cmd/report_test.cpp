// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The table of `cas report`.
#include "cmd/report.hpp"

#include <gtest/gtest.h>

namespace cas::cmd {
namespace {

TEST(ReportText, AddsUpDaysAndSaysWhatWouldHaveBeen) {
  const auto rows = boost::json::parse(R"([
    {"day":"2026-11-26","domain":"south.example","counts":[
      {"rule":"optional","admission":"unconfirmed","recipients":2000,"senders":[{"domain":"a.example","recipients":1500}]},
      {"rule":"optional","admission":"unconfirmed","observed":"required","recipients":90,
       "senders":[{"domain":"b.example","recipients":60},{"domain":"-","recipients":30}]}]},
    {"day":"2026-11-27","domain":"south.example","counts":[
      {"rule":"listed","admission":"confirmed","recipients":1280,"senders":[]},
      {"rule":"optional","admission":"unconfirmed","observed":"required","recipients":30,
       "senders":[{"domain":"c.example","recipients":30}]}]},
    {"day":"2026-11-27","domain":"x.example","counts":[
      {"rule":"optional","admission":"unconfirmed","observed":"dmarc-fail: quarantine","recipients":1,
       "senders":[{"domain":"a.example","recipients":1}]}]}])");
  EXPECT_EQ(report_text(rows.as_array()),
            "south.example, 2026-11-26 to 2026-11-27: 3,400 recipients\n"
            "RULE      ADMISSION    RECIPIENTS  MOST FROM\n"
            "optional  unconfirmed  2,120       a.example (1,500), b.example (60), <> (30), c.example (30)\n"
            "listed    confirmed    1,280       \n"
            "would have been refused (required): 120 of 3,400; most from: b.example (60), <> (30), c.example (30)\n"
            "\n"
            "x.example, 2026-11-27: 1 recipient\n"
            "RULE      ADMISSION    RECIPIENTS  MOST FROM\n"
            "optional  unconfirmed  1           a.example (1)\n"
            "would have been put into Junk (dmarc-fail: quarantine): 1 of 1; most from: a.example (1)\n");
}

TEST(ReportText, SaysThatThereIsNothing) {
  EXPECT_EQ(report_text({}), "No mail from outside was judged in that time.\n");
}

}  // namespace
}  // namespace cas::cmd
