// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The store in one SQLite file, with larger bodies in a directory beside it (FILE.bodies): WAL, synchronous FULL, one
// writer thread that gathers concurrent writes into one transaction, readers on connections of their own.
#pragma once

#include <filesystem>
#include <memory>

#include "store/commit_counts.hpp"
#include "store/segments.hpp"
#include "store/store.hpp"

namespace cas::store {

struct SqliteOptions {
  std::filesystem::path file;
  std::size_t max_group = 256;     // writes in one commit
  std::size_t readers = 1;         // reader threads
  std::size_t max_pending = 4096;  // writes given and not committed; more are refused with a transient error
  std::uint64_t check_up_to = std::uint64_t{1} << 30;  // octets; a larger file is opened without an integrity check
  std::size_t small_chunk = 16384;  // octets; chunks above it lie in segments (docs/decisions/0009-bodies.md)
  std::uint64_t segment_size = std::uint64_t{64} << 20;
  Disk* disk = nullptr;             // of the segments; null: the machine's
  CommitCounts* commits = nullptr;  // told of each; outlives the store
};

/// Opens or creates it (mode 0600), brings its schema up to date, one version after the other, each in a transaction.
/// Permanent error: not a database, a schema newer than this program, an integrity fault, no permission; the private
/// reason names the file and what would be right. Transient error: another process has it open (FILE.lock).
[[nodiscard]] Result<std::unique_ptr<Store>> open_sqlite(const SqliteOptions& options);

}  // namespace cas::store
