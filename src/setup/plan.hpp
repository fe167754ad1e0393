// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas init` makes of a few answers: the configuration's text, and what is left to do. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.hpp"
#include "base/ip_network.hpp"
#include "message/address.hpp"
#include "setup/site.hpp"

namespace cas::setup {

/// What this server is to its domain. AllInOne: mailboxes and submission here. Gateway: stands before the server that
/// has the mailboxes. Smarthost: only sends, for a mail server that keeps taking the domain's mail itself.
enum class Role { AllInOne, Gateway, Smarthost };

[[nodiscard]] std::string_view to_string(Role role);
/// "all-in-one", "gateway", "smarthost".
[[nodiscard]] std::optional<Role> parse_role(std::string_view text);

/// Where things lie.
struct Layout {
  std::string config_file = "/etc/cas/cas.toml";
  std::string config_dir = "/etc/cas";  // the zone fragment, the certificate made here
  std::string state_dir = "/var/lib/cas";
  std::string runtime_dir = "/run/cas";
};
/// All of it below a folder; "" is the system itself.
[[nodiscard]] Layout layout_below(std::string_view root);

struct Account {
  std::string name;           // what stands before the @
  std::string password_hash;  // Argon2id
};

/// All answers.
struct Plan {
  Role role = Role::AllInOne;
  Domain domain;
  Domain host;
  std::vector<IpAddress> addresses;  // as others see this server
  bool names_addresses = false;      // its interfaces do not show them
  Layout layout{};
  std::string run_as{};  // empty: whoever starts it
  std::string certificate{}, key{};
  bool self_signed = true;
  std::vector<std::string> mx_listeners{}, submission_listeners{};  // "0.0.0.0:25"
  std::string deliver{};                                            // "smtp:10.0.0.5:25"; not for AllInOne
  std::vector<IpNetwork> trusted{};                                 // who relays through us; not for AllInOne
  std::optional<Account> account{};                                 // AllInOne
  std::string forwarder{};                                          // "127.0.0.1@5353"; empty: ask from the root
  std::string sts_id{};                                             // empty: no MTA-STS
  bool beside = false;                                              // one more domain of a server that is set up
};

/// Where a server of that role listens when nobody says so. `with_v6`: the machine has IPv6. `trusted`: Gateway and
/// Smarthost; where all of them are this machine, nobody else can connect.
struct Listeners {
  std::vector<std::string> mx, submission;
};
[[nodiscard]] Listeners usual_listeners(Role role, bool with_v6, std::span<const IpNetwork> trusted);
/// Who may relay when nobody says so: the server that `deliver` names by its address; this machine where that is here.
[[nodiscard]] std::vector<IpNetwork> usual_trusted(std::string_view deliver);

/// A commented file that holds only what this site needs.
[[nodiscard]] std::string config_text(const Plan& plan);
/// A file of conf.d, for a domain beside others.
[[nodiscard]] std::string domain_file_text(const Plan& plan);

/// Five lines.
[[nodiscard]] std::string next_steps(const Plan& plan, std::string_view zone_file);

}  // namespace cas::setup
