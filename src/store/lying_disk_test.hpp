// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A disk that lies: an SQLite VFS over the real one, and the Disk of the segments, that know what was synced.
// after_power_failure() gives the files as a power failure would leave them: what was synced, plus any part of what was
// not; a file whose name was not synced is there or not. It can also be full, or fail to sync.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "store/disk.hpp"

namespace cas::store {

/// While it lives it is SQLite's default VFS. One at a time. Give it to the store as the disk of its segments too.
class LyingDisk final : public Disk {
 public:
  LyingDisk() : real_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *real_;
    vfs_.zName = "lying-disk";
    vfs_.pAppData = this;
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~LyingDisk() override {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  LyingDisk(const LyingDisk&) = delete;
  LyingDisk& operator=(const LyingDisk&) = delete;

  std::atomic<bool> full = false;        // writes to the log give SQLITE_FULL
  std::atomic<bool> sync_fails = false;  // syncs give SQLITE_IOERR_FSYNC
  std::atomic<bool> no_room = false;     // the segments can neither reserve nor write, or only a part
  std::atomic<bool> segment_sync_fails = false;

  [[nodiscard]] int syncs() const {
    const std::scoped_lock lock(mutex_);
    return syncs_;
  }

  /// Writes the files under their names into `directory`. Each write that was not synced got there or not, by `seed`.
  void after_power_failure(const std::filesystem::path& directory, unsigned seed) const {
    const std::scoped_lock lock(mutex_);
    std::mt19937 dice(seed);
    for (const auto& [path, disk] : disks_) {
      if (!disk.name_synced && dice() % 2 == 0) continue;
      std::string octets = disk.synced;
      for (const auto& change : disk.unsynced) {
        if (dice() % 2 == 0) apply(change, octets);
      }
      std::ofstream(place_of(path, directory), std::ios::binary) << octets;
    }
  }

  // ---- Of the segments ----

  Result<int> create(const std::filesystem::path& file) override {
    CAS_TRY(const int fd, Disk::create(file));
    const std::scoped_lock lock(mutex_);
    disks_[file.string()].name_synced = false;
    return fd;
  }
  Result<void> reserve(int fd, const std::filesystem::path& file, std::uint64_t size) override {
    if (no_room) return disk_error(file, "reserve", ENOSPC);
    return Disk::reserve(fd, file, size);
  }
  Result<void> write(int fd, const std::filesystem::path& file, std::string_view octets,
                     std::uint64_t offset) override {
    if (no_room) octets = octets.substr(0, octets.size() / 2);
    CAS_CHECK(Disk::write(fd, file, octets, offset));
    {
      const std::scoped_lock lock(mutex_);
      disks_[file.string()].unsynced.push_back(
          {.offset = static_cast<std::size_t>(offset), .octets = std::string(octets), .truncates = false});
    }
    return no_room ? disk_error(file, "write", ENOSPC) : Result<void>();
  }
  Result<void> sync(int, const std::filesystem::path& file) override {
    if (segment_sync_fails) return disk_error(file, "sync", EIO);
    const std::scoped_lock lock(mutex_);
    ++syncs_;
    settle(disks_[file.string()]);
    return {};
  }
  Result<void> sync_directory(const std::filesystem::path& directory) override {
    const std::scoped_lock lock(mutex_);
    for (auto& [path, disk] : disks_) {
      if (std::filesystem::path(path).parent_path() == directory) disk.name_synced = true;
    }
    return {};
  }

 private:
  struct Change {
    std::size_t offset;
    std::string octets;
    bool truncates;
  };
  struct Content {
    std::string synced;
    std::vector<Change> unsynced;
    bool name_synced = true;
  };
  struct File {
    sqlite3_file base;
    LyingDisk* owner;
    std::string* path;  // null: not watched
    [[nodiscard]] sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  static void apply(const Change& change, std::string& octets) {
    if (change.truncates) return octets.resize(change.offset);
    if (octets.size() < change.offset + change.octets.size()) octets.resize(change.offset + change.octets.size());
    octets.replace(change.offset, change.octets.size(), change.octets);
  }

  static void settle(Content& disk) {
    for (const auto& change : disk.unsynced) apply(change, disk.synced);
    disk.unsynced.clear();
  }

  /// A segment lies in a directory beside the database, a file of the database in `directory` itself.
  static std::filesystem::path place_of(const std::filesystem::path& path, const std::filesystem::path& directory) {
    const auto parent = path.parent_path().filename();
    if (!parent.string().ends_with(".bodies")) return directory / path.filename();
    std::filesystem::create_directory(directory / parent);
    return directory / parent / path.filename();
  }

  static File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static LyingDisk* disk_of(sqlite3_vfs* vfs) { return static_cast<LyingDisk*>(vfs->pAppData); }
  static bool is_log(const std::string& path) { return path.ends_with("-wal"); }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* out, int flags, int* out_flags) {
    File* file = file_of(out);
    file->owner = disk_of(vfs);
    file->path = nullptr;
    file->base.pMethods = nullptr;
    const int code = file->owner->real_->xOpen(file->owner->real_, name, file->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0) {
      file->path = new std::string(name);
      const std::scoped_lock lock(file->owner->mutex_);
      file->owner->disks_.try_emplace(name);
    }
    file->base.pMethods = &methods();
    return SQLITE_OK;
  }

  static int remove(sqlite3_vfs* vfs, const char* name, int sync_directory) {
    LyingDisk* disk = disk_of(vfs);
    {
      const std::scoped_lock lock(disk->mutex_);
      disk->disks_.erase(name);
    }
    return disk->real_->xDelete(disk->real_, name, sync_directory);
  }

  static int close(sqlite3_file* out) {
    File* file = file_of(out);
    delete file->path;
    return file->real()->pMethods->xClose(file->real());
  }

  void note(const File& file, Change change) {
    if (file.path == nullptr) return;
    const std::scoped_lock lock(mutex_);
    disks_[*file.path].unsynced.push_back(std::move(change));
  }

  static int write(sqlite3_file* out, const void* octets, int size, sqlite3_int64 offset) {
    File* file = file_of(out);
    if (file->owner->full && file->path != nullptr && is_log(*file->path)) return SQLITE_FULL;
    file->owner->note(*file, {.offset = static_cast<std::size_t>(offset),
                              .octets = std::string(static_cast<const char*>(octets), static_cast<std::size_t>(size)),
                              .truncates = false});
    return file->real()->pMethods->xWrite(file->real(), octets, size, offset);
  }

  static int truncate(sqlite3_file* out, sqlite3_int64 size) {
    File* file = file_of(out);
    file->owner->note(*file, {.offset = static_cast<std::size_t>(size), .octets = {}, .truncates = true});
    return file->real()->pMethods->xTruncate(file->real(), size);
  }

  /// The real disk is not asked: what counts is what is remembered here.
  static int sync(sqlite3_file* out, int) {
    File* file = file_of(out);
    if (file->owner->sync_fails) return SQLITE_IOERR_FSYNC;
    if (file->path == nullptr) return SQLITE_OK;
    const std::scoped_lock lock(file->owner->mutex_);
    Content& disk = file->owner->disks_[*file->path];
    settle(disk);
    ++file->owner->syncs_;
    return SQLITE_OK;
  }

  // The rest goes straight through.
  static int read(sqlite3_file* f, void* to, int size, sqlite3_int64 offset) {
    return file_of(f)->real()->pMethods->xRead(file_of(f)->real(), to, size, offset);
  }
  static int file_size(sqlite3_file* f, sqlite3_int64* size) {
    return file_of(f)->real()->pMethods->xFileSize(file_of(f)->real(), size);
  }
  static int lock(sqlite3_file* f, int level) { return file_of(f)->real()->pMethods->xLock(file_of(f)->real(), level); }
  static int unlock(sqlite3_file* f, int level) {
    return file_of(f)->real()->pMethods->xUnlock(file_of(f)->real(), level);
  }
  static int check_lock(sqlite3_file* f, int* out) {
    return file_of(f)->real()->pMethods->xCheckReservedLock(file_of(f)->real(), out);
  }
  static int control(sqlite3_file* f, int op, void* arg) {
    return file_of(f)->real()->pMethods->xFileControl(file_of(f)->real(), op, arg);
  }
  static int sector_size(sqlite3_file* f) { return file_of(f)->real()->pMethods->xSectorSize(file_of(f)->real()); }
  static int characteristics(sqlite3_file* f) {
    return file_of(f)->real()->pMethods->xDeviceCharacteristics(file_of(f)->real());
  }
  static int shm_map(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
    return file_of(f)->real()->pMethods->xShmMap(file_of(f)->real(), page, size, extend, out);
  }
  static int shm_lock(sqlite3_file* f, int offset, int n, int flags) {
    return file_of(f)->real()->pMethods->xShmLock(file_of(f)->real(), offset, n, flags);
  }
  static void shm_barrier(sqlite3_file* f) { file_of(f)->real()->pMethods->xShmBarrier(file_of(f)->real()); }
  static int shm_unmap(sqlite3_file* f, int remove_it) {
    return file_of(f)->real()->pMethods->xShmUnmap(file_of(f)->real(), remove_it);
  }

  static const sqlite3_io_methods& methods() {
    static const sqlite3_io_methods table = {
        2,         close,      read,    write,       truncate,        sync,    file_size, lock,
        unlock,    check_lock, control, sector_size, characteristics, shm_map, shm_lock,  shm_barrier,
        shm_unmap, nullptr,    nullptr};
    return table;
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_{};
  mutable std::mutex mutex_;
  std::map<std::string, Content> disks_;
  int syncs_ = 0;
};

}  // namespace cas::store
