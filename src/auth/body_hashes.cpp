// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One canonicalizer a form, feeding the hashes that are still hungry.
#include "auth/body_hashes.hpp"

#include <algorithm>
#include <limits>

namespace cas::auth {

BodyHashes::Handle BodyHashes::want(Canonicalization form, std::optional<std::uint64_t> length) {
  const auto same =
      std::ranges::find_if(hashes_, [&](const auto& hash) { return hash->form == form && hash->length == length; });
  if (same != hashes_.end()) return static_cast<Handle>(same - hashes_.begin());
  const auto left = length.value_or(std::numeric_limits<std::uint64_t>::max());
  hashes_.push_back(std::make_unique<Hash>(Hash{.form = form, .length = length, .left = left, .running = {}}));
  Canonical& body = canonical(form);
  if (!body.canonicalizer) {
    auto sink = [&body](std::string_view octets) { take(body, octets); };
    body.canonicalizer = std::make_unique<BodyCanonicalizer>(form, std::move(sink));
  }
  body.hashes.push_back(hashes_.back().get());
  return hashes_.size() - 1;
}

void BodyHashes::take(Canonical& canonical, std::string_view octets) {
  canonical.size += octets.size();
  for (Hash* hash : canonical.hashes) {
    const auto part = octets.substr(0, std::min<std::uint64_t>(octets.size(), hash->left));
    if (!part.empty()) hash->running.update(part);
    hash->left -= part.size();
  }
}

void BodyHashes::update(std::string_view octets) {
  for (auto& body : canonical_) {
    if (body.canonicalizer) body.canonicalizer->update(octets);
  }
}

void BodyHashes::finish() {
  for (auto& body : canonical_) {
    if (body.canonicalizer) body.canonicalizer->finish();
  }
  for (auto& hash : hashes_) hash->digest = hash->running.finish();
}

std::uint64_t BodyHashes::body_size(Handle handle) const {
  return canonical_.at(static_cast<std::size_t>(hashes_[handle]->form)).size;
}

}  // namespace cas::auth
