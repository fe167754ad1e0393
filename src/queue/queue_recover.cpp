// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's start, and the ledger's end.
#include "base/encoding.hpp"
#include "queue/queue_impl.hpp"
#include "store/values.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t ledger_rows_at_once = 1000;  // one transaction must not hold the writers up
constexpr std::chrono::minutes ledger_pause{1};
constexpr std::string_view secret_name = "intent-secret";
constexpr std::size_t secret_octets = 32;

std::string draw_secret(Random& random) {
  std::array<std::uint8_t, secret_octets> octets{};
  random.fill(octets);
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

Result<void> QueueImpl::recover() {
  CAS_CHECK(store::write_and_wait(store_, [](store::Tx& tx) -> Result<void> {
    CAS_TRY(const auto removed, tx.remove_orphan_bodies());
    static_cast<void>(removed);
    return {};
  }));
  for (std::size_t expired = ledger_rows_at_once; expired == ledger_rows_at_once;) {
    CAS_CHECK(store::write_and_wait(store_, [&](store::Tx& tx) -> Result<void> {
      CAS_TRY(expired, tx.expire_ledger(to_unix(clock_.now()), ledger_rows_at_once));
      return {};
    }));
  }
  state_.with([&](State& state) { state.ledger_expired_at = clock_.now(); });
  CAS_CHECK(load_secret());
  CAS_CHECK(load_suspended());
  CAS_CHECK(store::read_and_wait(store_, [this](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto first, reader.next_moment(TimePoint::min()));
    state_.with([&](State& state) { state.scan_at = first; });
    return {};
  }));
  CAS_CHECK(look_at_clock());
  load_known_intents();
  wake_all();
  return {};
}

// In the background, page by page: until it is done, each intent is looked up.
void QueueImpl::load_known_intents() {
  if (known_intents_.begin_load()) load_known_intents(confirm::LedgerKey());
}

void QueueImpl::load_known_intents(confirm::LedgerKey after) {
  using Keys = std::vector<confirm::LedgerKey>;
  auto ask = [after = std::move(after)](store::Reader& reader) {
    return reader.ledger_keys(after, ledger_rows_at_once);
  };
  auto note = [weak = weak_from_this()](Result<Keys> keys) {
    const auto self = weak.lock();
    if (!self || !keys) return;  // a ledger that cannot be read whole is asked each time
    for (const auto& key : *keys) self->known_intents_.add(key.i);
    if (keys->size() < ledger_rows_at_once) return self->known_intents_.loaded();
    self->load_known_intents(std::move(keys->back()));
  };
  store::read_value<Keys>(store_, std::move(ask), std::move(note));
}

Result<void> QueueImpl::load_secret() {
  return store::write_and_wait(store_, [this](store::Tx& tx) -> Result<void> {
    CAS_TRY(auto kept, tx.setting(secret_name));
    if (kept && kept->size() == secret_octets) {
      secret_ = *std::move(kept);
      return {};
    }
    secret_ = draw_secret(random_);
    return tx.set_setting(secret_name, secret_);
  });
}

/// Once in `pause`; `last` is when it was.
bool QueueImpl::is_time(TimePoint State::* last, milliseconds pause) {
  const TimePoint now = clock_.now();
  return state_.with([&](State& state) {
    if (is_within(state.*last, now, pause)) return false;
    state.*last = now;
    return true;
  });
}

void QueueImpl::expire_now_and_then() {
  if (is_time(&State::ledger_expired_at, ledger_pause)) {
    expire();
    load_known_intents();
  }
  remove_kept_now_and_then();
}

void QueueImpl::expire() {
  auto expired = std::make_shared<std::size_t>(0);
  store_.write(
      [expired, now = to_unix(clock_.now())](store::Tx& tx) -> Result<void> {
        CAS_TRY(const auto memories, tx.expire_memories(now, ledger_rows_at_once));
        CAS_TRY(*expired, tx.expire_ledger(now, ledger_rows_at_once));
        *expired = std::max(*expired, memories);
        return {};
      },
      [self = weak_from_this(), expired](const Result<void>& result) {
        const auto queue = self.lock();
        if (queue && result && *expired == ledger_rows_at_once) queue->expire();
      });
}

}  // namespace cas::queue
