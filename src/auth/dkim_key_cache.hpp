// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key records that were read before. Making a key of its octets costs about as much as verifying with it; the same
// few records come again and again. A record's text is the whole truth about it, so nothing here can be out of date.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/dkim_key.hpp"
#include "base/guarded.hpp"

namespace cas::auth {

/// Thread-safe. Holds between `capacity` and twice as many of the records that were asked for last.
class DkimKeyCache {
 public:
  using Entry = std::expected<DkimKeyRecord, DkimKeyError>;

  explicit DkimKeyCache(std::size_t capacity = 2048) : capacity_(capacity) {}
  /// parse_dkim_key(text), perhaps of before. What is too long for a record is not kept.
  [[nodiscard]] std::shared_ptr<const Entry> parse(std::string_view text);
  [[nodiscard]] std::size_t size() const {
    return tables_.with([](const Generations& tables) { return tables.young.size() + tables.old.size(); });
  }

 private:
  using Table = std::unordered_map<std::string, std::shared_ptr<const Entry>>;
  /// What is found among the old ones becomes young again; when the young ones are many, they become the old ones.
  struct Generations {
    Table young, old;
  };
  void keep(Generations& tables, std::string text, std::shared_ptr<const Entry> entry) const;

  std::size_t capacity_;
  Guarded<Generations> tables_;
};

}  // namespace cas::auth
