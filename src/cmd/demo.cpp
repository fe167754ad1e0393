// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Setting the stage, playing, tidying up.
#include "cmd/demo.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cmd/demo_scenes.hpp"
#include "net/runtime.hpp"
#include "net/system.hpp"

namespace cas::cmd {
namespace {

constexpr int exit_failed = 1, exit_software = 70, exit_interrupted = 130;

struct Taps {
  std::unique_ptr<Tap> submission, south, west;
};

Result<Taps> make_taps(const World& world, const net::Executor& executor) {
  const Addresses& a = world.addresses();
  CAS_TRY(const auto server, world.tap_tls());
  CAS_TRY(const auto client, net::TlsContext::client(false));
  Taps taps;
  CAS_TRY(taps.submission, Tap::create(executor, a.submission_tap, a.submission, server, client));
  CAS_TRY(taps.south, Tap::create(executor, a.south_tap, a.south_mx, server, client));
  CAS_TRY(taps.west, Tap::create(executor, a.west_tap, a.west_mx, server, client));
  for (Tap* tap : {taps.submission.get(), taps.south.get(), taps.west.get()}) tap->start();
  return taps;
}

net::Task<void> stop_taps(Taps& taps) {
  co_await taps.submission->stop();
  co_await taps.south->stop();
  co_await taps.west->stop();
}

void introduce(Screen& screen, const World& world) {
  const Addresses& a = world.addresses();
  screen.title("CAS demo: two servers on loopback, real mail, and a tap on the wire between them");
  screen.say(
      fmt::format("{}  sends for north.example, with a signing key, and quiet.example, without", a.north_mx.text()));
  screen.say(
      fmt::format("{}  receives for south.example (optional) and strict.south.example (required)", a.south_mx.text()));
  screen.say(fmt::format("{}  receives for west.example, without TLS and CAS", a.west_mx.text()));
  screen.say(fmt::format("keys, configurations, queues, mail and logs: {}", world.directory().string()));
}

void keep_running(Screen& screen, const World& world, net::Runtime& runtime) {
  const Addresses& a = world.addresses();
  const std::string dir = world.directory().string();
  screen.scene("The servers keep running.");
  screen.say("Send from another terminal (any of the addresses above may be the recipient):");
  screen.say(fmt::format("  swaks --server {} --tls --auth PLAIN --auth-user {} --auth-password {} \\",
                         a.submission.text(), joe, demo_password));
  screen.say(fmt::format("        --from {} --to {}", joe, suzie));
  screen.say(fmt::format("Read the mail:   ls {}/mail/south.example/suzie/new", dir));
  screen.say(fmt::format("Read the logs:   less {0}/north.log {0}/south.log", dir));
  screen.say("Stop with Ctrl-C. The directory stays; remove it when you have seen enough.");
  static_cast<void>(runtime.wait_for_signal());
}

/// False when Ctrl-C ended it.
bool perform(Screen& screen, World& world, const Taps& taps, const net::Executor& executor) {
  const net::SystemClock clock;
  net::SystemRandom random;
  Stage stage{.world = world,
              .screen = screen,
              .executor = executor,
              .submission = *taps.submission,
              .south = *taps.south,
              .west = *taps.west,
              .clock = clock,
              .random = random,
              .confirmed = {},
              .plain = {}};
  try {
    play_scenes(stage);
    return true;
  } catch (const Interrupted&) {
    return false;
  }
}

void summarise(Screen& screen, std::chrono::duration<double> took) {
  if (screen.failed() == 0) {
    for (const char* line :
         {"A confirmed message arrived at the price of a plain one. Forged and altered ones were refused, and a",
          "replay was delivered once. Servers without CAS were served as ever, but where confirmation is required; and",
          "nobody could write in the name of a domain that does not stand behind it. A stranger waited until the owner",
          "said yes; who is exempt, blocked or expected was treated as such."}) {
      screen.say(line);
    }
  }
  screen.say(fmt::format("{} expectations held, {} did not; {:.1f} s from the start.", screen.held(), screen.failed(),
                         took.count()));
}

int fail(const Error& error) {
  fmt::print(stderr, "cas demo: {}\n", error.private_reason);
  return exit_software;
}

}  // namespace

int run_demo(const DemoOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  Screen screen;
  auto world = World::create(options.directory, options.keep);
  if (!world) return fail(world.error());

  net::Runtime runtime(1);
  const net::Executor executor = runtime.executor(0);
  auto taps = make_taps(**world, executor);
  if (!taps) return fail(taps.error());
  runtime.start();
  introduce(screen, **world);

  const auto ready = (*world)->wait_until_ready(executor);
  const bool played = ready && perform(screen, **world, *taps, executor);
  const auto played_for = std::chrono::steady_clock::now() - begin;
  if (played && options.keep) keep_running(screen, **world, runtime);
  net::run_and_wait(executor, [&] { return stop_taps(*taps); });
  const auto troubles = (*world)->stop();
  if (!ready) return fail(ready.error());
  if (!played) return exit_interrupted;

  screen.scene("The end");
  screen.expect(troubles.empty(), "both servers stopped in an orderly way", troubles.empty() ? "" : troubles.front());
  summarise(screen, played_for);
  return screen.failed() == 0 ? 0 : exit_failed;
}

}  // namespace cas::cmd
