// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// setgroups, setgid, setuid, in this order, and the proof that it worked.
#include "app/privileges.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

namespace cas::app {

namespace {

std::unexpected<Error> refused(const std::string& what) {
  return permanent("cannot drop privileges", what + ": " + std::generic_category().message(errno));
}

Result<void> change_user(const Identity& identity) {
  if (::initgroups(identity.name.c_str(), identity.group) != 0) return refused("initgroups");
  if (::setresgid(identity.group, identity.group, identity.group) != 0) return refused("setresgid");
  if (::setresuid(identity.user, identity.user, identity.user) != 0) return refused("setresuid");
  if (::setuid(0) == 0 || ::seteuid(0) == 0) {
    return permanent("cannot drop privileges", "root could be regained after setresuid");
  }
  return {};
}

Result<void> drop_capabilities() {
  const std::unique_ptr<_cap_struct, int (*)(void*)> none(::cap_init(), &::cap_free);
  if (!none) return refused("cap_init");
  ::cap_reset_ambient();  // where the kernel knows no ambient set there is nothing in it
  if (::cap_set_proc(none.get()) != 0) return refused("cap_set_proc");
  return {};
}

}  // namespace

Result<Identity> find_user(const std::string& name) {
  std::vector<char> buffer(16384);
  struct passwd entry{};
  struct passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return permanent("no such user", "there is no user \"" + name + "\" on this system");
  return Identity{.name = name, .user = entry.pw_uid, .group = entry.pw_gid};
}

Result<Identity> future_identity(const std::string& run_as) {
  const Identity ours{.name = run_as, .user = ::geteuid(), .group = ::getegid()};
  if (run_as.empty()) return ours;
  CAS_TRY(const auto wanted, find_user(run_as));
  if (ours.user == 0) return wanted;
  if (wanted.user != ours.user) return permanent("not root", "only root can become \"" + run_as + "\"");
  return ours;
}

Result<void> become(const Identity& identity) {
  if (::geteuid() == 0 && identity.user != 0) CAS_CHECK(change_user(identity));
  if (identity.user != 0) CAS_CHECK(drop_capabilities());
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return refused("PR_SET_NO_NEW_PRIVS");
  return {};
}

}  // namespace cas::app
