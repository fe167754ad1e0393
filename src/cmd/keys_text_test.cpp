// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas keys` says.
#include "cmd/keys_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "auth/dkim_key.hpp"

namespace cas::cmd {
namespace {

using app::Publication;
using testing::HasSubstr;
using testing::Not;

const Domain& north() {
  static const Domain domain = Domain::parse("north.example").value();
  return domain;
}

// Of RFC 8032 §7.1, test 1.
crypto::PrivateKey ed25519() {
  return crypto::PrivateKey::ed25519_from_seed(from_base64("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").value())
      .value();
}

std::vector<std::string> strings_of(std::string_view line) {
  std::vector<std::string> strings;
  for (auto open = line.find('"'); open != std::string_view::npos;) {
    const auto close = line.find('"', open + 1);
    strings.emplace_back(line.substr(open + 1, close - open - 1));
    open = line.find('"', close + 1);
  }
  return strings;
}

TEST(KeysRecord, is_a_line_of_a_zone_file) {
  EXPECT_EQ(record_line("s1", north(), ed25519()),
            "s1._domainkey.north.example. IN TXT "
            "\"v=DKIM1; h=sha256; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\"\n");
}

TEST(KeysRecord, of_rsa_stands_in_strings_of_255_octets_RFC_1035_3_3_14) {
  const auto key = crypto::generate_key(crypto::KeyType::Rsa).value();
  const auto line = record_line("s1", north(), key);
  std::string joined;
  for (const auto& string : strings_of(line)) {
    EXPECT_LE(string.size(), 255U);
    joined += string;
  }
  EXPECT_GT(joined.size(), 255U);
  EXPECT_EQ(joined, published_record(key));
  EXPECT_THAT(joined, testing::StartsWith("v=DKIM1; h=sha256; k=rsa; p=MII"));
}

TEST(KeysRecord, is_one_that_receivers_take_RFC_6376_3_6_1) {
  for (const auto& key : {ed25519(), crypto::generate_key(crypto::KeyType::Rsa).value()}) {
    dns::Answer answer;
    answer.status = dns::Status::Ok;
    answer.records.emplace_back(dns::Txt{published_record(key)});
    EXPECT_EQ(app::judge_publication(answer, key).state, Publication::Published);
    EXPECT_FALSE(auth::parse_dkim_key(published_record(key))->testing);
  }
}

TEST(KeysRecord, revocation_has_an_empty_p) {
  const auto line = revocation_line("s1", north());
  EXPECT_EQ(line, "s1._domainkey.north.example. IN TXT \"v=DKIM1; p=\"\n");
  EXPECT_TRUE(auth::parse_dkim_key(strings_of(line).at(0))->revoked);
}

TEST(DayText, is_written_year_first) {
  EXPECT_EQ(day_text({}), "1970-01-01");
  EXPECT_EQ(day_text(std::chrono::sys_days(std::chrono::days(20782))), "2026-11-25");
}

// ---- list ----

KeyRow row(std::string state, std::optional<Publication> dns = {}) {
  KeyRow made{.domain = "north.example",
              .selector = "s1",
              .type = "rsa",
              .state = std::move(state),
              .created = "2026-11-25",
              .record = "v=DKIM1; p=AAAA",
              .dns = {}};
  if (dns) made.dns = app::Published{.state = *dns, .why = "because"};
  return made;
}

TEST(KeysList, is_a_table) {
  const std::array rows{row("active"), row("next")};
  EXPECT_EQ(list_text(rows),
            "DOMAIN         SELECTOR  TYPE  STATE   CREATED     RECORD\n"
            "north.example  s1        rsa   active  2026-11-25  v=DKIM1; p=AAAA\n"
            "north.example  s1        rsa   next    2026-11-25  v=DKIM1; p=AAAA\n");
}

TEST(KeysList, says_what_the_dns_has_where_it_was_asked) {
  const std::array rows{row("active", Publication::Published), row("next", Publication::Missing), row(configured)};
  const auto text = list_text(rows);
  EXPECT_THAT(text, HasSubstr("CREATED     DNS               RECORD\n"));
  EXPECT_THAT(text, HasSubstr("2026-11-25  published         v=DKIM1"));
  EXPECT_THAT(text, HasSubstr("2026-11-25  missing: because  v=DKIM1"));
  EXPECT_THAT(text, HasSubstr("2026-11-25  not asked         v=DKIM1"));
}

TEST(KeysList, has_the_same_in_json) {
  const std::array rows{row("active", Publication::Different), row("old")};
  EXPECT_EQ(list_json(rows),
            R"({"keys":[{"domain":"north.example","selector":"s1","type":"rsa","state":"active",)"
            R"("created":"2026-11-25","record":"v=DKIM1; p=AAAA","dns":{"state":"different","why":"because"}},)"
            R"({"domain":"north.example","selector":"s1","type":"rsa","state":"old",)"
            R"("created":"2026-11-25","record":"v=DKIM1; p=AAAA"}]})"
            "\n");
  EXPECT_EQ(list_json({}), "{\"keys\":[]}\n");
}

TEST(KeysList, selector_of_the_configuration_does_not_reach_the_terminal_raw) {
  auto bad = row(configured);
  bad.selector = "s\x1b[2J";
  EXPECT_THAT(list_text(std::array{bad}), Not(HasSubstr("\x1b")));
  EXPECT_THAT(list_json(std::array{bad}), Not(HasSubstr("u001b")));
}

TEST(KeysList, status_is_about_keys_in_use) {
  const auto status = [](std::initializer_list<KeyRow> rows) { return list_status(std::vector<KeyRow>(rows)); };
  EXPECT_EQ(status({}), 0);
  EXPECT_EQ(status({row("active")}), 0) << "not asked";
  EXPECT_EQ(status({row("active", Publication::Published), row("next", Publication::Missing),
                    row("old", Publication::Unknown)}),
            0);
  EXPECT_EQ(status({row("active", Publication::Missing)}), 1);
  EXPECT_EQ(status({row(configured, Publication::Different)}), 1);
  EXPECT_EQ(status({row("active", Publication::Unknown)}), 75);
  EXPECT_EQ(status({row("active", Publication::Unknown), row("active", Publication::Revoked)}), 1);
}

// ---- rotate ----

CheckedKey checked(Publication state, const std::vector<std::string>& texts = {}) {
  CheckedKey key{.name = "s1._domainkey.north.example",
                 .expected = "v=DKIM1; p=AAAA",
                 .answer = {},
                 .judged = {.state = state, .why = "because"}};
  for (const auto& text : texts) key.answer.records.emplace_back(dns::Txt{text});
  return key;
}

TEST(KeysRotate, says_what_was_found_beside_what_is_expected) {
  EXPECT_EQ(check_text(std::array{checked(Publication::Different, {"v=DKIM1; p=BBBB"})}),
            "s1._domainkey.north.example: different: because\n"
            "  found:    v=DKIM1; p=BBBB\n"
            "  expected: v=DKIM1; p=AAAA\n");
  EXPECT_EQ(check_text(std::array{checked(Publication::Several, {"one", "two"})}),
            "s1._domainkey.north.example: several: because\n"
            "  found:    one\n"
            "  found:    two\n"
            "  expected: v=DKIM1; p=AAAA\n");
  EXPECT_THAT(check_text(std::array{checked(Publication::Missing)}), HasSubstr("  found:    nothing\n"));
}

TEST(KeysRotate, claims_no_absence_where_the_dns_failed) {
  EXPECT_EQ(check_text(std::array{checked(Publication::Unknown)}),
            "s1._domainkey.north.example: unknown: because\n"
            "  expected: v=DKIM1; p=AAAA\n");
}

TEST(KeysRotate, names_the_published_ones_in_one_line) {
  EXPECT_EQ(check_text(std::array{checked(Publication::Published, {"x"})}),
            "s1._domainkey.north.example: published: because\n");
}

TEST(KeysRotate, what_strangers_publish_does_not_reach_the_terminal_raw) {
  const auto text = check_text(std::array{checked(Publication::Unusable, {"a\x1b[2J\nb"})});
  EXPECT_THAT(text, HasSubstr("a\\x1B[2J\\x0Ab\n"));
}

TEST(KeysRotate, status_tells_a_failing_dns_from_one_that_says_no) {
  const auto published = checked(Publication::Published), unknown = checked(Publication::Unknown);
  EXPECT_TRUE(all_published(std::array{published, published}));
  EXPECT_FALSE(all_published(std::array{published, unknown}));
  EXPECT_EQ(refusal_status(std::array{published, unknown}), 75);
  EXPECT_THAT(refusal_text(std::array{published, unknown}), HasSubstr("Nothing was changed. Try again later."));
  for (const auto state : {Publication::Missing, Publication::Different, Publication::Unusable, Publication::Several,
                           Publication::Revoked}) {
    EXPECT_EQ(refusal_status(std::array{checked(state), unknown}), 1);
    EXPECT_THAT(refusal_text(std::array{checked(state), unknown}), HasSubstr("Publish what is expected"));
  }
}

}  // namespace
}  // namespace cas::cmd
