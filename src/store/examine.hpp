// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Whether a store on disk is sound, without changing anything: also while a server works with it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace cas::store {

struct ExamineOptions {
  bool deep = false;                                   // SQLite's integrity_check, all bodies, whatever the size
  std::uint64_t check_up_to = std::uint64_t{1} << 30;  // octets; a larger database is not looked through unless deep
  std::chrono::milliseconds time{5000};                // for bodies, unless deep
};

struct Examination {
  bool looked_through = true;       // false: too large
  std::vector<std::string> damage;  // 20 at most
  std::uint64_t pieces = 0;         // bodies' pieces whose checksums were compared
  bool all_pieces = true;
};

/// Opens the file for reading alone. Permanent error: it cannot be opened, or is none of ours (with its reason); what
/// is damaged inside is no error. A piece that the server gives up meanwhile is no damage.
[[nodiscard]] Result<Examination> examine(const std::filesystem::path& file, const ExamineOptions& options);

}  // namespace cas::store
