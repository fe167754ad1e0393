// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Small files on system calls, for the sake of exact modes and reasons.
#include "app/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "app/descriptor.hpp"

namespace cas::app {

namespace {

constexpr std::size_t largest_small = 65536;
constexpr std::size_t piece = 65536;

std::string reason(int number) {
  return std::generic_category().message(number);
}

bool write_all(int fd, std::string_view octets) {
  while (!octets.empty()) {
    const auto n = ::write(fd, octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    octets.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

}  // namespace

Result<std::string> read_small_file(const std::filesystem::path& file) {
  return read_file(file, largest_small);
}

Result<std::string> read_file(const std::filesystem::path& file, std::size_t largest) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (descriptor.get() < 0) return permanent(reason(errno));
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) return permanent(reason(errno));
  if (!S_ISREG(status.st_mode)) return permanent(S_ISDIR(status.st_mode) ? "is a folder" : "is no file");
  std::string octets;
  while (octets.size() <= largest) {
    const std::size_t size = octets.size();
    octets.resize(size + piece);
    const auto n = ::read(descriptor.get(), octets.data() + size, piece);
    const int number = errno;
    octets.resize(size + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && number == EINTR) continue;
    if (n < 0) return permanent(reason(number));
    if (n == 0) return octets;
  }
  return permanent("is larger than " + std::to_string(largest / 1024) + " KiB");
}

std::string stamp_of(const std::filesystem::path& file) {
  struct stat found{};
  std::string stamp = file.string() + " ";
  if (::stat(file.c_str(), &found) == 0) {
    for (const auto number :
         {static_cast<std::int64_t>(found.st_ino), static_cast<std::int64_t>(found.st_size),
          static_cast<std::int64_t>(found.st_mtim.tv_sec), static_cast<std::int64_t>(found.st_mtim.tv_nsec)}) {
      stamp += std::to_string(number) + " ";
    }
  }
  return stamp + "\n";
}

Result<std::string> read_password(const std::filesystem::path& file) {
  CAS_TRY(std::string password, read_small_file(file));
  if (password.ends_with('\n')) password.pop_back();
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return permanent("holds no password");
  if (password.size() > 512) return permanent("holds more than a password");
  if (password.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    return permanent("holds more than one line");
  }
  return password;
}

Result<void> write_new_file(const std::filesystem::path& file, std::string_view octets) {
  const Descriptor descriptor(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (descriptor.get() < 0) return permanent(reason(errno));
  if (write_all(descriptor.get(), octets)) return {};
  const int number = errno;
  ::unlink(file.c_str());
  return permanent(reason(number));
}

}  // namespace cas::app
