// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What is in force, and how it is replaced while the server runs: the whole of it, or nothing.
#include <sys/resource.h>

#include <algorithm>

#include "app/server.hpp"
#include "base/encoding.hpp"
#include "inbound/redirect.hpp"
#include "inbound/why.hpp"

namespace cas::app {

namespace {

constexpr milliseconds disk_look_pause{5000};
constexpr milliseconds report_pause{60'000};
constexpr milliseconds conduct_pause{600'000};
constexpr std::string_view reload_mend =
    "nothing has changed: mend it and reload again. A file that root alone can read needs a restart, or a group that "
    "may "
    "read it (docs/operating.md, Reload)";

// What holds wherever a message goes.
outbound::RelayOptions relay_options(const Config& config, std::vector<net::Endpoint> own_places) {
  return outbound::RelayOptions{.host = config.host,
                                .own_places = std::move(own_places),
                                .connect_timeout = config.outbound.connect_timeout,
                                .command_timeout = config.outbound.command_timeout,
                                .data_timeout = config.outbound.data_timeout,
                                .final_timeout = config.outbound.final_timeout};
}

outbound::RelayOptions remote_options(const Config& config, KeyMaterial keys, std::vector<net::Endpoint> own_places) {
  auto options = relay_options(config, std::move(own_places));
  options.port = config.outbound.port;
  options.tls = {.pins = config.outbound.pins,
                 .dane = config.outbound.dane,
                 .mta_sts = config.outbound.mta_sts,
                 .require_tls = config.outbound.require_tls};
  options.routes = std::move(keys.routes);
  options.fallback = config.outbound.fallback;
  options.destinations = outbound::DestinationRules(config.outbound.destinations);
  options.signing = std::move(keys.signing);
  return options;
}

// To the server that has the mailboxes: no signature, no CONFIRM, no MX.
outbound::RelayOptions backend_options(const Config& config, std::vector<net::Endpoint> own_places) {
  std::vector<outbound::Routes::Transport> backends;
  for (const auto& domain : config.domains) {
    if (domain.backend)
      backends.push_back({.domain = domain.name, .with_subdomains = false, .next_hop = *domain.backend});
  }
  auto options = relay_options(config, std::move(own_places));
  options.routes = outbound::Routes(std::nullopt, std::move(backends));
  return options;
}

}  // namespace

std::shared_ptr<const Live> Server::live() const {
  return live_.with([](const auto& now) { return now; });
}

outbound::RelayServices Server::relay_services() {
  return outbound::RelayServices{.queue = *queue_,
                                 .resolver = *resolver_,
                                 .clock = clock_,
                                 .random = random_,
                                 .events = *events_,
                                 .pools = *pools_,
                                 .health = *host_health_,
                                 .tls = *outgoing_tls_,
                                 .sts = sts_book_.get(),
                                 .results = tls_reporter_.get(),
                                 .peers = peers_.get()};
}

std::shared_ptr<const Live> Server::make_live(Config config, KeyMaterial keys, RecipientFiles files) {
  auto directory = directory_of(config);
  auto milter_directory = directory_of(config, Domains::All);
  const auto relay = relay_services();
  auto callout = std::make_shared<const outbound::Callout>(relay, relay_options(config, own_places_));
  auto ask = [callout](outbound::NextHop hop, Mailbox mailbox, milliseconds timeout) {
    return callout->ask(std::move(hop), std::move(mailbox), timeout);
  };
  const RecipientServices sources{.files = *workers_, .databases = *database_workers_, .callout = std::move(ask)};
  auto recipients = recipients_of(config, files, sources);
  auto fresh = std::make_shared<Live>(Live{.config = std::move(config),
                                           .keys = std::move(keys),
                                           .directory = std::move(directory),
                                           .milter_directory = std::move(milter_directory),
                                           .recipient_files = std::move(files),
                                           .callout = std::move(callout),
                                           .recipients = std::move(recipients),
                                           .filters = {},
                                           .services = {},
                                           .milter_services = {},
                                           .local = {},
                                           .relay = {},
                                           .backends = {}});
  const auto& authentication = fresh->config.authentication;
  if (const auto& filters = fresh->config.filters; !filters.empty()) {
    fresh->filters =
        std::make_unique<const milter::FilterClient>(config_.host, filters, fresh->config.limits.message, *events_);
  }
  const auto services_with = [&](const inbound::Directory& domains) -> inbound::Services {
    return {.host = config_.host,
            .queue = *queue_,
            .suppressions = *suppressions_,
            .resolver = *resolver_,
            .workers = *workers_,
            .clock = clock_,
            .random = random_,
            .events = *events_,
            .directory = domains,
            .recipients = *fresh->recipients,
            .accounts = *accounts_,
            .password_workers = *password_workers_,
            .auth_throttle = auth_throttle_,
            .reservations = reservations_,
            .buckets = buckets_,
            .exceptions = *exceptions_,
            .dkim_keys = dkim_keys_,
            .load = load_,
            .relationships = *relationships_,
            .conduct = conduct_,
            .turns = turns_,
            .greylist = greylist_,
            .report = *report_,
            .authentication = {.trusted_sealers = authentication.trusted_sealers,
                               .received_spf = authentication.received_spf},
            .strangers = fresh->config.strangers,
            .filters = fresh->filters.get()};
  };
  fresh->services = std::make_unique<const inbound::Services>(services_with(*fresh->directory));
  fresh->milter_services = std::make_unique<const inbound::Services>(services_with(*fresh->milter_directory));
  fresh->local = std::make_unique<inbound::LocalDelivery>(*fresh->services);
  fresh->relay = std::make_unique<outbound::Relay>(relay, remote_options(fresh->config, fresh->keys, own_places_));
  fresh->backends = std::make_unique<outbound::Relay>(relay, backend_options(fresh->config, own_places_));
  return fresh;
}

std::shared_ptr<const inbound::SessionSettings> Server::session_settings(std::shared_ptr<const Live> live,
                                                                         const ListenConfig& listen) const {
  return std::make_shared<const inbound::SessionSettings>(
      inbound::SessionSettings{.options = acceptor_options(*live, listen), .services = *live->services, .keeps = live});
}

std::shared_ptr<const milter::ServerSettings> Server::milter_settings(std::shared_ptr<const Live> live,
                                                                      const ListenConfig& listen) const {
  auto sign = [this, keys = live.get()](const Domain& author, const std::string& header,
                                        const crypto::Sha256Digest& body) -> Result<std::string> {
    const auto* own = outbound::keys_for(keys->keys.signing, author);
    if (own == nullptr) return std::string();
    return outbound::sign_header(header, body, *own, to_unix(clock_.now()));
  };
  return std::make_shared<const milter::ServerSettings>(
      milter::ServerSettings{.options = milter_options(live->config, listen),
                             .services = *live->milter_services,
                             .sign = std::move(sign),
                             .keeps = live});
}

// Sessions and deliveries that run keep what they began with.
void Server::put_in_force(std::shared_ptr<const Live> fresh) {
  const auto& load = fresh->config.load;
  auto connections = load.connections;
  connections.total = connections_that_fit(fresh->config);
  if (connections.total < load.connections.total) {
    emit(Level::Warning, "limits-do-not-fit",
         {{"connections", std::to_string(load.connections.total)},
          {"possible", std::to_string(connections.total)},
          {"mend", "raise the limit of open files (LimitNOFILE=, ulimit -n), or lower limits.connections"}});
  }
  for (const auto& doubt : doubts_of(fresh->config)) emit(Level::Warning, "config-doubtful", {{"what", doubt.text()}});
  load_.connections.set_limits(std::move(connections));
  load_.memory.set_most(load.memory);
  load_.users.set_limits(load.users);
  buckets_.set_limits(load.confirms);
  auth_throttle_.set_limits(load.auth);
  put_accounts_in_force(fresh->config);
  conduct_.set_limits(load.conduct);
  directory_.with([&](auto& now) { now = fresh->directory; });
  paces_.with([&](auto& now) { now = paces_of(fresh->config); });
  live_.with([&](auto& now) { now = fresh; });
  queue_->reroute();
  for (auto& one : acceptors_) one.acceptor->renew(session_settings(fresh, one.config));
  for (auto& one : milters_) one.server->renew(milter_settings(fresh, one.config));
}

// Before the sessions that ask for them.
void Server::put_accounts_in_force(const Config& config) {
  for (const auto& name : accounts_->set_configured(accounts_of(config))) {
    emit(Level::Warning, "user-twice",
         {{"user", name}, {"mend", "the configuration file counts: remove it there, or `cas user remove` the other"}});
  }
  const auto needs_user = [](const ListenConfig& listen) {
    return listen.role == Role::Submission && listen.trusted_networks.empty();
  };
  if (accounts_->empty() && std::ranges::any_of(config.listen, needs_user)) {
    emit(Level::Warning, "no-users", {{"mend", "nobody can submit mail yet: `cas user add`, or a [[user]]"}});
  }
}

void Server::hang_up() {
  tell_reloading();
  const auto done = reload();
  reload_fault_.clear();
  if (!done) {
    for (const auto& error : done.error()) {
      emit(Level::Error, "reload-failed", {{"reason", error.text()}, {"mend", std::string(reload_mend)}});
    }
    reload_fault_ = done.error().front().text();
  }
  tell_ready();
}

std::expected<void, std::vector<ConfigError>> Server::reload() {
  auto config = load_config(config_.file);
  if (!config) return std::unexpected(std::move(config).error());
  const auto stamp = key_stamp(*config);
  auto keys = load_key_material(*config);
  if (!keys) return std::unexpected(std::move(keys).error());
  const auto files_stamp = recipients_stamp(*config);
  auto files = load_recipient_files(*config);
  if (!files) return std::unexpected(std::move(files).error());
  std::string restart;
  for (const auto& key : needs_restart(config_, *config)) restart += (restart.empty() ? "" : ", ") + key;
  config->host = config_.host;
  key_stamps_ = {.loaded = stamp, .seen = stamp};
  recipients_stamps_ = {.loaded = files_stamp, .seen = files_stamp};
  tell_signing(config->domains, keys->signing);
  log_->set_level(config->log.level);
  put_in_force(make_live(*std::move(config), *std::move(keys), *std::move(files)));
  watch_disk();
  if (!restart.empty()) emit(Level::Warning, "restart-needed", {{"keys", restart}});
  emit(Level::Info, "reloaded");
  return {};
}

bool Server::Stamps::is_new(const std::string& stamp) {
  const bool settled = stamp == std::exchange(seen, stamp);
  if (!settled || stamp == loaded) return false;
  loaded = stamp;
  return true;
}

void Server::look_for_new_keys() {
  const auto now = live();
  if (!key_stamps_.is_new(key_stamp(now->config))) return;
  auto keys = load_key_material(now->config);
  if (!keys) {
    for (const auto& error : keys.error()) {
      emit(Level::Warning, "new-keys-unusable", {{"reason", error.text()}, {"mend", std::string(reload_mend)}});
    }
    return;
  }
  tell_signing(now->config.domains, keys->signing);
  put_in_force(make_live(now->config, *std::move(keys), now->recipient_files));
  emit(Level::Info, "keys-reloaded");
}

// The same for the files of recipients. The keys in force may be root's alone: they are kept.
void Server::look_for_new_recipients() {
  const auto now = live();
  if (!recipients_stamps_.is_new(recipients_stamp(now->config))) return;
  auto files = load_recipient_files(now->config);
  if (!files) {
    for (const auto& error : files.error()) {
      emit(Level::Warning, "recipients-unusable",
           {{"reason", error.text()}, {"mend", "those of before are in force until it is mended"}});
    }
    return;
  }
  put_in_force(make_live(now->config, now->keys, *std::move(files)));
  emit(Level::Info, "recipients-reloaded");
}

// What was counted in memory is written from time to time: a crash forgets the last minute, or the last ten.
void Server::keep_books(bool all) {
  const TimePoint now = clock_.now();
  const auto is_due = [&](TimePoint& kept, milliseconds pause) {
    if (!all && is_within(kept, now, pause)) return false;
    kept = now;
    return true;
  };
  if (is_due(report_kept_, report_pause)) report_->flush();
  if (is_due(conduct_kept_, conduct_pause)) conduct_store_->save();
}

// ---- The disk ----

void Server::watch_disk() {
  const auto now = live();
  DiskWatch::Places places{.state_dir = config_.state_dir, .maildirs = {}};
  for (const auto& domain : now->config.domains) {
    if (!domain.maildir.empty()) places.maildirs.emplace(domain.name, domain.maildir);
  }
  if (disk_watch_) return disk_watch_->watch(std::move(places));
  disk_watch_ = std::make_unique<DiskWatch>(std::move(places), disk_look_pause,
                                            [this](const inbound::Room::Seen& seen) { see_room(seen); });
}

// Told at the change, once. The watch calls it under its lock.
void Server::see_room(const inbound::Room::Seen& seen) {
  const std::uint64_t reserve = live()->config.disk_reserve();
  bool low = !policy::has_room(seen.state, 0, reserve);
  std::string place = low ? "state_dir" : "";
  for (const auto& [domain, space] : seen.mail) {
    if (policy::has_room(space, 0, reserve)) continue;
    low = true;
    if (place.empty()) place = "maildir of " + domain.text();
  }
  load_.room.see(seen);
  if (low == std::exchange(disk_low_, low)) return;
  if (low) {
    emit(Level::Warning, "disk-low",
         {{"place", place},
          {"free", std::to_string(seen.state.octets)},
          {"inodes", std::to_string(seen.state.inodes)},
          {"min_free_disk", std::to_string(reserve)},
          {"mend", "make room; mail is told 452 until then"}});
  } else {
    emit(Level::Info, "disk-has-room", {{"free", std::to_string(seen.state.octets)}});
  }
}

// ---- Deliveries keep what was in force when they began ----

net::Task<std::vector<queue::Outcome>> Server::deliver_behind(const Live& now, const queue::Job& job) const {
  auto ahead = co_await inbound::before_backend(*now.services, job);
  const auto is_settled = [](const auto& one) { return one.has_value(); };
  if (std::ranges::none_of(ahead, is_settled)) co_return co_await now.backends->attempt(job);
  queue::Job rest = job;
  rest.recipients.clear();
  for (std::size_t n = 0; n < ahead.size(); ++n) {
    if (!ahead[n]) rest.recipients.push_back(job.recipients[n]);
  }
  rest.whole = job.whole && rest.recipients.size() == job.recipients.size();
  std::vector<queue::Outcome> there;
  if (!rest.recipients.empty()) there = co_await now.backends->attempt(rest);
  std::vector<queue::Outcome> outcomes;
  auto next = there.begin();
  for (auto& one : ahead) outcomes.push_back(one ? *std::move(one) : *std::move(next++));
  co_return outcomes;
}

net::Task<std::vector<queue::Outcome>> Server::deliver_locally(const queue::Job& job) const {
  const auto now = live();
  const auto& domain = job.recipients.front().address.domain();
  if (domain && is_backend_domain(now->config, *domain)) {
    auto outcomes = co_await deliver_behind(*now, job);
    co_return outcomes;
  }
  auto outcomes = co_await now->local->attempt(job);
  co_return outcomes;
}

net::Task<policy::Why> Server::explain(policy::WhyQuestion question) const {
  const auto now = live();
  auto why = co_await inbound::explain(*now->milter_services, std::move(question));
  co_return why;
}

net::Task<std::vector<queue::Outcome>> Server::relay(const queue::Job& job) const {
  const auto now = live();
  auto outcomes = co_await now->relay->attempt(job);
  co_return outcomes;
}

}  // namespace cas::app
