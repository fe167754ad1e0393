// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A disk that lies: an SQLite VFS over the real one that knows what was synced. after_power_failure() gives the files
// as a power failure would leave them: what was synced, plus any part of what was not. It can also be full, or fail to
// sync.
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

namespace cas::store {

/// While it lives it is SQLite's default VFS. One at a time.
class LyingDisk {
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
  ~LyingDisk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }
  LyingDisk(const LyingDisk&) = delete;
  LyingDisk& operator=(const LyingDisk&) = delete;

  std::atomic<bool> full = false;        // writes to the log give SQLITE_FULL
  std::atomic<bool> sync_fails = false;  // syncs give SQLITE_IOERR_FSYNC

  [[nodiscard]] int syncs() const {
    const std::scoped_lock lock(mutex_);
    return syncs_;
  }

  /// Writes the files under their names into `directory`. Each write that was not synced got there or not, by `seed`.
  void after_power_failure(const std::filesystem::path& directory, unsigned seed) const {
    const std::scoped_lock lock(mutex_);
    std::mt19937 dice(seed);
    for (const auto& [path, disk] : disks_) {
      std::string octets = disk.synced;
      for (const auto& change : disk.unsynced) {
        if (dice() % 2 == 0) apply(change, octets);
      }
      std::ofstream(directory / std::filesystem::path(path).filename(), std::ios::binary) << octets;
    }
  }

 private:
  struct Change {
    std::size_t offset;
    std::string octets;
    bool truncates;
  };
  struct Disk {
    std::string synced;
    std::vector<Change> unsynced;
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
    Disk& disk = file->owner->disks_[*file->path];
    for (const auto& change : disk.unsynced) apply(change, disk.synced);
    disk.unsynced.clear();
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
  std::map<std::string, Disk> disks_;
  int syncs_ = 0;
};

}  // namespace cas::store
