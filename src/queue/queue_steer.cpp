// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What people do to the queue.
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t messages_at_once = 200;  // one transaction must not hold the writers up

}  // namespace

struct QueueImpl::MadeDue {
  std::size_t count = 0;
  TimePoint at;
  std::set<std::string> domains;
  store::QueueId last;
  bool more = false;
};

void QueueImpl::retry(store::QueueId id, Callback<Result<std::size_t>> done) {
  retry_page({}, std::move(id), 0, std::move(done));
}

/// One message, or a page of all behind `after`.
void QueueImpl::retry_page(store::QueueId after, store::QueueId only, std::size_t count,
                           Callback<Result<std::size_t>> done) {
  auto made = std::make_shared<MadeDue>();
  made->at = clock_.now();
  auto work = [self = shared_from_this(), made, after = std::move(after), only](store::Tx& tx) -> Result<void> {
    if (!only.empty()) return self->make_due(tx, only, *made);
    CAS_TRY(const auto messages, tx.messages(after, messages_at_once));
    for (const auto& message : messages) CAS_CHECK(self->make_due(tx, message.id, *made));
    if (!messages.empty()) made->last = messages.back().id;
    made->more = messages.size() == messages_at_once;
    return {};
  };
  store_.write(std::move(work), [self = shared_from_this(), made, only, count,
                                 done = std::move(done)](const Result<void>& result) mutable {
    if (!result) return done(std::unexpected(result.error()));
    self->state_.with([&](State& state) {
      for (const auto& domain : made->domains) state.schedule.wake(domain);
      note(state, made->at);  // only now can a scan see them
    });
    self->wake_all();
    if (made->more) return self->retry_page(std::move(made->last), only, count + made->count, std::move(done));
    done(count + made->count);
  });
}

Result<void> QueueImpl::make_due(store::Tx& tx, const store::QueueId& id, MadeDue& made) {
  CAS_TRY(const auto rows, tx.recipients(id));
  for (store::Recipient row : rows) {
    const bool leased = state_.with([&](const State& state) { return state.schedule.leased(group_of(id, row)); });
    if (row.state != store::RecipientState::Waiting || leased) continue;
    ++made.count;
    made.domains.insert(store::domain_of(row.address));
    if (row.next_attempt <= made.at) continue;
    row.next_attempt = made.at;
    CAS_CHECK(tx.update_recipient(id, row));
  }
  return {};
}

}  // namespace cas::queue
