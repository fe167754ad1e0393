// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Construction from top to bottom, and the drain.
#include "app/server.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "app/dns_api.hpp"
#include "app/site.hpp"
#include "app/version.hpp"
#include "base/encoding.hpp"
#include "store/sqlite.hpp"

namespace cas::app {

namespace {

constexpr milliseconds drain_time{30000};
constexpr std::size_t local_concurrency = 16;
constexpr std::size_t database_threads = 4;
constexpr std::uint64_t max_admin_body = 1 << 20;  // octets: imports come in pieces
constexpr milliseconds key_look_pause{10000};
constexpr std::size_t waiting_passwords = 64;  // more are told to come later

StartFault fault_of(const ConfigError& error) {
  return StartFault{.exit_code = EX_CONFIG, .lines = {error.text()}};
}

StartFault system_fault(const Error& error) {
  return StartFault{.exit_code = EX_OSERR, .lines = {"cas: " + printable(error.private_reason)}};
}

// Each session is a descriptor; what the administrator allows is used.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::string_view role_word(Role role) {
  constexpr std::array<std::string_view, 3> words{"mx", "submission", "milter"};
  return words.at(static_cast<std::size_t>(role));
}

}  // namespace

// ---- Construction ----

std::expected<std::unique_ptr<Server>, StartFault> Server::create(Config config, net::ServiceManager manager,
                                                                  net::HandedSockets handed) {
  ::umask(0077);
  raise_descriptor_limit();
  std::unique_ptr<Server> server(new Server(std::move(config), std::move(manager)));
  if (auto done = server->load_keys(); !done) return std::unexpected(std::move(done).error());
  if (auto done = server->bind_and_drop_privileges(std::move(handed)); !done)
    return std::unexpected(std::move(done).error());
  if (auto done = server->open_world(); !done) return std::unexpected(std::move(done).error());
  if (auto done = server->open_tls_books(); !done) return std::unexpected(std::move(done).error());
  if (auto done = server->open_accounts(); !done) return std::unexpected(std::move(done).error());
  server->build_inbound();
  server->build_outbound();
  server->build_admin();
  server->build_metrics();
  return server;
}

Server::Server(Config config, net::ServiceManager manager)
    : config_(std::move(config)),
      manager_(std::move(manager)),
      started_(clock_.now()),
      directory_(directory_of(config_)),  // recovery may write bounces, and asks where they go
      paces_(paces_of(config_)),
      load_{.connections = policy::Connections(config_.load.connections),
            .memory = inbound::MemoryAccount(config_.load.memory),
            .room = {}} {}

Server::~Server() = default;

StartFault Server::config_fault(std::string key, std::string problem, std::string mend) const {
  return fault_of(config_.error(std::move(key), std::move(problem), std::move(mend)));
}

// Keys may be root's alone: they are read before anything else.
Server::Started Server::load_keys() {
  key_stamps_.loaded = key_stamps_.seen = key_stamp(config_);
  recipients_stamps_.loaded = recipients_stamps_.seen = recipients_stamp(config_);
  auto keys = load_key_material(config_);
  if (!keys) {
    StartFault fault{.exit_code = EX_CONFIG, .lines = {}};
    for (const auto& error : keys.error()) fault.lines.push_back(error.text());
    return std::unexpected(std::move(fault));
  }
  first_keys_ = *std::move(keys);
  auto files = load_recipient_files(config_);
  if (!files) return std::unexpected(fault_of(files.error().front()));
  first_files_ = *std::move(files);
  return {};
}

Server::Started Server::bind_and_drop_privileges(net::HandedSockets handed) {
  auto identity = future_identity(config_.run_as);
  if (!identity) {
    return std::unexpected(config_fault("run_as", printable(identity.error().private_reason),
                                        "start as root, or as that user, or remove run_as"));
  }
  auto on_exception = [this](std::string what) { emit(Level::Error, "thread-fault", {{"reason", std::move(what)}}); };
  runtime_ = std::make_unique<net::Runtime>(config_.threads, std::move(on_exception));
  if (auto made = make_folders(config_, *identity); !made) return std::unexpected(fault_of(made.error()));
  auto sockets = bind_sockets(config_, *runtime_, *identity, std::move(handed));
  if (!sockets) return std::unexpected(fault_of(sockets.error()));
  sockets_ = *std::move(sockets);
  if (auto became = become(*identity); !became) return std::unexpected(system_fault(became.error()));
  StartFault fault{.exit_code = EX_CONFIG, .lines = {}};
  for (const auto& error : check_writable(config_)) fault.lines.push_back(error.text());
  if (!fault.lines.empty()) return std::unexpected(std::move(fault));
  return {};
}

// From here on there are threads.
Server::Started Server::open_world() {
  log_ = std::make_unique<Log>(config_.log);
  events_ = std::make_unique<Recorder>(clock_, trace_book_, *log_, &metrics_);
  auto resolver = net::Resolver::create(config_.dns);
  if (!resolver) {
    return std::unexpected(config_fault("dns", printable(resolver.error().private_reason), "correct that setting"));
  }
  resolver_ = *std::move(resolver);

  auto store = store::open_sqlite(store::SqliteOptions{.file = config_.state_dir / "cas.db", .commits = &commits_});
  if (!store) {
    const bool passing = store.error().lasting == Lasting::Transient;
    auto fault = config_fault("state_dir", printable(store.error().private_reason),
                              passing ? "then start again" : "mend or move that file");
    if (passing) fault.exit_code = EX_TEMPFAIL;
    return std::unexpected(std::move(fault));
  }
  store_ = *std::move(store);
  const queue::SuppressionOptions suppression{.enabled = config_.queue.suppression, .keep = config_.queue.suppress_for};
  const queue::Options options{
      .host = config_.host,
      .lifetime = config_.queue.lifetime,
      .first_retry = config_.queue.first_retry,
      .max_retry = config_.queue.max_retry,
      .route_for = [this](const Domain& domain) { return route_for(domain); },
      .signs_for = [this](const Domain& domain) { return signs_for(domain); },
      .delay_warning = config_.queue.delay_warning,
      .keep_failed = config_.queue.keep_failed,
      .suppression = suppression,
      .schedule = {.local = local_pace(config_),
                   .destination_for = [this](const std::string& domain) { return destination_for(domain); }}};
  peers_ = std::make_unique<outbound::PeerMemory>(*store_, clock_);
  suppressions_ = std::make_unique<queue::Suppressions>(*store_, clock_, suppression);
  relationships_ = std::make_unique<registry::Relationships>(*store_, clock_);
  if (auto loaded = relationships_->load(); !loaded) return std::unexpected(system_fault(loaded.error()));
  report_ = std::make_unique<registry::VerdictReport>(*store_);
  conduct_store_ = std::make_unique<registry::ConductStore>(*store_, conduct_, clock_);
  if (auto loaded = conduct_store_->load(); !loaded) return std::unexpected(system_fault(loaded.error()));
  queue_ = std::make_unique<queue::Queue>(*store_, clock_, random_, *events_, options);
  if (auto recovered = queue_->recover(); !recovered) {
    auto fault = system_fault(recovered.error());
    if (recovered.error().lasting == Lasting::Transient) fault.exit_code = EX_TEMPFAIL;
    return std::unexpected(std::move(fault));
  }
  auto exceptions = registry::Exceptions::load(*store_, clock_, *events_, draw(random_));
  if (!exceptions) return std::unexpected(system_fault(exceptions.error()));
  exceptions_ = *std::move(exceptions);
  workers_ = std::make_unique<net::Workers>(std::max<std::size_t>(4, runtime_->size()));
  database_workers_ = std::make_unique<net::Workers>(database_threads, 256);
  const outbound::PoolOptions pool{.idle_timeout = config_.outbound.idle_timeout,
                                   .messages = config_.outbound.connection_messages};
  pools_ = std::make_unique<outbound::ConnectionPools>(executors(), pool);
  const outbound::HostHealth::Limits health{.first = config_.outbound.host_backoff};
  host_health_ = std::make_unique<Guarded<outbound::HostHealth>>(outbound::HostHealth(health));
  return {};
}

// What was learned of other servers' TLS, and how it went: over reloads too. The demands are the Relay's.
Server::Started Server::open_tls_books() {
  auto tls = net::TlsContext::client(net::ClientTls{.ca_file = config_.outbound.ca_file});
  if (!tls) {
    return std::unexpected(
        config_fault("outbound.ca_file", printable(tls.error().private_reason), "name a PEM file with certificates"));
  }
  outgoing_tls_ = *std::move(tls);
  outbound::StsServices learning{.resolver = *resolver_,
                                 .workers = *workers_,
                                 .clock = clock_,
                                 .events = *events_,
                                 .executor = runtime_->executor(0)};
  outbound::StsOptions options{.folder = config_.state_dir / "mta-sts"};
  sts_book_ = std::make_unique<outbound::StsBook>(std::move(learning), std::move(options), *outgoing_tls_);
  open_dns_watch();
  if (!config_.tls_reports_from) return {};
  outbound::TlsReporterServices reporting{.queue = *queue_,
                                          .resolver = *resolver_,
                                          .workers = *workers_,
                                          .clock = clock_,
                                          .random = random_,
                                          .events = *events_,
                                          .executor = runtime_->executor(0)};
  outbound::TlsReporterOptions reports{.from = *config_.tls_reports_from,
                                       .file = config_.state_dir / "tls-reports",
                                       .route_for = [this](const Domain& domain) { return route_for(domain); }};
  tls_reporter_ = std::make_unique<outbound::TlsReporter>(std::move(reporting), std::move(reports), *outgoing_tls_);
  return {};
}

void Server::open_dns_watch() {
  if (!config_.dns_check.watch) return;
  outbound::DnsWatchServices services{.queue = *queue_,
                                      .resolver = *resolver_,
                                      .workers = *workers_,
                                      .clock = clock_,
                                      .random = random_,
                                      .events = *events_,
                                      .executor = runtime_->executor(0)};
  outbound::DnsWatchOptions options{.file = config_.state_dir / "dns-check",
                                    .host = config_.host.text(),
                                    .report_to = config_.dns_check.report_to,
                                    .sites = [this] { return sites_of(live()->config); },
                                    .route_for = [this](const Domain& domain) { return route_for(domain); },
                                    .survey = survey_options_of(config_)};
  dns_watch_ = std::make_unique<outbound::DnsWatch>(std::move(services), std::move(options), *outgoing_tls_);
}

Server::Started Server::open_accounts() {
  accounts_ = std::make_unique<registry::Accounts>(
      *store_, [this](const Domain& domain) { return route_for(domain) == store::Route::Local; });
  const auto loaded = accounts_->load(random_);
  if (!loaded) {
    auto fault = system_fault(loaded.error());
    if (loaded.error().lasting == Lasting::Transient) fault.exit_code = EX_TEMPFAIL;
    return std::unexpected(std::move(fault));
  }
  for (const auto& name : loaded->damaged) {
    emit(Level::Error, "user-damaged",
         {{"user", name}, {"mend", "remove the user and add him anew; he cannot log in"}});
  }
  password_workers_ = std::make_unique<net::Workers>(std::max<std::size_t>(1, runtime_->size() / 2), waiting_passwords);
  return {};
}

std::vector<net::Executor> Server::executors() const {
  std::vector<net::Executor> all;
  for (std::size_t n = 0; n < runtime_->size(); ++n) all.push_back(runtime_->executor(n));
  return all;
}

queue::ScheduleOptions::Destination Server::destination_for(const std::string& domain) const {
  const auto paces = paces_.with([](const auto& now) { return now; });
  return outbound::describe(domain, paces->routes, paces->rules, paces->usual);
}

// A bounce to one of our own users need not leave the house.
store::Route Server::route_for(const Domain& domain) const {
  const bool found = directory_.with([&](const auto& directory) { return directory->find(domain) != nullptr; });
  return found ? store::Route::Local : store::Route::Remote;
}

// Keys change with a reload; notifications are written at any time.
bool Server::signs_for(const Domain& domain) const {
  return signing_domains_.with([&](const auto& domains) {
    for (auto above = std::optional(domain); above; above = above->parent()) {
      if (domains.contains(*above)) return true;
    }
    return false;
  });
}

// ---- Inbound ----

void Server::build_inbound() {
  for (const auto& bound : sockets_.listeners) {
    if (bound.config.role == Role::Milter) continue;
    for (auto& place : places_of(bound.config.address)) own_places_.push_back(std::move(place));
  }
  tell_signing(config_.domains, first_keys_.signing);
  put_in_force(make_live(config_, std::exchange(first_keys_, {}), std::exchange(first_files_, {})));
  for (auto& bound : sockets_.listeners) {
    const auto& socket = bound.config.socket;
    listening_.push_back((socket.empty() ? bound.config.address.text() : "unix:" + socket.string()) + " " +
                         std::string(role_word(bound.config.role)));
    for (std::size_t n = 0; n < bound.sockets.size(); ++n) {
      if (bound.config.role == Role::Milter) {
        auto server = std::make_unique<milter::Server>(runtime_->executor(n), std::move(bound.sockets[n]),
                                                       milter_settings(live(), bound.config));
        milters_.push_back(MilterListening{.config = bound.config, .server = std::move(server)});
        continue;
      }
      auto acceptor = std::make_unique<inbound::Acceptor>(runtime_->executor(n), std::move(bound.sockets[n]),
                                                          session_settings(live(), bound.config));
      acceptors_.push_back(Listening{.config = bound.config, .acceptor = std::move(acceptor)});
    }
  }
  if (sockets_.submission) {
    ListenConfig local{.address = {.address = "unix", .port = 0}, .role = Role::Submission, .tls = ListenTls::Off};
    local.local_users = true;
    listening_.push_back("unix:" + config_.submission_socket.string() + " submission");
    auto acceptor = std::make_unique<inbound::Acceptor>(runtime_->executor(0), *std::move(sockets_.submission),
                                                        session_settings(live(), local));
    acceptors_.push_back(Listening{.config = local, .acceptor = std::move(acceptor)});
  }
  watch_disk();
  inbound::KeeperServices keeper{.host = config_.host,
                                 .queue = *queue_,
                                 .relationships = *relationships_,
                                 .workers = *workers_,
                                 .clock = clock_,
                                 .random = random_,
                                 .events = *events_,
                                 .directory = [this] { return directory_.with([](const auto& now) { return now; }); },
                                 .executor = runtime_->executor(0)};
  screener_keeper_ = std::make_unique<inbound::ScreenerKeeper>(std::move(keeper), config_.screener);
}

// ---- Deliveries ----

void Server::tell_signing(const std::vector<DomainConfig>& own, const outbound::SigningKeys& signing) {
  std::set<Domain> domains;
  for (const auto& [domain, keys] : signing) domains.insert(domain);
  signing_domains_.with([&](auto& known) { known = std::move(domains); });
  for (const auto& domain : own) {
    const auto keys = signing.find(domain.name);
    if (keys == signing.end() || keys->second.empty()) {
      emit(Level::Warning, "unsigned",
           {{"domain", domain.name.text()},
            {"mend",
             "it has no active key, and what it sends is neither signed nor confirmed: `cas keys generate`, "
             "publish, `cas keys rotate`"}});
      continue;
    }
    for (const auto& key : keys->second) {
      emit(Level::Info, "signing", {{"domain", domain.name.text()}, {"selector", key.selector}});
    }
  }
}

void Server::build_outbound() {
  auto deliver = [this](const queue::Job& job) { return deliver_locally(job); };
  const delivery::DispatcherOptions local{.route = store::Route::Local, .concurrency = local_concurrency};
  dispatchers_.push_back(
      std::make_unique<delivery::Dispatcher>(executors(), *queue_, clock_, *events_, local, std::move(deliver)));

  auto relay = [this](const queue::Job& job) { return this->relay(job); };
  const delivery::DispatcherOptions remote{.route = store::Route::Remote, .concurrency = config_.outbound.concurrency};
  dispatchers_.push_back(
      std::make_unique<delivery::Dispatcher>(executors(), *queue_, clock_, *events_, remote, std::move(relay)));
}

// ---- Admin API ----

void Server::build_admin() {
  users_api_ = std::make_unique<http::UsersApi>(*accounts_, clock_);
  http::AdminApi::Services services{
      .queue = *queue_,
      .suppressions = *suppressions_,
      .relationships = *relationships_,
      .clock = clock_,
      .trace = [this](std::string_view id) { return trace_book_.find(id); },
      .status = [this] { return status(); },
      .about_to_retry = [this] { host_health_->with([](auto& health) { health.wake_all(); }); },
      .why = [this](policy::WhyQuestion question) { return explain(std::move(question)); },
      .screener_decided = [this] { screener_keeper_->wake(); },
      .is_ours =
          [this](const std::string& domain) {
            const auto parsed = Domain::parse(domain);
            return parsed && live()->directory->find(*parsed) != nullptr;
          },
      .users = [this](http::Request request) { return users_api_->answer(std::move(request)); },
      .report = report_.get()};
  admin_api_ = std::make_unique<http::AdminApi>(std::move(services));
  exceptions_api_ = std::make_unique<http::ExceptionsApi>(*exceptions_, *store_, clock_);
  auto answer = [this](http::Request request) { return answer_admin(std::move(request)); };
  http::ServerOptions options;
  options.limits.body = max_admin_body;
  admin_ = std::make_unique<http::Server>(runtime_->executor(0), *std::move(sockets_.admin), options, *events_,
                                          std::move(answer));
}

net::Task<http::Response> Server::answer_admin(http::Request request) {
  const bool may_change = request.method != "GET";
  auto answer = [&] {
    if (http::ExceptionsApi::answers(request.path)) return exceptions_api_->answer(std::move(request));
    if (is_dns_path(request.path)) return answer_dns(std::move(request), dns_watch_.get());
    return admin_api_->answer(std::move(request));
  }();
  auto response = co_await std::move(answer);
  if (may_change) turns_.forget();  // an entry, a window, a decision: whoever was put off is looked at again
  co_return response;
}

http::ServerStatus Server::status() const {
  return http::ServerStatus{.version = std::string(version),
                            .host = config_.host.text(),
                            .pid = ::getpid(),
                            .started = started_,
                            .listening = listening_,
                            .next_local = queue_->next_due(store::Route::Local),
                            .next_remote = queue_->next_due(store::Route::Remote),
                            .trace_events = trace_book_.size(),
                            .log_lines_dropped = log_->dropped()};
}

// ---- Running ----

void Server::emit(Level level, std::string_view name, std::vector<std::pair<std::string_view, std::string>> fields) {
  if (!events_) return;
  events_->emit(Event{.level = level, .trace = {}, .queue_id = {}, .name = name, .fields = std::move(fields)});
}

void Server::start() {
  runtime_->start();
  for (auto& dispatcher : dispatchers_) dispatcher->start();
  sts_book_->start();
  if (tls_reporter_) tls_reporter_->start();
  if (dns_watch_) dns_watch_->start();
  for (auto& one : acceptors_) one.acceptor->start();
  for (auto& one : milters_) one.server->start();
  screener_keeper_->start();
  admin_->start();
  if (metrics_server_) metrics_server_->start();
  std::vector<std::pair<std::string_view, std::string>> fields{{"version", std::string(version)},
                                                               {"host", config_.host.text()}};
  for (const auto& place : listening_) fields.emplace_back("listen", place);
  fields.emplace_back("admin", config_.admin_socket.string());
  emit(Level::Info, "ready", std::move(fields));
  tell_ready();
}

int Server::run() {
  start();
  const auto watchdog = manager_.watchdog();
  const milliseconds pause =
      std::min(key_look_pause, watchdog ? std::max(*watchdog / 4, milliseconds{1}) : key_look_pause);
  auto look_at = std::chrono::steady_clock::now() + key_look_pause;
  while (true) {
    const auto signal = runtime_->wait_for_signal(pause);
    if (signal && *signal != SIGHUP) break;
    if (signal) hang_up();
    give_sign_of_life();
    if (std::chrono::steady_clock::now() < look_at) continue;
    look_for_new_keys();
    look_for_new_recipients();
    keep_books(false);
    look_at = std::chrono::steady_clock::now() + key_look_pause;
  }
  drain();
  return EX_OK;
}

// All at once, so that one slow session uses up nobody else's time.
void Server::drain() {
  emit(Level::Info, "stopping");
  tell_manager("STOPPING=1\nSTATUS=finishing what is under way");
  disk_watch_.reset();
  {
    std::vector<std::jthread> stops;
    for (auto& one : acceptors_) stops.emplace_back([&one] { one.acceptor->stop(drain_time); });
    for (auto& one : milters_) stops.emplace_back([&one] { one.server->stop(drain_time); });
    for (auto& dispatcher : dispatchers_) stops.emplace_back([&dispatcher] { dispatcher->stop(drain_time); });
  }
  screener_keeper_->stop();
  pools_->finish();
  sts_book_->stop();
  if (tls_reporter_) tls_reporter_->stop();
  if (dns_watch_) dns_watch_->stop();
  admin_->stop();
  if (metrics_server_) metrics_server_->stop();
  keep_books(true);
  runtime_->stop();
  emit(Level::Info, "stopped");
}

}  // namespace cas::app
