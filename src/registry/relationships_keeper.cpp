// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See relationships.hpp: what the keeper asks and notes.
#include <map>

#include "registry/relation_reads.hpp"
#include "registry/relationships.hpp"

namespace cas::registry {
namespace {

using store::Memory;
using namespace relation_reads;

Result<void> forget_due(store::Tx& tx, const Relationships::Digest& digest) {
  for (const auto& reminder : digest.reminders) CAS_CHECK(tx.forget(kind::remind, reminder));
  return tx.forget(kind::untold, digest.mailbox);
}

}  // namespace

void Relationships::releases(std::size_t limit, Done<std::vector<Release>> done) {
  using Rows = std::vector<Release>;
  auto work = [=](store::Reader& reader) -> Result<Rows> {
    CAS_TRY(const auto memories, reader.memories(kind::release, {}, limit));
    Rows rows;
    for (const auto& memory : memories) {
      Release release{.mailbox = std::string(part_of(memory.name, 0)),
                      .key = std::string(part_of(memory.name, 1)),
                      .letting = memory.value == go ? Letting::Go : Letting::Away,
                      .held = {}};
      CAS_CHECK(each(reader, kind::held, release.mailbox, release.key, page, [&](const Memory& held) {
        if (release.letting == Letting::Away && held.name > memory.value) return;
        if (auto row = held_of(held)) release.held.push_back(*std::move(row));
      }));
      rows.push_back(std::move(release));
    }
    return rows;
  };
  store::read_value<Rows>(store_, std::move(work), std::move(done));
}

void Relationships::let_go(HeldRow row, Done<std::monostate> done) {
  auto work = [row = std::move(row)](store::Tx& tx) -> Result<std::monostate> {
    CAS_CHECK(forget_held(tx, row));
    return std::monostate{};
  };
  store::write_value<std::monostate>(store_, std::move(work), std::move(done));
}

void Relationships::all_held(std::string after, std::size_t limit, Done<HeldPage> done) {
  auto work = [after = std::move(after), limit](store::Reader& reader) -> Result<HeldPage> {
    CAS_TRY(const auto memories, reader.memories(kind::held, after, limit));
    HeldPage held;
    if (memories.size() == limit) held.next = memories.back().name;
    for (const auto& memory : memories) {
      auto row = held_of(memory);
      if (!row) continue;
      CAS_TRY(const auto release, reader.recall(kind::release, row_name(row->mailbox, row->key)));
      if (!release) held.rows.push_back(*std::move(row));
    }
    return held;
  };
  store::read_value<HeldPage>(store_, std::move(work), std::move(done));
}

void Relationships::released(Release release, Done<std::monostate> done) {
  auto work = [release = std::move(release)](store::Tx& tx) -> Result<std::monostate> {
    const std::string name = row_name(release.mailbox, release.key);
    CAS_TRY(const auto now, tx.recall(kind::release, name));
    const bool goes = now && now->value == go;
    bool waits = false;  // came meanwhile
    CAS_CHECK(each(tx, kind::held, release.mailbox, release.key, page,
                   [&](const Memory& held) { waits = waits || goes || (now && held.name <= now->value); }));
    if (!waits) CAS_CHECK(tx.forget(kind::release, name));
    return std::monostate{};
  };
  store::write_value<std::monostate>(store_, std::move(work), std::move(done));
}

void Relationships::digests_due(std::chrono::seconds every, std::chrono::seconds after,
                                Done<std::vector<Digest>> done) {
  using Digests = std::vector<Digest>;
  auto work = [every, after, now = to_unix(clock_.now())](store::Reader& reader) -> Result<Digests> {
    constexpr std::size_t most_digests = 50;  // the rest comes next time
    std::map<std::string, std::vector<std::string>> due;
    const auto add = [&](const std::string& mailbox, const std::string* reminder) -> Result<void> {
      CAS_TRY(const auto last, reader.recall(kind::digest, mailbox));
      if (last && is_recent(*last, now, every)) return {};
      auto& reminders = due[mailbox];
      if (reminder != nullptr) reminders.push_back(*reminder);
      return {};
    };
    const auto is_full = [&] { return due.size() >= most_digests; };
    CAS_CHECK(all_of_kind(reader, kind::remind, {}, [&](const Memory& row) -> Result<bool> {
      if (is_full() || part_of(row.name, 0) > day_of(now)) return false;
      CAS_CHECK(add(std::string(part_of(row.name, 1)), &row.name));
      return true;
    }));
    CAS_CHECK(all_of_kind(reader, kind::untold, {}, [&](const Memory& row) -> Result<bool> {
      if (!is_recent(row, now, after)) CAS_CHECK(add(row.name, nullptr));
      return !is_full();
    }));
    Digests digests;
    for (auto& [mailbox, reminders] : due) {
      CAS_TRY(auto pending, all_pending(reader, mailbox, now));
      digests.push_back({.mailbox = mailbox, .pending = std::move(pending), .reminders = std::move(reminders)});
    }
    return digests;
  };
  store::read_value<Digests>(store_, std::move(work), std::move(done));
}

Result<void> Relationships::digest_sent(store::Tx& tx, const Digest& digest, UnixTime now) {
  CAS_CHECK(forget_due(tx, digest));
  return tx.remember(kind::digest, at(digest.mailbox, now));
}

void Relationships::digest_over(Digest digest, Done<std::monostate> done) {
  auto work = [digest = std::move(digest), now = to_unix(clock_.now())](store::Tx& tx) -> Result<std::monostate> {
    CAS_TRY(const auto pending, all_pending(tx, digest.mailbox, now));
    if (pending.empty()) CAS_CHECK(forget_due(tx, digest));  // nobody came meanwhile
    return std::monostate{};
  };
  store::write_value<std::monostate>(store_, std::move(work), std::move(done));
}

}  // namespace cas::registry
