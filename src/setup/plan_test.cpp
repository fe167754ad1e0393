// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What answers lead to: listeners, records, words. That the text is a configuration: app/init_config_test.cpp.
#include "setup/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/shell_text.hpp"
#include "setup/records.hpp"

namespace cas::setup {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Plan plan_for(Role role) {
  Plan plan{.role = role,
            .domain = *Domain::parse("north.example"),
            .host = *Domain::parse("mx.north.example"),
            .addresses = {*IpAddress::parse("192.0.2.1")}};
  plan.certificate = "/etc/cas/tls/mx.north.example.crt";
  plan.key = "/etc/cas/tls/mx.north.example.key";
  plan.mx_listeners = {"0.0.0.0:25"};
  plan.submission_listeners = {"0.0.0.0:587"};
  if (role == Role::AllInOne) plan.account = Account{.name = "joe", .password_hash = "$argon2id$"};
  if (role != Role::AllInOne) plan.deliver = "smtp:10.0.0.5:25";
  if (role != Role::AllInOne) plan.trusted = usual_trusted(plan.deliver);
  if (role == Role::Smarthost) plan.mx_listeners.clear();
  return plan;
}

TEST(Plan, RolesAreReadAsTheyAreWritten) {
  for (const auto role : {Role::AllInOne, Role::Gateway, Role::Smarthost}) EXPECT_EQ(parse_role(to_string(role)), role);
  EXPECT_EQ(parse_role("relay"), std::nullopt);
  EXPECT_EQ(parse_role(""), std::nullopt);
}

TEST(Plan, AnAllInOneServerTakesMailAndSubmissionEverywhere) {
  const auto listeners = usual_listeners(Role::AllInOne, true, {});
  EXPECT_THAT(listeners.mx, ElementsAre("0.0.0.0:25", "[::]:25"));
  EXPECT_THAT(listeners.submission, ElementsAre("0.0.0.0:465", "[::]:465", "0.0.0.0:587", "[::]:587"));
}

TEST(Plan, WithoutIPv6NothingListensThere) {
  EXPECT_THAT(usual_listeners(Role::Gateway, false, {}).mx, ElementsAre("0.0.0.0:25"));
}

TEST(Plan, ASmarthostTakesNoMailFromOutside) {
  EXPECT_THAT(usual_listeners(Role::Smarthost, true, usual_trusted("smtp:127.0.0.1:25")).mx, IsEmpty());
}

TEST(Plan, WhoIsOnThisMachineIsListenedToOnThisMachineAlone) {
  for (const char* deliver :
       {"smtp:127.0.0.1:25", "lmtp:unix:/run/dovecot/lmtp", "smtp:[::1]:25", "smtp:localhost:25"}) {
    EXPECT_THAT(usual_listeners(Role::Gateway, true, usual_trusted(deliver)).submission, ElementsAre("127.0.0.1:10025"))
        << deliver;
  }
  const auto elsewhere = usual_listeners(Role::Gateway, false, usual_trusted("smtp:10.0.0.5:25"));
  EXPECT_THAT(elsewhere.submission, ElementsAre("0.0.0.0:587"));
}

TEST(Plan, NobodyIsTrustedWhoseAddressIsNotKnown) {
  EXPECT_THAT(usual_trusted("smtp:mail.north.example:25"), IsEmpty());
  EXPECT_THAT(usual_trusted("smtp:10.0.0.5:25"), ElementsAre(*IpNetwork::parse("10.0.0.5/32")));
  EXPECT_THAT(usual_listeners(Role::Gateway, true, {}).submission, IsEmpty());
}

TEST(Plan, TheFileHoldsOnlyWhatItsRoleNeeds) {
  const auto all = config_text(plan_for(Role::AllInOne));
  EXPECT_THAT(all, HasSubstr("maildir = \"/var/lib/cas/mail/north.example\""));
  EXPECT_THAT(all, HasSubstr("[[user]]"));
  EXPECT_THAT(all, Not(HasSubstr("deliver")));
  EXPECT_THAT(all, Not(HasSubstr("trusted_networks")));
  const auto gateway = config_text(plan_for(Role::Gateway));
  EXPECT_THAT(gateway, HasSubstr("recipients = \"callout\""));
  EXPECT_THAT(gateway, HasSubstr("trusted_networks = [\"10.0.0.5/32\"]"));
  EXPECT_THAT(gateway, Not(HasSubstr("[[user]]")));
  const auto smarthost = config_text(plan_for(Role::Smarthost));
  EXPECT_THAT(smarthost, HasSubstr("mode = \"off\""));
  EXPECT_THAT(smarthost, Not(HasSubstr("role = \"mx\"")));
}

TEST(Plan, Port465SpeaksTlsFromTheStart) {
  auto plan = plan_for(Role::AllInOne);
  plan.submission_listeners = {"0.0.0.0:465"};
  EXPECT_THAT(config_text(plan), HasSubstr("tls = \"implicit\""));
}

TEST(Plan, EverythingLiesBelowTheRoot) {
  const auto layout = layout_below("/mnt/image/");
  EXPECT_EQ(layout.config_file, "/mnt/image/etc/cas/cas.toml");
  EXPECT_EQ(layout.state_dir, "/mnt/image/var/lib/cas");
  EXPECT_EQ(layout.runtime_dir, "/mnt/image/run/cas");
  EXPECT_EQ(layout_below("").config_file, "/etc/cas/cas.toml");
}

TEST(Plan, TheNextStepsNameAConfigurationThatLiesElsewhere) {
  auto plan = plan_for(Role::AllInOne);
  EXPECT_THAT(next_steps(plan, "/etc/cas/north.example.zone"), Not(HasSubstr("--config")));
  plan.layout = layout_below("/srv/my mail");
  const auto steps = next_steps(plan, "zone");
  EXPECT_THAT(steps, HasSubstr("cas serve --config '/srv/my mail/etc/cas/cas.toml'"));
}

}  // namespace
}  // namespace cas::setup
