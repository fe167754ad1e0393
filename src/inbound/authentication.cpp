// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Two tasks in the background, SPF and the look-ahead; the end waits for both and asks what is still missing.
#include "inbound/authentication.hpp"

#include <utility>

#include "net/inquiry.hpp"

namespace cas::inbound {

/// What the tasks in the background fill. All on one thread.
struct Authentication::Shared {
  Shared(net::Executor executor, auth::SpfQuery spf_query) : query(std::move(spf_query)), quiet(executor) {}

  const auth::SpfQuery query;
  dns::Answers spf_answers;
  std::optional<auth::SpfOutcome> spf;
  dns::Answers answers;  // for the message: keys, DMARC records
  int running = 0;
  net::Bell quiet;         // rung when none is running any more
  bool abandoned = false;  // nobody waits for the result

  /// Counts a task that runs, whatever ends it.
  class Running {
   public:
    Running(std::shared_ptr<Shared> shared, Underway underway)
        : shared_(std::move(shared)), underway_(std::move(underway)) {
      ++shared_->running;
      ++*underway_;
    }
    Running(Running&&) = default;
    Running& operator=(Running&&) = delete;
    ~Running() {
      if (!shared_) return;
      --*underway_;
      if (--shared_->running == 0) shared_->quiet.ring();
    }
    [[nodiscard]] Shared& operator*() const { return *shared_; }

   private:
    std::shared_ptr<Shared> shared_;
    Underway underway_;
  };

  static net::Task<void> find_spf(Running running, net::Resolver& resolver);
  static net::Task<void> ask_ahead(Running running, net::Resolver& resolver);
};

net::Task<void> Authentication::Shared::find_spf(Running running, net::Resolver& resolver) {
  Shared& shared = *running;
  const auto check = [&](dns::Answers& answers) -> std::optional<auth::SpfOutcome> {
    if (shared.abandoned) return auth::SpfOutcome();
    return auth::check_spf(shared.query, answers);
  };
  shared.spf = co_await net::inquire(resolver, shared.spf_answers, check);
  shared.spf_answers = {};  // megabytes, where a domain wants it so; the transaction may go on for an hour
}

net::Task<void> Authentication::Shared::ask_ahead(Running running, net::Resolver& resolver) {
  const auto deadline = std::chrono::steady_clock::now() + net::inquiry_time;
  co_await net::ask_open(resolver, (*running).answers, deadline);
}

Authentication::Authentication(const Services& services, net::TaskGroup& background, Underway underway,
                               auth::SpfQuery query)
    : services_(services),
      background_(background),
      underway_(std::move(underway)),
      shared_(std::make_shared<Shared>(background.executor(), std::move(query))) {
  spf_begun_ = may_begin();
  if (spf_begun_) background_.spawn(Shared::find_spf(Shared::Running(shared_, underway_), services_.resolver));
}

// MAIL and RSET in turn would else fill the resolver with questions that nobody wants answered any more.
bool Authentication::may_begin() const {
  constexpr int max_underway = 4;
  return *underway_ < max_underway;
}

const auth::SpfQuery& Authentication::spf_query() const {
  return shared_->query;
}

Authentication::~Authentication() {
  shared_->abandoned = true;
}

void Authentication::look_ahead(const IncomingMessage& message) {
  if (looked_ahead_ || message.check() == nullptr) return;
  looked_ahead_ = true;
  if (!may_begin()) return;
  for (const auto& question : message.check()->questions()) (void)shared_->answers.find(question);
  for (const auto& question : auth::dmarc_questions(message.authors())) (void)shared_->answers.find(question);
  background_.spawn(Shared::ask_ahead(Shared::Running(shared_, underway_), services_.resolver));
}

net::Task<AuthenticationOutcomes> Authentication::outcomes(const IncomingMessage& message) {
  constexpr std::chrono::minutes patience{1};  // well above net::inquiry_time and one question's time-out
  if (!spf_begun_) co_await Shared::find_spf(Shared::Running(shared_, underway_), services_.resolver);
  while (shared_->running > 0) {
    const bool rung = co_await shared_->quiet.wait(patience);
    if (!rung) break;  // no patience left, or the server stops: then every further wait would end at once
  }

  AuthenticationOutcomes found;
  if (shared_->spf) {
    found.spf = *shared_->spf;
  } else {
    found.spf.result = auth::SpfResult::TempError;
    found.spf.reason = "SPF did not come to an end";
  }
  auto& answers = shared_->answers;
  const auto check = [&](dns::Answers& known) { return message.check()->findings(known, services_.dkim_keys); };
  auto signatures = co_await net::inquire(services_.resolver, answers, check);
  found.dkim = std::move(signatures.dkim);
  found.arc = std::move(signatures.arc);

  auth::DmarcQuery query;
  query.authors = message.authors();
  query.spf = found.spf.result;
  query.spf_domain = found.spf.domain;
  query.dkim = found.dkim;
  const auto check_dmarc = [&](dns::Answers& known) { return auth::check_dmarc(query, known); };
  found.dmarc = co_await net::inquire(services_.resolver, answers, check_dmarc);
  co_return found;
}

}  // namespace cas::inbound
