// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Small files, whole: keys and certificates. Blocking: for start-up and tools.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace cas::app {

/// Permanent error that says why ("No such file or directory", "is a folder", "is larger than 64 KiB").
[[nodiscard]] Result<std::string> read_small_file(const std::filesystem::path& file);

/// The same for files that may be larger.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& file, std::size_t largest);

/// Name, time and size of a file: another text when it was replaced.
[[nodiscard]] std::string stamp_of(const std::filesystem::path& file);

/// The one line of a file that holds a password. Permanent error also when it is empty, longer or more than one; no
/// error shows what is in it.
[[nodiscard]] Result<std::string> read_password(const std::filesystem::path& file);

/// Writes a file that must not exist yet, mode 0600, synced. What was written of it is removed when that fails.
[[nodiscard]] Result<void> write_new_file(const std::filesystem::path& file, std::string_view octets);

}  // namespace cas::app
