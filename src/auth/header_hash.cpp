// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Fields from the bottom up. Each enters a hash at most once, so that no h= makes more work than the header is long.
#include "auth/header_hash.hpp"

#include "base/encoding.hpp"

namespace cas::auth {

SignedHeader::SignedHeader(const std::vector<HeaderField>& fields) : fields_(fields), relaxed_(fields.size()) {
  by_name_.reserve(fields.size());
  for (std::size_t index = 0; index < fields.size(); ++index) by_name_[to_lower(fields[index].name)].push_back(index);
}

std::string_view SignedHeader::canonical(std::size_t index, Canonicalization form) {
  if (form == Canonicalization::Simple) return fields_[index].raw;
  if (relaxed_[index].empty()) relaxed_[index] = relaxed_header(fields_[index]);
  return relaxed_[index];
}

void SignedHeader::hash(crypto::Sha256& hash, const std::vector<std::string>& names, Canonicalization form,
                        std::size_t own) {
  std::unordered_map<std::string_view, std::size_t> left;  // how many fields of that name are not yet taken
  for (const auto& name : names) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) continue;
    const auto& indexes = found->second;
    auto& remaining = left.try_emplace(name, indexes.size()).first->second;
    if (remaining > 0 && indexes[remaining - 1] == own) --remaining;
    if (remaining == 0) continue;
    hash.update(canonical(indexes[--remaining], form));
  }
}

}  // namespace cas::auth
