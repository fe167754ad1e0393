// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key files on system calls, relative to the opened folder.
#include "app/key_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "app/descriptor.hpp"
#include "app/files.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

namespace fs = std::filesystem;

std::string reason(int number) {
  return std::generic_category().message(number);
}

std::unexpected<Error> refused(const fs::path& path, int number) {
  return permanent(printable(path.string()) + ": " + reason(number));
}

// As root: to whom the folder around it belongs.
bool give(int fd, int folder) {
  struct stat status{};
  if (::geteuid() != 0) return true;
  return ::fstat(folder, &status) == 0 && ::fchown(fd, status.st_uid, status.st_gid) == 0;
}

// The folder `name` in `parent`, made where it is missing.
Result<int> open_folder(int parent, const char* name, const fs::path& path) {
  constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  const bool made = ::mkdirat(parent, name, 0700) == 0;
  if (!made && errno != EEXIST) return refused(path, errno);
  Descriptor folder(::openat(parent, name, flags));
  if (folder.get() < 0) return refused(path, errno);
  if (made && (!give(folder.get(), parent) || ::fsync(parent) != 0)) return refused(path, errno);
  return folder.release();
}

KeyFault fault_of(const fs::path& file, std::string problem, std::string mend) {
  return KeyFault{.file = file, .problem = std::move(problem), .mend = std::move(mend)};
}

std::expected<SigningKey, KeyFault> read_key(const fs::path& file) {
  const auto name = parse_file_name(file.filename().string());
  if (!name) {
    return std::unexpected(fault_of(file, "is no name of a signing key",
                                    "call it SELECTOR.pem, .next.pem or .old.pem, the selector in lower-case letters, "
                                    "digits and hyphens, or move it away"));
  }
  struct stat status{};
  const auto pem = read_small_file(file);
  if (!pem || ::stat(file.c_str(), &status) != 0) {
    return std::unexpected(fault_of(file, "cannot be read: " + (pem ? reason(errno) : pem.error().private_reason),
                                    "let the user who reads it now read it, or move it away"));
  }
  auto key = crypto::PrivateKey::from_pem(*pem);
  if (!key) {
    return std::unexpected(fault_of(file, "cannot be used: " + printable(key.error().private_reason),
                                    "put a PEM file with an Ed25519 or RSA key (2048 to 4096 bits) there, or move it "
                                    "away; `cas keys generate` makes one"));
  }
  const TimePoint changed{std::chrono::seconds(status.st_mtim.tv_sec)};
  const auto created = day_of(name->selector).value_or(std::chrono::floor<std::chrono::days>(changed));
  KeyFacts facts{
      .selector = name->selector, .type = key->type(), .state = name->state, .created = created, .changed = changed};
  return SigningKey{.facts = std::move(facts), .key = *std::move(key)};
}

std::string name_of(const SigningKey& key) {
  return file_name({.selector = key.facts.selector, .state = key.facts.state});
}

// Somebody copied where a rename was meant: which of the two states is right, only people know.
void find_twins(const fs::path& folder, DomainKeys& found) {
  for (std::size_t n = 1; n < found.keys.size(); ++n) {
    if (found.keys[n].facts.selector != found.keys[n - 1].facts.selector) continue;
    found.faults.push_back(fault_of(folder / name_of(found.keys[n]),
                                    "has the selector of " + name_of(found.keys[n - 1]) + " too",
                                    "move one of the two away"));
  }
}

}  // namespace

std::vector<KeyFacts> DomainKeys::facts() const {
  std::vector<KeyFacts> all;
  all.reserve(keys.size());
  for (const auto& key : keys) all.push_back(key.facts);
  return all;
}

DomainKeys read_keys(const fs::path& keys_dir, const Domain& domain) {
  DomainKeys found;
  const fs::path folder = keys_dir / domain.text();
  std::error_code fault;
  std::vector<fs::path> files;
  for (fs::directory_iterator it(folder, fault), end; !fault && it != end; it.increment(fault)) {
    const std::string name = it->path().filename().string();
    if (name.ends_with(".pem") && !name.starts_with('.')) files.push_back(it->path());
  }
  if (fault && fault != std::errc::no_such_file_or_directory) {
    found.faults.push_back(
        fault_of(folder, "cannot be read: " + fault.message(), "let the user who reads it now read it"));
  }
  std::ranges::sort(files);
  for (const auto& file : files) {
    auto key = read_key(file);
    if (key) {
      found.keys.push_back(*std::move(key));
    } else {
      found.faults.push_back(std::move(key).error());
    }
  }
  std::ranges::sort(found.keys, {}, [](const SigningKey& key) { return key.facts.selector; });
  find_twins(folder, found);
  return found;
}

std::expected<std::vector<Domain>, KeyFault> key_domains(const fs::path& keys_dir) {
  std::vector<Domain> domains;
  std::error_code fault;
  for (fs::directory_iterator it(keys_dir, fault), end; !fault && it != end; it.increment(fault)) {
    const std::string name = it->path().filename().string();
    std::error_code unknown;  // a link to nowhere is no folder
    if (name.starts_with('.') || !it->is_directory(unknown)) continue;
    auto domain = Domain::parse(name);
    if (!domain || domain->text() != name) {
      return std::unexpected(fault_of(it->path(), "is no domain as CAS spells it",
                                      "call it by its domain in lower case, without a final dot, or move it away"));
    }
    domains.push_back(*std::move(domain));
  }
  if (fault && fault != std::errc::no_such_file_or_directory) {
    return std::unexpected(fault_of(keys_dir, "cannot be read: " + fault.message(),
                                    "be root or the user that the server runs as, or say where the keys are"));
  }
  std::ranges::sort(domains);
  return domains;
}

// ---- Changing ----

Result<KeyFolder> KeyFolder::open(const fs::path& keys_dir, const Domain& domain) {
  std::error_code fault;
  const auto top = fs::absolute(keys_dir, fault).lexically_normal();
  const auto clean = top.has_filename() ? top : top.parent_path();
  const Descriptor parent(::open(clean.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.get() < 0) return refused(clean.parent_path(), errno);
  CAS_TRY(const int keys_fd, open_folder(parent.get(), clean.filename().c_str(), clean));
  const Descriptor keys(keys_fd);
  const fs::path folder = clean / domain.text();
  CAS_TRY(const int fd, open_folder(keys.get(), domain.text().c_str(), folder));
  KeyFolder opened(folder, fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return opened;
  if (errno != EWOULDBLOCK) return refused(folder, errno);
  return transient("another command is at work in " + printable(folder.string()));
}

KeyFolder::KeyFolder(KeyFolder&& other) noexcept
    : folder_(std::move(other.folder_)), fd_(std::exchange(other.fd_, -1)) {}

KeyFolder::~KeyFolder() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> KeyFolder::add(const KeyName& name, const std::string& pem) const {
  // With a dot in front it is nobody's key: what a crash leaves of it is no fault, and the next one takes its place.
  const std::string target = file_name(name), draft = "." + target;
  if (::unlinkat(fd_, draft.c_str(), 0) != 0 && errno != ENOENT) return refused(folder_ / draft, errno);
  if (auto written = write_new_file(folder_ / draft, pem); !written) {
    return permanent(printable((folder_ / draft).string()) + ": " + written.error().private_reason);
  }
  const Descriptor file(::openat(fd_, draft.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 || !give(file.get(), fd_)) return refused(folder_ / draft, errno);
  auto moved = move(draft, target);
  if (!moved) ::unlinkat(fd_, draft.c_str(), 0);
  return moved;
}

Result<void> KeyFolder::take(const KeyStep& step) const {
  const std::string from = file_name({.selector = step.selector, .state = step.from});
  const std::string to = file_name({.selector = step.selector, .state = step.to});
  // Before the rename: an old key never looks as if it had been old for long.
  if (step.to == KeyState::Old && ::utimensat(fd_, from.c_str(), nullptr, 0) != 0) {
    return refused(folder_ / from, errno);
  }
  return move(from, to);
}

Result<void> KeyFolder::remove(const KeyName& name) const {
  const std::string file = file_name(name);
  if (::unlinkat(fd_, file.c_str(), 0) != 0 || ::fsync(fd_) != 0) return refused(folder_ / file, errno);
  return {};
}

Result<void> KeyFolder::move(const std::string& from, const std::string& to) const {
  int done = ::renameat2(fd_, from.c_str(), fd_, to.c_str(), RENAME_NOREPLACE);
  if (done != 0 && (errno == EINVAL || errno == ENOSYS)) {  // a file system that cannot: the lock has to do
    done = ::faccessat(fd_, to.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0
               ? (errno = EEXIST, -1)
               : ::renameat(fd_, from.c_str(), fd_, to.c_str());
  }
  if (done != 0) return refused(folder_ / to, errno);
  if (::fsync(fd_) != 0) return refused(folder_, errno);
  return {};
}

}  // namespace cas::app
