// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See doctor.hpp.
#include "setup/doctor.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/shell_text.hpp"
#include "base/utc.hpp"

namespace cas::setup {

namespace {

using All = std::vector<Diagnosis>;

void add(All& all, std::string id, std::string subject, Health health, std::string found, std::string mend = {}) {
  all.push_back(Diagnosis{.id = std::move(id),
                          .subject = std::move(subject),
                          .health = health,
                          .found = std::move(found),
                          .mend = std::move(mend)});
}

std::string megabytes(std::uint64_t octets) {
  return std::to_string(octets / 1000000) + " MB";
}

std::string plural(std::uint64_t number, std::string_view what) {
  return std::to_string(number) + " " + std::string(what) + (number == 1 ? "" : "s");
}

void judge_config(const ConfigFacts& config, All& all) {
  for (const auto& error : config.errors) {
    const auto cut = error.rfind("; ");
    add(all, "config.error", config.file, Health::Wrong, error.substr(0, cut),
        cut == std::string::npos ? "" : error.substr(cut + 2));
  }
  for (const auto& doubt : config.doubts) {
    const auto cut = doubt.rfind("; ");
    add(all, "config.doubt", config.file, Health::Warning, doubt.substr(0, cut),
        cut == std::string::npos ? "" : doubt.substr(cut + 2));
  }
  if (config.errors.empty() && config.doubts.empty()) add(all, "config", config.file, Health::Fine, "can be used");
}

void judge_signing(const SigningFacts& signing, All& all) {
  const std::string subject = "keys of " + signing.domain;
  if (signing.active > 0) return add(all, "signing", subject, Health::Fine, std::to_string(signing.active) + " in use");
  if (signing.waiting > 0) {
    return add(all, "signing.waiting", subject, Health::Warning,
               "wait to be used: until then its mail is neither signed nor confirmed",
               "publish their records, then: cas keys rotate " + signing.domain);
  }
  add(all, "signing.none", subject, Health::Warning, "there is none: its mail is neither signed nor confirmed",
      "cas keys generate " + signing.domain + ", publish what it prints, then: cas keys rotate " + signing.domain);
}

void judge_port(const PortFacts& port, const std::optional<RunningFacts>& running, All& all) {
  const bool answers = running && running->state == RunningFacts::State::Answers;
  const std::string who = port.program + " (process " + std::to_string(port.pid) + ")";
  // One that cannot be asked is a finding of its own, and no stranger.
  const bool silent =
      running && (running->state == RunningFacts::State::Broken || running->state == RunningFacts::State::NotPermitted);
  if (silent && port.program == "cas") return add(all, "port", port.place, Health::Fine, who + " listens");
  switch (port.holder) {
    case PortFacts::Holder::Ours: return add(all, "port", port.place, Health::Fine, "the server listens");
    case PortFacts::Holder::Nobody:
      if (!answers) return add(all, "port", port.place, Health::Fine, "is free");
      return add(all, "port.closed", port.place, Health::Wrong, "the server runs and does not listen there",
                 "restart it: a new listener is not taken up by a reload");
    case PortFacts::Holder::Other:
      return add(all, "port.taken", port.place, Health::Wrong, "is taken by " + who,
                 "stop that program or give it another port, or change address under [[listen]]");
    case PortFacts::Holder::Unseen:
      if (answers) return add(all, "port", port.place, Health::Fine, "is taken, probably by the server");
      return add(all, "port.taken", port.place, Health::Warning, "is taken by a program of another user",
                 "run cas doctor as root: it says which");
  }
}

/// What loses, or only pretends to keep, what was synced.
struct FileSystem {
  std::string_view kind, problem;
  Health health;
};
constexpr std::array file_systems{
    FileSystem{"tmpfs", "is memory: the queue is gone when the machine restarts", Health::Wrong},
    FileSystem{"ramfs", "is memory: the queue is gone when the machine restarts", Health::Wrong},
    FileSystem{"overlay", "is a container's own layer: the queue is gone when the container is removed",
               Health::Warning},
    FileSystem{"nfs", "is a network share, whose locks and write-ahead logs cannot be relied on", Health::Wrong},
    FileSystem{"cifs", "is a network share, whose locks and write-ahead logs cannot be relied on", Health::Wrong},
    FileSystem{"smb2", "is a network share, whose locks and write-ahead logs cannot be relied on", Health::Wrong},
    FileSystem{"9p", "is shared by another machine, and what fsync means there is not known", Health::Warning},
    FileSystem{"fuse", "is a program's, and what fsync means there is that program's business", Health::Warning},
};

void judge_room(const DiskFacts& disk, All& all) {
  const std::string free = megabytes(disk.free) + " are free";
  if (disk.free <= disk.reserve) {
    return add(all, "disk.full", disk.path, Health::Wrong,
               free + ", and below " + megabytes(disk.reserve) + " no mail is taken (452)",
               "make room, or lower limits.min_free_disk");
  }
  if (disk.inodes != 0 && disk.free_inodes < disk.inodes / 50) {
    return add(all, "disk.inodes", disk.path, Health::Warning,
               "hardly any files can be made: " + std::to_string(disk.free_inodes) + " inodes are free",
               "remove small files, or use a larger file system");
  }
  if (disk.free / 2 <= disk.reserve) {
    return add(all, "disk.low", disk.path, Health::Warning,
               free + "; below " + megabytes(disk.reserve) + " no mail is taken (452)", "make room");
  }
  add(all, "disk", disk.path, Health::Fine, free);
}

void judge_syncs(const DiskFacts& disk, All& all) {
  constexpr double slow = 20, too_fast = 200000;
  if (!disk.sync_fault.empty()) {
    return add(all, "disk.sync", disk.path, Health::Warning, "could not be measured: " + disk.sync_fault,
               "run cas doctor as root or as the user the server runs as");
  }
  if (disk.syncs_per_second == 0) return;
  const auto rate = static_cast<std::uint64_t>(disk.syncs_per_second);
  const std::string found = plural(rate, "sync") + " a second";
  if (disk.syncs_per_second < slow) {
    return add(all, "disk.slow", disk.path, Health::Warning, found + ": each commit of mail waits for one",
               "use a disk with less latency; what else writes to it?");
  }
  if (disk.syncs_per_second > too_fast) {
    return add(all, "disk.lies", disk.path, Health::Warning,
               found + ": no disk does that, so what was synced is lost when the power fails",
               "mount it with barriers, without `nobarrier` or a cache that ignores flushes");
  }
  add(all, "disk.sync", disk.path, Health::Fine, found);
}

void judge_disk(const DiskFacts& disk, All& all) {
  if (!disk.fault.empty()) {
    return add(all, "disk", disk.path, Health::Warning, "cannot be looked at: " + disk.fault,
               "make the folder, or run cas doctor as root");
  }
  const auto* const kind = std::ranges::find(file_systems, disk.kind, &FileSystem::kind);
  if (kind != file_systems.end()) {
    add(all, "disk.kind", disk.path, kind->health, disk.kind + " " + std::string(kind->problem),
        "name a folder on a local disk in state_dir (in a container: a volume)");
  }
  judge_room(disk, all);
  judge_syncs(disk, all);
}

void judge_clock(const ClockFacts& clock, All& all) {
  if (!clock.known) return add(all, "clock", "clock", Health::Skipped, "the kernel does not say whether it is right");
  if (clock.synchronised) return add(all, "clock", "clock", Health::Fine, "is synchronised");
  add(all, "clock.free", "clock", Health::Warning,
      "is not synchronised: signatures, intents and certificates are good for a certain time alone",
      "timedatectl set-ntp true, or: apt install chrony (in a container: on its host)");
}

void judge_resolver(const ResolverFacts& dns, All& all) {
  const std::string subject = "resolver (" + dns.who + ")";
  if (!dns.answered) {
    return add(all, "resolver.dead", subject, Health::Wrong,
               "gives no answer for " + dns.question + (dns.fault.empty() ? "" : ": " + dns.fault),
               "let UDP and TCP port 53 out, or name a resolver that answers in [dns] forwarders");
  }
  if (!dns.validates) {
    return add(all, "resolver.trust", subject, Health::Warning,
               "answers, and nothing is validated: no trust anchor, so no DANE and no safe memory of who confirms",
               "apt install dns-root-data, and remove trust_anchor_file = \"none\" from [dns]");
  }
  if (!dns.secure) {
    return add(all, "resolver.insecure", subject, Health::Warning,
               "answers, and the signatures of " + dns.question + " did not arrive or could not be checked",
               "name a resolver in [dns] forwarders that passes DNSSEC on, or none: then the root servers are asked");
  }
  add(all, "resolver", subject, Health::Fine, "answers, and DNSSEC is validated");
}

void judge_outbound(const OutboundFacts& out, All& all) {
  if (out.target.empty()) {
    return add(all, "outbound", "outbound", Health::Skipped,
               "nobody was connected to: --outbound DOMAIN or HOST:PORT says whom");
  }
  const std::string subject = "outbound to " + out.target;
  if (!out.connected) {
    return add(all, "outbound.blocked", subject, Health::Wrong,
               "no connection" + (out.fault.empty() ? "" : ": " + out.fault),
               out.is_smarthost ? "look at outbound.smarthost, its port and the firewall"
                                : "ask the hosting provider to open port 25, or send through one: outbound.smarthost");
  }
  if (!out.greeting.starts_with('2')) {
    return add(all, "outbound.refused", subject, Health::Warning,
               out.greeting.empty() ? "connected, and nothing was said" : "was greeted with: " + out.greeting,
               "read what it says; where it names a list, look up the address of this server there");
  }
  add(all, "outbound", subject, Health::Fine, "answers: " + out.greeting);
}

void judge_store(const StoreFacts& store, All& all) {
  if (!store.exists) return add(all, "store", store.file, Health::Fine, "is not there yet; the server makes it");
  if (!store.fault.empty()) {
    return add(all, "store.unseen", store.file, Health::Warning, "could not be examined: " + store.fault,
               "run cas doctor as root or as the user the server runs as");
  }
  for (const auto& damage : store.damage) {
    add(all, "store.damaged", store.file, Health::Wrong, "is damaged: " + damage,
        "look at the disk (dmesg, smartctl); stop the server, keep a copy, restore a backup or try: sqlite3 " +
            shell_word(store.file) + " .recover");
  }
  if (!store.damage.empty()) return;
  if (store.too_large) {
    return add(all, "store", store.file, Health::Skipped, "is large: --deep looks through all of it");
  }
  add(all, "store", store.file, Health::Fine,
      "is sound; " + std::to_string(store.pieces) +
          (store.pieces == 1 ? " piece of a body has" : " pieces of bodies have") + " the right checksum" +
          (store.all_pieces ? "" : " (--deep compares all)"));
}

void judge_running(const RunningFacts& running, All& all) {
  using State = RunningFacts::State;
  switch (running.state) {
    case State::Answers:
      if (running.version != running.own_version) {
        return add(all, "server.version", running.socket, Health::Warning,
                   "the server is version " + running.version + ", this program is " + running.own_version,
                   "restart the server: systemctl restart cas");
      }
      return add(all, "server", running.socket, Health::Fine, "process " + std::to_string(running.pid) + " answers");
    case State::NotRunning:
      return add(all, "server.down", running.socket, Health::Warning, "the server does not run",
                 "systemctl enable --now cas, or: cas serve");
    case State::NotPermitted:
      return add(all, "server.unseen", running.socket, Health::Warning, "may not be asked by you",
                 "run cas doctor as root or as the user the server runs as");
    case State::Broken:
      return add(all, "server.mute", running.socket, Health::Wrong, "gives no answer: " + running.reason,
                 "look at its log (journalctl -u cas); restart it");
  }
}

std::string days_text(std::chrono::seconds time) {
  return plural(static_cast<std::uint64_t>(std::chrono::floor<std::chrono::days>(time).count()), "day");
}

void judge_certificate(const CertificateFacts& certificate, UnixTime now, All& all) {
  constexpr std::chrono::days soon{14};
  const std::string renew = "renew it (certbot renew, or whoever made it); the server notices without a restart";
  const auto tell = [&](std::string id, Health health, std::string found, std::string mend = {}) {
    add(all, "certificate" + id, certificate.file, health, std::move(found), std::move(mend));
  };
  if (!certificate.fault.empty()) return tell(".unusable", Health::Wrong, certificate.fault, renew);
  if (certificate.not_after <= now) {
    return tell(".expired", Health::Wrong, "expired at " + utc_text(certificate.not_after), renew);
  }
  if (certificate.not_before > now) {
    return tell(".early", Health::Wrong, "is not valid before " + utc_text(certificate.not_before),
                "is the clock right? Otherwise " + renew);
  }
  if (!certificate.covers_host) {
    return tell(".name", Health::Warning, "is for " + certificate.names + ", not for " + certificate.host,
                "get one for " + certificate.host + ": who verifies the name (MTA-STS, mail programs) stays away");
  }
  if (certificate.not_after - now < soon) {
    return tell(".soon", Health::Warning, "expires in " + days_text(certificate.not_after - now), renew);
  }
  if (certificate.self_signed) {
    return tell(".self", Health::Warning,
                "is signed by itself: servers take it, mail programs and MTA-STS do not (DANE does)",
                "get one of a known authority for " + certificate.host + " and name it under [tls]");
  }
  tell("", Health::Fine, "is good for another " + days_text(certificate.not_after - now));
}

void judge_limits(const LimitFacts& limits, All& all) {
  if (limits.files != 0 && limits.files < limits.files_wanted) {
    add(all, "limits.files", "open files", Health::Warning,
        std::to_string(limits.files) + " are allowed, " + std::to_string(limits.files_wanted) + " may be needed",
        "LimitNOFILE=" + std::to_string(limits.files_wanted) + " in the unit, or lower limits.connections");
  } else if (limits.files != 0) {
    add(all, "limits.files", "open files", Health::Fine, std::to_string(limits.files) + " are allowed");
  }
  if (limits.memory == 0) return;
  if (limits.memory_configured > limits.memory / 2) {
    return add(all, "limits.memory", "memory", Health::Warning,
               "messages under way may hold " + megabytes(limits.memory_configured) + " of the " +
                   megabytes(limits.memory) + " of this machine",
               "lower limits.memory");
  }
  add(all, "limits.memory", "memory", Health::Fine, megabytes(limits.memory));
}

}  // namespace

std::string_view to_string(Health health) {
  constexpr std::array<std::string_view, 4> words{"fine", "skipped", "warning", "wrong"};
  return words.at(static_cast<std::size_t>(health));
}

std::vector<Diagnosis> diagnose(const DoctorFacts& facts) {
  All all;
  judge_config(facts.config, all);
  for (const auto& file : facts.files) all.push_back(diagnose_file(file, facts.service));
  for (const auto& signing : facts.signing) judge_signing(signing, all);
  if (facts.certificate) judge_certificate(*facts.certificate, facts.now, all);
  for (const auto& disk : facts.disks) judge_disk(disk, all);
  if (facts.store) judge_store(*facts.store, all);
  for (const auto& port : facts.ports) judge_port(port, facts.running, all);
  if (facts.running) judge_running(*facts.running, all);
  judge_clock(facts.clock, all);
  if (facts.resolver) judge_resolver(*facts.resolver, all);
  if (facts.outbound) judge_outbound(*facts.outbound, all);
  if (facts.limits) judge_limits(*facts.limits, all);
  return all;
}

int exit_status(std::span<const Diagnosis> all) {
  const auto is = [](Health health) { return [health](const Diagnosis& one) { return one.health == health; }; };
  if (std::ranges::any_of(all, is(Health::Wrong))) return 1;
  return std::ranges::any_of(all, is(Health::Warning)) ? 2 : 0;
}

}  // namespace cas::setup
