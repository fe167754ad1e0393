// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas doctor`: looks at this machine; setup/doctor.hpp judges what was found.
#pragma once

#include <string>

#include "app/config.hpp"
#include "cmd/commands.hpp"
#include "net/resolver.hpp"
#include "setup/doctor.hpp"

namespace cas::cmd {

/// As given on the command line.
struct DoctorOptions {
  std::string config = default_config;
  std::string outbound;
  std::string signed_name = "org";
  bool deep = false, all = false, json = false;
};

/// 0: all is fine; 1: something is wrong; 2: there are warnings alone.
[[nodiscard]] int run_doctor(const DoctorOptions& options);

// ---- Looking ----

/// doctor_files.cpp
[[nodiscard]] std::vector<setup::FileFacts> look_at_files(const app::Config& config);
[[nodiscard]] std::vector<setup::SigningFacts> look_at_keys(const app::Config& config);
[[nodiscard]] std::vector<setup::DiskFacts> look_at_disks(const app::Config& config);
[[nodiscard]] setup::StoreFacts look_at_store(const app::Config& config, bool deep);
[[nodiscard]] setup::CertificateFacts look_at_certificate(const app::Config& config);
/// doctor_system.cpp
[[nodiscard]] setup::ClockFacts look_at_clock();
/// `server`: the process of the running server; 0: ourselves.
[[nodiscard]] setup::LimitFacts look_at_limits(const app::Config& config, std::int64_t server);
[[nodiscard]] setup::RunningFacts look_at_server(const app::Config& config);
/// doctor_network.cpp. One question.
[[nodiscard]] setup::ResolverFacts look_at_resolver(const net::ResolverOptions& options, const std::string& name);
/// One connection, at most half a minute: a greeting is waited for, then QUIT. `target`: "" for the smarthost, where
/// there is one.
[[nodiscard]] setup::OutboundFacts look_outside(const app::Config& config, const std::string& target);

}  // namespace cas::cmd
