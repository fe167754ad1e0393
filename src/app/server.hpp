// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The composition root: reading create() and the members lists the system. Order of start: keys, sockets, privileges,
// then everything that has a thread. Order of the end: the reverse of the members.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "app/disk_watch.hpp"
#include "app/live.hpp"
#include "app/log.hpp"
#include "app/sockets.hpp"
#include "app/trace_book.hpp"
#include "delivery/dispatcher.hpp"
#include "http/admin_api.hpp"
#include "http/exceptions_api.hpp"
#include "http/server.hpp"
#include "http/users_api.hpp"
#include "inbound/acceptor.hpp"
#include "inbound/screener_keeper.hpp"
#include "inbound/services.hpp"
#include "milter/server.hpp"
#include "net/resolver.hpp"
#include "net/runtime.hpp"
#include "net/service_manager.hpp"
#include "net/system.hpp"
#include "net/workers.hpp"
#include "outbound/dns_watch.hpp"
#include "outbound/sts_book.hpp"
#include "outbound/tls_reporter.hpp"
#include "queue/queue.hpp"
#include "registry/accounts.hpp"
#include "registry/conduct_store.hpp"
#include "registry/exceptions.hpp"
#include "registry/verdict_report.hpp"
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
  /// `manager` is told how we are; `handed`: sockets that it opened for us.
  [[nodiscard]] static std::expected<std::unique_ptr<Server>, StartFault> create(Config config,
                                                                                 net::ServiceManager manager = {},
                                                                                 net::HandedSockets handed = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves until SIGTERM or SIGINT, then drains: nothing is accepted, sessions get 421 at a command boundary, what
  /// runs is given 30 seconds. The exit status.
  [[nodiscard]] int run();

 private:
  using Started = std::expected<void, StartFault>;

  Server(Config config, net::ServiceManager manager);
  Started load_keys();
  void tell_signing(const std::vector<DomainConfig>& own, const outbound::SigningKeys& signing);
  Started bind_and_drop_privileges(net::HandedSockets handed);
  Started open_world();
  Started open_tls_books();
  void open_dns_watch();
  Started open_accounts();
  void build_inbound();
  void build_outbound();
  void build_admin();
  net::Task<http::Response> answer_admin(http::Request request);
  void build_metrics();
  [[nodiscard]] net::Task<http::Response> answer_metrics(http::Request request);

  // server_reload.cpp
  [[nodiscard]] std::shared_ptr<const Live> live() const;
  [[nodiscard]] outbound::RelayServices relay_services();
  [[nodiscard]] std::shared_ptr<const Live> make_live(Config config, KeyMaterial keys, RecipientFiles files);
  [[nodiscard]] std::shared_ptr<const inbound::SessionSettings> session_settings(std::shared_ptr<const Live> live,
                                                                                 const ListenConfig& listen) const;
  [[nodiscard]] std::shared_ptr<const milter::ServerSettings> milter_settings(std::shared_ptr<const Live> live,
                                                                              const ListenConfig& listen) const;
  void put_in_force(std::shared_ptr<const Live> fresh);
  void put_accounts_in_force(const Config& config);
  void hang_up();
  [[nodiscard]] std::expected<void, std::vector<ConfigError>> reload();
  void look_for_new_keys();
  void look_for_new_recipients();
  void keep_books(bool all);
  void watch_disk();
  void see_room(const inbound::Room::Seen& seen);
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> deliver_locally(const queue::Job& job) const;
  /// To the server that has the mailboxes.
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> deliver_behind(const Live& now, const queue::Job& job) const;
  [[nodiscard]] net::Task<std::vector<queue::Outcome>> relay(const queue::Job& job) const;
  [[nodiscard]] net::Task<policy::Why> explain(policy::WhyQuestion question) const;
  void start();
  void drain();

  // server_manager.cpp
  void give_sign_of_life();
  [[nodiscard]] std::string words_for_manager() const;
  void tell_ready();
  void tell_reloading();
  void tell_manager(std::string_view words);

  [[nodiscard]] StartFault config_fault(std::string key, std::string problem, std::string mend) const;
  [[nodiscard]] queue::ScheduleOptions::Destination destination_for(const std::string& domain) const;
  [[nodiscard]] store::Route route_for(const Domain& domain) const;
  [[nodiscard]] bool signs_for(const Domain& domain) const;
  [[nodiscard]] std::vector<net::Executor> executors() const;
  [[nodiscard]] http::ServerStatus status() const;
  void emit(Level level, std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields = {});

  const Config config_;  // of the start
  net::ServiceManager manager_;
  std::string reload_fault_;  // of the last one; for the manager
  net::SystemClock clock_;
  net::SystemRandom random_;
  TimePoint started_;

  KeyMaterial first_keys_;
  RecipientFiles first_files_;
  std::optional<net::TlsContext> outgoing_tls_;

  TraceBook trace_book_;
  Metrics metrics_;
  store::CommitCounts commits_;
  std::unique_ptr<Log> log_;
  std::unique_ptr<Recorder> events_;

  std::unique_ptr<net::Runtime> runtime_;
  Sockets sockets_;
  std::vector<std::string> listening_;
  std::vector<net::Endpoint> own_places_;  // where others reach us

  Guarded<std::shared_ptr<const inbound::Directory>> directory_;
  Guarded<std::shared_ptr<const Paces>> paces_;
  Guarded<std::set<Domain>> signing_domains_;
  std::unique_ptr<net::Resolver> resolver_;
  std::unique_ptr<registry::Accounts> accounts_;  // outlives the store, which calls it back
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<outbound::PeerMemory> peers_;
  std::unique_ptr<queue::Suppressions> suppressions_;
  std::unique_ptr<registry::Exceptions> exceptions_;
  std::unique_ptr<registry::Relationships> relationships_;
  std::unique_ptr<registry::VerdictReport> report_;
  std::unique_ptr<queue::Queue> queue_;
  std::unique_ptr<net::Workers> workers_;
  std::unique_ptr<net::Workers> password_workers_;
  std::unique_ptr<net::Workers> database_workers_;  // wait for other servers, and hold up nothing else
  std::unique_ptr<outbound::ConnectionPools> pools_;
  std::unique_ptr<Guarded<outbound::HostHealth>> host_health_;
  std::unique_ptr<outbound::StsBook> sts_book_;
  std::unique_ptr<outbound::TlsReporter> tls_reporter_;  // null: nobody is reported to
  std::unique_ptr<outbound::DnsWatch> dns_watch_;        // null: off

  inbound::Reservations reservations_;
  policy::ConfirmBuckets buckets_;
  policy::AuthThrottle auth_throttle_;
  policy::Conduct conduct_;
  policy::Turns turns_;
  policy::Greylist greylist_;
  std::unique_ptr<registry::ConductStore> conduct_store_;
  TimePoint report_kept_, conduct_kept_;  // of the thread that runs
  auth::DkimKeyCache dkim_keys_;
  inbound::Load load_;
  struct Stamps {
    std::string loaded, seen;
    /// Whether two looks agree on something new: a pair of files is not read while one of them is being replaced. Said
    /// once, also when what is new turns out to be of no use.
    [[nodiscard]] bool is_new(const std::string& stamp);
  };
  Stamps key_stamps_, recipients_stamps_;  // of files: in force, and at the last look
  Guarded<std::shared_ptr<const Live>> live_;
  struct Listening {
    ListenConfig config;
    std::unique_ptr<inbound::Acceptor> acceptor;
  };
  std::vector<Listening> acceptors_;
  struct MilterListening {
    ListenConfig config;
    std::unique_ptr<milter::Server> server;
  };
  std::vector<MilterListening> milters_;
  std::unique_ptr<inbound::ScreenerKeeper> screener_keeper_;
  bool disk_low_ = false;  // what was told last; of the watch
  std::unique_ptr<DiskWatch> disk_watch_;
  std::vector<std::unique_ptr<delivery::Dispatcher>> dispatchers_;

  std::unique_ptr<http::UsersApi> users_api_;
  std::unique_ptr<http::AdminApi> admin_api_;
  std::unique_ptr<http::ExceptionsApi> exceptions_api_;
  std::unique_ptr<http::Server> admin_;
  std::unique_ptr<http::Server> metrics_server_;  // none: not asked for
  std::optional<queue::Numbers> numbers_;         // of the last look, on the metrics server's thread
  TimePoint numbers_at_;
};

}  // namespace cas::app
