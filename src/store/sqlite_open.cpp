// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See sqlite_open.hpp.
#include "store/sqlite_open.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "store/sqlite_schema.hpp"

namespace cas::store {
namespace {

std::unexpected<Error> refuse(const std::filesystem::path& file, std::string_view what) {
  return permanent("storage is not available", file.string() + ": " + std::string(what));
}

std::unexpected<Error> refuse_errno(const std::filesystem::path& file, std::string_view doing, int error) {
  std::string what(doing);
  what.append(": ").append(std::system_category().message(error));
  if (error == EACCES || error == EPERM || error == EROFS) {
    what.append(": the user that runs cas must be able to read and write it and its directory");
  }
  if (error == ENOENT) what.append(": the directory must exist");
  return refuse(file, what);
}

/// The name must survive a power failure as the content does.
Result<void> sync_directory(const std::filesystem::path& file) {
  const auto directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return refuse_errno(directory, "cannot be opened", errno);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return refuse_errno(directory, "cannot be synced", failed);
  return {};
}

Result<void> create_or_find(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd >= 0) {
    ::close(fd);
    return sync_directory(file);
  }
  if (errno != EEXIST) return refuse_errno(file, "cannot be created", errno);
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return refuse(file, "is a directory, not a file");
  if (::faccessat(AT_FDCWD, file.c_str(), R_OK | W_OK, AT_EACCESS) != 0)
    return refuse_errno(file, "cannot be read and written", errno);
  return sync_directory(file);  // who created it may have ended before that
}

// synchronous FULL: the log is synced in every commit; NORMAL would lose acknowledged mail when the power fails.
constexpr const char* writer_settings = R"sql(
PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA temp_store = MEMORY;
PRAGMA secure_delete = FAST;
PRAGMA cache_size = -16384;
PRAGMA journal_size_limit = 67108864;
)sql";

constexpr const char* reader_settings = R"sql(
PRAGMA query_only = ON;
PRAGMA temp_store = MEMORY;
PRAGMA busy_timeout = 10000;
)sql";

Result<std::string> pragma(Database& db, std::string_view sql) {
  Query query = db.query(sql);
  CAS_TRY(const bool row, query.step());
  return row ? query.text_at(0) : std::string();
}

Result<void> check_integrity(Database& db, const SqliteOptions& options) {
  std::error_code error;
  const auto size = std::filesystem::file_size(options.file, error);
  if (error || size > options.check_up_to) return {};
  auto found = pragma(db, "PRAGMA quick_check(1)");
  if (found && *found == "ok") return {};
  if (!found && !db.failed_by_content()) return std::unexpected(found.error());
  return refuse(options.file, "is damaged: " + (found ? *found : found.error().private_reason) +
                                  ": restore a backup, or save what is left with `sqlite3 FILE .recover`");
}

/// SQLite counts every octet it allocates under one lock, for nobody: an eighth of what a small message costs. Refused
/// when SQLite was used before; then it counts on.
void count_no_memory() {
  static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

/// A crash in the very first write leaves the first segment; more than that is somebody's mail.
bool holds_later_segments(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (Segments::number_of(at->path().filename().string()) > 1) return true;
  }
  return false;
}

}  // namespace

Result<FileLock> FileLock::take(const std::filesystem::path& file) {
  auto path = file;
  path += ".lock";
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return refuse_errno(path, "cannot be created", errno);
  FileLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return refuse_errno(path, "cannot be locked", errno);
  return transient("storage is not available", file.string() +
                                                   " is in use by another process: only one cas may run on "
                                                   "it; stop the other one first");
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Database> open_writer(const SqliteOptions& options) {
  count_no_memory();
  CAS_CHECK(create_or_find(options.file));
  CAS_TRY(auto db, Database::open(options.file));
  CAS_CHECK(db.exec("PRAGMA busy_timeout = 10000"));
  CAS_CHECK(check_ours(db, options.file));
  CAS_CHECK(check_integrity(db, options));
  CAS_TRY(const auto mode, pragma(db, "PRAGMA journal_mode = WAL"));
  if (mode != "wal") return refuse(options.file, "its file system cannot hold a write-ahead log (a network share?)");
  CAS_CHECK(db.exec(writer_settings));
  CAS_CHECK(migrate(db));
  return db;
}

Result<Database> open_reader(const SqliteOptions& options) {
  CAS_TRY(auto db, Database::open(options.file));
  CAS_CHECK(db.exec(reader_settings));
  return db;
}

Result<std::unique_ptr<Segments>> open_segments(const SqliteOptions& options, Database& writer) {
  auto directory = options.file;
  directory += ".bodies";
  CAS_TRY(const auto bodies, pragma(writer, "SELECT seq FROM sqlite_sequence WHERE name = 'body'"));
  if (bodies.empty() && holds_later_segments(directory)) {
    return refuse(directory, "holds the bodies of another database than " + options.file.string() +
                                 ", which is new: put that database back, or move the directory away");
  }
  std::vector<NamedSegment> named;
  {
    Query query = writer.query(
        "SELECT segment, sum(size) FROM chunk WHERE segment IS NOT NULL GROUP BY segment ORDER BY segment");
    for (;;) {
      CAS_TRY(const bool row, query.step());
      if (!row) break;
      named.push_back({.segment = query.integer_at(0), .octets = static_cast<std::uint64_t>(query.integer_at(1))});
    }
  }
  return Segments::open({.directory = std::move(directory), .size = options.segment_size, .disk = options.disk}, named);
}

}  // namespace cas::store
