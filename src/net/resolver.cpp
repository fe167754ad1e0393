// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The resolver's thread: libunbound works on a thread of its own behind a pipe; this one watches the pipe, keeps the
// deadlines and hands out answers.
#include "net/resolver.hpp"

#include <pthread.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <optional>
#include <thread>
#include <utility>

#include "net/answer_cache.hpp"
#include "net/unbound_context.hpp"

namespace cas::net {

namespace asio = boost::asio;
using boost::system::error_code;
using Done = std::move_only_function<void(dns::Answer)>;

namespace {

dns::Answer unknown(std::string reason) {
  dns::Answer answer;
  answer.private_reason = std::move(reason);
  return answer;
}

}  // namespace

struct Resolver::State {
  /// One question that libunbound works on, and all who want to know.
  struct InFlight {
    InFlight(State& owner, const dns::Question& asked) : state(owner), question(asked), deadline(owner.io) {}

    State& state;
    const dns::Question& question;  // the key in the map
    int id = 0;
    asio::steady_timer deadline;
    std::vector<Done> waiting;
  };

  State(UnboundContext made, const ResolverOptions& options)
      : context(std::move(made)),
        validated(validates(options)),
        timeout(options.timeout),
        max_waiting(options.max_waiting),
        work(io.get_executor()),
        pipe(io, ub_fd(context.get())) {}

  void run();
  void stop();
  void watch();
  void process();
  void ask(const dns::Question& question, Done done);
  void start(const dns::Question& question, const std::string& name, Done done);
  void finish(InFlight& flight, const dns::Answer& answer);
  static void on_result(void* flight, int failure, ub_result* result);

  AnswerCache known;
  UnboundContext context;
  const bool validated;
  const std::chrono::milliseconds timeout;
  const std::size_t max_waiting;
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::posix::stream_descriptor pipe;  // libunbound's; never closed here
  std::map<dns::Question, std::shared_ptr<InFlight>> flights;
  std::size_t waiting = 0;
  std::vector<std::pair<InFlight*, dns::Answer>> arrived;  // filled within ub_process
  bool stopping = false;
  std::thread thread;
};

void Resolver::State::run() {
  watch();
  io.run();
}

void Resolver::State::watch() {
  pipe.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& ec) {
    if (ec || stopping) return;
    process();
    watch();
  });
}

void Resolver::State::process() {
  ub_process(context.get());
  const auto answers = std::exchange(arrived, {});
  for (const auto& [flight, answer] : answers) finish(*flight, answer);
}

// Called by libunbound: no exception may leave, and nothing is done here that could come back to it.
void Resolver::State::on_result(void* argument, int failure, ub_result* result) {
  auto* flight = static_cast<InFlight*>(argument);
  flight->state.arrived.emplace_back(flight,
                                     to_answer(flight->question.type, failure, result, flight->state.validated));
  ub_resolve_free(result);
}

void Resolver::State::ask(const dns::Question& question, Done done) {
  if (stopping) return done(unknown("the resolver is shutting down"));
  const auto name = to_presentation(question.name);
  if (!name) {
    dns::Answer answer;
    answer.status = dns::Status::NxDomain;
    return done(std::move(answer));
  }
  if (waiting >= max_waiting) return done(unknown("too many questions at once"));
  const auto same = flights.find(question);
  if (same == flights.end()) return start(question, *name, std::move(done));
  same->second->waiting.push_back(std::move(done));
  ++waiting;
}

void Resolver::State::start(const dns::Question& question, const std::string& name, Done done) {
  const auto place = flights.emplace(question, nullptr).first;
  place->second = std::make_shared<InFlight>(*this, place->first);
  InFlight& flight = *place->second;
  flight.waiting.push_back(std::move(done));
  ++waiting;
  constexpr int class_in = 1;
  const int code = ub_resolve_async(context.get(), name.c_str(), static_cast<int>(question.type), class_in, &flight,
                                    &State::on_result, &flight.id);
  if (code != UB_NOERROR) return finish(flight, unknown(ub_strerror(code)));
  flight.deadline.expires_after(timeout);
  flight.deadline.async_wait([this, weak = std::weak_ptr(place->second)](const error_code&) {
    const auto late = weak.lock();
    if (!late) return;  // landed; the timer may still have fired before its end cancelled it
    ub_cancel(context.get(), late->id);
    finish(*late, unknown("no answer in time"));
  });
}

void Resolver::State::finish(InFlight& flight, const dns::Answer& answer) {
  auto node = flights.extract(flight.question);
  known.keep(flight.question, answer, std::chrono::steady_clock::now());
  waiting -= flight.waiting.size();
  for (auto& done : flight.waiting) done(answer);
}

void Resolver::State::stop() {
  stopping = true;
  while (!flights.empty()) {
    InFlight& flight = *flights.begin()->second;
    ub_cancel(context.get(), flight.id);
    finish(flight, unknown("the resolver is shutting down"));
  }
  pipe.release();
  work.reset();  // run() returns when what was posted so far is done
}

Resolver::Resolver(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Resolver>> Resolver::create(const ResolverOptions& options) {
  CAS_TRY(auto context, make_context(options));
  auto state = std::make_unique<State>(std::move(context), options);
  state->thread = std::thread([running = state.get()] { running->run(); });
  pthread_setname_np(state->thread.native_handle(), "cas-resolver");
  return std::unique_ptr<Resolver>(new Resolver(std::move(state)));
}

Resolver::~Resolver() {
  asio::post(state_->io, [state = state_.get()] { state->stop(); });
  state_->thread.join();
}

void Resolver::ask(dns::Question question, std::move_only_function<void(dns::Answer)> done) {
  if (auto answer = state_->known.find(question, std::chrono::steady_clock::now())) return done(*std::move(answer));
  asio::post(state_->io, [state = state_.get(), question = std::move(question), done = std::move(done)]() mutable {
    state->ask(question, std::move(done));
  });
}

Task<dns::Answer> Resolver::ask(dns::Question question) {
  auto start = [this, &question](auto done) { ask(std::move(question), std::move(done)); };
  co_return co_await completion<dns::Answer>(std::move(start));
}

}  // namespace cas::net
