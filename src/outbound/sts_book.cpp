// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One fetch a domain at a time, on one executor; who waits is rung.
#include "outbound/sts_book.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>
#include <fstream>

#include "base/encoding.hpp"
#include "net/runtime.hpp"
#include "outbound/web_client.hpp"

namespace cas::outbound {

namespace fs = std::filesystem;
using tlspolicy::StsEntry;
using tlspolicy::TlsFailure;

namespace {

constexpr std::size_t max_failed = 10000;
constexpr std::size_t max_fetches = 256;  // at once
constexpr std::chrono::hours refresh_pause{1};
constexpr std::string_view unfinished = ".new";

std::string small_file(const fs::path& file) {
  std::string text(tlspolicy::max_sts_policy + 1024, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

// Written beside and renamed: after a crash there is the old one or the new one.
Result<bool> replace_file(const fs::path& file, const fs::path& beside, std::string_view text, std::mutex& names) {
  const auto failed = [&](const char* doing) {
    return transient("storage is not available", std::string(doing) + " " + file.string() + ": " +
                                                     std::error_code(errno, std::generic_category()).message());
  };
  const int fd = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return failed("open");
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd) == 0;
  if (::close(fd) != 0 || !written) return failed("write");
  const std::scoped_lock lock(names);
  if (::rename(beside.c_str(), file.c_str()) != 0) return failed("rename");
  return true;
}

}  // namespace

StsBook::StsBook(StsServices services, StsOptions options, net::TlsContext tls)
    : services_(std::move(services)),
      options_(std::move(options)),
      tls_(std::move(tls)),
      group_(std::make_unique<net::TaskGroup>(services_.executor)) {
  load();
}

StsBook::~StsBook() = default;

void StsBook::load() {
  std::error_code fault;
  fs::create_directories(options_.folder, fault);
  State loaded;
  for (const auto& file : fs::directory_iterator(options_.folder, fault)) {
    const std::string name = file.path().filename().string();
    const auto domain = Domain::parse(name);
    if (!domain || domain->text() != name || loaded.entries.size() == options_.max_domains) continue;
    if (auto entry = tlspolicy::load_sts_entry(small_file(file.path())))
      loaded.entries.emplace(name, *std::move(entry));
  }
  state_.with([&](State& state) { state = std::move(loaded); });
}

StsAnswer StsBook::current(const std::string& domain) const {
  const auto now = services_.clock.now();
  return state_.with([&](const State& state) {
    StsAnswer answer;
    const auto entry = state.entries.find(domain);
    const auto use =
        tlspolicy::judge_sts_entry(entry != state.entries.end() ? &entry->second : nullptr, {}, to_unix(now));
    if (use.apply) answer.policy = entry->second.policy;
    const auto failed = state.failed.find(domain);
    if (!use.apply && failed != state.failed.end()) answer.failure = failed->second.failure;
    return answer;
  });
}

void StsBook::start() {
  boost::asio::post(services_.executor, [this] { group_->spawn(refresh_now_and_then()); });
}

net::Task<void> StsBook::refresh_now_and_then() {
  do {
    const auto names = due();
    for (const auto& name : names) {
      const bool going = co_await net::is_cancelled();
      if (going) co_return;
      auto domain = Domain::parse(name);
      if (domain) (void)co_await look(*std::move(domain));
    }
  } while (co_await net::sleep_for(options_.between_looks));
}

// The longest unasked first. One whose server or DNS does not answer is asked again after a while, and holds up nobody.
std::vector<std::string> StsBook::due() {
  const UnixTime now = to_unix(services_.clock.now());
  return state_.with([&](State& state) {
    std::vector<std::pair<UnixTime, std::string>> found;
    for (const auto& [name, entry] : state.entries) {
      const auto& use = state.uses.try_emplace(name, Use{.used = now, .looked = {}}).first->second;
      const bool lately = now >= use.looked && now - use.looked < refresh_pause;
      if (!lately && tlspolicy::is_refresh_due(entry, use.used, now)) found.emplace_back(use.looked, name);
    }
    std::ranges::sort(found);
    if (found.size() > options_.refreshed_at_once) found.resize(options_.refreshed_at_once);
    std::vector<std::string> names;
    for (auto& [looked, name] : found) {
      state.uses[name].looked = now;
      names.push_back(std::move(name));
    }
    return names;
  });
}

net::Task<StsAnswer> StsBook::find(Domain domain) {
  const auto now = to_unix(services_.clock.now());
  state_.with([&](State& state) {
    if (state.entries.contains(domain.text())) state.uses[domain.text()].used = now;
  });
  co_return co_await look(std::move(domain));
}

net::Task<StsAnswer> StsBook::look(Domain domain) {
  const std::string name = domain.text();
  dns::Question question;
  question.name = "_mta-sts." + name;
  question.type = dns::Type::TXT;
  const auto record = co_await services_.resolver.ask(std::move(question));
  tlspolicy::StsLookup lookup;
  lookup.known = record.status != dns::Status::Failed;
  lookup.id = tlspolicy::find_sts_record(record);
  const auto now = to_unix(services_.clock.now());
  const auto use = state_.with([&](const State& state) {
    const auto entry = state.entries.find(name);
    return tlspolicy::judge_sts_entry(entry != state.entries.end() ? &entry->second : nullptr, lookup, now);
  });
  // Without a record there is no policy to have failed.
  StsAnswer answer;
  answer.unknown = !lookup.known;
  if (!use.apply && !lookup.id) co_return answer;
  if (use.fetch) {
    const auto bell = begin(name, *lookup.id, co_await boost::asio::this_coro::executor);
    if (bell && !use.apply) (void)co_await bell->wait(options_.wait);
  }
  answer = current(name);
  answer.unknown = !answer.policy;
  co_return answer;
}

// Null when it failed a short time ago, or too many are under way.
std::shared_ptr<net::Bell> StsBook::begin(const std::string& domain, const std::string& id, net::Executor asker) {
  const auto now = services_.clock.now();
  auto bell = std::make_shared<net::Bell>(std::move(asker));
  bool first = false;
  const bool goes = state_.with([&](State& state) {
    const auto failed = state.failed.find(domain);
    const bool lately = failed != state.failed.end() && is_within(failed->second.at, now, options_.again_after);
    if (lately && failed->second.id == id) return false;
    if (state.fetching.size() >= max_fetches && !state.fetching.contains(domain)) return false;
    const auto [fetch, inserted] = state.fetching.try_emplace(domain);
    first = inserted;
    fetch->second.waiting.push_back(bell);
    return true;
  });
  if (!goes) return nullptr;
  if (first) {
    boost::asio::post(services_.executor, [this, domain, id] { group_->spawn(fetch(domain, id)); });
  }
  return bell;
}

// Whatever befalls it, who waits is rung, and the domain may be fetched again.
net::Task<void> StsBook::fetch(std::string domain, std::string id) {
  std::exception_ptr failure;
  try {
    co_await fetch_now(domain, std::move(id));
  } catch (...) {
    failure = std::current_exception();
  }
  landed(domain);
  if (failure) std::rethrow_exception(failure);
}

net::Task<void> StsBook::fetch_now(std::string domain, std::string id) {
  auto policy = co_await download(domain);
  const auto now = services_.clock.now();
  if (!policy) {
    state_.with([&](State& state) {
      if (state.failed.size() >= max_failed) state.failed.clear();
      state.failed[domain] = Failed{.at = now, .failure = policy.error(), .id = id};
    });
    co_return;
  }
  StsEntry entry{.policy = *std::move(policy), .id = std::move(id), .fetched = to_unix(now)};
  std::vector<std::string> over;
  const bool kept = state_.with([&](State& state) {
    state.failed.erase(domain);
    if (!make_room(state, domain, over)) return false;
    state.entries.insert_or_assign(domain, entry);
    return true;
  });
  ring(domain);
  if (kept) tell(Level::Info, "mta-sts-policy", domain, std::string(tlspolicy::to_string(entry.policy.mode)));
  auto work = [this, domain, entry, over = std::move(over), kept]() -> Result<bool> {
    for (const auto& name : over) remove_file(name);
    if (!kept) return permanent("too many", "there are too many policies");
    return write(domain, entry);
  };
  const auto written = co_await services_.workers.run<bool>(std::move(work));
  if (!written) tell(Level::Warning, "mta-sts-not-kept", domain, written.error().private_reason);
}

net::Task<std::expected<tlspolicy::StsPolicy, TlsFailure>> StsBook::download(std::string domain) {
  WebTarget target;
  target.host = "mta-sts." + domain;
  target.port = options_.port;
  target.timeout = options_.fetch_timeout;
  target.max_body = tlspolicy::max_sts_policy;
  http::Request request;
  request.path = "/.well-known/mta-sts.txt";
  const auto response = co_await ask_web(services_.resolver, tls_, std::move(target), std::move(request));
  if (!response) {
    tell(Level::Warning, "mta-sts-fetch-failed", domain, response.error().reason);
    co_return std::unexpected(response.error().certificate ? TlsFailure::StsWebpkiInvalid
                                                           : TlsFailure::StsPolicyFetchError);
  }
  // §3.3: nothing but 200, and no redirect; §3.2: text/plain
  if (response->status != 200 || !to_lower(response->content_type).starts_with("text/plain")) {
    tell(Level::Warning, "mta-sts-fetch-failed", domain,
         "status " + std::to_string(response->status) + ", " + printable(response->content_type, 100));
    co_return std::unexpected(TlsFailure::StsPolicyFetchError);
  }
  auto policy = tlspolicy::parse_sts_policy(response->body);
  if (policy) co_return *std::move(policy);
  tell(Level::Warning, "mta-sts-invalid", domain, policy.error().private_reason);
  co_return std::unexpected(TlsFailure::StsPolicyInvalid);
}

// It is known now; what is left to do of the fetch is of no interest to who waits.
void StsBook::ring(const std::string& domain) {
  const auto waiting = state_.with([&](State& state) {
    const auto fetch = state.fetching.find(domain);
    return fetch != state.fetching.end() ? std::exchange(fetch->second.waiting, {}) : decltype(Fetch::waiting){};
  });
  for (const auto& bell : waiting) bell->ring();
}

void StsBook::landed(const std::string& domain) {
  auto node = state_.with([&](State& state) { return state.fetching.extract(domain); });
  if (!node) return;
  for (const auto& bell : node.mapped().waiting) bell->ring();
}

// What is over makes room; what is in force does not. Whose files are to go is named in `over`.
bool StsBook::make_room(State& state, const std::string& domain, std::vector<std::string>& over) const {
  if (state.entries.contains(domain) || state.entries.size() < options_.max_domains) return true;
  const auto now = to_unix(services_.clock.now());
  std::erase_if(state.entries, [&](const auto& entry) {
    if (tlspolicy::judge_sts_entry(&entry.second, {}, now).apply) return false;
    over.push_back(entry.first);
    state.uses.erase(entry.first);
    return true;
  });
  return state.entries.size() < options_.max_domains;
}

// On a worker. Who has been fetched anew meanwhile writes behind this, or stands in `entries` already.
void StsBook::remove_file(const std::string& domain) const {
  const std::scoped_lock names(file_names_);
  const bool anew = state_.with([&](const State& state) { return state.entries.contains(domain); });
  std::error_code fault;
  if (!anew) fs::remove(options_.folder / domain, fault);
}

// Only fetches write, and each domain has one at a time; the name beside is its own.
Result<bool> StsBook::write(const std::string& domain, const StsEntry& entry) const {
  const auto id = std::to_string(std::hash<std::string>()(domain));
  return replace_file(options_.folder / domain, options_.folder / (std::string(unfinished) + id),
                      tlspolicy::save_sts_entry(entry), file_names_);
}

void StsBook::tell(Level level, std::string_view name, const std::string& domain, std::string what) const {
  Event event{.level = level, .trace = {}, .queue_id = {}, .name = name, .fields = {}};
  event.fields.emplace_back("domain", domain);
  event.fields.emplace_back("what", std::move(what));
  services_.events.emit(std::move(event));
}

net::Task<void> StsBook::end() {
  group_->cancel();
  co_await group_->join();
  group_.reset();
}

void StsBook::stop() {
  net::run_and_wait(services_.executor, [this] { return end(); });
}

}  // namespace cas::outbound
