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
#include "base/generations.hpp"
#include "base/guarded.hpp"

namespace cas::auth {

/// Thread-safe. Holds between `capacity` and twice as many of the records that were asked for last.
class DkimKeyCache {
 public:
  using Entry = std::expected<DkimKeyRecord, DkimKeyError>;

  explicit DkimKeyCache(std::size_t capacity = 2048) : entries_(Generations<Table>(capacity)) {}
  /// parse_dkim_key(text), perhaps of before. What is too long for a record is not kept.
  [[nodiscard]] std::shared_ptr<const Entry> parse(std::string_view text);
  [[nodiscard]] std::size_t size() const {
    return entries_.with([](const Generations<Table>& entries) { return entries.size(); });
  }

 private:
  using Table = std::unordered_map<std::string, std::shared_ptr<const Entry>>;
  Guarded<Generations<Table>> entries_;
};

}  // namespace cas::auth
