// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See screener_keeper.hpp.
#include "inbound/screener_keeper.hpp"

#include <boost/asio/post.hpp>

#include "base/encoding.hpp"
#include "inbound/local_delivery.hpp"
#include "inbound/maildir.hpp"
#include "inbound/screener_digest.hpp"
#include "net/await.hpp"
#include "net/completion.hpp"
#include "net/runtime.hpp"

namespace cas::inbound {

namespace {

constexpr std::size_t releases_at_once = 100;
constexpr std::size_t rows_at_once = 64;
constexpr milliseconds soon{100};

bool waits(const store::Recipient& recipient) {
  return recipient.state == store::RecipientState::Waiting || recipient.state == store::RecipientState::Held;
}

}  // namespace

ScreenerKeeper::ScreenerKeeper(KeeperServices services, KeeperOptions options)
    : services_(std::move(services)),
      options_(options),
      bell_(services_.executor),
      group_(std::make_unique<net::TaskGroup>(services_.executor)) {}

ScreenerKeeper::~ScreenerKeeper() = default;

void ScreenerKeeper::start() {
  boost::asio::post(services_.executor, [this] { group_->spawn(look_now_and_then()); });
}

void ScreenerKeeper::wake() {
  bell_.ring();
}

void ScreenerKeeper::stop() {
  net::run_and_wait(services_.executor, [this] { return group_->finish(); });
}

net::Task<void> ScreenerKeeper::look_now_and_then() {
  while (true) {
    bool more = false;
    std::string fault;
    try {
      more = co_await look();
      co_await tidy();
      co_await send_digests();
    } catch (const std::exception& e) {
      fault = e.what();
    }
    if (!fault.empty()) {
      services_.events.emit({.level = Level::Error,
                             .trace = {},
                             .queue_id = {},
                             .name = "screener-fault",
                             .fields = {{"reason", fault}}});
    }
    (void)co_await bell_.wait(more ? soon : options_.pause);
    const bool going = co_await net::is_cancelled();
    if (going) co_return;
  }
}

/// Whether to look again soon.
net::Task<bool> ScreenerKeeper::look() {
  using Releases = std::vector<Release>;
  auto start = [this](auto done) { services_.relationships.releases(releases_at_once, std::move(done)); };
  auto releases = co_await net::completion<Result<Releases>>(std::move(start));
  if (!releases) co_return false;
  bool more = releases->size() == releases_at_once;
  for (auto& release : *releases) {
    const auto step = co_await carry_out(std::move(release));
    if (step == Step::Later) more = true;
  }
  co_return more;
}

// One after the other: the next message is let go when the one before it is in the mailbox.
net::Task<ScreenerKeeper::Step> ScreenerKeeper::carry_out(Release release) {
  for (const auto& held : release.held) {
    Step step = Step::Later;
    if (release.letting == registry::Relationships::Letting::Go) {
      step = co_await let_go(held);
    } else {
      step = co_await throw_away(held);
    }
    if (step == Step::Later) co_return Step::Later;
    auto start = [&](auto done) { services_.relationships.let_go(held, std::move(done)); };
    const auto noted = co_await net::completion<Result<std::monostate>>(std::move(start));
    if (!noted) co_return Step::Later;
    const bool go = release.letting == registry::Relationships::Letting::Go;
    tell(Level::Info, go ? "screener-released" : "screener-cleared", held);
  }
  auto start = [&](auto done) { services_.relationships.released(std::move(release), std::move(done)); };
  const auto over = co_await net::completion<Result<std::monostate>>(std::move(start));
  co_return over ? Step::Done : Step::Later;
}

/// The recipient's row while it waits in the queue. `known`: whether the queue could be asked.
net::Task<std::optional<store::Recipient>> ScreenerKeeper::in_queue(Held held, bool& known) {
  using Found = std::optional<queue::Queue::Entry>;
  auto start = [&](auto done) { services_.queue.show(held.id, std::move(done)); };
  const auto entry = co_await net::completion<Result<Found>>(std::move(start));
  known = entry.has_value();
  if (!known || !*entry) co_return std::nullopt;
  for (const auto& recipient : (*entry)->recipients) {
    if (recipient.index == held.index && waits(recipient)) co_return recipient;
  }
  co_return std::nullopt;
}

net::Task<ScreenerKeeper::Step> ScreenerKeeper::let_go(Held held) {
  bool known = false;
  const auto recipient = co_await in_queue(held, known);
  if (!known) co_return Step::Later;
  if (!recipient) {
    if (held.in_queue) co_return Step::Done;  // delivered
    auto step = co_await move_file(std::move(held));
    co_return step;
  }
  if (recipient->screened.empty()) {
    // On its way. What fails at first is not waited for.
    co_return recipient->attempts > 0 ? Step::Done : Step::Later;
  }
  (void)co_await steer(queue::Action::Admit, std::move(held));
  co_return Step::Later;
}

net::Task<ScreenerKeeper::Step> ScreenerKeeper::throw_away(Held held) {
  bool known = false;
  const auto recipient = co_await in_queue(held, known);
  if (!known) co_return Step::Later;
  if (recipient) {
    auto step = co_await steer(queue::Action::Remove, std::move(held));
    co_return step;
  }
  if (held.in_queue) co_return Step::Done;
  const auto directory = services_.directory();
  if (!directory->is_local(held.recipient)) co_return Step::Done;
  const auto maildir = directory->maildir(held.recipient);
  const auto name = maildir_file_name(held.arrived, held.id, held.index, services_.host);
  auto remove = [&] { return remove_maildir_file(maildir, name, screener_folder); };
  const auto removed = co_await services_.workers.run<bool>(std::move(remove));
  if (removed) co_return Step::Done;
  tell(Level::Warning, "screener-stuck", held, removed.error().private_reason);
  co_return Step::Later;
}

net::Task<ScreenerKeeper::Step> ScreenerKeeper::move_file(Held held) {
  const auto directory = services_.directory();
  if (!directory->is_local(held.recipient)) co_return Step::Done;
  const auto maildir = directory->maildir(held.recipient);
  const auto name = maildir_file_name(held.arrived, held.id, held.index, services_.host);
  auto move = [&] { return move_maildir_file(maildir, name, screener_folder, {}); };
  const auto moved = co_await services_.workers.run<bool>(std::move(move));
  if (moved) co_return Step::Done;
  tell(Level::Warning, "screener-stuck", held, moved.error().private_reason);
  co_return Step::Later;
}

net::Task<ScreenerKeeper::Step> ScreenerKeeper::steer(queue::Action action, Held held) {
  queue::Steering steering{.action = action, .filter = {}, .reason = "the Screener", .by = held.mailbox};
  steering.filter.ids.insert(held.id);
  steering.filter.index = held.index;
  auto start = [&](auto done) { services_.queue.steer(std::move(steering), {}, std::move(done)); };
  const auto steered = co_await net::completion<Result<queue::Steered>>(std::move(start));
  co_return steered && steered->changed > 0 ? Step::Done : Step::Later;
}

// ---- What others let go ----

// The operator released or removed it, or its owner moved it with a mail program. Some rows at each look, round and
// round.
net::Task<void> ScreenerKeeper::tidy() {
  using Page = registry::Relationships::HeldPage;
  auto start = [this](auto done) { services_.relationships.all_held(tidied_, rows_at_once, std::move(done)); };
  auto page = co_await net::completion<Result<Page>>(std::move(start));
  if (!page) co_return;
  tidied_ = std::move(page->next);
  for (const auto& held : page->rows) {
    const bool gone = co_await is_gone(held);
    if (!gone) continue;
    auto forget = [&](auto done) { services_.relationships.let_go(held, std::move(done)); };
    (void)co_await net::completion<Result<std::monostate>>(std::move(forget));
  }
}

net::Task<bool> ScreenerKeeper::is_gone(Held held) {
  bool known = false;
  const auto recipient = co_await in_queue(held, known);
  if (!known) co_return false;
  if (recipient) co_return recipient->screened.empty();
  const auto directory = services_.directory();
  if (held.in_queue) co_return true;
  if (!directory->is_local(held.recipient)) co_return false;  // for now, perhaps
  const auto maildir = directory->maildir(held.recipient);
  const auto name = maildir_file_name(held.arrived, held.id, held.index, services_.host);
  auto look = [&] { return has_maildir_file(maildir, name, screener_folder); };
  const auto there = co_await services_.workers.run<bool>(std::move(look));
  co_return there && !*there;
}

// ---- Digests ----

net::Task<void> ScreenerKeeper::send_digests() {
  if (options_.digest_every <= std::chrono::seconds{0}) co_return;
  using Digests = std::vector<registry::Relationships::Digest>;
  auto start = [this](auto done) {
    services_.relationships.digests_due(options_.digest_every, options_.digest_after, std::move(done));
  };
  auto due = co_await net::completion<Result<Digests>>(std::move(start));
  if (!due) co_return;
  for (auto& digest : *due) {
    const bool going = co_await net::is_cancelled();
    if (going) co_return;
    co_await send_digest(std::move(digest));
  }
}

// That it was sent is noted in the transaction that queues it.
net::Task<void> ScreenerKeeper::send_digest(registry::Relationships::Digest digest) {
  if (digest.pending.empty()) {
    auto note = [&](auto done) { services_.relationships.digest_over(std::move(digest), std::move(done)); };
    (void)co_await net::completion<Result<std::monostate>>(std::move(note));
    co_return;
  }
  const auto mailbox = Mailbox::parse(digest.mailbox);
  const auto directory = services_.directory();
  if (!mailbox || !directory->is_local(*mailbox)) co_return;
  const auto now = services_.clock.now();
  const auto id = queue::make_queue_id(now, services_.random);
  queue::NewMessage fresh{.message = {}, .small_body = {}, .recipients = {}};
  fresh.small_body = format_screener_digest(digest, *mailbox, id + "@" + services_.host.text(), to_unix(now));
  fresh.message.id = id;
  fresh.message.arrived = now;
  fresh.message.eight_bit = !is_ascii(fresh.small_body);
  fresh.message.klass = confirm::Class::Automatic;
  fresh.recipients.push_back({.address = *mailbox, .route = store::Route::Local, .ledgers = {}});
  fresh.alongside = [digest = std::move(digest), now](store::Tx& tx, const store::Message&, const store::Recipient&) {
    return registry::Relationships::digest_sent(tx, digest, to_unix(now));
  };
  auto start = [&](auto done) { services_.queue.commit(std::move(fresh), std::move(done)); };
  (void)co_await net::completion<Result<queue::Queue::Committed>>(std::move(start));
}

void ScreenerKeeper::tell(Level level, std::string_view name, const Held& held, std::string reason) {
  std::vector<std::pair<std::string_view, std::string>> fields{{"mailbox", held.mailbox}, {"sender", held.key}};
  if (!reason.empty()) fields.emplace_back("reason", std::move(reason));
  services_.events.emit({.level = level, .trace = {}, .queue_id = held.id, .name = name, .fields = std::move(fields)});
}

}  // namespace cas::inbound
