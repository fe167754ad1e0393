// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Two generations instead of a list in the order of use: nearly as good, and much less to get wrong.
#include "auth/dkim_key_cache.hpp"

#include <utility>

namespace cas::auth {

void DkimKeyCache::keep(Generations& tables, std::string text, std::shared_ptr<const Entry> entry) const {
  if (tables.young.size() >= capacity_) tables.old = std::exchange(tables.young, {});
  tables.young.insert_or_assign(std::move(text), std::move(entry));
}

std::shared_ptr<const DkimKeyCache::Entry> DkimKeyCache::parse(std::string_view text) {
  // A TXT record holds up to 64 KB, and whoever sends mail says which ones are asked for.
  if (text.size() > max_dkim_key_record) return std::make_shared<const Entry>(parse_dkim_key(text));
  const std::string key(text);
  const auto known = tables_.with([&](Generations& tables) -> std::shared_ptr<const Entry> {
    if (const auto found = tables.young.find(key); found != tables.young.end()) return found->second;
    const auto node = tables.old.extract(key);
    if (!node) return nullptr;
    keep(tables, key, node.mapped());
    return node.mapped();
  });
  if (known) return known;
  auto entry = std::make_shared<const Entry>(parse_dkim_key(text));  // outside the lock: it takes its time
  tables_.with([&](Generations& tables) { keep(tables, key, entry); });
  return entry;
}

}  // namespace cas::auth
