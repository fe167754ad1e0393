// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The life of a signing key: names of files, selectors by date, what comes next, what the DNS says.
#include "app/signing_keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "auth/dkim_key.hpp"

namespace cas::app {
namespace {

using crypto::KeyType;
using std::chrono::sys_days;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

constexpr sys_days today{2026y / 11 / 25};

// ---- Names ----

TEST(KeyFileName, tells_selector_and_state) {
  for (const auto& [text, selector, state] : {std::tuple{"cas20261125e.pem", "cas20261125e", KeyState::Active},
                                              {"cas20261125e.next.pem", "cas20261125e", KeyState::Next},
                                              {"cas20261125e.old.pem", "cas20261125e", KeyState::Old},
                                              {"2.pem", "2", KeyState::Active},
                                              {"a-b.old.pem", "a-b", KeyState::Old},
                                              {"next.pem", "next", KeyState::Active},
                                              {"old.next.pem", "old", KeyState::Next}}) {
    const KeyName name{.selector = selector, .state = state};
    EXPECT_EQ(parse_file_name(text), name) << text;
    EXPECT_EQ(file_name(name), text);
  }
}

TEST(KeyFileName, misspelt_one_is_no_key) {
  for (const auto* text : {"",
                           ".pem",
                           ".next.pem",
                           ".old.pem",
                           "x",
                           "x.pe",
                           "x.pem.",
                           "x.pem~",
                           "x.PEM",
                           "x.nxt.pem",
                           "x.active.pem",
                           "x.next.old.pem",
                           "x.next.next.pem",
                           "X.pem",
                           "a.b.pem",
                           "-x.pem",
                           "x-.pem",
                           "x_y.pem",
                           "x y.pem",
                           "../x.pem",
                           "a/b.pem",
                           "\xc3\xa9.pem",
                           ".x.pem",
                           "x.next.pem.pem"}) {
    EXPECT_EQ(parse_file_name(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_file_name(std::string_view("x\0.pem", 6)), std::nullopt);
}

TEST(KeyFileName, selector_is_one_label_of_63_octets_at_most_RFC_1035_2_3_4) {
  EXPECT_TRUE(parse_file_name(std::string(63, 'a') + ".next.pem"));
  EXPECT_FALSE(parse_file_name(std::string(64, 'a') + ".next.pem"));
}

TEST(KeyWords, are_those_of_files_and_records) {
  EXPECT_EQ(to_string(KeyState::Next), "next");
  EXPECT_EQ(to_string(KeyState::Active), "active");
  EXPECT_EQ(to_string(KeyState::Old), "old");
  EXPECT_EQ(to_string(KeyType::Rsa), "rsa");
  EXPECT_EQ(to_string(KeyType::Ed25519), "ed25519");
}

// ---- Selectors ----

TEST(Selector, new_one_has_the_day_and_the_type) {
  EXPECT_EQ(new_selector({}, KeyType::Rsa, today), "cas20261125r");
  EXPECT_EQ(new_selector({}, KeyType::Ed25519, today), "cas20261125e");
  EXPECT_EQ(new_selector({}, KeyType::Ed25519, sys_days{2027y / 1 / 2}), "cas20270102e");
}

TEST(Selector, of_one_day_are_counted_and_the_last_is_the_greatest) {
  using Taken = std::vector<std::string>;
  const auto next = [](const Taken& taken) { return new_selector(taken, KeyType::Ed25519, today); };
  EXPECT_EQ(next({"cas20261125r", "cas20261124e", "s1", "cas20261125extra", "cas20261125e0"}), "cas20261125e");
  EXPECT_EQ(next({"cas20261125e"}), "cas20261125e2");
  EXPECT_EQ(next({"cas20261125e", "cas20261125e2"}), "cas20261125e3");
  EXPECT_EQ(next({"cas20261125e9", "cas20261125e10"}), "cas20261125e11");
  EXPECT_EQ(next({"cas20261125e2"}), "cas20261125e3") << "the first was removed: its name may still be in the DNS";
}

TEST(Selector, day_is_read_from_those_made_here_alone) {
  EXPECT_EQ(day_of("cas20261125e"), today);
  EXPECT_EQ(day_of("cas20261125r12"), today);
  EXPECT_EQ(day_of("cas20261125"), today);
  for (const auto* text : {"", "cas", "cas1", "cas2026112", "cas20261325e", "cas20260230e", "cas2026-125e",
                           "s20261125e", "cas00000000e", "cas+2026112e"}) {
    EXPECT_EQ(day_of(text), std::nullopt) << text;
  }
}

// ---- What comes next ----

KeyFacts key(std::string selector, KeyType type, KeyState state, sys_days created = today) {
  return {.selector = std::move(selector), .type = type, .state = state, .created = created, .changed = created};
}

constexpr auto Rsa = KeyType::Rsa, Ed = KeyType::Ed25519;
constexpr auto Next = KeyState::Next, Active = KeyState::Active, Old = KeyState::Old;

KeyStep activate(std::string selector) {
  return {.selector = std::move(selector), .from = Next, .to = Active};
}
KeyStep retire(std::string selector) {
  return {.selector = std::move(selector), .from = Active, .to = Old};
}

TEST(PlanRotation, without_any_key_both_types_are_made_CAS_6_3) {
  const auto plan = plan_rotation({});
  EXPECT_THAT(plan.make, ElementsAre(Rsa, Ed));
  EXPECT_THAT(plan.check, IsEmpty());
  EXPECT_THAT(plan.steps, IsEmpty());
}

TEST(PlanRotation, old_keys_count_as_none) {
  const std::vector keys{key("a", Rsa, Old), key("b", Rsa, Old)};
  const auto plan = plan_rotation(keys);
  EXPECT_THAT(plan.make, ElementsAre(Rsa, Ed));
  EXPECT_THAT(plan.steps, IsEmpty());
}

TEST(PlanRotation, where_none_waits_keys_of_the_active_types_are_made) {
  const std::vector rsa{key("a", Rsa, Active), key("z", Ed, Old)};
  EXPECT_THAT(plan_rotation(rsa).make, ElementsAre(Rsa));
  const std::vector both{key("a", Ed, Active), key("b", Rsa, Active)};
  EXPECT_THAT(plan_rotation(both).make, ElementsAre(Rsa, Ed));
  EXPECT_THAT(plan_rotation(both).steps, IsEmpty());
}

TEST(PlanRotation, next_takes_the_place_of_the_active_of_its_type) {
  const std::vector keys{key("e1", Ed, Active), key("e2", Ed, Next), key("r1", Rsa, Active), key("r2", Rsa, Next)};
  const auto plan = plan_rotation(keys);
  EXPECT_THAT(plan.make, IsEmpty());
  EXPECT_THAT(plan.check, ElementsAre("r2", "e2"));
  EXPECT_THAT(plan.steps, ElementsAre(activate("r2"), activate("e2"), retire("r1"), retire("e1")));
}

TEST(PlanRotation, other_type_stays_in_use) {
  const std::vector keys{key("r1", Rsa, Active), key("e1", Ed, Next)};
  const auto plan = plan_rotation(keys);
  EXPECT_THAT(plan.check, ElementsAre("e1"));
  EXPECT_THAT(plan.steps, ElementsAre(activate("e1")));
}

TEST(PlanRotation, first_keys_replace_nothing) {
  const std::vector keys{key("e", Ed, Next), key("r", Rsa, Next), key("o", Rsa, Old)};
  EXPECT_THAT(plan_rotation(keys).steps, ElementsAre(activate("r"), activate("e")));
}

TEST(PlanRotation, all_active_of_a_type_give_way_to_the_next) {
  const std::vector keys{key("a", Ed, Active, today - std::chrono::days(2)),
                         key("b", Ed, Active, today - std::chrono::days(1)), key("c", Ed, Next)};
  EXPECT_THAT(plan_rotation(keys).steps, ElementsAre(activate("c"), retire("b"), retire("a")));
}

TEST(PlanRotation, that_was_cut_short_is_finished_and_the_newest_stays) {
  const std::vector keys{key("cas20261125e", Ed, Active), key("cas20261125e10", Ed, Active),
                         key("cas20261125e9", Ed, Active), key("s1", Ed, Active, today - std::chrono::days(400)),
                         key("r", Rsa, Active)};
  const auto plan = plan_rotation(keys);
  EXPECT_THAT(plan.make, IsEmpty());
  EXPECT_THAT(plan.check, IsEmpty());
  EXPECT_THAT(plan.steps, ElementsAre(retire("cas20261125e9"), retire("cas20261125e"), retire("s1")));
}

// Whatever step is the last before the power goes, a type in use keeps an active key, and the rest is done later.
TEST(PlanRotation, at_every_moment_each_type_in_use_has_an_active_key) {
  const std::vector start{key("e1", Ed, Active, today - std::chrono::days(9)), key("e2", Ed, Next),
                          key("r1", Rsa, Active, today - std::chrono::days(9)), key("r2", Rsa, Next)};
  const auto apply = [](std::vector<KeyFacts>& keys, const KeyStep& step) {
    const auto found = std::ranges::find(keys, step.selector, &KeyFacts::selector);
    ASSERT_NE(found, keys.end());
    ASSERT_EQ(found->state, step.from);
    found->state = step.to;
  };
  const auto active = [](const std::vector<KeyFacts>& keys, KeyType type) {
    return std::ranges::count_if(keys, [&](const auto& k) { return k.type == type && k.state == Active; });
  };
  const auto first = plan_rotation(start).steps;
  for (std::size_t cut = 0; cut <= first.size(); ++cut) {
    auto keys = start;
    const auto take = [&](std::span<const KeyStep> steps) {
      for (const auto& step : steps) {
        apply(keys, step);
        EXPECT_GE(active(keys, Rsa), 1) << cut;
        EXPECT_GE(active(keys, Ed), 1) << cut;
      }
    };
    take(std::span(first).first(cut));
    take(plan_rotation(keys).steps);
    for (const auto& [selector, state] : {std::pair{"e1", Old}, {"e2", Active}, {"r1", Old}, {"r2", Active}}) {
      EXPECT_EQ(std::ranges::find(keys, selector, &KeyFacts::selector)->state, state) << cut << " " << selector;
    }
  }
}

TEST(RemovableAt, seven_days_after_it_was_retired) {
  EXPECT_EQ(removable_at(key("a", Ed, Old)), TimePoint(today) + std::chrono::days(7));
}

// ---- What the DNS says ----

class JudgePublication : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (auto& made : keys) made = crypto::generate_key(KeyType::Ed25519).value();
    rsa = crypto::generate_key(KeyType::Rsa).value();
  }
  static void TearDownTestSuite() {
    for (auto& made : keys) made.reset();
    rsa.reset();
  }

  static dns::Answer texts(const std::vector<std::string>& records) {
    dns::Answer answer;
    answer.status = dns::Status::Ok;
    for (const auto& text : records) answer.records.emplace_back(dns::Txt{text});
    return answer;
  }
  static std::string p(const crypto::PrivateKey& of) { return "p=" + of.dkim_public_key(); }
  static Published judge(const std::vector<std::string>& records) {
    return judge_publication(texts(records), *keys[0]);
  }

  static void expect(const Published& found, Publication state, const std::string& why) {
    EXPECT_EQ(to_string(found.state), to_string(state)) << found.why;
    EXPECT_THAT(found.why, HasSubstr(why));
  }

  static inline std::array<std::optional<crypto::PrivateKey>, 2> keys;
  static inline std::optional<crypto::PrivateKey> rsa;
};

TEST_F(JudgePublication, published_as_we_write_it_and_as_others_may) {
  expect(judge({auth::format_dkim_key(*keys[0])}), Publication::Published, "as it should be");
  for (const auto* head : {"k=ed25519; ", "v=DKIM1; h=sha256; k=ed25519; ", "v=DKIM1; k=ed25519; s=email; t=s; n=x; ",
                           "v=DKIM1; k=ed25519; h=sha1:sha256; s=*; "}) {
    expect(judge({head + p(*keys[0])}), Publication::Published, "");
  }
  expect(judge_publication(texts({auth::format_dkim_key(*rsa)}), *rsa), Publication::Published, "");
  expect(judge_publication(texts({p(*rsa)}), *rsa), Publication::Published, "");  // k= absent is rsa
}

TEST_F(JudgePublication, missing_name_or_record) {
  dns::Answer answer;
  answer.status = dns::Status::NxDomain;
  expect(judge_publication(answer, *keys[0]), Publication::Missing, "no such name");
  answer.status = dns::Status::NoData;
  expect(judge_publication(answer, *keys[0]), Publication::Missing, "no TXT record");
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Name{"elsewhere.example"});
  expect(judge_publication(answer, *keys[0]), Publication::Missing, "no TXT record");
}

TEST_F(JudgePublication, failure_is_no_absence_and_its_reason_is_safe_to_show) {
  dns::Answer answer;
  expect(judge_publication(answer, *keys[0]), Publication::Unknown, "no answer");
  answer.private_reason = "SERVFAIL\x1b[2J";
  const auto found = judge_publication(answer, *keys[0]);
  expect(found, Publication::Unknown, "SERVFAIL");
  EXPECT_EQ(found.why.find('\x1b'), std::string::npos);
}

TEST_F(JudgePublication, another_key_or_type) {
  expect(judge({auth::format_dkim_key(*keys[1])}), Publication::Different, "another key");
  expect(judge({auth::format_dkim_key(*rsa)}), Publication::Different, "type rsa");
  expect(judge_publication(texts({auth::format_dkim_key(*keys[0])}), *rsa), Publication::Different, "type ed25519");
}

TEST_F(JudgePublication, several_records_are_one_too_many_RFC_6376_3_6_2_2) {
  const auto right = auth::format_dkim_key(*keys[0]);
  expect(judge({right, right}), Publication::Several, "2 TXT records");
  expect(judge({"v=spf1 -all", right}), Publication::Several, "leave one");
}

TEST_F(JudgePublication, revoked_RFC_6376_3_6_1) {
  expect(judge({"v=DKIM1; k=ed25519; p="}), Publication::Revoked, "p= is empty");
}

TEST_F(JudgePublication, record_that_no_receiver_takes) {
  const auto mine = p(*keys[0]);
  for (const auto& [record, why] : {std::pair{"v=DKIM1; k=ed25519; t=y; " + mine, "t=y"},
                                    {"v=DKIM1; k=ed25519; s=tlsrpt; " + mine, "s="},
                                    {"v=DKIM1; k=ed25519; h=sha1; " + mine, "h="},
                                    {"v=DKIM2; k=ed25519; " + mine, "v="},
                                    {"k=ed25519; v=DKIM1; " + mine, "v="},
                                    {"v=DKIM1; k=ed448; " + mine, "k="},
                                    {"v=DKIM1; k=ed25519; p=AAAA", "p="},
                                    {"v=DKIM1; k=ed25519; p=!", "p="},
                                    {"v=DKIM1; k=ed25519", "p="},
                                    {"hello", "tags"},
                                    {"", "tags"}}) {
    expect(judge({record}), Publication::Unusable, why);
  }
  const auto whole = auth::format_dkim_key(*rsa);
  expect(judge_publication(texts({whole.substr(0, 255)}), *rsa), Publication::Unusable, "was a part of it lost?");
}

TEST_F(JudgePublication, weak_key_of_somebody_else_RFC_8301_3_2) {
  // 512 bits, made for this test; SubjectPublicKeyInfo.
  const std::string weak =
      "v=DKIM1; k=rsa; "
      "p="
      "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKpaP7HjrrsdWzcBB2v4LdvDB2E4BJf5mIoHQ1wDpvHIL77kiFUYYF3J56EasPN1V3mUqRxGl5yNq6j4"
      "P3Tmtt0CAwEAAQ==";
  expect(judge_publication(texts({weak}), *rsa), Publication::Unusable, "below 1024 bits");
}

TEST(PublicationWords, are_distinct) {
  std::set<std::string_view> words;
  for (const auto state : {Publication::Published, Publication::Missing, Publication::Different, Publication::Unusable,
                           Publication::Several, Publication::Revoked, Publication::Unknown}) {
    words.insert(to_string(state));
  }
  EXPECT_EQ(words, (std::set<std::string_view>{"published", "missing", "different", "unusable", "several", "revoked",
                                               "unknown"}));
}

}  // namespace
}  // namespace cas::app
