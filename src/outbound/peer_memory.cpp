// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See peer_memory.hpp.
#include "outbound/peer_memory.hpp"

#include "net/completion.hpp"

namespace cas::outbound {

using confirm::Support;

namespace {

constexpr std::chrono::hours a_day{24};
constexpr std::string_view spoke_kind = "cas-spoke";
constexpr std::string_view required_kind = "cas-required";

using Until = std::optional<UnixTime>;

Result<Until> read_until(store::Reader& reader, std::string_view kind, const std::string& name, UnixTime now) {
  CAS_TRY(const auto memory, reader.recall(kind, name));
  if (!memory || memory->keep_until < now) return Until();
  return Until(memory->keep_until);
}

}  // namespace

struct PeerMemory::Shared {
  struct Entry {
    Support known;
    bool loaded = false;  // the store was asked
  };
  struct State {
    explicit State(const Limits& limits) : domains(limits.domains), alerts(limits.alerts) {}
    Generations<std::map<std::string, Entry>> domains;
    Generations<std::map<std::string, TimePoint>> alerts;
    bool closed = false;
  };

  Shared(store::Store& given_store, const Clock& given_clock, const Limits& limits)
      : store(given_store), clock(given_clock), state(std::in_place, limits) {}

  /// What is written is what is in memory: a time that is renewed on the same day stays as it was.
  void settle(std::string_view kind, const std::string& name, Until& kept, const Until& fresh) {
    if (fresh == kept) return;
    if (fresh && kept && *fresh - *kept < a_day) return;
    kept = fresh;
    auto work = [kind, name, fresh](store::Tx& tx) -> Result<void> {
      if (!fresh) return tx.forget(kind, name);
      return tx.remember(kind, store::Memory{.name = name, .value = {}, .keep_until = *fresh});
    };
    // Should the write fail, the next day's, or the next start, makes up for it.
    store.write(std::move(work), [](const Result<void>&) {});
  }

  template <class Learn>
  void update(const Domain& domain, Learn learn) {
    state.with([&](State& now) {
      if (now.closed) return;
      const auto* found = now.domains.find(domain.text());
      Entry entry = found == nullptr ? Entry() : *found;
      const Support fresh = learn(entry.known);
      if (fresh == entry.known) return;
      settle(spoke_kind, domain.text(), entry.known.spoke, fresh.spoke);
      settle(required_kind, domain.text(), entry.known.required, fresh.required);
      now.domains.keep(domain.text(), entry);
    });
  }

  store::Store& store;
  const Clock& clock;
  Guarded<State> state;
};

PeerMemory::PeerMemory(store::Store& store, const Clock& clock, Limits limits)
    : shared_(std::make_shared<Shared>(store, clock, limits)) {}

PeerMemory::~PeerMemory() {
  shared_->state.with([](Shared::State& state) { state.closed = true; });
}

void PeerMemory::look(net::Resolver& resolver, const Domain& domain) {
  dns::Question question{.name = confirm::discovery_name(domain), .type = dns::Type::TXT};
  resolver.ask(std::move(question), [shared = shared_, domain](const dns::Answer& answer) {
    const UnixTime now = to_unix(shared->clock.now());
    shared->update(domain, [&](const Support& known) { return confirm::learn(known, answer, now); });
  });
}

void PeerMemory::saw(const Domain& domain, const dns::Answer& discovery) {
  const UnixTime now = to_unix(shared_->clock.now());
  shared_->update(domain, [&](const Support& known) { return confirm::learn(known, discovery, now); });
}

void PeerMemory::spoke(const Domain& domain, bool authenticated) {
  const UnixTime now = to_unix(shared_->clock.now());
  shared_->update(domain, [&](const Support& known) { return confirm::learn_spoken(known, authenticated, now); });
}

net::Task<Result<Support>> PeerMemory::recall(Domain domain) {
  const std::string name = domain.text();
  const auto in_memory = shared_->state.with([&](Shared::State& state) -> std::optional<Support> {
    const auto* entry = state.domains.find(name);
    return entry != nullptr && entry->loaded ? std::optional(entry->known) : std::nullopt;
  });
  if (in_memory) co_return *in_memory;
  auto stored = std::make_shared<Support>();
  auto start = [&](auto done) {
    auto work = [stored, name, now = to_unix(shared_->clock.now())](store::Reader& reader) -> Result<void> {
      CAS_TRY(stored->spoke, read_until(reader, spoke_kind, name, now));
      CAS_TRY(stored->required, read_until(reader, required_kind, name, now));
      return {};
    };
    shared_->store.read(std::move(work), std::move(done));
  };
  const auto read = co_await net::completion<Result<void>>(std::move(start));
  if (!read) co_return std::unexpected(read.error());
  co_return shared_->state.with([&](Shared::State& state) {
    const auto* entry = state.domains.find(name);
    Support known = entry == nullptr ? Support() : entry->known;  // learnt meanwhile: younger
    if (!known.spoke) known.spoke = stored->spoke;
    if (!known.required) known.required = stored->required;
    state.domains.keep(name, Shared::Entry{.known = known, .loaded = true});
    return Result<Support>(known);
  });
}

bool PeerMemory::is_news(std::string what) {
  const TimePoint now = shared_->clock.now();
  return shared_->state.with([&](Shared::State& state) {
    const auto* told = state.alerts.find(what);
    if (told != nullptr && is_within(*told, now, a_day)) return false;
    state.alerts.keep(std::move(what), now);
    return true;
  });
}

}  // namespace cas::outbound
