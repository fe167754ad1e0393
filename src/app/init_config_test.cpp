// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas init` writes (setup/plan.hpp) is a configuration that this program takes, for each role.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "app/config.hpp"
#include "setup/plan.hpp"

namespace cas::app {
namespace {

using setup::Plan;

Plan plan_for(setup::Role role) {
  Plan plan{.role = role,
            .domain = *Domain::parse("north.example"),
            .host = *Domain::parse("mx.north.example"),
            .addresses = {*IpAddress::parse("192.0.2.1")}};
  plan.run_as = "cas";
  plan.certificate = "/etc/cas/tls/a \"quoted\" \\ path.crt";
  plan.key = "/etc/cas/tls/mx.north.example.key";
  if (role == setup::Role::AllInOne) {
    plan.account = setup::Account{.name = "joe",
                                  .password_hash =
                                      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQxMjM0NTY3OA$"
                                      "RdescudvJCsgt3ub+b5dWRWJTmaaJObG5BxYn6wTwxo"};
  } else {
    plan.deliver = "smtp:10.0.0.5:25";
    plan.trusted = setup::usual_trusted(plan.deliver);
  }
  auto listeners = setup::usual_listeners(role, true, plan.trusted);
  plan.mx_listeners = std::move(listeners.mx);
  plan.submission_listeners = std::move(listeners.submission);
  return plan;
}

Config read(const Plan& plan) {
  const auto text = setup::config_text(plan);
  auto config = read_config(text, "/etc/cas/cas.toml");
  if (config) return *std::move(config);
  for (const auto& error : config.error()) ADD_FAILURE() << error.text() << "\n" << text;
  return Config(*Domain::parse("unread.invalid"));
}

TEST(InitConfig, AllInOne) {
  const auto config = read(plan_for(setup::Role::AllInOne));
  ASSERT_EQ(config.domains.size(), 1U);
  EXPECT_EQ(config.domains.front().maildir, "/var/lib/cas/mail/north.example");
  EXPECT_EQ(config.domains.front().mode, confirm::Mode::Optional);
  ASSERT_EQ(config.users.size(), 1U);
  EXPECT_EQ(config.users.front().name, "joe@north.example");
  EXPECT_EQ(config.tls_certificate, "/etc/cas/tls/a \"quoted\" \\ path.crt");
  EXPECT_EQ(config.listen.size(), 6U);
}

TEST(InitConfig, AllInOneReadsPostmastersMail) {
  const auto domain = read(plan_for(setup::Role::AllInOne)).domains.front();
  EXPECT_EQ(domain.recipients.postmaster->wire(), "joe@north.example");
}

TEST(InitConfig, Gateway) {
  const auto config = read(plan_for(setup::Role::Gateway));
  ASSERT_EQ(config.domains.size(), 1U);
  EXPECT_EQ(config.domains.front().backend->text(), "10.0.0.5:25");
  EXPECT_EQ(config.domains.front().recipients.source, RecipientSource::Callout);
  EXPECT_TRUE(config.users.empty());
}

TEST(InitConfig, Smarthost) {
  const auto config = read(plan_for(setup::Role::Smarthost));
  ASSERT_EQ(config.domains.size(), 1U);
  EXPECT_EQ(config.domains.front().mode, confirm::Mode::Off);
  for (const auto& listen : config.listen) {
    EXPECT_EQ(listen.role, Role::Submission);
    EXPECT_THAT(listen.trusted_networks, testing::ElementsAre(*IpNetwork::parse("10.0.0.5")));
  }
}

TEST(InitConfig, AResolverThatIsNamedIsTheOnlyOne) {
  auto plan = plan_for(setup::Role::AllInOne);
  plan.forwarder = "127.0.0.1@5353";
  EXPECT_THAT(read(plan).dns.forwarders, testing::ElementsAre("127.0.0.1@5353"));
}

TEST(InitConfig, AnotherDomainHasAFileOfItsOwn) {
  for (const auto role : {setup::Role::AllInOne, setup::Role::Gateway, setup::Role::Smarthost}) {
    auto plan = plan_for(role);
    auto text = setup::config_text(plan);
    plan.domain = *Domain::parse("south.example");
    text += setup::domain_file_text(plan);
    const auto config = read_config(text, "/etc/cas/cas.toml");
    ASSERT_TRUE(config.has_value()) << config.error().front().text();
    EXPECT_EQ(config->domains.size(), 2U);
    EXPECT_EQ(config->users.size(), role == setup::Role::AllInOne ? 2U : 0U);
  }
}

TEST(InitConfig, AFileToBeIsReadWithThoseThatAreThere) {
  const auto folder = std::filesystem::temp_directory_path() / ("cas-init-config-" + std::to_string(::getpid()));
  std::filesystem::create_directory(folder);
  auto plan = plan_for(setup::Role::Gateway);
  std::ofstream(folder / "cas.toml") << setup::config_text(plan);
  FileToBe more{.path = folder / "conf.d/south.example.toml", .text = "[[domain]]\nname = 1\n"};
  const auto faulty = read_config(folder / "cas.toml", more);
  ASSERT_FALSE(faulty.has_value());
  EXPECT_EQ(faulty.error().front().file, more.path);
  plan.domain = *Domain::parse("south.example");
  more.text = setup::domain_file_text(plan);
  const auto good = read_config(folder / "cas.toml", more);
  ASSERT_TRUE(good.has_value()) << good.error().front().text();
  EXPECT_EQ(good->domains.size(), 2U);
  more.text = "name = ";
  EXPECT_FALSE(read_config(folder / "cas.toml", more).has_value());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace cas::app
