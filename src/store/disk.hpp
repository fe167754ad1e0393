// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The few things that the segments of bodies ask of a file system, so that a test can be a disk that loses what was
// not synced, is full, or fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace cas::store {

/// The calls of the system, by descriptor. Errors are transient and name the file; ENOSPC and EDQUOT say
/// "insufficient system storage" to the peer.
class Disk {
 public:
  virtual ~Disk() = default;

  /// Creates a file of mode 0600 that must not exist, for writing. Its name is durable after sync_directory().
  [[nodiscard]] virtual Result<int> create(const std::filesystem::path& file);
  /// Makes it `size` octets long, with blocks behind them; where the file system cannot, nothing.
  [[nodiscard]] virtual Result<void> reserve(int fd, const std::filesystem::path& file, std::uint64_t size);
  /// All of it, or an error (then part of it may be there).
  [[nodiscard]] virtual Result<void> write(int fd, const std::filesystem::path& file, std::string_view octets,
                                           std::uint64_t offset);
  /// The content, and as much of the metadata as reading it takes.
  [[nodiscard]] virtual Result<void> sync(int fd, const std::filesystem::path& file);
  [[nodiscard]] virtual Result<void> sync_directory(const std::filesystem::path& directory);
};

/// The one of the machine.
[[nodiscard]] Disk& real_disk();

/// "FILE: DOING: what the system says", with what a peer may know of it.
[[nodiscard]] std::unexpected<Error> disk_error(const std::filesystem::path& file, std::string_view doing, int error);

}  // namespace cas::store
