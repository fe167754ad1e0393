// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How much one user may submit in an hour. In memory: a restart forgets it. Thread-safe.
#pragma once

#include <memory>

#include "policy/buckets.hpp"

namespace cas::policy {

/// 0: as much as they like.
struct QuotaLimits {
  std::size_t messages_per_hour = 0;
  std::size_t recipients_per_hour = 0;
  bool operator==(const QuotaLimits&) const = default;
};

class UserQuotas {
 public:
  /// New limits begin anew for everybody; the same ones change nothing.
  void set_limits(QuotaLimits limits);
  [[nodiscard]] bool allow_message(const std::string& user, TimePoint now);
  [[nodiscard]] bool allow_recipient(const std::string& user, TimePoint now);
  /// How many names are remembered, in all.
  [[nodiscard]] std::size_t size() const;

 private:
  struct State {
    QuotaLimits limits;
    std::unique_ptr<Buckets> messages, recipients;  // none: no limit
  };
  Guarded<State> state_;
};

}  // namespace cas::policy
