// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What `cas doctor` makes of what was found on a machine: each finding with what to do. Pure; cmd/doctor*.cpp look.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace cas::setup {

/// Skipped: could not be looked at, or nobody asked for it. It worries nobody.
enum class Health { Fine, Skipped, Warning, Wrong };
[[nodiscard]] std::string_view to_string(Health health);

struct Diagnosis {
  std::string id;       // "files.mode": for programs
  std::string subject;  // the file, the port, the server
  Health health = Health::Fine;
  std::string found;  // one line
  std::string mend;   // a command or what to write; empty where nothing is to be done
};

// ---- What was found ----

struct ConfigFacts {
  std::string file;
  std::vector<std::string> errors, doubts;  // as `cas config check` tells them, mends included
};

/// A file or folder that the configuration names, or one made beside it.
struct FileFacts {
  enum class Kind { Config, Secret, Certificate, State, Mail };
  std::string path;
  Kind kind = Kind::State;
  bool exists = true;
  bool is_folder = false;
  std::string fault;  // why nothing more is known; empty: something is
  unsigned mode = 0;  // permission bits
  std::uint32_t user = 0, group = 0;
  bool holds_passwords = false;  // Config: hashes of users
};

/// Whom the server runs as.
struct ServiceFacts {
  std::string name;
  std::uint32_t user = 0, group = 0;
};

struct PortFacts {
  std::string place;                                                          // "0.0.0.0:25"
  enum class Holder { Nobody, Ours, Other, Unseen } holder = Holder::Nobody;  // Unseen: somebody who is not shown to us
  std::string program;
  std::int64_t pid = 0;
};

struct DiskFacts {
  std::string path;
  std::string fault;
  std::uint64_t free = 0, reserve = 0;  // octets; from `reserve` down no mail is taken
  std::uint64_t free_inodes = 0, inodes = 0;
  std::string kind;             // of the file system: "ext", "tmpfs"
  double syncs_per_second = 0;  // 0: not measured
  std::string sync_fault;
};

struct ClockFacts {
  bool known = false;
  bool synchronised = false;
};

struct ResolverFacts {
  std::string who;  // "127.0.0.1@5353", "the root servers"
  std::string question;
  bool validates = false;  // has a trust anchor
  bool answered = false;
  bool secure = false;  // the answer was validated
  std::string fault;
};

struct OutboundFacts {
  std::string target;  // "mail.isp.example:587"; empty: nobody said which
  bool connected = false;
  std::string greeting;  // its first line
  std::string fault;
  bool is_smarthost = false;
};

struct StoreFacts {
  std::string file;
  bool exists = false;
  bool too_large = false;           // not looked through without --deep
  std::string fault;                // why it could not be examined
  std::vector<std::string> damage;  // what SQLite or a checksum says
  std::uint64_t pieces = 0;         // bodies whose checksums were compared
  bool all_pieces = true;           // false: time was over
};

struct RunningFacts {
  std::string socket;
  enum class State { Answers, NotRunning, NotPermitted, Broken } state = State::NotRunning;
  std::int64_t pid = 0;
  std::string version, own_version, reason;
};

struct CertificateFacts {
  std::string file;
  std::string fault;
  UnixTime not_before{}, not_after{};
  bool covers_host = true;
  bool self_signed = false;
  std::string host, names;
};

/// The keys of a domain of ours.
struct SigningFacts {
  std::string domain;
  std::size_t active = 0, waiting = 0;
};

struct LimitFacts {
  std::uint64_t files = 0, files_wanted = 0;        // 0: not known
  std::uint64_t memory = 0, memory_configured = 0;  // of the machine, of [limits]; octets
};

struct DoctorFacts {
  ConfigFacts config;
  std::optional<ServiceFacts> service;  // none: the user does not exist
  std::vector<FileFacts> files;
  std::vector<SigningFacts> signing;
  std::vector<PortFacts> ports;
  std::vector<DiskFacts> disks;
  ClockFacts clock;
  std::optional<ResolverFacts> resolver;
  std::optional<OutboundFacts> outbound;
  std::optional<StoreFacts> store;
  std::optional<RunningFacts> running;
  std::optional<CertificateFacts> certificate;
  std::optional<LimitFacts> limits;
  UnixTime now{};
};

// ---- What it means ----

/// In the order in which one would mend it.
[[nodiscard]] std::vector<Diagnosis> diagnose(const DoctorFacts& facts);
/// Of one file alone; `diagnose` asks it for each.
[[nodiscard]] Diagnosis diagnose_file(const FileFacts& file, const std::optional<ServiceFacts>& service);

/// 0: all is fine. 1: something is wrong. 2: there are warnings.
[[nodiscard]] int exit_status(std::span<const Diagnosis> all);

}  // namespace cas::setup
