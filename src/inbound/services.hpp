// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What every session and delivery shares. Owned by the composition root, which outlives them all.
#pragma once

#include "auth/dkim_key_cache.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"
#include "inbound/directory.hpp"
#include "inbound/filters.hpp"
#include "inbound/load.hpp"
#include "inbound/reservations.hpp"
#include "net/resolver.hpp"
#include "net/workers.hpp"
#include "policy/auth_throttle.hpp"
#include "policy/buckets.hpp"
#include "policy/conduct.hpp"
#include "policy/greylist.hpp"
#include "policy/strangers.hpp"
#include "policy/turns.hpp"
#include "queue/queue.hpp"
#include "queue/suppression.hpp"
#include "recipients/recipients.hpp"
#include "registry/accounts.hpp"
#include "registry/exceptions.hpp"
#include "registry/relationships.hpp"
#include "registry/verdict_report.hpp"

namespace cas::inbound {

/// What the site wants of authentication.
struct AuthenticationOptions {
  std::vector<Domain> trusted_sealers;  // of ARC chains
  bool received_spf = false;            // RFC 7208 §9.1
};

struct Services {
  Domain host;  // our name and authserv-id
  queue::Queue& queue;
  queue::Suppressions& suppressions;
  net::Resolver& resolver;
  net::Workers& workers;
  const Clock& clock;
  Random& random;
  EventSink& events;
  const Directory& directory;
  const recipients::Recipients& recipients;
  const registry::Accounts& accounts;
  net::Workers& password_workers;  // few: each password takes 64 MB and a while
  policy::AuthThrottle& auth_throttle;
  Reservations& reservations;
  policy::ConfirmBuckets& buckets;
  registry::Exceptions& exceptions;
  auth::DkimKeyCache& dkim_keys;
  Load& load;
  registry::Relationships& relationships;
  policy::Conduct& conduct;
  policy::Turns& turns;
  policy::Greylist& greylist;
  registry::VerdictReport& report;
  AuthenticationOptions authentication{};
  policy::StrangerOptions strangers{};
  const Filters* filters = nullptr;  // none: nobody is asked
};

}  // namespace cas::inbound
