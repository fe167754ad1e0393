// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The file that says who has a mailbox in a domain and where other names lead. One entry a line:
//
//   joe                             a mailbox
//   sales: joe, ann@west.example    an alias; here and elsewhere
//   ann: ann, ann@west.example      a mailbox, and a copy elsewhere
//   *: joe                          all other names
//   sales@north.example joe         the same as Postfix writes it in a virtual map; "@north.example joe" is "*: joe"
//
// "#" begins a comment at the start of a line or behind a space. Pure: text in, table or faults out.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "message/address.hpp"

namespace cas::recipients {

/// An address that leads to others may do so over so many steps, and to so many addresses in the end.
inline constexpr std::size_t max_depth = 10;
inline constexpr std::size_t max_targets = 100;

/// What is known besides the file.
struct AliasContext {
  Domain domain;               // whose names the file has
  std::set<Domain> served{};   // the other domains of this server: their entries are passed over
  std::string delimiter{};     // of subaddresses; empty: none
  bool has_catch_all = false;  // names that are not in the file may lead somewhere all the same
};

class AliasFile {
 public:
  struct Entry {
    bool mailbox = false;
    std::vector<Mailbox> targets;
    std::size_t line = 0;
  };
  struct Fault {
    std::size_t line = 0;
    std::string problem;
    std::string mend;
  };

  /// All faults found, at most 20, in the order of the file: what cannot be read, names that stand twice, targets that
  /// no entry is there for, loops, more than max_depth steps or max_targets targets. Bounded by the text's size.
  [[nodiscard]] static std::expected<AliasFile, std::vector<Fault>> parse(std::string_view text,
                                                                          const AliasContext& context);

  /// `local` in lower case; null: no such name.
  [[nodiscard]] const Entry* find(std::string_view local) const;
  /// The entry "*"; null: there is none.
  [[nodiscard]] const Entry* catch_all() const { return catch_all_ ? &*catch_all_ : nullptr; }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  friend class AliasReader;
  std::map<std::string, Entry, std::less<>> entries_;
  std::optional<Entry> catch_all_;
};

}  // namespace cas::recipients
