// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who may read and write what (doctor.hpp).
#include <cstdio>

#include "base/shell_text.hpp"
#include "setup/doctor.hpp"

namespace cas::setup {

namespace {

using Kind = FileFacts::Kind;

constexpr unsigned others_read = 004, others_write = 002, group_read = 040, group_write = 020, owner_read = 0400;

std::string octal(unsigned mode) {
  char text[8];
  std::snprintf(text, sizeof text, "%04o", mode);
  return text;
}

bool service_reads(const FileFacts& file, const ServiceFacts& service) {
  if (service.user == 0) return true;
  if (file.user == service.user) return (file.mode & owner_read) != 0;
  if (file.group == service.group) return (file.mode & group_read) != 0;
  return (file.mode & others_read) != 0;
}

/// "chown root:cas FILE && chmod 640 FILE"
std::string give_to_group(const FileFacts& file, const std::string& service) {
  const std::string path = shell_word(file.path);
  return "chown root:" + service + " " + path + " && chmod " + (file.is_folder ? "750 " : "640 ") + path;
}

std::string close_to_others(const FileFacts& file, unsigned bits) {
  return std::string("chmod ") + ((bits & others_read) != 0 ? "o= " : "go-w ") + shell_word(file.path);
}

Diagnosis about(const FileFacts& file, std::string id, Health health, std::string found, std::string mend = {}) {
  return Diagnosis{
      .id = std::move(id), .subject = file.path, .health = health, .found = std::move(found), .mend = std::move(mend)};
}

Diagnosis missing(const FileFacts& file) {
  switch (file.kind) {
    case Kind::Config: return about(file, "files.missing", Health::Wrong, "is not there", "cas init DOMAIN");
    case Kind::State:
    case Kind::Mail:  // the server makes them
      return about(file, "files.missing", Health::Fine, "is not there yet; the server makes it");
    case Kind::Secret:
    case Kind::Certificate: break;
  }
  return about(file, "files.missing", Health::Wrong, "is not there",
               "put it back, or name another in the configuration");
}

/// What must belong to the server: it writes there.
Diagnosis judge_owned(const FileFacts& file, const ServiceFacts& service) {
  const std::string path = shell_word(file.path);
  if (service.user != 0 && file.user != service.user) {
    return about(file, "files.owner", Health::Wrong,
                 "belongs to user " + std::to_string(file.user) + ", and the server is " + service.name,
                 "chown -R " + service.name + ": " + path);
  }
  if ((file.mode & others_write) != 0) {
    return about(file, "files.mode", Health::Wrong, "can be written by everybody (" + octal(file.mode) + ")",
                 "chmod o= " + path);
  }
  if ((file.mode & others_read) != 0 && file.kind == Kind::State) {
    return about(file, "files.mode", file.is_folder ? Health::Warning : Health::Wrong,
                 "can be read by everybody (" + octal(file.mode) + "): mail is in it", "chmod o= " + path);
  }
  if ((file.mode & group_write) != 0 && file.group != service.group) {
    return about(file, "files.mode", Health::Warning, "can be written by group " + std::to_string(file.group),
                 "chmod g-w " + path);
  }
  return about(file, "files", Health::Fine, "mode " + octal(file.mode));
}

Diagnosis judge_secret(const FileFacts& file, const ServiceFacts& service) {
  const unsigned open = file.mode & 007;
  if (open != 0) {
    return about(file, "files.mode", Health::Wrong,
                 std::string("can be ") + ((open & others_read) != 0 ? "read" : "used") + " by everybody (" +
                     octal(file.mode) + "), and it is secret",
                 "chmod o= " + shell_word(file.path) + "; and where others log in here, replace it: it may be known");
  }
  const bool strange_group = file.group != 0 && file.group != service.group && file.user != file.group;
  if ((file.mode & group_read) != 0 && strange_group) {
    return about(file, "files.mode", Health::Warning, "can be read by group " + std::to_string(file.group),
                 give_to_group(file, service.name));
  }
  if (!service_reads(file, service)) {
    return about(file, "files.reload", Health::Warning,
                 "cannot be read by " + service.name + ": a start as root works, a reload and a start as " +
                     service.name + " do not",
                 give_to_group(file, service.name));
  }
  return about(file, "files", Health::Fine, "mode " + octal(file.mode));
}

Diagnosis judge_open(const FileFacts& file, const ServiceFacts& service) {
  if ((file.mode & others_write) != 0) {
    return about(file, "files.mode", Health::Wrong, "can be written by everybody (" + octal(file.mode) + ")",
                 close_to_others(file, others_write));
  }
  if (!service_reads(file, service)) {
    return about(file, "files.reload", Health::Warning, "cannot be read by " + service.name + ": no reload works",
                 give_to_group(file, service.name));
  }
  if (file.holds_passwords && (file.mode & others_read) != 0) {
    return about(file, "files.mode", Health::Warning,
                 "can be read by everybody (" + octal(file.mode) + "), and password strings are in it",
                 give_to_group(file, service.name));
  }
  return about(file, "files", Health::Fine, "mode " + octal(file.mode));
}

}  // namespace

Diagnosis diagnose_file(const FileFacts& file, const std::optional<ServiceFacts>& service) {
  if (!file.fault.empty()) {
    return about(file, "files.unseen", Health::Warning, "cannot be looked at: " + file.fault, "run cas doctor as root");
  }
  if (!file.exists) return missing(file);
  if (!service) return about(file, "files", Health::Skipped, "whose it should be is not known");
  switch (file.kind) {
    case Kind::State:
    case Kind::Mail: return judge_owned(file, *service);
    case Kind::Secret: return judge_secret(file, *service);
    case Kind::Config:
    case Kind::Certificate: break;
  }
  return judge_open(file, *service);
}

}  // namespace cas::setup
