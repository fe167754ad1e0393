// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas serve` and `cas config check`.
#include <sys/resource.h>
#include <sysexits.h>

#include <cstdio>

#include "app/server.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

int show(const std::vector<app::ConfigError>& errors) {
  for (const auto& error : errors) std::fprintf(stderr, "%s\n", error.text().c_str());
  if (errors.size() > 1) std::fprintf(stderr, "%zu errors\n", errors.size());
  return EX_CONFIG;
}

}  // namespace

int serve(const std::filesystem::path& file) {
  auto manager = net::ServiceManager::of_this_process();
  auto handed = net::HandedSockets::of_this_process();
  if (!handed) return complain(EX_CONFIG, printable(handed.error().private_reason));
  auto config = app::load_config(file);
  if (!config) return show(config.error());
  auto server = app::Server::create(*std::move(config), std::move(manager), *std::move(handed));
  if (server) return (*server)->run();
  for (const auto& line : server.error().lines) std::fprintf(stderr, "%s\n", line.c_str());
  return server.error().exit_code;
}

int check_config(const std::filesystem::path& file) {
  const auto config = app::load_config(file);
  if (!config) return show(config.error());
  auto doubts = app::doubts_of(*config);
  rlimit limit{};  // the hard one: the server takes all that it may
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max != RLIM_INFINITY) {
    if (auto doubt = app::doubt_of_files(*config, limit.rlim_max)) doubts.push_back(*std::move(doubt));
  }
  for (const auto& doubt : doubts) std::fprintf(stderr, "warning: %s\n", doubt.text().c_str());
  print(file.string() + ": good\n");
  return EX_OK;
}

}  // namespace cas::cmd
