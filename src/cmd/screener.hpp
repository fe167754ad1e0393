// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas screener`: each asks the running server. Exit statuses of sysexits.h.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cmd/commands.hpp"

namespace cas::cmd {

/// As given on the command line.
struct ScreenerOptions {
  AdminOptions admin;
  std::string mailbox, sender, mode, domain;
  std::string span = "15m";
  std::vector<std::filesystem::path> folders, sent;
  bool decided = false, unauthenticated = false, all = false, dry_run = false;
};
[[nodiscard]] int list_screener(const ScreenerOptions& options);
[[nodiscard]] int show_screener(const ScreenerOptions& options);
/// `action`: approve, block, undo. 65 when it is refused, such as an approval of a name that nothing proves.
[[nodiscard]] int decide_screener(const ScreenerOptions& options, const std::string& action);
[[nodiscard]] int clear_screener(const ScreenerOptions& options);
[[nodiscard]] int set_screening(const ScreenerOptions& options);
/// Reads folders here, and gives the server their addresses in batches. What cannot be read is named, and the rest is
/// taken.
[[nodiscard]] int seed_screener(const ScreenerOptions& options);
[[nodiscard]] int expect_mail(const ScreenerOptions& options);

}  // namespace cas::cmd
