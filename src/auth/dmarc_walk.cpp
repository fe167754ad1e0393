// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 9989 §4.10, and the selection of §4.10.2.
#include "auth/dmarc_walk.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::string_view prefix = "_dmarc.";
constexpr std::size_t max_name_octets = 253;
constexpr std::ptrdiff_t most_labels = 7;  // of all names but the first

std::ptrdiff_t label_count(const Domain& domain) {
  return std::ranges::count(domain.text(), '.') + 1;
}

/// The name below `above` on the way to `start`, which is below it.
Domain one_label_below(const Domain& above, const Domain& start) {
  Domain name = start;
  for (auto parent = name.parent(); parent && *parent != above; parent = name.parent()) name = *std::move(parent);
  return name;
}

}  // namespace

dns::Question dmarc_question(const Domain& domain) {
  return {std::string(prefix) + domain.text(), dns::Type::TXT};
}

std::vector<Domain> walk_names(const Domain& start) {
  std::vector<Domain> names{start};
  for (auto name = start.parent(); name; name = name->parent()) {
    if (label_count(*name) <= most_labels) names.push_back(*name);
  }
  std::erase_if(names, [](const Domain& name) { return prefix.size() + name.text().size() > max_name_octets; });
  return names;
}

std::optional<DmarcWalk> walk_from(const Domain& start, dns::Answers& answers) {
  const auto names = walk_names(start);
  std::vector<const dns::Answer*> known;
  for (const Domain& name : names) known.push_back(answers.find(dmarc_question(name)));

  DmarcWalk walk{start, {}, {}, {}, false};
  std::optional<std::pair<Domain, DmarcRecord>> below;  // the last record that was seen
  for (std::size_t n = 0; n < names.size(); ++n) {
    if (known[n] == nullptr) return std::nullopt;
    if (known[n]->status == dns::Status::Failed) walk.lookup_failed = true;
    auto record = find_dmarc_record(*known[n]);
    if (!record) continue;
    if (record->psd == DmarcPsd::Yes && names[n] != start) {  // step 2
      walk.organization = one_label_below(names[n], start);
      if (below && below->first == walk.organization) walk.organization_record = std::move(below->second);
      walk.suffix = names[n];
      walk.suffix_record = std::move(record);
      return walk;
    }
    const bool ends = record->psd != DmarcPsd::Unknown;  // step 1
    below = {names[n], *std::move(record)};
    if (ends) break;
  }
  if (below) {  // step 3: the fewest labels
    walk.organization = std::move(below->first);
    walk.organization_record = std::move(below->second);
  }
  return walk;
}

}  // namespace cas::auth
