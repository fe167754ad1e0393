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

#include <thread>

#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "app/version.hpp"
#include "base/encoding.hpp"
#include "delivery/require_tls.hpp"
#include "store/sqlite.hpp"

namespace cas::app {

namespace {

constexpr milliseconds drain_time{30000};
constexpr std::size_t local_concurrency = 16;

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
  return role == Role::Mx ? "mx" : "submission";
}

}  // namespace

// ---- Construction ----

std::expected<std::unique_ptr<Server>, StartFault> Server::create(Config config) {
  ::umask(0077);
  raise_descriptor_limit();
  std::unique_ptr<Server> server(new Server(std::move(config)));
  if (auto done = server->load_keys(); !done) return std::unexpected(std::move(done).error());
  if (auto done = server->bind_and_drop_privileges(); !done) return std::unexpected(std::move(done).error());
  server->build_directory();  // recovery may write bounces, and asks where they go
  if (auto done = server->open_world(); !done) return std::unexpected(std::move(done).error());
  server->build_inbound();
  if (auto done = server->build_tls_policies(); !done) return std::unexpected(std::move(done).error());
  server->build_outbound();
  server->build_admin();
  return server;
}

Server::Server(Config config) : config_(std::move(config)), started_(clock_.now()) {}

Server::~Server() = default;

StartFault Server::config_fault(std::string key, std::string problem, std::string mend) const {
  return fault_of(config_.error(std::move(key), std::move(problem), std::move(mend)));
}

// Keys may be root's alone: they are read before anything else.
Server::Started Server::load_keys() {
  if (!config_.tls_certificate.empty()) {
    auto tls = net::TlsContext::server(config_.tls_certificate, config_.tls_key);
    if (!tls) {
      return std::unexpected(config_fault("tls.key", printable(tls.error().private_reason),
                                          "name a certificate and the key that belongs to it"));
    }
    tls_ = *std::move(tls);
  }
  for (const auto& domain : config_.domains) {
    if (auto done = load_signing_keys(domain); !done) return done;
  }
  return {};
}

// Those that the configuration names, or else the active ones of the domain's folder.
Server::Started Server::load_signing_keys(const DomainConfig& domain) {
  for (const auto& signing : domain.signing) {
    auto pem = read_small_file(signing.key);
    auto key = pem ? crypto::PrivateKey::from_pem(*pem) : Result<crypto::PrivateKey>(std::unexpected(pem.error()));
    if (!key) {
      return std::unexpected(config_fault(signing.where + ".key",
                                          "cannot be used: " + printable(key.error().private_reason),
                                          "name a PEM file with an Ed25519 or RSA key"));
    }
    signing_[domain.name].push_back(outbound::Signing{.selector = signing.selector, .key = *std::move(key)});
  }
  if (!domain.signing.empty()) return {};
  auto found = read_keys(config_.keys_dir, domain.name);
  StartFault faults{.exit_code = EX_CONFIG, .lines = {}};
  for (const auto& fault : found.faults) {
    const std::string problem = "\"" + printable(fault.file.string()) + "\" " + fault.problem;
    faults.lines.push_back(config_.error("keys_dir", problem, fault.mend).text());
  }
  if (!faults.lines.empty()) return std::unexpected(std::move(faults));
  for (auto& key : found.keys) {
    if (key.facts.state != KeyState::Active) continue;
    signing_[domain.name].push_back(
        outbound::Signing{.selector = std::move(key.facts.selector), .key = std::move(key.key)});
  }
  return {};
}

Server::Started Server::bind_and_drop_privileges() {
  auto identity = future_identity(config_.run_as);
  if (!identity) {
    return std::unexpected(config_fault("run_as", printable(identity.error().private_reason),
                                        "start as root, or as that user, or remove run_as"));
  }
  auto on_exception = [this](std::string what) { emit(Level::Error, "thread-fault", {{"reason", std::move(what)}}); };
  runtime_ = std::make_unique<net::Runtime>(config_.threads, std::move(on_exception));
  if (auto made = make_folders(config_, *identity); !made) return std::unexpected(fault_of(made.error()));
  auto sockets = bind_sockets(config_, *runtime_, *identity);
  if (!sockets) return std::unexpected(fault_of(sockets.error()));
  sockets_ = *std::move(sockets);
  if (auto became = become(*identity); !became) return std::unexpected(system_fault(became.error()));
  StartFault fault{.exit_code = EX_CONFIG, .lines = {}};
  for (const auto& error : check_writable(config_)) fault.lines.push_back(error.text());
  if (!fault.lines.empty()) return std::unexpected(std::move(fault));
  return {};
}

void Server::build_directory() {
  std::vector<inbound::DomainSettings> domains;
  for (const auto& domain : config_.domains) {
    domains.push_back(inbound::DomainSettings{.name = domain.name,
                                              .mode = domain.mode,
                                              .authentication = domain.authentication,
                                              .maildir = domain.maildir,
                                              .mailboxes = domain.mailboxes});
  }
  directory_ = std::make_unique<inbound::Directory>(std::move(domains));
}

// From here on there are threads.
Server::Started Server::open_world() {
  log_ = std::make_unique<Log>(config_.log);
  events_ = std::make_unique<Recorder>(clock_, trace_book_, *log_);
  auto resolver = net::Resolver::create(config_.dns);
  if (!resolver) {
    return std::unexpected(config_fault("dns", printable(resolver.error().private_reason), "correct that setting"));
  }
  resolver_ = *std::move(resolver);

  auto store = store::open_sqlite(store::SqliteOptions{.file = config_.state_dir / "cas.db"});
  if (!store) {
    const bool busy = store.error().lasting == Lasting::Transient;
    auto fault = config_fault("state_dir", printable(store.error().private_reason),
                              busy ? "stop the other server, or try again" : "mend or move that file");
    if (busy) fault.exit_code = EX_TEMPFAIL;
    return std::unexpected(std::move(fault));
  }
  store_ = *std::move(store);
  const queue::Options options{.host = config_.host,
                               .lifetime = config_.queue.lifetime,
                               .first_retry = config_.queue.first_retry,
                               .max_retry = config_.queue.max_retry,
                               .route_for = [this](const Domain& domain) { return route_for(domain); }};
  queue_ = std::make_unique<queue::Queue>(*store_, clock_, random_, *events_, options);
  if (auto recovered = queue_->recover(); !recovered) {
    auto fault = system_fault(recovered.error());
    if (recovered.error().lasting == Lasting::Transient) fault.exit_code = EX_TEMPFAIL;
    return std::unexpected(std::move(fault));
  }
  workers_ = std::make_unique<net::Workers>(std::max<std::size_t>(4, runtime_->size()));
  return {};
}

// A bounce to one of our own users need not leave the house.
store::Route Server::route_for(const Domain& domain) const {
  return directory_->find(domain) != nullptr ? store::Route::Local : store::Route::Remote;
}

// ---- Inbound ----

inbound::AcceptorOptions Server::acceptor_options(const ListenConfig& listen) const {
  const auto speaks = [](const DomainConfig& domain) { return domain.mode != confirm::Mode::Off; };
  const bool mx = listen.role == Role::Mx;
  inbound::AcceptorOptions options{
      .smtp = smtp::ServerOptions{.host = config_.host,
                                  .limits = config_.limits,
                                  .offer_starttls = listen.tls == ListenTls::StartTls,
                                  .offer_cas = mx && std::ranges::any_of(config_.domains, speaks),
                                  .submission = !mx,
                                  .offer_requiretls = delivery::keeps_require_tls},
      .tls = {},
      .implicit_tls = listen.tls == ListenTls::Implicit};
  if (listen.tls != ListenTls::Off) options.tls = tls_;
  return options;
}

void Server::build_inbound() {
  std::vector<inbound::Account> accounts;
  for (const auto& user : config_.users) {
    accounts.push_back(inbound::Account{.name = user.name, .password_hash = user.password, .send_as = user.send_as});
  }
  accounts_ = std::make_unique<inbound::Accounts>(std::move(accounts));
  services_ = std::make_unique<inbound::Services>(
      inbound::Services{.host = config_.host,
                        .queue = *queue_,
                        .resolver = *resolver_,
                        .workers = *workers_,
                        .clock = clock_,
                        .random = random_,
                        .events = *events_,
                        .directory = *directory_,
                        .accounts = *accounts_,
                        .reservations = reservations_,
                        .buckets = buckets_,
                        .dkim_keys = dkim_keys_,
                        .authentication = {.trusted_sealers = config_.authentication.trusted_sealers,
                                           .received_spf = config_.authentication.received_spf}});
  for (auto& bound : sockets_.listeners) {
    listening_.push_back(bound.config.address.text() + " " + std::string(role_word(bound.config.role)));
    for (std::size_t n = 0; n < bound.sockets.size(); ++n) {
      acceptors_.push_back(std::make_unique<inbound::Acceptor>(runtime_->executor(n), std::move(bound.sockets[n]),
                                                               acceptor_options(bound.config), *services_));
    }
  }
}

// ---- Deliveries ----

void Server::tell_signing() {
  for (const auto& domain : config_.domains) {
    const auto keys = signing_.find(domain.name);
    if (keys == signing_.end() || keys->second.empty()) {
      emit(Level::Warning, "unsigned",
           {{"domain", domain.name.text()},
            {"mend",
             "it has no active key, and what it sends is neither signed nor confirmed: `cas keys generate`, "
             "publish, `cas keys rotate`, restart"}});
      continue;
    }
    for (const auto& key : keys->second) {
      emit(Level::Info, "signing", {{"domain", domain.name.text()}, {"selector", key.selector}});
    }
  }
}

Server::Started Server::build_tls_policies() {
  const auto& outbound = config_.outbound;
  auto tls = net::TlsContext::client(net::ClientTls{.ca_file = outbound.ca_file});
  if (!tls) {
    return std::unexpected(
        config_fault("outbound.ca_file", printable(tls.error().private_reason), "name a PEM file with certificates"));
  }
  outgoing_tls_ = *std::move(tls);
  if (outbound.mta_sts) {
    outbound::StsServices services{.resolver = *resolver_,
                                   .workers = *workers_,
                                   .clock = clock_,
                                   .events = *events_,
                                   .executor = runtime_->executor(0)};
    outbound::StsOptions options{.folder = config_.state_dir / "mta-sts"};
    sts_book_ = std::make_unique<outbound::StsBook>(std::move(services), std::move(options), *outgoing_tls_);
  }
  outbound::TlsPolicyOptions options{
      .pins = outbound.pins, .dane = outbound.dane, .require_tls = outbound.require_tls, .port = outbound.port};
  tls_policies_ = std::make_unique<outbound::TlsPolicies>(*resolver_, sts_book_.get(), std::move(options));
  if (!config_.tls_reports_from) return {};
  outbound::TlsReporterServices services{.queue = *queue_,
                                         .resolver = *resolver_,
                                         .workers = *workers_,
                                         .clock = clock_,
                                         .random = random_,
                                         .events = *events_,
                                         .executor = runtime_->executor(0)};
  outbound::TlsReporterOptions reporting{.from = *config_.tls_reports_from,
                                         .file = config_.state_dir / "tls-reports",
                                         .route_for = [this](const Domain& domain) { return route_for(domain); }};
  tls_reporter_ = std::make_unique<outbound::TlsReporter>(std::move(services), std::move(reporting), *outgoing_tls_);
  return {};
}

void Server::build_outbound() {
  std::vector<net::Executor> executors;
  for (std::size_t n = 0; n < runtime_->size(); ++n) executors.push_back(runtime_->executor(n));

  local_delivery_ = std::make_unique<inbound::LocalDelivery>(*services_);
  auto deliver = [this](const queue::Job& job) { return local_delivery_->attempt(job); };
  const delivery::DispatcherOptions local{.route = store::Route::Local, .concurrency = local_concurrency};
  dispatchers_.push_back(
      std::make_unique<delivery::Dispatcher>(executors, *queue_, clock_, *events_, local, std::move(deliver)));

  tell_signing();
  outbound::RelayOptions options{.host = config_.host,
                                 .port = config_.outbound.port,
                                 .fallback = config_.outbound.fallback,
                                 .signing = std::move(signing_),
                                 .connect_timeout = config_.outbound.connect_timeout};
  const outbound::RelayServices services{.queue = *queue_,
                                         .resolver = *resolver_,
                                         .clock = clock_,
                                         .random = random_,
                                         .events = *events_,
                                         .tls_policies = *tls_policies_,
                                         .tls = *outgoing_tls_,
                                         .results = tls_reporter_.get()};
  relay_ = std::make_unique<outbound::Relay>(services, std::move(options));
  auto relay = [this](const queue::Job& job) { return relay_->attempt(job); };
  const delivery::DispatcherOptions remote{.route = store::Route::Remote, .concurrency = config_.outbound.concurrency};
  dispatchers_.push_back(
      std::make_unique<delivery::Dispatcher>(executors, *queue_, clock_, *events_, remote, std::move(relay)));
}

// ---- Admin API ----

void Server::build_admin() {
  http::AdminApi::Services services{.queue = *queue_,
                                    .trace = [this](std::string_view id) { return trace_book_.find(id); },
                                    .status = [this] { return status(); }};
  admin_api_ = std::make_unique<http::AdminApi>(std::move(services));
  auto answer = [this](http::Request request) { return admin_api_->answer(std::move(request)); };
  admin_ = std::make_unique<http::Server>(runtime_->executor(0), *std::move(sockets_.admin), http::ServerOptions{},
                                          *events_, std::move(answer));
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
  if (tls_reporter_) tls_reporter_->start();
  for (auto& acceptor : acceptors_) acceptor->start();
  admin_->start();
  std::vector<std::pair<std::string_view, std::string>> fields{{"version", std::string(version)},
                                                               {"host", config_.host.text()}};
  for (const auto& place : listening_) fields.emplace_back("listen", place);
  fields.emplace_back("admin", config_.admin_socket.string());
  emit(Level::Info, "ready", std::move(fields));
}

int Server::run() {
  start();
  while (true) {
    const int signal = runtime_->wait_for_signal();
    if (signal != SIGHUP) break;
    emit(Level::Warning, "reload-not-supported", {{"mend", "restart the server to read its configuration again"}});
  }
  drain();
  return EX_OK;
}

// All at once, so that one slow session uses up nobody else's time.
void Server::drain() {
  emit(Level::Info, "stopping");
  {
    std::vector<std::jthread> stops;
    for (auto& acceptor : acceptors_) stops.emplace_back([&acceptor] { acceptor->stop(drain_time); });
    for (auto& dispatcher : dispatchers_) stops.emplace_back([&dispatcher] { dispatcher->stop(drain_time); });
  }
  if (sts_book_) sts_book_->stop();
  if (tls_reporter_) tls_reporter_->stop();
  admin_->stop();
  runtime_->stop();
  emit(Level::Info, "stopped");
}

}  // namespace cas::app
