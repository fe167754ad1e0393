// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Two tasks in the background, SPF and the look-ahead; the end waits for SPF and asks what is still missing.
#include "inbound/authentication.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "net/inquiry.hpp"

namespace cas::inbound {

using Deadline = std::chrono::steady_clock::time_point;

/// What the tasks in the background fill. All on one thread.
struct Authentication::Shared {
  Shared(net::Executor executor, auth::SpfQuery spf_query)
      : query(std::move(spf_query)), spf_ended(std::move(executor)) {}

  const auth::SpfQuery query;
  dns::Answers spf_answers;
  std::optional<auth::SpfOutcome> spf;
  bool spf_runs = false;
  net::Bell spf_ended;
  dns::Answers answers;    // for the message: keys, DMARC records
  bool abandoned = false;  // nobody waits for the result

  /// Counts a check that is under way, whatever ends it.
  class Counted {
   public:
    explicit Counted(Underway underway) : underway_(std::move(underway)) { ++*underway_; }
    Counted(Counted&&) = default;
    Counted& operator=(Counted&&) = delete;
    ~Counted() {
      if (underway_) --*underway_;
    }

   private:
    Underway underway_;
  };
  /// Tells that SPF has ended, whatever ended it.
  class SpfRun {
   public:
    explicit SpfRun(Shared& shared) : shared_(shared) {}
    SpfRun(const SpfRun&) = delete;
    SpfRun& operator=(const SpfRun&) = delete;
    ~SpfRun() {
      shared_.spf_runs = false;
      shared_.spf_ended.ring();
    }

   private:
    Shared& shared_;
  };

  static net::Task<void> find_spf(std::shared_ptr<Shared> shared, Counted counted, net::Resolver& resolver,
                                  Deadline deadline);
  static net::Task<void> ask_ahead(std::shared_ptr<Shared> shared, Counted counted, net::Resolver& resolver,
                                   std::vector<dns::Question> questions);
};

net::Task<void> Authentication::Shared::find_spf(std::shared_ptr<Shared> shared, Counted /*counted*/,
                                                 net::Resolver& resolver, Deadline deadline) {
  const SpfRun run(*shared);
  const auto check = [&](dns::Answers& answers) -> std::optional<auth::SpfOutcome> {
    if (shared->abandoned) return auth::SpfOutcome();
    return auth::check_spf(shared->query, answers);
  };
  shared->spf = co_await net::inquire(resolver, shared->spf_answers, check, deadline);
  shared->spf_answers = {};  // megabytes, where a domain wants it so; the transaction may go on for an hour
}

// What the end needs before this is done it asks for itself: the resolver asks once for both, and what turns out not to
// be needed is not waited for.
net::Task<void> Authentication::Shared::ask_ahead(std::shared_ptr<Shared> shared, Counted /*counted*/,
                                                  net::Resolver& resolver, std::vector<dns::Question> questions) {
  dns::Answers ahead;
  for (const auto& question : questions) (void)ahead.find(question);
  const auto deadline = net::inquiry_deadline();
  co_await net::ask_open(resolver, ahead, deadline);
  for (auto& question : questions) {
    const auto* answer = ahead.find(question);
    // A check that runs must not see an answer change.
    if (!shared->answers.knows(question)) shared->answers.add(std::move(question), *answer);
  }
}

namespace {

/// SPF that nobody waits for any longer.
auth::SpfOutcome unfinished(const auth::SpfQuery& query) {
  auth::SpfOutcome outcome;
  outcome.result = auth::SpfResult::TempError;
  outcome.identity = query.mail_from.empty() ? auth::SpfIdentity::Helo : auth::SpfIdentity::MailFrom;
  const auto at = query.mail_from.rfind('@');
  outcome.domain = query.mail_from.empty() ? query.helo : query.mail_from.substr(at + 1);
  outcome.reason = "the DNS took too long";
  return outcome;
}

}  // namespace

Authentication::Authentication(net::Resolver& resolver, auth::DkimKeyCache& keys, net::TaskGroup& background,
                               Underway underway, auth::SpfQuery query)
    : resolver_(resolver),
      keys_(keys),
      background_(background),
      underway_(std::move(underway)),
      shared_(std::make_shared<Shared>(background.executor(), std::move(query))) {
  spf_begun_ = may_begin();
  if (!spf_begun_) return;
  shared_->spf_runs = true;
  background_.spawn(Shared::find_spf(shared_, Shared::Counted(underway_), resolver_, net::inquiry_deadline()));
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
  auto questions = message.check()->questions();
  std::ranges::move(auth::dmarc_questions(message.authors()), std::back_inserter(questions));
  if (questions.empty() || !may_begin()) return;
  background_.spawn(Shared::ask_ahead(shared_, Shared::Counted(underway_), resolver_, std::move(questions)));
}

net::Task<auth::SpfOutcome> Authentication::spf(milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  auto outcome = co_await spf_until(deadline);
  co_return outcome;
}

net::Task<auth::SpfOutcome> Authentication::spf_until(Deadline deadline) {
  if (!spf_begun_ && !shared_->spf) {
    co_await Shared::find_spf(shared_, Shared::Counted(underway_), resolver_, deadline);
  }
  while (shared_->spf_runs) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    const bool rung = left > milliseconds{0} && co_await shared_->spf_ended.wait(left);
    if (!rung) break;  // late, or cancelled: waiting again would not wait
  }
  co_return shared_->spf ? *shared_->spf : unfinished(shared_->query);
}

net::Task<AuthenticationOutcomes> Authentication::outcomes(const IncomingMessage& message, milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  AuthenticationOutcomes found;
  found.spf = co_await spf_until(deadline);
  auto& answers = shared_->answers;
  const auto check = [&](dns::Answers& known) { return message.check()->findings(known, keys_); };
  auto signatures = co_await net::inquire(resolver_, answers, check, deadline);
  found.dkim = std::move(signatures.dkim);
  found.arc = std::move(signatures.arc);

  auth::DmarcQuery query;
  query.authors = message.authors();
  query.spf = found.spf.result;
  query.spf_domain = found.spf.domain;
  query.dkim = found.dkim;
  const auto check_dmarc = [&](dns::Answers& known) { return auth::check_dmarc(query, known); };
  found.dmarc = co_await net::inquire(resolver_, answers, check_dmarc, deadline);
  co_return found;
}

}  // namespace cas::inbound
