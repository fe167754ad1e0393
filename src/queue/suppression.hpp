// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Addresses that own users are kept from writing to for a while, because the server there said that the mailbox does
// not exist. Fed by what delivery attempts were told (FinishWork), never by refusals of policy; kept in the store's
// memory under the kind "suppressed", by address.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "message/address.hpp"
#include "smtp/reply.hpp"
#include "store/store.hpp"

namespace cas::queue {

struct SuppressionOptions {
  bool enabled = false;
  std::chrono::seconds keep{30 * 24 * 3600};  // since the last bounce
};

struct Suppression {
  std::string address;  // in lower case
  UnixTime since;
  UnixTime last;
  UnixTime until;
  std::uint32_t count = 0;  // bounces; 0: a person entered it
  std::string reply;        // the last one, in one line of printable text
  bool operator==(const Suppression&) const = default;
};

/// Whether a reply says that the mailbox is gone: 5.1.1, 5.1.6 or 5.2.1 with 550 to 553, and no word of CAS but
/// "unknown".
[[nodiscard]] bool mailbox_is_gone(const smtp::Reply& reply);

/// Under what name an address is kept. Local parts count without regard to ASCII case.
[[nodiscard]] std::string suppression_name(const Mailbox& address);

/// One more bounce of that address.
[[nodiscard]] Result<void> suppress(store::Tx& tx, const Mailbox& address, const std::string& reply, UnixTime now,
                                    const SuppressionOptions& options);

/// The list as people and sessions see it. Thread-safe; callbacks run on a store thread. The store outlives the last
/// of them.
class Suppressions {
 public:
  template <class T>
  using Callback = std::move_only_function<void(T)>;

  Suppressions(store::Store& store, const Clock& clock, SuppressionOptions options)
      : store_(store), clock_(clock), options_(options) {}

  [[nodiscard]] bool enabled() const { return options_.enabled; }
  /// What is known of an address and not over.
  void find(const Mailbox& address, Callback<Result<std::optional<Suppression>>> done);
  /// By name behind `after` (exclusive), at most `limit`; without those that are over.
  void list(std::string after, std::size_t limit, Callback<Result<std::vector<Suppression>>> done);
  /// Enters addresses by hand; those that are there get a new term. How many were new.
  void add(std::vector<Mailbox> addresses, std::string reason, Callback<Result<std::size_t>> done);
  /// Whether it was there.
  void remove(const Mailbox& address, Callback<Result<bool>> done);

 private:
  store::Store& store_;
  const Clock& clock_;
  const SuppressionOptions options_;
};

}  // namespace cas::queue
