// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See disk.hpp.
#include "store/disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace cas::store {

std::unexpected<Error> disk_error(const std::filesystem::path& file, std::string_view doing, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  std::string reason = file.string();
  reason.append(": ").append(doing).append(": ").append(std::system_category().message(error));
  return transient(full ? "insufficient system storage" : "storage is not available", std::move(reason));
}

Result<int> Disk::create(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return disk_error(file, "cannot be created", errno);
  return fd;
}

Result<void> Disk::reserve(int fd, const std::filesystem::path& file, std::uint64_t size) {
  if (::fallocate(fd, 0, 0, static_cast<off_t>(size)) == 0) return {};
  if (errno == EOPNOTSUPP || errno == ENOSYS || errno == EINTR) return {};  // a sync costs more then, that is all
  return disk_error(file, "no room for it", errno);
}

Result<void> Disk::write(int fd, const std::filesystem::path& file, std::string_view octets, std::uint64_t offset) {
  while (!octets.empty()) {
    const auto written = ::pwrite(fd, octets.data(), octets.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return disk_error(file, "cannot be written", written == 0 ? ENOSPC : errno);
    octets.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Result<void> Disk::sync(int fd, const std::filesystem::path& file) {
  if (::fdatasync(fd) == 0) return {};
  return disk_error(file, "cannot be synced", errno);
}

Result<void> Disk::sync_directory(const std::filesystem::path& directory) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return disk_error(directory, "cannot be opened", errno);
  const int failed = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  if (failed != 0) return disk_error(directory, "cannot be synced", failed);
  return {};
}

Disk& real_disk() {
  static Disk disk;
  return disk;
}

}  // namespace cas::store
