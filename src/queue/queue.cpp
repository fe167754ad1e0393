// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The queue's way in, and what is seen of it. The way out is queue_out.cpp, the start queue_recover.cpp.
#include "queue/queue.hpp"

#include "queue/events.hpp"
#include "queue/queue_impl.hpp"
#include "store/values.hpp"

namespace cas::queue {

QueueImpl::QueueImpl(store::Store& store, const Clock& clock, Random& random, EventSink& events, Options options)
    : store_(store),
      clock_(clock),
      random_(random),
      events_(events),
      options_(std::move(options)),
      bodies_(std::make_shared<BodyCache>(options_.bodies_in_memory)),
      state_(std::in_place, options_.schedule) {}

Queue::Queue(store::Store& store, const Clock& clock, Random& random, EventSink& events, Options options)
    : impl_(std::make_shared<QueueImpl>(store, clock, random, events, std::move(options))) {}
Queue::~Queue() {
  impl_->forget_wakes();
}

Result<void> Queue::recover() {
  return impl_->recover();
}
std::shared_ptr<store::Draft> Queue::draft() {
  return impl_->draft();
}
void Queue::append(std::shared_ptr<store::Draft> draft, std::string chunk, Callback<Result<void>> done) {
  impl_->append(std::move(draft), std::move(chunk), std::move(done));
}
void Queue::commit(NewMessage message, Callback<Result<Committed>> done) {
  impl_->commit(std::move(message), std::move(done));
}
void Queue::ledger(std::vector<confirm::LedgerKey> keys,
                   Callback<Result<std::vector<std::optional<confirm::LedgerRow>>>> done) {
  impl_->ledger(std::move(keys), std::move(done));
}
void Queue::on_due(store::Route route, std::function<void()> wake) {
  impl_->on_due(route, std::move(wake));
}
void Queue::reroute() {
  impl_->reroute();
}
void Queue::take(store::Route route, Callback<Result<std::optional<Job>>> done) {
  impl_->take(route, std::move(done));
}
std::optional<TimePoint> Queue::next_due(store::Route route) const {
  return impl_->next_due(route);
}
void Queue::finish(Job job, std::vector<Outcome> outcomes, Callback<Result<void>> done) {
  impl_->finish(std::move(job), std::move(outcomes), std::move(done));
}
void Queue::body_chunk(store::BodyId body, std::uint32_t n, Callback<Result<std::string>> done) {
  impl_->body_chunk(body, n, std::move(done));
}
void Queue::list(Filter filter, store::QueueId after, std::size_t limit, Callback<Result<Page>> done) {
  impl_->list(std::move(filter), std::move(after), limit, std::move(done));
}
void Queue::show(store::QueueId id, Callback<Result<std::optional<Entry>>> done) {
  impl_->show(std::move(id), std::move(done));
}
void Queue::stats(Callback<Result<Stats>> done) {
  impl_->stats(std::move(done));
}
void Queue::numbers(Callback<Result<Numbers>> done) {
  impl_->numbers(std::move(done));
}
void Queue::steer(Steering steering, store::QueueId after, Callback<Result<Steered>> done) {
  impl_->steer(std::move(steering), std::move(after), std::move(done));
}
void Queue::suspend(Domain domain, std::string reason, std::string by, Callback<Result<void>> done) {
  impl_->suspend(std::move(domain), std::move(reason), std::move(by), std::move(done));
}
void Queue::resume(Domain domain, std::string by, Callback<Result<bool>> done) {
  impl_->resume(std::move(domain), std::move(by), std::move(done));
}
void Queue::pause_all(std::string reason, std::string by, Callback<Result<void>> done) {
  impl_->pause_all(std::move(reason), std::move(by), std::move(done));
}
void Queue::resume_all(std::string by, Callback<Result<bool>> done) {
  impl_->resume_all(std::move(by), std::move(done));
}
const std::string& Queue::secret() const {
  return impl_->secret();
}

// ---- In ----

void QueueImpl::append(std::shared_ptr<store::Draft> draft, std::string chunk, Callback<Result<void>> done) {
  store_.append(std::move(draft), std::move(chunk), std::move(done));
}

void QueueImpl::commit(NewMessage message, Callback<Result<Queue::Committed>> done) {
  const TimePoint now = clock_.now();
  if (message.message.id.empty()) message.message.id = make_queue_id(now, random_);
  auto work = std::make_shared<CommitWork>(std::move(message), now);
  store_.write([work](store::Tx& tx) { return work->run(tx); },
               [self = shared_from_this(), work, done = std::move(done)](Result<void> result) mutable {
                 if (!result) return done(std::unexpected(std::move(result).error()));
                 for (const auto& id : work->intents()) self->known_intents_.add(id);
                 if (work->outcome() == CommitOutcome::Queued) {
                   self->schedule_entered(work->entered(), work->take_small_body());
                 }
                 done(Queue::Committed{.outcome = work->outcome(), .id = work->id()});
               });
  expire_now_and_then();
}

void QueueImpl::schedule_entered(const Entered& entered, std::string body) {
  emit_queued(events_, entered);
  const auto held = bodies_->hold(entered.message.body, std::move(body));
  state_.with([&](State& state) { offer(state, entered, held); });
  ask_again();
  for (const auto route : {store::Route::Local, store::Route::Remote}) {
    if (std::ranges::find(entered.recipients, route, &store::Recipient::route) != entered.recipients.end()) wake(route);
  }
}

void QueueImpl::offer(State& state, const Entered& entered, const BodyCache::Held& body) {
  const auto message = std::make_shared<const store::Message>(entered.message);
  std::map<GroupKey, Work> groups;
  for (const auto& recipient : entered.recipients) {
    if (recipient.state != store::RecipientState::Waiting) continue;  // held from the start
    auto& work = groups[group_of(entered.message.id, recipient)];
    work.recipients.push_back(recipient);
  }
  for (auto& [key, work] : groups) {
    work.message = message;
    work.body = body;
    work.whole = work.recipients.size() == entered.recipients.size();
    state.schedule.offer(std::move(work));
  }
}

void QueueImpl::ledger(std::vector<confirm::LedgerKey> keys,
                       Callback<Result<std::vector<std::optional<confirm::LedgerRow>>>> done) {
  using Rows = std::vector<std::optional<confirm::LedgerRow>>;
  const auto known = [this](const confirm::LedgerKey& key) { return known_intents_.perhaps(key.i); };
  if (std::ranges::none_of(keys, known)) return done(Rows(keys.size()));
  auto ask = [keys = std::move(keys)](store::Reader& reader) -> Result<Rows> {
    Rows rows;
    for (const auto& key : keys) {
      CAS_TRY(auto row, reader.ledger(key));
      rows.push_back(std::move(row));
    }
    return rows;
  };
  store::read_value<Rows>(store_, std::move(ask), std::move(done));
}

// ---- Seeing ----

void QueueImpl::body_chunk(store::BodyId body, std::uint32_t n, Callback<Result<std::string>> done) {
  if (auto held = bodies_->find(body)) return done(n == 0 ? *std::move(held) : std::string());
  auto ask = [body, n](store::Reader& reader) { return reader.body_chunk(body, n); };
  store::read_value<std::string>(store_, std::move(ask), std::move(done));
}

// ---- Waking ----

void QueueImpl::on_due(store::Route route, std::function<void()> wake) {
  wakes_.with([&](auto& wakes) { wakes[static_cast<std::size_t>(route)] = std::move(wake); });
}

void QueueImpl::forget_wakes() {
  wakes_.with([](auto& wakes) { wakes = {}; });
}

void QueueImpl::reroute() {
  state_.with([](State& state) { state.schedule.reroute(); });
  wake_all();
}

void QueueImpl::wake(store::Route route) const {
  wakes_.with([&](const auto& wakes) {
    if (const auto& call = wakes[static_cast<std::size_t>(route)]) call();
  });
}

void QueueImpl::wake_all() const {
  wake(store::Route::Local);
  wake(store::Route::Remote);
}

}  // namespace cas::queue
