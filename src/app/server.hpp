// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The composition root: reading create() and the members lists the system. Order of start: keys, sockets, privileges,
// then everything that has a thread. Order of the end: the reverse of the members.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/log.hpp"
#include "app/sockets.hpp"
#include "app/trace_book.hpp"
#include "delivery/dispatcher.hpp"
#include "http/admin_api.hpp"
#include "http/server.hpp"
#include "inbound/acceptor.hpp"
#include "inbound/local_delivery.hpp"
#include "inbound/services.hpp"
#include "net/resolver.hpp"
#include "net/runtime.hpp"
#include "net/system.hpp"
#include "net/workers.hpp"
#include "outbound/relay.hpp"
#include "outbound/sts_book.hpp"
#include "outbound/tls_policies.hpp"
#include "outbound/tls_reporter.hpp"
#include "queue/queue.hpp"
#include "store/store.hpp"

namespace cas::app {

/// Why the server does not start: lines for people, and what to exit with (sysexits.h).
struct StartFault {
  int exit_code = 0;
  std::vector<std::string> lines;
};

/// One server in one process. Everything it needs from root it does in create(), which leaves the process without
/// privileges, with success and without.
class Server {
 public:
  /// 78 (EX_CONFIG) for what the configuration can mend, ports in use included; 75 (EX_TEMPFAIL) when another process
  /// holds the queue; 71 (EX_OSERR) for what only the system can mend.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, StartFault> create(Config config);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until SIGTERM or SIGINT, then drains: nothing is accepted, sessions get 421 at a command boundary, what
  /// runs is given 30 seconds. The exit status.
  [[nodiscard]] int run();

 private:
  using Started = std::expected<void, StartFault>;

  explicit Server(Config config);
  Started load_keys();
  Started load_signing_keys(const DomainConfig& domain);
  void tell_signing();
  Started bind_and_drop_privileges();
  void build_directory();
  Started open_world();
  void build_inbound();
  Started build_tls_policies();
  void build_outbound();
  void build_admin();
  void start();
  void drain();

  [[nodiscard]] StartFault config_fault(std::string key, std::string problem, std::string mend) const;
  [[nodiscard]] store::Route route_for(const Domain& domain) const;
  [[nodiscard]] inbound::AcceptorOptions acceptor_options(const ListenConfig& listen) const;
  [[nodiscard]] http::ServerStatus status() const;
  void emit(Level level, std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields = {});

  const Config config_;
  net::SystemClock clock_;
  net::SystemRandom random_;
  TimePoint started_;

  std::optional<net::TlsContext> tls_;
  std::optional<net::TlsContext> outgoing_tls_;
  outbound::SigningKeys signing_;

  TraceBook trace_book_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Recorder> events_;

  std::unique_ptr<net::Runtime> runtime_;
  Sockets sockets_;
  std::vector<std::string> listening_;

  std::unique_ptr<inbound::Directory> directory_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<net::Workers> workers_;

  std::unique_ptr<inbound::Accounts> accounts_;
  inbound::Reservations reservations_;
  policy::ConfirmBuckets buckets_;
  auth::DkimKeyCache dkim_keys_;
  std::unique_ptr<inbound::Services> services_;
  std::vector<std::unique_ptr<inbound::Acceptor>> acceptors_;

  std::unique_ptr<inbound::LocalDelivery> local_delivery_;
  std::unique_ptr<outbound::StsBook> sts_book_;
  std::unique_ptr<outbound::TlsPolicies> tls_policies_;
  std::unique_ptr<outbound::TlsReporter> tls_reporter_;
  std::unique_ptr<outbound::Relay> relay_;
  std::vector<std::unique_ptr<delivery::Dispatcher>> dispatchers_;

  std::unique_ptr<http::AdminApi> admin_api_;
  std::unique_ptr<http::Server> admin_;
};

}  // namespace cas::app
