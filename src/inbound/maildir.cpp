// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Maildir delivery.
#include "inbound/maildir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cas::inbound {

namespace {

std::unexpected<Error> failure(const std::string& what, const std::filesystem::path& path, int error) {
  return transient("mailbox is not available", what + " " + path.string() + ": " + std::strerror(error));
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failure("open", folder, errno);
  const int result = ::fsync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) return failure("fsync", folder, error);
  return {};
}

// A folder that was just made is durable only when its parent was synced.
Result<void> make_folder(const std::filesystem::path& folder) {
  if (::mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno == EEXIST) return {};
  if (errno != ENOENT || !folder.has_relative_path()) return failure("mkdir", folder, errno);
  CAS_CHECK(make_folder(folder.parent_path()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failure("mkdir", folder, errno);
  return sync_folder(folder.parent_path());
}

// What a reader has moved into cur/: NAME, or NAME:2,FLAGS.
Result<std::optional<std::filesystem::path>> find_seen(const std::filesystem::path& folder, const std::string& name) {
  using Found = std::optional<std::filesystem::path>;
  std::error_code error;
  std::filesystem::directory_iterator cur(folder / "cur", error);
  if (error == std::errc::no_such_file_or_directory) return Found();
  if (error) return failure("read", folder / "cur", error.value());
  for (; cur != std::filesystem::directory_iterator(); cur.increment(error)) {
    if (error) return failure("read", folder / "cur", error.value());
    const std::string file = cur->path().filename().string();
    if (file == name || file.starts_with(name + ":")) return Found(cur->path());
  }
  return Found();
}

// Where it is in that folder of the Maildir.
Result<std::optional<std::filesystem::path>> find_file(const std::filesystem::path& folder, const std::string& name) {
  const auto fresh = folder / "new" / name;
  std::error_code error;
  if (std::filesystem::exists(fresh, error)) return std::optional(fresh);
  return find_seen(folder, name);
}

std::filesystem::path folder_path(const std::filesystem::path& maildir, std::string_view folder) {
  return folder.empty() ? maildir : maildir / folder;
}

}  // namespace

Result<bool> move_maildir_file(const std::filesystem::path& maildir, const std::string& name, std::string_view from,
                               std::string_view to) {
  CAS_TRY(const auto there, find_file(folder_path(maildir, from), name));
  if (!there) return false;
  const auto target = folder_path(maildir, to);
  for (const char* part : {"tmp", "new", "cur"}) CAS_CHECK(make_folder(target / part));
  if (::rename(there->c_str(), (target / "new" / name).c_str()) != 0) {
    if (errno == ENOENT) return false;  // its reader was faster
    return failure("rename", target / "new" / name, errno);
  }
  CAS_CHECK(sync_folder(target / "new"));
  CAS_CHECK(sync_folder(there->parent_path()));
  return true;
}

Result<bool> has_maildir_file(const std::filesystem::path& maildir, const std::string& name, std::string_view folder) {
  CAS_TRY(const auto there, find_file(folder_path(maildir, folder), name));
  return there.has_value();
}

Result<bool> remove_maildir_file(const std::filesystem::path& maildir, const std::string& name,
                                 std::string_view folder) {
  CAS_TRY(const auto there, find_file(folder_path(maildir, folder), name));
  if (!there) return false;
  if (::unlink(there->c_str()) != 0 && errno != ENOENT) return failure("unlink", *there, errno);
  CAS_CHECK(sync_folder(there->parent_path()));
  return true;
}

MaildirFile::MaildirFile(std::filesystem::path maildir, std::string name, std::string_view folder)
    : inbox_(std::move(maildir)), maildir_(folder.empty() ? inbox_ : inbox_ / folder), name_(std::move(name)) {}

MaildirFile::~MaildirFile() {
  if (fd_ < 0) return;
  ::close(fd_);
  ::unlink((maildir_ / "tmp" / name_).c_str());
}

Result<bool> MaildirFile::exists() const {
  std::error_code error;
  if (std::filesystem::exists(maildir_ / "new" / name_, error)) {
    CAS_CHECK(sync_folder(maildir_ / "new"));  // who renamed it may have ended before that
    return true;
  }
  CAS_TRY(const auto seen, find_seen(maildir_, name_));
  return seen.has_value();
}

Result<void> MaildirFile::open() {
  // Readers take a folder for a Maildir only when it has all three.
  for (const char* part : {"tmp", "new", "cur"}) CAS_CHECK(make_folder(inbox_ / part));
  if (maildir_ != inbox_) {
    for (const char* part : {"tmp", "new", "cur"}) CAS_CHECK(make_folder(maildir_ / part));
  }
  const auto path = maildir_ / "tmp" / name_;
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd_ < 0) return failure("open", path, errno);
  return {};
}

Result<void> MaildirFile::write(std::string_view octets) {
  std::string text;
  text.reserve(octets.size() + 1);
  if (cr_pending_ && !octets.empty() && octets.front() != '\n') text += '\r';
  if (!octets.empty()) cr_pending_ = false;
  std::size_t from = 0;
  while (from < octets.size()) {
    const std::size_t cr = octets.find('\r', from);
    text += octets.substr(from, cr - from);
    if (cr == std::string_view::npos) break;
    if (cr + 1 == octets.size()) {
      cr_pending_ = true;
    } else if (octets[cr + 1] != '\n') {
      text += '\r';
    }
    from = cr + 1;
  }
  return write_all(text);
}

Result<void> MaildirFile::write_all(std::string_view octets) {
  while (!octets.empty()) {
    const ssize_t written = ::write(fd_, octets.data(), octets.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure("write", maildir_ / "tmp" / name_, errno);
    octets.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> MaildirFile::commit() {
  const auto tmp = maildir_ / "tmp" / name_;
  const auto target = maildir_ / "new" / name_;
  if (::fsync(fd_) != 0) return failure("fsync", tmp, errno);
  // The name is ours alone, so renaming over it replaces nothing but an earlier try of the same delivery.
  if (::rename(tmp.c_str(), target.c_str()) != 0) return failure("rename", target, errno);
  ::close(fd_);
  fd_ = -1;
  return sync_folder(target.parent_path());
}

}  // namespace cas::inbound
