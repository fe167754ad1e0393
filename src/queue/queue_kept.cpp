// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What failed and could be told to nobody is kept for the operator, and not for ever.
#include "queue/events.hpp"
#include "queue/queue_impl.hpp"

namespace cas::queue {
namespace {

constexpr std::chrono::hours look_pause{1};
constexpr std::size_t messages_at_once = 200;

/// Nothing of it waits or is held, and something failed.
bool is_over(const std::vector<store::Recipient>& rows) {
  const auto goes_on = [](const store::Recipient& row) {
    return row.state == store::RecipientState::Waiting || row.state == store::RecipientState::Held;
  };
  return std::ranges::none_of(rows, goes_on) &&
         std::ranges::find(rows, store::RecipientState::Failed, &store::Recipient::state) != rows.end();
}

struct Kept {
  std::vector<store::Message> over;
  store::QueueId last;
  bool more = false;
};

}  // namespace

void QueueImpl::remove_kept_now_and_then() {
  if (is_time(&State::kept_looked_at, look_pause)) look_for_kept({}, clock_.now() - options_.keep_failed);
}

/// A page of the queue, read without holding the writers up. Ids begin with the time, so the old ones come first.
void QueueImpl::look_for_kept(store::QueueId after, TimePoint before) {
  auto kept = std::make_shared<Kept>();
  auto look = [kept, after = std::move(after), before](store::Reader& reader) -> Result<void> {
    CAS_TRY(const auto page, reader.messages(after, messages_at_once));
    kept->more = !page.next.empty();
    kept->last = page.next;
    for (const auto& message : page.rows) {
      if (message.arrived > before) {
        kept->more = false;
        break;
      }
      const auto rows = reader.recipients(message.id);
      if (rows && is_over(*rows)) kept->over.push_back(message);
    }
    return {};
  };
  store_.read(std::move(look), [self = weak_from_this(), kept, before](const Result<void>& result) {
    const auto queue = self.lock();
    if (!queue || !result) return;
    if (!kept->over.empty()) queue->remove_kept(std::move(kept->over));
    if (kept->more) queue->look_for_kept(std::move(kept->last), before);
  });
}

void QueueImpl::remove_kept(std::vector<store::Message> messages) {
  auto over = std::make_shared<std::vector<store::Message>>(std::move(messages));
  store_.write(
      [over](store::Tx& tx) -> Result<void> {
        std::vector<store::Message> removed;
        for (const auto& message : *over) {
          CAS_TRY(const auto rows, tx.recipients(message.id));
          if (!is_over(rows)) continue;  // somebody has just made it wait again
          CAS_CHECK(tx.remove_message(message.id));
          removed.push_back(message);
        }
        *over = std::move(removed);
        return {};
      },
      [self = weak_from_this(), over](const Result<void>& result) {
        const auto queue = self.lock();
        if (!queue || !result) return;
        for (const auto& message : *over) emit_expired(queue->events_, message);
      });
}

}  // namespace cas::queue
