// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Looked up under the lock, parsed outside it.
#include "auth/dkim_key_cache.hpp"

namespace cas::auth {

std::shared_ptr<const DkimKeyCache::Entry> DkimKeyCache::parse(std::string_view text) {
  // A TXT record holds up to 64 KB, and whoever sends mail says which ones are asked for.
  if (text.size() > max_dkim_key_record) return std::make_shared<const Entry>(parse_dkim_key(text));
  std::string key(text);
  auto known = entries_.with([&](Generations<Table>& entries) -> std::shared_ptr<const Entry> {
    const auto* found = entries.find(key);
    return found == nullptr ? nullptr : *found;
  });
  if (known) return known;
  auto entry = std::make_shared<const Entry>(parse_dkim_key(text));  // it takes its time
  entries_.with([&](Generations<Table>& entries) { entries.keep(std::move(key), entry); });
  return entry;
}

}  // namespace cas::auth
