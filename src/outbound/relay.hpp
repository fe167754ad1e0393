// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Delivers to other domains: jobs of Route::Remote. DKIM signatures, MX walk, TLS where offered, CONFIRM where spoken,
// plain SMTP where the fallback allows it. Domains that are routed elsewhere go there.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/guarded.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"
#include "confirm/sender.hpp"
#include "net/resolver.hpp"
#include "net/stream.hpp"
#include "outbound/destinations.hpp"
#include "outbound/host_health.hpp"
#include "outbound/next_hop.hpp"
#include "outbound/peer_memory.hpp"
#include "outbound/pool.hpp"
#include "outbound/signing.hpp"
#include "outbound/tls_policies.hpp"
#include "outbound/tls_results.hpp"
#include "queue/queue.hpp"

namespace cas::outbound {

struct RelayOptions {
  Domain host;              // for EHLO
  std::uint16_t port = 25;  // of MX hosts
  TlsPolicyOptions tls{};   // of MX hosts
  Routes routes{};
  confirm::Fallback fallback = confirm::Fallback::Send;
  DestinationRules destinations{};
  SigningKeys signing{};
  std::vector<net::Endpoint> own_places{};  // where we listen: no MX host there is delivered to
  std::size_t max_hosts = 5;                // MX hosts that are connected to in one attempt
  std::size_t max_hosts_looked_up = 20;
  std::size_t max_addresses = 8;  // of one host, that are not resting
  std::chrono::milliseconds connect_timeout{30000};
  std::chrono::milliseconds command_timeout{300000};  // RFC 5321 §4.5.3.2; CONFIRM: CAS §20
  std::chrono::milliseconds data_timeout{180000};
  std::chrono::milliseconds final_timeout{600000};  // after the final dot
};

/// One for each way to look at certificates.
struct TlsContexts {
  net::TlsContext opportunistic;  // RFC 7435: anything is better than nothing
  net::TlsContext verified;       // the system's roots, the host's name
};

/// What the relay needs; owned by the composition root, which outlives it.
struct RelayServices {
  queue::Queue& queue;
  net::Resolver& resolver;
  const Clock& clock;
  Random& random;
  EventSink& events;
  ConnectionPools& pools;
  Guarded<HostHealth>& health;
  net::TlsContext tls;            // of net::ClientTls
  StsBook* sts = nullptr;         // none: no MTA-STS
  TlsResults* results = nullptr;  // none: nobody is reported to
  PeerMemory* peers = nullptr;    // none: nothing is known of anybody
};

/// Attempts run on executors that have a pool; they share nothing else. Give attempt() to a delivery::Dispatcher.
class Relay {
 public:
  Relay(RelayServices services, RelayOptions options);
  /// One outcome a recipient of the job, in order; never throws for what peers do.
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> attempt(const queue::Job& job);

 private:
  [[nodiscard]] std::vector<queue::Outcome> cannot_sign(const queue::Job& job, const Error& error) const;

  RelayServices services_;
  RelayOptions options_;
  TlsPolicies tls_policies_;
};

}  // namespace cas::outbound
