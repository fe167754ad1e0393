// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See made_files.hpp.
#include "cmd/made_files.hpp"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ranges>
#include <system_error>

#include "app/files.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

namespace fs = std::filesystem;

std::unexpected<Error> cannot(const fs::path& path, const std::string& why) {
  return permanent(printable(path.string()) + " cannot be made: " + why);
}

std::unexpected<Error> cannot(const fs::path& path, int number) {
  return cannot(path, std::generic_category().message(number));
}

int sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno;
  const int number = ::fsync(fd) == 0 ? 0 : errno;
  ::close(fd);
  return number;
}

// By the descriptor: in a folder of somebody else a name may be another file by now.
int give(int fd, mode_t mode, const std::optional<Owner>& owner) {
  if (owner && ::fchown(fd, owner->user, owner->group) != 0) return errno;
  return ::fchmod(fd, mode) == 0 ? 0 : errno;
}

int write_draft(const fs::path& draft, std::string_view octets, mode_t mode, const std::optional<Owner>& owner) {
  constexpr mode_t ours_alone = 0600;
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, ours_alone);
  if (fd < 0) return errno;
  int number = 0;
  while (!octets.empty() && number == 0) {
    const auto written = ::write(fd, octets.data(), octets.size());
    if (written >= 0) octets.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) number = errno;
  }
  if (number == 0) number = give(fd, mode, owner);
  if (number == 0 && ::fsync(fd) != 0) number = errno;
  if (::close(fd) != 0 && number == 0) number = errno;
  return number;
}

// Never over a file that exists, also where the file system knows no RENAME_NOREPLACE.
int move_into_place(const fs::path& draft, const fs::path& file) {
  if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  if (::link(draft.c_str(), file.c_str()) != 0) return errno;
  return ::unlink(draft.c_str()) == 0 ? 0 : errno;
}

}  // namespace

MadeFiles::~MadeFiles() {
  if (!kept_) undo();
}

Result<void> MadeFiles::write(const fs::path& file, std::string_view octets, mode_t mode, std::optional<Owner> owner) {
  const fs::path draft = file.parent_path() / ("." + file.filename().string() + ".new");
  ::unlink(draft.c_str());  // what a run that was killed left behind: nobody's
  int number = write_draft(draft, octets, mode, owner);
  if (number == 0) number = move_into_place(draft, file);
  if (number != 0) {
    ::unlink(draft.c_str());
    return cannot(file, number);
  }
  made_.push_back(file);
  if ((number = sync_folder(file.parent_path())) != 0) return cannot(file, number);
  return {};
}

Result<void> MadeFiles::folder(const fs::path& folder, mode_t mode, std::optional<Owner> owner) {
  std::error_code fault;
  if (fs::is_directory(folder, fault)) return {};
  constexpr mode_t usual = 0755;
  const auto around = folder.parent_path();
  if (around != folder && !around.empty() && !fs::is_directory(around, fault)) {
    CAS_CHECK(this->folder(around, usual, std::nullopt));
  }
  if (::mkdir(folder.c_str(), mode) != 0) return cannot(folder, errno);
  made_.push_back(folder);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return cannot(folder, errno);
  const int number = give(fd, mode, owner);  // whatever the umask is
  ::close(fd);
  return number == 0 ? Result<void>() : cannot(folder, number);
}

std::vector<fs::path> MadeFiles::undo() {
  std::vector<fs::path> left;
  for (const auto& path : made_ | std::views::reverse) {
    if (::remove(path.c_str()) != 0 && errno != ENOENT) left.push_back(path);
  }
  made_.clear();
  return left;
}

}  // namespace cas::cmd
