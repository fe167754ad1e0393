// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is found on a machine, and what is said of it.
#include "setup/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cas::setup {
namespace {

using testing::HasSubstr;
using Kind = FileFacts::Kind;

constexpr UnixTime now{std::chrono::seconds{1'800'000'000}};
const ServiceFacts cas{.name = "cas", .user = 100, .group = 200};

/// Nothing is wrong here.
DoctorFacts good() {
  DoctorFacts facts;
  facts.config.file = "/etc/cas/cas.toml";
  facts.service = cas;
  facts.clock = {.known = true, .synchronised = true};
  facts.now = now;
  return facts;
}

/// The diagnosis that begins with this id.
Diagnosis find(const DoctorFacts& facts, std::string_view id) {
  for (const auto& one : diagnose(facts)) {
    if (one.id == id) return one;
  }
  ADD_FAILURE() << "no finding " << id;
  return {};
}

// ---- Files ----

struct FileCase {
  const char* name;
  FileFacts file;
  Health health;
  std::string id, mend;
};

FileFacts file(Kind kind, unsigned mode, std::uint32_t user, std::uint32_t group, bool folder = false) {
  FileFacts facts;
  facts.path = "/x";
  facts.kind = kind;
  facts.mode = mode;
  facts.user = user;
  facts.group = group;
  facts.is_folder = folder;
  return facts;
}

FileFacts with_passwords(FileFacts facts) {
  facts.holds_passwords = true;
  return facts;
}

FileFacts not_there(Kind kind) {
  auto facts = file(kind, 0, 0, 0);
  facts.exists = false;
  return facts;
}

TEST(Doctor, FilesAreJudgedByWhoMayDoWhat) {
  const std::vector<FileCase> cases{
      {"a key of root's, for the group", file(Kind::Secret, 0640, 0, 200), Health::Fine, "files", ""},
      {"a key of the server's", file(Kind::Secret, 0600, 100, 200), Health::Fine, "files", ""},
      {"a key for everybody", file(Kind::Secret, 0644, 0, 200), Health::Wrong, "files.mode", "chmod o= /x"},
      {"a key for another group", file(Kind::Secret, 0640, 0, 300), Health::Warning, "files.mode",
       "chown root:cas /x && chmod 640 /x"},
      {"a key of root's alone", file(Kind::Secret, 0600, 0, 0), Health::Warning, "files.reload",
       "chown root:cas /x && chmod 640 /x"},
      {"a key that is gone", not_there(Kind::Secret), Health::Wrong, "files.missing", "put it back"},
      {"the state", file(Kind::State, 0750, 100, 200, true), Health::Fine, "files", ""},
      {"the state as root's", file(Kind::State, 0750, 0, 0, true), Health::Wrong, "files.owner", "chown -R cas: /x"},
      {"the database for everybody", file(Kind::State, 0644, 100, 200), Health::Wrong, "files.mode", "chmod o= /x"},
      {"a state folder that all may list", file(Kind::State, 0755, 100, 200, true), Health::Warning, "files.mode",
       "chmod o= /x"},
      {"mailboxes that all may write", file(Kind::Mail, 0777, 100, 200, true), Health::Wrong, "files.mode",
       "chmod o= /x"},
      {"a state that is not made yet", not_there(Kind::State), Health::Fine, "files.missing", ""},
      {"the configuration", file(Kind::Config, 0644, 0, 0), Health::Fine, "files", ""},
      {"the configuration with passwords", with_passwords(file(Kind::Config, 0640, 0, 200)), Health::Fine, "files", ""},
      {"and for everybody", with_passwords(file(Kind::Config, 0644, 0, 0)), Health::Warning, "files.mode",
       "chown root:cas /x && chmod 640 /x"},
      {"the configuration that all may write", file(Kind::Config, 0666, 0, 0), Health::Wrong, "files.mode",
       "chmod go-w /x"},
      {"the configuration that the server cannot read", file(Kind::Config, 0600, 0, 0), Health::Warning, "files.reload",
       "chown root:cas /x && chmod 640 /x"},
      {"no configuration", not_there(Kind::Config), Health::Wrong, "files.missing", "cas init"},
  };
  for (const auto& one : cases) {
    const auto said = diagnose_file(one.file, cas);
    EXPECT_EQ(said.health, one.health) << one.name << ": " << said.found;
    EXPECT_EQ(said.id, one.id) << one.name;
    EXPECT_THAT(said.mend, HasSubstr(one.mend)) << one.name;
    EXPECT_EQ(said.mend.empty(), one.health == Health::Fine) << one.name;
  }
}

TEST(Doctor, WhatCannotBeLookedAtIsNoFaultOfTheFile) {
  auto hidden = file(Kind::Secret, 0, 0, 0);
  hidden.fault = "Permission denied";
  EXPECT_EQ(diagnose_file(hidden, cas).health, Health::Warning);
  EXPECT_THAT(diagnose_file(hidden, cas).mend, HasSubstr("as root"));
}

// ---- Ports and the server ----

TEST(Doctor, APortIsTakenByAProgramThatIsNamed) {
  auto facts = good();
  facts.ports = {{.place = "0.0.0.0:25", .holder = PortFacts::Holder::Other, .program = "master", .pid = 12}};
  EXPECT_EQ(find(facts, "port.taken").health, Health::Wrong);
  EXPECT_THAT(find(facts, "port.taken").found, HasSubstr("master (process 12)"));
}

TEST(Doctor, AServerOfOursThatIsSilentIsNoStranger) {
  auto facts = good();
  facts.ports = {{.place = "0.0.0.0:25", .holder = PortFacts::Holder::Other, .program = "cas", .pid = 12}};
  EXPECT_EQ(find(facts, "port.taken").health, Health::Wrong);
  facts.running =
      RunningFacts{.socket = "s", .state = RunningFacts::State::Broken, .version = {}, .own_version = {}, .reason = {}};
  EXPECT_EQ(find(facts, "port").health, Health::Fine);
}

TEST(Doctor, KeysThatWaitAndKeysThatAreNotThere) {
  auto facts = good();
  facts.signing = {{.domain = "north.example", .active = 0, .waiting = 2}};
  EXPECT_THAT(find(facts, "signing.waiting").mend, HasSubstr("cas keys rotate north.example"));
  facts.signing.front().waiting = 0;
  EXPECT_THAT(find(facts, "signing.none").mend, HasSubstr("cas keys generate north.example"));
  facts.signing.front().active = 1;
  EXPECT_EQ(find(facts, "signing").health, Health::Fine);
}

TEST(Doctor, AFreePortIsFineOnlyWhileNoServerRuns) {
  auto facts = good();
  facts.ports = {{.place = "0.0.0.0:25", .holder = PortFacts::Holder::Nobody, .program = {}}};
  EXPECT_EQ(find(facts, "port").health, Health::Fine);
  facts.running = RunningFacts{
      .socket = "s", .state = RunningFacts::State::Answers, .version = "1", .own_version = "1", .reason = {}};
  EXPECT_EQ(find(facts, "port.closed").health, Health::Wrong);
}

TEST(Doctor, AServerThatIsOlderThanTheProgram) {
  auto facts = good();
  facts.running = RunningFacts{
      .socket = "s", .state = RunningFacts::State::Answers, .version = "1", .own_version = "2", .reason = {}};
  EXPECT_EQ(find(facts, "server.version").health, Health::Warning);
}

TEST(Doctor, AServerThatDoesNotRunOrDoesNotAnswer) {
  auto facts = good();
  facts.running = RunningFacts{.socket = "s", .version = {}, .own_version = {}, .reason = {}};
  EXPECT_EQ(find(facts, "server.down").health, Health::Warning);
  facts.running->state = RunningFacts::State::Broken;
  EXPECT_EQ(find(facts, "server.mute").health, Health::Wrong);
}

// ---- The certificate ----

struct CertificateCase {
  const char* name;
  CertificateFacts certificate;
  std::string id;
  Health health;
};

CertificateFacts certificate(std::chrono::seconds from, std::chrono::seconds until, bool covers = true,
                             bool self = false) {
  CertificateFacts facts;
  facts.file = "/c";
  facts.not_before = now + from;
  facts.not_after = now + until;
  facts.covers_host = covers;
  facts.self_signed = self;
  facts.host = "mx.north.example";
  facts.names = "other.example";
  return facts;
}

TEST(Doctor, Certificates) {
  using std::chrono::days;
  const std::vector<CertificateCase> cases{
      {"good", certificate(-days(1), days(80)), "certificate", Health::Fine},
      {"over", certificate(-days(90), -std::chrono::seconds(1)), "certificate.expired", Health::Wrong},
      {"over in this second", certificate(-days(90), std::chrono::seconds(0)), "certificate.expired", Health::Wrong},
      {"not yet", certificate(days(1), days(80)), "certificate.early", Health::Wrong},
      {"soon", certificate(-days(80), days(13)), "certificate.soon", Health::Warning},
      {"another's", certificate(-days(1), days(80), false), "certificate.name", Health::Warning},
      {"own", certificate(-days(1), days(3000), true, true), "certificate.self", Health::Warning},
  };
  for (const auto& one : cases) {
    auto facts = good();
    facts.certificate = one.certificate;
    EXPECT_EQ(find(facts, one.id).health, one.health) << one.name;
  }
}

// ---- Disks ----

DiskFacts disk(const char* kind, std::uint64_t free, double syncs) {
  DiskFacts facts;
  facts.path = "/d";
  facts.kind = kind;
  facts.free = free;
  facts.reserve = 100;
  facts.syncs_per_second = syncs;
  return facts;
}

TEST(Doctor, Disks) {
  const std::vector<std::tuple<DiskFacts, std::string, Health>> cases{
      {disk("ext", 1000, 300), "disk", Health::Fine},           {disk("ext", 1000, 300), "disk.sync", Health::Fine},
      {disk("ext", 100, 300), "disk.full", Health::Wrong},      {disk("ext", 150, 300), "disk.low", Health::Warning},
      {disk("ext", 1000, 5), "disk.slow", Health::Warning},     {disk("ext", 1000, 1e6), "disk.lies", Health::Warning},
      {disk("tmpfs", 1000, 0), "disk.kind", Health::Wrong},     {disk("nfs", 1000, 0), "disk.kind", Health::Wrong},
      {disk("overlay", 1000, 0), "disk.kind", Health::Warning},
  };
  for (const auto& [found, id, health] : cases) {
    auto facts = good();
    facts.disks = {found};
    EXPECT_EQ(find(facts, id).health, health) << found.kind << " " << id;
  }
}

// ---- The rest ----

TEST(Doctor, AResolverThatDoesNotAnswerOrDoesNotValidate) {
  auto facts = good();
  facts.resolver = ResolverFacts{.who = "the root servers", .question = "org", .validates = true, .fault = "timeout"};
  EXPECT_EQ(find(facts, "resolver.dead").health, Health::Wrong);
  facts.resolver->answered = true;
  EXPECT_EQ(find(facts, "resolver.insecure").health, Health::Warning);
  facts.resolver->secure = true;
  EXPECT_EQ(find(facts, "resolver").health, Health::Fine);
  facts.resolver->validates = false;
  EXPECT_EQ(find(facts, "resolver.trust").health, Health::Warning);
}

TEST(Doctor, NobodyIsConnectedToUnasked) {
  auto facts = good();
  facts.outbound = OutboundFacts{};
  EXPECT_EQ(find(facts, "outbound").health, Health::Skipped);
}

TEST(Doctor, WhereNothingGetsOut) {
  auto facts = good();
  facts.outbound = OutboundFacts{.target = "b.example", .greeting = {}, .fault = "timed out"};
  EXPECT_EQ(find(facts, "outbound.blocked").health, Health::Wrong);
  facts.outbound->connected = true;
  facts.outbound->greeting = "554 listed";
  EXPECT_EQ(find(facts, "outbound.refused").health, Health::Warning);
  facts.outbound->greeting = "220 hello";
  EXPECT_EQ(find(facts, "outbound").health, Health::Fine);
}

TEST(Doctor, EachDamageIsTold) {
  auto facts = good();
  facts.store = StoreFacts{.file = "/cas.db", .exists = true, .fault = {}, .damage = {"page 3", "page 4"}};
  const auto all = diagnose(facts);
  EXPECT_EQ(std::ranges::count(all, "store.damaged", &Diagnosis::id), 2);
}

TEST(Doctor, AClockThatRunsFreeAndLimitsThatAreTooLow) {
  auto facts = good();
  facts.clock.synchronised = false;
  EXPECT_EQ(find(facts, "clock.free").health, Health::Warning);
  facts.limits = LimitFacts{.files = 1024, .files_wanted = 2400, .memory = 1000, .memory_configured = 501};
  EXPECT_EQ(find(facts, "limits.files").health, Health::Warning);
  EXPECT_EQ(find(facts, "limits.memory").health, Health::Warning);
}

TEST(Doctor, AnErrorOfTheConfigurationKeepsItsMend) {
  auto facts = good();
  facts.config.errors = {"cas.toml:3: host: is missing; it is needed; write host = \"mx.north.example\""};
  EXPECT_THAT(find(facts, "config.error").found, testing::EndsWith("it is needed"));
  EXPECT_EQ(find(facts, "config.error").mend, "write host = \"mx.north.example\"");
}

TEST(Doctor, TheExitStatusIsThatOfTheWorst) {
  const auto of = [](Health health) {
    return Diagnosis{.id = {}, .subject = {}, .health = health, .found = {}, .mend = {}};
  };
  EXPECT_EQ(exit_status({}), 0);
  EXPECT_EQ(exit_status(std::vector{of(Health::Fine), of(Health::Skipped)}), 0);
  EXPECT_EQ(exit_status(std::vector{of(Health::Fine), of(Health::Warning)}), 2);
  EXPECT_EQ(exit_status(std::vector{of(Health::Warning), of(Health::Wrong), of(Health::Fine)}), 1);
}

}  // namespace
}  // namespace cas::setup
