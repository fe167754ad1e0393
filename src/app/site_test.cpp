// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a configuration says of the records that its domain must publish.
#include "app/site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "setup/records.hpp"

namespace cas::app {
namespace {

using testing::Contains;
using testing::Not;

constexpr std::string_view top =
    "host = \"mx.north.example\"\nstate_dir = \"/nowhere/cas\"\nadmin_socket = \"/nowhere/run/admin.sock\"\n"
    "[dns]\naddresses = [\"192.0.2.1\"]\n";
constexpr std::string_view mx = "[[listen]]\naddress = \"127.0.0.1:25\"\nrole = \"mx\"\ntls = \"off\"\n";
constexpr std::string_view boxes =
    "[[domain]]\nname = \"north.example\"\nmaildir = \"/nowhere/mail\"\nmailboxes = [\"joe\"]\npostmaster = \"joe\"\n";

/// "MX north.example", ... with the host "mx.north.example".
std::vector<std::string> records_of(const std::string& more) {
  const auto config = read_config(std::string(top) + more, "/nowhere/cas.toml");
  if (!config) ADD_FAILURE() << config.error().front().text();
  std::vector<std::string> names;
  if (!config) return names;
  for (const auto& record : setup::wanted_records(site_of(*config, config->domains.front()))) {
    names.push_back(record.type + " " + record.name);
  }
  return names;
}

TEST(Site, AServerThatTakesMailIsAnMx) {
  const auto names = records_of(std::string(mx) + std::string(boxes));
  EXPECT_THAT(names, Contains("MX north.example"));
  EXPECT_THAT(names, Contains("TXT _cas.north.example"));
  EXPECT_THAT(names, Contains("A mx.north.example"));
  EXPECT_THAT(names, Contains("TXT _smtp._tls.north.example"));
}

TEST(Site, OneThatOnlySendsLeavesTheMxToOthers) {
  const auto names = records_of(
      "[[listen]]\naddress = \"127.0.0.1:10025\"\nrole = \"submission\"\ntls = \"off\"\n"
      "trusted_networks = [\"127.0.0.0/8\"]\n[[domain]]\nname = \"north.example\"\nmode = \"off\"\n"
      "deliver = \"smtp:127.0.0.1:2525\"\nrecipients = \"callout\"\n");
  EXPECT_THAT(names, Not(Contains("MX north.example")));
  EXPECT_THAT(names, Not(Contains("TXT _smtp._tls.north.example")));
  EXPECT_THAT(names, Contains("TXT north.example"));
}

TEST(Site, ServersThatSendThroughUsAreNoMailPrograms) {
  const std::string relays =
      "[[listen]]\naddress = \"127.0.0.1:587\"\nrole = \"submission\"\ntls = \"off\"\ntrusted_networks = "
      "[\"127.0.0.0/8\"]\n";
  EXPECT_THAT(records_of(std::string(mx) + relays + std::string(boxes)),
              Not(Contains("SRV _submission._tcp.north.example")));
}

}  // namespace
}  // namespace cas::app
