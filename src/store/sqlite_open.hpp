// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From a path to connections that may be trusted: who may use the file, whether it is sound, how it is synced.
#pragma once

#include "store/sqlite.hpp"
#include "store/sqlite_database.hpp"

namespace cas::store {

/// While it lives, no other process (and nobody else in this one) opens the same store: two queues on one file would
/// deliver everything twice. The lock is flock(2) on FILE.lock; it ends with the process, however that ends.
class FileLock {
 public:
  [[nodiscard]] static Result<FileLock> take(const std::filesystem::path& file);
  FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

/// The writer's connection: creates the file (mode 0600) when it is absent, checks it, brings its schema up to date.
[[nodiscard]] Result<Database> open_writer(const SqliteOptions& options);
[[nodiscard]] Result<Database> open_reader(const SqliteOptions& options);
/// FILE.bodies, as the rows of the writer's connection name it. Permanent error: it cannot be used, or holds segments
/// while the database never had a body: they belong to another database, and nobody should lose them by a mistake.
[[nodiscard]] Result<std::unique_ptr<Segments>> open_segments(const SqliteOptions& options, Database& writer);

}  // namespace cas::store
