// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Domains that get nothing for now, and the pause of everything. Kept in the store: a restart changes nothing.
#include "queue/events.hpp"
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::string_view suspended_kind = "suspended";
constexpr std::string_view paused_kind = "paused";
constexpr std::string_view everything = "all";
constexpr std::size_t most_suspended = 1000;
constexpr UnixTime for_good{seconds(253'402'300'799)};  // the year 9999

}  // namespace

Result<void> QueueImpl::load_suspended() {
  return store::read_and_wait(store_, [this](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto suspended, reader.memories(suspended_kind, {}, most_suspended));
    CAS_TRY(const auto paused, reader.recall(paused_kind, everything));
    state_.with([&](State& state) {
      for (const auto& memory : suspended) {
        state.suspended[memory.name] = memory.value;
        state.schedule.suspend(memory.name);
      }
      if (paused) state.paused = paused->value;
    });
    return {};
  });
}

void QueueImpl::keep(std::string_view kind, std::string name, std::string value, Callback<Result<void>> done) {
  auto work = [kind,
               memory = store::Memory{.name = std::move(name), .value = std::move(value), .keep_until = for_good}](
                  store::Tx& tx) { return tx.remember(kind, memory); };
  store_.write(std::move(work), std::move(done));
}

/// Whether it was there.
void QueueImpl::forget(std::string_view kind, std::string name, Callback<Result<bool>> done) {
  auto was = std::make_shared<bool>(false);
  auto work = [kind, name = std::move(name), was](store::Tx& tx) -> Result<void> {
    CAS_TRY(const auto memory, tx.recall(kind, name));
    *was = memory.has_value();
    return tx.forget(kind, name);
  };
  store_.write(std::move(work), [was, done = std::move(done)](Result<void> result) mutable {
    if (!result) return done(std::unexpected(std::move(result).error()));
    done(*was);
  });
}

void QueueImpl::suspend(Domain domain, std::string reason, std::string by, Callback<Result<void>> done) {
  const bool full = state_.with([&](const State& state) {
    return state.suspended.size() >= most_suspended && !state.suspended.contains(domain.text());
  });
  if (full) return done(permanent("more than " + std::to_string(most_suspended) + " domains are suspended"));
  auto use = [self = shared_from_this(), domain, reason, by = std::move(by),
              done = std::move(done)](Result<void> result) mutable {
    if (!result) return done(std::move(result));
    self->state_.with([&](State& state) {
      state.suspended[domain.text()] = reason;
      state.schedule.suspend(domain.text());
    });
    emit_steering(self->events_, "suspended", domain.text(), by, reason);
    done(std::move(result));
  };
  keep(suspended_kind, domain.text(), std::move(reason), std::move(use));
}

void QueueImpl::resume(Domain domain, std::string by, Callback<Result<bool>> done) {
  auto use = [self = shared_from_this(), domain, by = std::move(by), done = std::move(done)](Result<bool> was) mutable {
    if (!was) return done(std::move(was));
    self->state_.with([&](State& state) {
      state.suspended.erase(domain.text());
      state.schedule.resume(domain.text());
    });
    if (*was) emit_steering(self->events_, "resumed", domain.text(), by, {});
    self->wake_all();
    done(std::move(was));
  };
  forget(suspended_kind, domain.text(), std::move(use));
}

void QueueImpl::pause_all(std::string reason, std::string by, Callback<Result<void>> done) {
  auto use = [self = shared_from_this(), reason, by = std::move(by),
              done = std::move(done)](Result<void> result) mutable {
    if (!result) return done(std::move(result));
    self->state_.with([&](State& state) { state.paused = reason; });
    emit_steering(self->events_, "queue-paused", {}, by, reason);
    done(std::move(result));
  };
  keep(paused_kind, std::string(everything), std::move(reason), std::move(use));
}

void QueueImpl::resume_all(std::string by, Callback<Result<bool>> done) {
  auto use = [self = shared_from_this(), by = std::move(by), done = std::move(done)](Result<bool> was) mutable {
    if (!was) return done(std::move(was));
    self->state_.with([](State& state) { state.paused.reset(); });
    if (*was) emit_steering(self->events_, "queue-resumed", {}, by, {});
    self->wake_all();
    done(std::move(was));
  };
  forget(paused_kind, std::string(everything), std::move(use));
}

}  // namespace cas::queue
