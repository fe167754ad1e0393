// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One lock around what is known and who waits; never held while anything is asked.
#include "recipients/cached_source.hpp"

#include <map>
#include <unordered_map>

#include "base/generations.hpp"
#include "base/guarded.hpp"
#include "net/completion.hpp"

namespace cas::recipients {

namespace {

using Time = std::chrono::steady_clock::time_point;
constexpr std::string_view unanswered = "the mailbox cannot be looked up now";

struct Known {
  std::optional<Found> found;
  Time until;
};
/// None: the question is not being asked any more.
using Shared = std::optional<Lookup>;
using Waiter = std::move_only_function<void(Shared)>;

struct Inside {
  explicit Inside(std::size_t capacity) : known(capacity) {}
  Generations<std::unordered_map<std::string, Known>> known;
  std::map<std::string, std::vector<Waiter>> asking;
  Time rests_until{};
  Error why_it_rests;
};

}  // namespace

struct CachedSource::State {
  State(Question question, CacheOptions settings, Now clock)
      : ask(std::move(question)), options(settings), now(std::move(clock)), inside(std::in_place, settings.capacity) {}

  /// What can be said at once; none: it has to be asked, and `mine` tells whether the caller has to.
  Shared look(const std::string& local, bool& mine) {
    const Time time = now();
    return inside.with([&](Inside& in) -> Shared {
      const Known* known = in.known.find(local);
      if (known != nullptr && time < known->until) {
        auto found = known->found;
        if (found) found->rule += " cached";
        return Lookup(std::move(found));
      }
      if (in.asking.contains(local)) return std::nullopt;
      if (time < in.rests_until) return Lookup(std::unexpected(in.why_it_rests));
      if (in.asking.size() >= options.asking) {
        return Lookup(transient(std::string(unanswered), "too many names are being asked about"));
      }
      in.asking[local];
      mine = true;
      return std::nullopt;
    });
  }

  void wait_for(const std::string& local, Waiter waiter) {
    const bool waits = inside.with([&](Inside& in) {
      const auto place = in.asking.find(local);
      if (place == in.asking.end()) return false;
      place->second.push_back(std::move(waiter));
      return true;
    });
    if (!waits) waiter(std::nullopt);
  }

  void tell(const std::string& local, const Answer& answer) {
    const Time time = now();
    auto waiters = inside.with([&](Inside& in) {
      if (answer.lookup) {
        const auto& found = *answer.lookup;
        in.known.keep(local, Known{.found = found, .until = time + (found ? options.keep : options.keep_unknown)});
        in.rests_until = {};
      } else if (answer.down) {
        in.rests_until = time + options.rest;
        in.why_it_rests = answer.lookup.error();
      }
      auto node = in.asking.extract(local);
      return node ? std::move(node.mapped()) : std::vector<Waiter>();
    });
    for (auto& waiter : waiters) waiter(answer.lookup);
  }

  const Question ask;
  const CacheOptions options;
  const Now now;
  Guarded<Inside> inside;
};

/// Whoever asks owes the others an answer, however his task ends.
class CachedSource::Turn {
 public:
  Turn(std::shared_ptr<State> state, std::string local) : state_(std::move(state)), local_(std::move(local)) {}
  ~Turn() { state_->tell(local_, answer_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  void give(const Answer& answer) { answer_ = answer; }

 private:
  std::shared_ptr<State> state_;
  std::string local_;
  Answer answer_{.lookup = transient(std::string(unanswered), "whoever asked has gone")};
};

CachedSource::CachedSource(Question ask, CacheOptions options, Now now)
    : state_(std::make_shared<State>(std::move(ask), options, std::move(now))) {}

CachedSource::~CachedSource() = default;

net::Task<Lookup> CachedSource::find(std::string local) {
  const auto state = state_;
  while (true) {
    bool mine = false;
    if (auto said = state->look(local, mine)) co_return *std::move(said);
    if (mine) {
      Turn turn(state, local);
      auto answer = co_await state->ask(local);
      turn.give(answer);
      co_return std::move(answer.lookup);
    }
    auto start = [&](auto done) { state->wait_for(local, std::move(done)); };
    auto shared = co_await net::completion<Shared>(std::move(start));
    if (shared) co_return *std::move(shared);
  }
}

}  // namespace cas::recipients
