// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Texts, and the list of checks.
#include "conformance/report.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>

namespace cas::conformance {
namespace {

Report report() {
  Report out;
  out.findings = {
      {.id = "poison", .section = "5.4", .title = "it ends", .standing = Standing::Holds, .why = {}, .dialog = {}},
      {.id = "bdat",
       .section = "5.6",
       .title = "BDAT",
       .standing = Standing::NotChecked,
       .why = "no CHUNKING",
       .dialog = {}},
      {.id = "again",
       .section = "10.1",
       .title = "again",
       .standing = Standing::Fails,
       .why = "expected 250",
       .dialog = std::vector<std::string>(20, "C: NOOP")}};
  out.promises = {{"<a@x>", "suzie@s.example", "poison", true},
                  {"<b@x>", "suzie@s.example", "again", false},
                  {"", "suzie@s.example", "message-id", false}};
  return out;
}

TEST(Report, AFindingIsALineAndAFailureShowsItsDialog) {
  const auto all = report().findings;
  EXPECT_EQ(finding_text(all[0]), "§5.4  poison                holds: it ends\n");
  EXPECT_EQ(finding_text(all[1]), "§5.6  bdat                  not checked: no CHUNKING\n");
  const std::string failed = finding_text(all[2]);
  EXPECT_TRUE(failed.starts_with("§10.1 again                 FAILS: again\n         expected 250\n           ...\n"));
  EXPECT_TRUE(failed.ends_with("           C: NOOP\n"));
}

TEST(Report, TheLastLineCounts) {
  const std::string text = closing_text(report());
  EXPECT_TRUE(text.ends_with("\nconformance: 1 hold, 1 fail, 1 not checked\n")) << text;
  EXPECT_LT(text.find("<a@x> (poison)"), text.find("and these are not:"));
  EXPECT_GT(text.find("<b@x> (again)"), text.find("and these are not:"));
}

TEST(Report, JsonListsChecksAndMessages) {
  const auto json = boost::json::parse(report_json(report())).as_object();
  EXPECT_EQ(json.at("checks").as_array().at(2).at("result"), "fails");
  EXPECT_EQ(json.at("checks").as_array().at(2).at("dialog").as_array().size(), 20U);
  EXPECT_EQ(json.at("messages").as_array().size(), 2U);  // one without a Message-ID cannot be looked for
  EXPECT_EQ(json.at("messages").as_array().at(0).at("copies"), 1);
  EXPECT_EQ(json.at("messages").as_array().at(1).at("copies"), 0);
  EXPECT_EQ(json.at("not_checked"), 1);
}

TEST(Checks, HaveNamesOfTheirOwnAndStandInTheOrderOfSections) {
  std::set<std::string_view> ids;
  double last = 0;
  for (const Check& check : all_checks()) {
    EXPECT_TRUE(ids.insert(check.id).second) << check.id;
    EXPECT_NE(check.play, nullptr) << check.id;
    EXPECT_LE(check.id.size(), 21U) << check.id;
    const double section = std::stod(std::string(check.section));
    EXPECT_GE(section, last) << check.id;
    last = section;
  }
}

TEST(Checks, AreSelectedByNameSectionAndWhatIsAboveIt) {
  const Check check{.id = "poison", .section = "5.4", .title = "", .needs = Need::nothing, .play = nullptr};
  for (const std::string_view word : {"poison", "5.4", "§5.4", "5", "§5"}) EXPECT_TRUE(selects(word, check)) << word;
  for (const std::string_view word : {"poison-bdat", "5.", "4", "§", "", "5.41", "pois"}) {
    EXPECT_FALSE(selects(word, check)) << word;
  }
}

}  // namespace
}  // namespace cas::conformance
