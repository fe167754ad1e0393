// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See regex_book.hpp. Sets are small: the memory of one is bounded, and one that grows too large harms only itself.
#include "policy/regex_book.hpp"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <span>

#include "base/encoding.hpp"

namespace cas::policy {
namespace {

constexpr std::size_t max_regex = 512;        // octets
constexpr std::int64_t one_memory = 1 << 20;  // octets, of one expression
constexpr std::int64_t set_memory = 8 << 20;  // octets, of a set
constexpr std::size_t set_size = 250;         // expressions
constexpr std::size_t many_singles = 16;

RE2::Options options(std::int64_t memory) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_case_sensitive(false);
  options.set_never_capture(true);
  options.set_max_mem(memory);
  return options;
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

/// Of one that was checked before.
std::unique_ptr<RE2> make(std::string_view regex) {
  return std::make_unique<RE2>(piece(regex), options(one_memory));
}

bool fits(const RE2& regex, std::string_view subject) {
  return RE2::PartialMatch(piece(subject), regex);
}

}  // namespace

struct RegexBook::Sets {
  struct Group {
    std::unique_ptr<RE2::Set> set;
    std::vector<std::uint64_t> serials;  // by the set's index
  };
  std::vector<Group> groups;
  std::size_t size = 0;

  /// As one group; as two when that needs too much memory. What is too much alone is left out.
  void add(std::span<const Entry> entries);
};

void RegexBook::Sets::add(std::span<const Entry> entries) {
  Group group{.set = std::make_unique<RE2::Set>(options(set_memory), RE2::UNANCHORED), .serials = {}};
  for (const auto& [serial, regex] : entries) {
    if (group.set->Add(piece(regex), nullptr) >= 0) group.serials.push_back(serial);
  }
  // The memory may be enough for the program and not for matching: one match tells.
  RE2::Set::ErrorInfo fault{RE2::Set::kNoError};
  std::vector<int> indexes;
  const bool compiled = group.set->Compile();
  if (compiled) group.set->Match("a@a.example", &indexes, &fault);
  if (compiled && fault.kind == RE2::Set::kNoError) {
    size += group.serials.size();
    groups.push_back(std::move(group));
  } else if (entries.size() > 1) {
    add(entries.first(entries.size() / 2));
    add(entries.subspan(entries.size() / 2));
  }
}

Result<void> check_regex(std::string_view regex) {
  if (regex.size() > max_regex) {
    return permanent("a regular expression has at most " + std::to_string(max_regex) + " octets");
  }
  const bool controls =
      std::ranges::any_of(regex, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (controls || !is_utf8(regex)) return permanent("a regular expression is UTF-8 without control characters");
  const auto compiled = make(regex);
  if (compiled->ok()) return {};
  return permanent("RE2 does not take \"" + printable(regex, 100) + "\": " + printable(compiled->error(), 200));
}

bool regex_fits(std::string_view regex, std::string_view subject) {
  return fits(*make(regex), subject);
}

RegexBook::RegexBook() = default;
RegexBook::~RegexBook() = default;
RegexBook::RegexBook(RegexBook&&) noexcept = default;
RegexBook& RegexBook::operator=(RegexBook&&) noexcept = default;

Result<void> RegexBook::add(std::uint32_t number, std::string_view regex) {
  if (live_.size() >= max_regexes) {
    return permanent("there are " + std::to_string(max_regexes) + " regular expressions; no more are taken");
  }
  CAS_CHECK(check_regex(regex));
  remove(number);
  const std::uint64_t serial = ++last_serial_;
  singles_.push_back({.serial = serial, .regex = make(regex)});
  live_.emplace(serial, Live{.number = number, .regex = std::string(regex)});
  serials_.emplace(number, serial);
  return {};
}

void RegexBook::remove(std::uint32_t number) {
  const auto found = serials_.find(number);
  if (found == serials_.end()) return;
  std::erase_if(singles_, [&](const Single& single) { return single.serial == found->second; });
  live_.erase(found->second);
  serials_.erase(found);
}

void RegexBook::match(std::string_view subject, std::vector<std::uint32_t>& found) const {
  for (const Single& single : singles_) {
    if (fits(*single.regex, subject)) found.push_back(live_.at(single.serial).number);
  }
  if (!sets_) return;
  for (const auto& group : sets_->groups) {
    // Without a place for the result nothing is allocated.
    if (!group.set->Match(piece(subject), nullptr)) continue;
    std::vector<int> indexes;
    group.set->Match(piece(subject), &indexes);
    for (const int index : indexes) {
      const auto live = live_.find(group.serials.at(static_cast<std::size_t>(index)));
      if (live != live_.end()) found.push_back(live->second.number);
    }
  }
}

bool RegexBook::wants_compiling() const {
  const std::size_t compiled = sets_ ? sets_->size : 0;
  return singles_.size() > singles_left_ + many_singles || compiled > 2 * live_.size() + many_singles;
}

RegexBook::Snapshot RegexBook::snapshot() const {
  Snapshot snapshot;
  snapshot.reserve(live_.size());
  for (const auto& [serial, live] : live_) snapshot.emplace_back(serial, live.regex);
  std::ranges::sort(snapshot);
  return snapshot;
}

std::shared_ptr<const RegexBook::Sets> RegexBook::compile(const Snapshot& snapshot) {
  auto sets = std::make_shared<Sets>();
  const std::span<const Entry> all(snapshot);
  for (std::size_t begin = 0; begin < all.size(); begin += set_size) {
    sets->add(all.subspan(begin, std::min(set_size, all.size() - begin)));
  }
  return sets;
}

void RegexBook::adopt(std::shared_ptr<const Sets> sets) {
  sets_ = std::move(sets);
  std::vector<std::uint64_t> matched;  // by some set or alone
  for (const auto& group : sets_->groups) matched.insert(matched.end(), group.serials.begin(), group.serials.end());
  std::ranges::sort(matched);
  std::erase_if(singles_, [&](const Single& single) { return std::ranges::binary_search(matched, single.serial); });
  for (const Single& single : singles_) matched.push_back(single.serial);
  std::ranges::sort(matched);
  for (const auto& [serial, live] : live_) {
    if (std::ranges::binary_search(matched, serial)) continue;
    singles_.push_back({.serial = serial, .regex = make(live.regex)});
  }
  singles_left_ = singles_.size();
}

}  // namespace cas::policy
