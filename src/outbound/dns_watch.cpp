// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A look at the clock each minute; one domain after the other.
#include "outbound/dns_watch.hpp"

#include <boost/asio/post.hpp>
#include <cstdio>
#include <fstream>

#include "confirm/digest.hpp"
#include "message/header.hpp"
#include "net/completion.hpp"
#include "net/runtime.hpp"

namespace cas::outbound {

namespace {

constexpr milliseconds between_looks{60000};
constexpr std::chrono::hours again_after{1};  // what could not be told
constexpr std::size_t largest_file = std::size_t{64} << 20;

setup::WatchMemory load(const std::filesystem::path& file) {
  std::error_code fault;
  const auto size = std::filesystem::file_size(file, fault);
  if (fault || size > largest_file) return {};
  std::string text(size, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return setup::WatchMemory::load(text);
}

Result<bool> save(const std::filesystem::path& file, const std::string& text) {
  const std::string beside = file.string() + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (out && std::rename(beside.c_str(), file.c_str()) == 0) return true;
  return transient("storage is not available", "cannot write " + file.string());
}

confirm::MessageHashes hashes_of(const std::string& message) {
  confirm::MessageHashes hashes;
  const auto fields = parse_header(message);
  if (fields) hashes.header = confirm::header_hash(*fields);
  confirm::BodyHasher body;
  body.update(std::string_view(message).substr(message.find("\r\n\r\n") + 4));
  hashes.body = body.finish();
  return hashes;
}

std::size_t count(const std::vector<setup::Finding>& findings, setup::Severity severity) {
  return static_cast<std::size_t>(std::ranges::count(findings, severity, setup::severity_of));
}

}  // namespace

DnsWatch::DnsWatch(DnsWatchServices services, DnsWatchOptions options, net::TlsContext tls)
    : services_(std::move(services)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      bell_(services_.executor),
      group_(std::make_unique<net::TaskGroup>(services_.executor)) {
  state_.with([&](State& state) { state.memory = load(options_.file); });
}

DnsWatch::~DnsWatch() = default;

setup::WatchMemory DnsWatch::memory() const {
  return state_.with([](const State& state) { return state.memory; });
}

bool DnsWatch::busy() const {
  return state_.with([](const State& state) { return state.busy; });
}

void DnsWatch::start() {
  boost::asio::post(services_.executor, [this] { group_->spawn(run()); });
}

net::Task<void> DnsWatch::run() {
  const auto begun = std::chrono::steady_clock::now();
  while (true) {
    const bool asked = co_await bell_.wait(between_looks);
    const bool going = co_await net::is_cancelled();
    if (going) co_return;
    const auto checked = state_.with([](const State& state) { return state.memory.checked; });
    // A clock that was set back must not silence it for years.
    const bool due = !is_within(checked, services_.clock.now(), options_.every) &&
                     std::chrono::steady_clock::now() - begun >= options_.first_after;
    if (asked || due) co_await check_all();
  }
}

net::Task<void> DnsWatch::check_all() {
  state_.with([](State& state) { state.busy = true; });
  auto read = [this]() -> Result<std::vector<setup::Site>> { return options_.sites(); };
  auto sites = co_await services_.workers.run<std::vector<setup::Site>>(std::move(read));
  auto memory = this->memory();
  std::map<std::string, setup::DomainMemory> known;
  std::vector<setup::Changes> changes;
  if (!sites) {
    state_.with([](State& state) { state.busy = false; });
    tell(Level::Warning, "dns-check-failed", {{"what", sites.error().private_reason}});
    co_return;
  }
  for (auto& site : *sites) {
    const std::string name = site.domain.text();
    auto& domain = known[name] = memory.domains[name];
    auto surveyed = co_await survey(services_.resolver, tls_, options_.survey, std::move(site), true, domain.sts,
                                    to_unix(services_.clock.now()));
    const bool going = co_await net::is_cancelled();
    if (going) co_return;  // what a cancelled task was told is no answer
    if (surveyed.sts) domain.sts = std::move(surveyed.sts);
    auto found = setup::learn_changes(name, domain, surveyed.findings);
    const auto errors = count(surveyed.findings, setup::Severity::Error);
    tell(errors > 0 ? Level::Warning : Level::Info, "dns-check",
         {{"domain", name},
          {"errors", std::to_string(errors)},
          {"warnings", std::to_string(count(surveyed.findings, setup::Severity::Warning))},
          {"unknown", std::to_string(count(surveyed.findings, setup::Severity::Unknown))},
          {"new", std::to_string(found.fresh.size())},
          {"mended", std::to_string(found.mended.size())}});
    if (found.any()) changes.push_back(std::move(found));
  }
  memory.domains = std::move(known);  // a domain that is none of ours any more is forgotten
  memory.checked = to_unix(services_.clock.now());
  const bool told = co_await tell_changes(std::move(changes));
  // Told before it is remembered: a crash in between tells it twice, and never not at all.
  if (!told) {
    auto before = this->memory();
    memory.domains = std::move(before.domains);
    memory.checked -= options_.every - again_after;
  }
  co_await keep(std::move(memory));
}

net::Task<void> DnsWatch::keep(setup::WatchMemory memory) {
  auto write = [file = options_.file, text = memory.save()] { return save(file, text); };
  state_.with([&](State& state) {
    state.memory = std::move(memory);
    state.busy = false;
  });
  const auto saved = co_await services_.workers.run<bool>(std::move(write));
  if (!saved) tell(Level::Warning, "dns-check-not-kept", {{"what", saved.error().private_reason}});
}

net::Task<bool> DnsWatch::tell_changes(std::vector<setup::Changes> changes) {
  if (changes.empty() || !options_.report_to) co_return true;
  const Mailbox& to = *options_.report_to;
  const auto now = services_.clock.now();
  const auto own = Domain::parse(changes.front().domain);
  const Mailbox from(LocalPart::from_value("postmaster").value(), *own);
  queue::NewMessage message;
  message.message.id = queue::make_queue_id(now, services_.random);
  message.small_body =
      setup::watch_letter(changes, options_.host, from, to, message.message.id + "@" + options_.host, to_unix(now));
  message.message.arrived = now;
  message.message.sender = ReversePath();  // a notice that cannot be delivered is not to come back
  message.message.sender_verified = true;
  message.message.author = from;
  message.message.klass = confirm::Class::Automatic;
  message.message.body_size = message.small_body.size();
  message.message.hashes = hashes_of(message.small_body);
  queue::NewRecipient recipient{.address = to, .ledgers = {}};
  recipient.route = options_.route_for(*to.domain());
  message.recipients.push_back(std::move(recipient));
  auto start = [&](auto done) { services_.queue.commit(std::move(message), std::move(done)); };
  const auto committed = co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
  if (!committed) tell(Level::Warning, "dns-check-not-told", {{"what", committed.error().private_reason}});
  co_return committed.has_value();
}

void DnsWatch::tell(Level level, std::string_view name,
                    std::vector<std::pair<std::string_view, std::string>> fields) const {
  services_.events.emit(Event{.level = level, .trace = {}, .queue_id = {}, .name = name, .fields = std::move(fields)});
}

net::Task<void> DnsWatch::end() {
  group_->cancel();
  co_await group_->join();
  group_.reset();
}

void DnsWatch::stop() {
  net::run_and_wait(services_.executor, [this] { return end(); });
}

}  // namespace cas::outbound
