// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas init DOMAIN`: from a few answers to a configuration, keys, a certificate and the records to publish.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "cmd/admin_client.hpp"
#include "setup/plan.hpp"

namespace cas::cmd {

/// As given on the command line; empty: not given.
struct InitOptions {
  std::string domain, role, host, deliver, account, certificate, key, resolver, root, config, run_as;
  std::vector<std::string> addresses, trusted, mx_listeners, submission_listeners;
  bool password_stdin = false, mta_sts = false;
  bool yes = false, dry_run = false;
};

/// Makes what is missing, never touches what is there. Another domain than those of a configuration that is there gets
/// a file of its own in conf.d. 64: an answer is missing or none that can be; 73: a file cannot be made; 78: something
/// is in the way or does not fit; 130: interrupted. In all these cases nothing was changed.
[[nodiscard]] int init_site(const InitOptions& options);

// ---- init_plan.cpp ----

struct Planned {
  setup::Plan plan;
  std::string password;  // of the first account, where it was made up here; to be shown once
};
/// Looks at the machine, asks on a terminal what the options do not say, and says on standard error what it found.
[[nodiscard]] Or<Planned> make_plan(const InitOptions& options, const Domain& domain, const setup::Layout& layout);
/// As others see this machine: what the options say, else the global addresses of its interfaces.
[[nodiscard]] Or<std::vector<IpAddress>> addresses_for(const InitOptions& options);

/// For a domain beside `first`, on the same server: what is not asked here is as it is there.
[[nodiscard]] Or<Planned> plan_beside(const InitOptions& options, const setup::Plan& first, const Domain& domain);

// ---- init_there.cpp ----

/// What is to become of a site.
struct Intended {
  setup::Plan plan;
  app::Config config;          // all of it, as it will be
  std::filesystem::path file;  // which has the domain, or will
  std::string text{};          // what that is to hold; empty: it is there
  std::string password{};      // to be shown once
};
/// From nothing. 64: what was answered makes no configuration.
[[nodiscard]] Or<Intended> begin(const InitOptions& options, const Domain& domain, const setup::Layout& layout);
/// With a configuration that is there. 78: it cannot be used, or says otherwise than the options.
[[nodiscard]] Or<Intended> take_up(const InitOptions& options, const Domain& domain, const setup::Layout& layout);

/// Anything of that name, a broken link too.
[[nodiscard]] bool is_there(const std::filesystem::path& path);
/// As it can be printed.
[[nodiscard]] std::string shown(const std::filesystem::path& path);
/// Of a configuration, below each other.
[[nodiscard]] std::string lines_of(const std::vector<app::ConfigError>& errors);

// ---- Signals ----

/// While it lives SIGINT, SIGTERM and SIGHUP end nothing, they are remembered.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(const Interruptible&) = delete;
  Interruptible& operator=(const Interruptible&) = delete;
  [[nodiscard]] static bool interrupted();
  /// Until `fd` can be read; false: interrupted, also just before.
  [[nodiscard]] static bool wait_for_input(int fd);
};

inline constexpr int exit_interrupted = 130;

}  // namespace cas::cmd
