// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See relation_reads.hpp.
#include "registry/relation_reads.hpp"

#include <cstdlib>

namespace cas::registry::relation_reads {

using store::Memory;

std::string day_of(UnixTime now) {
  const auto days = std::to_string(now.time_since_epoch().count() / 86400);
  return std::string(days.size() < 6 ? 6 - days.size() : 0, '0') + days;
}

Memory at(std::string name, UnixTime when) {
  return {
      .name = std::move(name), .value = std::to_string(when.time_since_epoch().count()), .keep_until = store::for_good};
}

bool is_recent(const Memory& row, UnixTime now, std::chrono::seconds span) {
  const UnixTime when{seconds(std::strtoll(row.value.c_str(), nullptr, 10))};
  return when <= now && now - when < span;
}

Result<std::optional<RelationRow>> look(store::Reader& reader, std::string_view kind, const std::string& mailbox,
                                        const std::string& key) {
  CAS_TRY(const auto memory, reader.recall(kind, row_name(mailbox, key)));
  return memory ? relation_of(*memory) : std::nullopt;
}

Result<std::vector<RelationRow>> all_pending(store::Reader& reader, const std::string& mailbox, UnixTime now) {
  std::vector<RelationRow> rows;
  CAS_CHECK(each(reader, kind::pending, mailbox, {}, most_pending, [&](const Memory& memory) {
    if (auto row = relation_of(memory); row && !has_lapsed(*row, now)) rows.push_back(*std::move(row));
  }));
  return rows;
}

Result<bool> has_held(store::Reader& reader, const std::string& mailbox, const std::string& key) {
  bool found = false;
  CAS_CHECK(each(reader, kind::held, mailbox, key, 1, [&](const Memory&) { found = true; }));
  return found;
}

Result<void> forget_held(store::Tx& tx, const HeldRow& row) {
  CAS_CHECK(tx.forget(kind::held, memory_of(row).name));
  CAS_TRY(const bool waits, has_held(tx, row.mailbox, row.key));
  return waits ? Result<void>() : tx.forget(kind::pending, row_name(row.mailbox, row.key));
}

}  // namespace cas::registry::relation_reads
