// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Files, disks, the store and the certificate, as they are.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "base/encoding.hpp"
#include "cmd/doctor.hpp"
#include "net/certificate.hpp"
#include "net/tls.hpp"
#include "store/examine.hpp"

namespace cas::cmd {

namespace {

namespace fs = std::filesystem;
using Kind = setup::FileFacts::Kind;
using Clock = std::chrono::steady_clock;

std::string reason(int number) {
  return std::generic_category().message(number);
}

setup::FileFacts look(const fs::path& path, Kind kind) {
  setup::FileFacts facts{.path = path.string(), .kind = kind, .fault = {}};
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    facts.exists = errno != ENOENT && errno != ENOTDIR;
    if (facts.exists) facts.fault = reason(errno);
    return facts;
  }
  facts.is_folder = S_ISDIR(found.st_mode);
  facts.mode = found.st_mode & 07777;
  facts.user = found.st_uid;
  facts.group = found.st_gid;
  return facts;
}

void add_folder_of_keys(const fs::path& folder, std::vector<setup::FileFacts>& files) {
  std::error_code fault;
  if (!fs::exists(folder, fault) && !fault) return;
  files.push_back(look(folder, Kind::State));
  std::vector<fs::path> keys;
  for (fs::directory_iterator it(folder, fault), end; !fault && it != end; it.increment(fault)) {
    if (it->path().extension() == ".pem") keys.push_back(it->path());
  }
  if (fault) files.back().fault = fault.message();
  std::ranges::sort(keys);
  for (const auto& key : keys) files.push_back(look(key, Kind::Secret));
}

struct KnownKind {
  std::uint32_t number;
  const char* name;
};
constexpr std::array kinds{
    KnownKind{0x01021994, "tmpfs"}, KnownKind{0x858458f6, "ramfs"}, KnownKind{0x794c7630, "overlay"},
    KnownKind{0x6969, "nfs"},       KnownKind{0xff534d42, "cifs"},  KnownKind{0xfe534d42, "smb2"},
    KnownKind{0x01021997, "9p"},    KnownKind{0x65735546, "fuse"},  KnownKind{0xef53, "ext"},
    KnownKind{0x58465342, "xfs"},   KnownKind{0x9123683e, "btrfs"}, KnownKind{0x2fc12fc1, "zfs"},
    KnownKind{0xf2f52010, "f2fs"}};

std::string kind_of(const fs::path& folder) {
  struct statfs found{};
  if (::statfs(folder.c_str(), &found) != 0) return "unknown";
  const auto number = static_cast<std::uint32_t>(found.f_type);
  const auto* const known = std::ranges::find(kinds, number, &KnownKind::number);
  return known == kinds.end() ? "unknown" : known->name;
}

/// A file that has no name, or none any more.
int open_scratch(const fs::path& folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return fd;
  std::string name = (folder / ".doctor-XXXXXX").string();
  fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(name.c_str());
  return fd;
}

void measure_syncs(const fs::path& folder, setup::DiskFacts& facts) {
  constexpr std::chrono::milliseconds at_most{1500};
  constexpr int enough = 500;
  const int fd = open_scratch(folder);
  if (fd < 0) {
    facts.sync_fault = reason(errno);
    return;
  }
  const std::array<char, 4096> page{};
  const auto begun = Clock::now();
  int done = 0;
  while (done < enough && Clock::now() - begun < at_most) {
    const bool synced =
        ::write(fd, page.data(), page.size()) == static_cast<ssize_t>(page.size()) && ::fdatasync(fd) == 0;
    if (!synced) {
      facts.sync_fault = reason(errno);
      break;
    }
    ++done;
  }
  const std::chrono::duration<double> took = Clock::now() - begun;
  if (done > 0 && took.count() > 0) facts.syncs_per_second = done / took.count();
  ::close(fd);
}

/// The folder, or the nearest above it that is there.
fs::path nearest_there(fs::path folder) {
  std::error_code fault;
  while (!fs::exists(folder, fault) && folder.has_parent_path() && folder != folder.parent_path()) {
    folder = folder.parent_path();
  }
  return folder;
}

setup::DiskFacts look_at_disk(const fs::path& folder, std::uint64_t reserve, bool measure) {
  setup::DiskFacts facts;
  facts.path = folder.string();
  facts.reserve = reserve;
  const fs::path there = nearest_there(folder);
  struct statvfs found{};
  if (::statvfs(there.c_str(), &found) != 0) {
    facts.fault = reason(errno);
    return facts;
  }
  facts.free = std::uint64_t{found.f_bavail} * found.f_frsize;
  facts.free_inodes = found.f_favail;
  facts.inodes = found.f_files;
  facts.kind = kind_of(there);
  if (measure && there == folder) measure_syncs(folder, facts);
  return facts;
}

std::optional<dev_t> device_of(const fs::path& folder) {
  struct stat found{};
  if (::stat(nearest_there(folder).c_str(), &found) != 0) return std::nullopt;
  return found.st_dev;
}

}  // namespace

std::vector<setup::FileFacts> look_at_files(const app::Config& config) {
  std::vector<setup::FileFacts> files;
  files.push_back(look(config.file, Kind::Config));
  files.back().holds_passwords = !config.users.empty();
  if (!config.tls_certificate.empty()) files.push_back(look(config.tls_certificate, Kind::Certificate));
  if (!config.tls_key.empty()) files.push_back(look(config.tls_key, Kind::Secret));
  std::error_code fault;
  if (fs::exists(config.keys_dir, fault)) files.push_back(look(config.keys_dir, Kind::State));
  for (const auto& domain : config.domains) {
    for (const auto& signing : domain.signing) files.push_back(look(signing.key, Kind::Secret));
    if (domain.signing.empty()) add_folder_of_keys(config.keys_dir / domain.name.text(), files);
    if (!domain.maildir.empty()) files.push_back(look(domain.maildir, Kind::Mail));
  }
  const auto add_password = [&](const app::NextHopConfig& hop) {
    if (!hop.password_file.empty()) files.push_back(look(hop.password_file, Kind::Secret));
  };
  if (config.outbound.smarthost) add_password(*config.outbound.smarthost);
  for (const auto& transport : config.outbound.transports) add_password(transport.next_hop);
  files.push_back(look(config.state_dir, Kind::State));
  for (const char* name : {"cas.db", "cas.db-wal", "cas.db-shm", "cas.db.lock", "cas.db.bodies"}) {
    auto facts = look(config.state_dir / name, Kind::State);
    if (facts.exists) files.push_back(std::move(facts));
  }
  return files;
}

std::vector<setup::SigningFacts> look_at_keys(const app::Config& config) {
  std::vector<setup::SigningFacts> all;
  for (const auto& domain : config.domains) {
    setup::SigningFacts facts{.domain = domain.name.text(), .active = domain.signing.size()};
    if (domain.signing.empty()) {
      for (const auto& key : app::read_keys(config.keys_dir, domain.name).keys) {
        facts.active += key.facts.state == app::KeyState::Active ? 1 : 0;
        facts.waiting += key.facts.state == app::KeyState::Next ? 1 : 0;
      }
    }
    all.push_back(std::move(facts));
  }
  return all;
}

std::vector<setup::DiskFacts> look_at_disks(const app::Config& config) {
  std::vector<setup::DiskFacts> disks{look_at_disk(config.state_dir, config.disk_reserve(), true)};
  std::vector<std::optional<dev_t>> seen{device_of(config.state_dir)};
  for (const auto& domain : config.domains) {
    if (domain.maildir.empty()) continue;
    const auto device = device_of(domain.maildir);
    if (std::ranges::find(seen, device) != seen.end()) continue;
    seen.push_back(device);
    disks.push_back(look_at_disk(domain.maildir, config.disk_reserve(), false));
  }
  return disks;
}

setup::StoreFacts look_at_store(const app::Config& config, bool deep) {
  const fs::path file = config.state_dir / "cas.db";
  setup::StoreFacts facts;
  facts.file = file.string();
  std::error_code fault;
  facts.exists = fs::exists(file, fault);
  if (fault) {
    facts.exists = true;
    facts.fault = fault.message();
  }
  if (!facts.exists || fault) return facts;
  if (::access(file.c_str(), R_OK) != 0) {
    facts.fault = reason(errno);
    return facts;
  }
  auto found = store::examine(file, {.deep = deep});
  if (!found) {
    facts.fault = printable(found.error().private_reason);
    return facts;
  }
  facts.too_large = !found->looked_through;
  for (const auto& damage : found->damage) facts.damage.push_back(printable(damage));
  facts.pieces = found->pieces;
  facts.all_pieces = found->all_pieces;
  return facts;
}

setup::CertificateFacts look_at_certificate(const app::Config& config) {
  setup::CertificateFacts facts;
  facts.file = config.tls_certificate.string();
  facts.host = config.host.text();
  const auto pem = app::read_small_file(config.tls_certificate);
  if (!pem) {
    facts.fault = "cannot be read: " + pem.error().private_reason;
    return facts;
  }
  const auto info = net::parse_certificate(*pem);
  if (!info) {
    facts.fault = "cannot be used: " + printable(info.error().private_reason);
    return facts;
  }
  if (const auto context = net::TlsContext::server(config.tls_certificate, config.tls_key); !context) {
    facts.fault = "cannot be used with its key: " + printable(context.error().private_reason);
  }
  facts.not_before = info->not_before;
  facts.not_after = info->not_after;
  facts.covers_host = info->covers(facts.host);
  facts.self_signed = info->self_signed;
  for (const auto& name : info->names) facts.names += (facts.names.empty() ? "" : ", ") + name;
  if (facts.names.empty()) facts.names = "no host at all";
  return facts;
}

}  // namespace cas::cmd
