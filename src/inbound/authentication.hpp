// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Who a message from outside comes from, found while its session goes on: SPF from MAIL on, keys and records asked for
// when the header is there, so that little is left to wait for at its end. Gathers; policy/authentication judges.
#pragma once

#include <memory>
#include <vector>

#include "auth/dkim_key_cache.hpp"
#include "auth/dmarc.hpp"
#include "auth/spf.hpp"
#include "inbound/incoming.hpp"
#include "net/resolver.hpp"
#include "net/task.hpp"

namespace cas::inbound {

struct AuthenticationOutcomes {
  auth::SpfOutcome spf;
  std::vector<auth::DkimOutcome> dkim;
  auth::ArcOutcome arc;
  auth::DmarcOutcome dmarc;
};

/// How many checks of one session run in the background, those of transactions that were given up among them.
using Underway = std::shared_ptr<int>;

/// One message. Lives on its session's thread. What it has begun to ask may outlive it, in `background`.
class Authentication {
 public:
  /// Begins SPF. `background` is on the session's thread; `resolver` outlives what runs in it. A session that has left
  /// four checks behind begins no more of them: what is missing is asked at the end of the message.
  Authentication(net::Resolver& resolver, auth::DkimKeyCache& keys, net::TaskGroup& background, Underway underway,
                 auth::SpfQuery query);
  ~Authentication();
  Authentication(const Authentication&) = delete;
  Authentication& operator=(const Authentication&) = delete;

  [[nodiscard]] const auth::SpfQuery& spf_query() const;
  /// Once the header of `message` is there, asks what its end will need to know. Cheap when called again.
  void look_ahead(const IncomingMessage& message);
  /// What SPF says, once it has an answer; temperror after `patience`.
  [[nodiscard]] net::Task<auth::SpfOutcome> spf(milliseconds patience);
  /// When `message` is finished. Never fails: what is not known within `patience`, or when the task is cancelled, is
  /// temperror.
  [[nodiscard]] net::Task<AuthenticationOutcomes> outcomes(const IncomingMessage& message, milliseconds patience);

 private:
  struct Shared;
  [[nodiscard]] bool may_begin() const;
  [[nodiscard]] net::Task<auth::SpfOutcome> spf_until(std::chrono::steady_clock::time_point deadline);

  net::Resolver& resolver_;
  auth::DkimKeyCache& keys_;
  net::TaskGroup& background_;
  Underway underway_;
  std::shared_ptr<Shared> shared_;
  bool spf_begun_ = false;
  bool looked_ahead_ = false;
};

}  // namespace cas::inbound
