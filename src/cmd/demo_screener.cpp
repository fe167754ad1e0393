// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Everything is decided with the program's own commands, and what they did is seen on the wire and in the mailboxes.
#include "cmd/demo_screener.hpp"

#include <fmt/format.h>

#include <thread>

#include "cmd/demo_acts.hpp"

namespace cas::cmd {
namespace {

constexpr std::string_view screener_folder = "Screener";
constexpr std::string_view held_reply = "250 2.1.5 [CAS:held]", confirmed_reply = "250 2.1.5 [CAS:confirmed]",
                           refused_reply = "550 5.7.1 [CAS:refused]";

std::string text(std::string_view address) {
  return std::string(address);
}

/// Joe writes to a mailbox at south.example, and this is how it went over the wire; empty when it did not.
Transcript write_to(Stage& stage, std::string_view mailbox, std::string_view subject, std::string_view words) {
  stage.south.clear();
  if (!submit(stage, letter(joe, mailbox, subject, words))) return {};
  Transcript wire = last_transaction(heard(stage.south));
  stage.screen.dialog(wire);
  return wire;
}

void expect_held(Stage& stage, const Transcript& wire, std::string_view mailbox, std::size_t waiting,
                 std::size_t arrived) {
  stage.screen.expect(said(wire, Speaker::Server, held_reply), fmt::format("taken in, and held: {}", held_reply));
  stage.screen.expect(arrives(stage, mailbox, waiting, screener_folder) && stage.world.mail(mailbox).size() == arrived,
                      "the message is in the folder Screener, the inbox is as it was");
}

/// Mallory writes under his own name, with a valid intent.
Transcript mallory_writes(Stage& stage, std::string_view subject) {
  stage.south.clear();
  const Claim claim{"evil.example", text(mallory), text(mallory), text(suzie)};
  const std::string message =
      compose(letter(mallory, suzie, subject, "Cheap, today only."), stage.clock.now(), stage.random);
  const auto confirm = confirm_command(claim, message, stage.world.evil_key(), stage.clock.now(), stage.random);
  if (!stage.screen.expect(confirm.has_value(), "Mallory signs an intent")) return {};
  const Script script{.server = stage.world.addresses().south_tap,
                      .helo = "mx.evil.example",
                      .login = {},
                      .commands = transaction(text(mallory), *confirm, text(suzie)),
                      .wire_body = to_wire(message)};
  static_cast<void>(play(stage.executor, script));
  Transcript wire = last_transaction(heard(stage.south));
  stage.screen.dialog(wire);
  return wire;
}

}  // namespace

// ---- 8 -----------------------------------------------------------------------------------------------------------

void held_for_its_owner(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("8. A stranger waits: Joe writes to Kim, who wants to be asked");
  command(stage, {"screener", "mode", text(kim), "hold"}, "Mail of strangers to kim@south.example: hold.");
  const Transcript first = write_to(stage, kim, "May I?", "We met at the fair.");
  expect_held(stage, first, kim, 1, 0);
  command(stage, {"screener", "list", text(kim)}, joe);
  command(stage, {"screener", "show", text(kim)}, "May I?");
  screen.say("Kim lets Joe in:");
  command(stage, {"screener", "approve", text(kim), text(joe)}, "joe@north.example may write to kim@south.example.");
  const bool moved =
      arrives(stage, kim, 1) && wait_until([&] { return stage.world.mail(kim, screener_folder).empty(); });
  screen.expect(moved, "what waited is in the inbox, and no longer in the Screener");
  expect_results(stage, kim, "cas=pass");
  screen.say("Joe writes again:");
  const Transcript second = write_to(stage, kim, "Thank you", "See you on Friday.");
  screen.expect(said(second, Speaker::Server, confirmed_reply) && arrives(stage, kim, 2),
                "no stranger any more: confirmed, and in the inbox at once");
}

// ---- 9 -----------------------------------------------------------------------------------------------------------

void exempt_sender(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("9. An exempt sender: Ann's server speaks no CAS, and Olga's domain requires it (scene 5)");
  command(stage,
          {"exempt", "add", "quiet.example", "--proof", "spf", "--for", text(olga), "--until", "90d", "--reason",
           "their server speaks no CAS yet"},
          "quiet.example for olga@strict.south.example: entered: proof=spf");
  stage.south.clear();
  const std::size_t before = stage.world.mail(olga).size();
  if (submit(stage, letter(ann, olga, "Hello again", "Does it arrive now?"))) {
    const bool arrived = arrives(stage, olga, before + 1);
    const Transcript wire = last_transaction(heard(stage.south));
    screen.dialog(wire);
    screen.expect(said(wire, Speaker::Server, "250 2.1.5 [CAS:exempt]") && arrived,
                  "taken without CONFIRM, and delivered: SPF has shown that it is quiet.example's server");
    expect_results(stage, olga, "policy.cas=exempt");
  }
  screen.say("To Otto of the same domain, whom the entry is not for:");
  stage.south.clear();
  const std::size_t notes = stage.world.mail(ann).size();
  if (!submit(stage, letter(ann, otto, "Hello", "And you?"))) return;
  const bool told = arrives(stage, ann, notes + 1);
  const Transcript wire = last_transaction(heard(stage.south));
  screen.dialog(wire);
  screen.expect(said(wire, Speaker::Server, "530 5.7.0 [CAS:required]") && told,
                "refused as in scene 5, and Ann is told");
  screen.expect(stage.world.mail(otto).empty(), "nothing was delivered to Otto");
}

// ---- 10 ----------------------------------------------------------------------------------------------------------

void blocked_sender(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("10. A blocked sender: Mallory under his own name, with a valid intent");
  const std::size_t before = stage.world.mail(suzie).size();
  const Transcript first = mallory_writes(stage, "Boots");
  screen.expect(said(first, Speaker::Server, confirmed_reply) && arrives(stage, suzie, before + 1),
                "confirmed and delivered: CAS says who sends, not that it is welcome");
  command(stage, {"block", "add", "evil.example", "--for", "south.example", "--reason", "unwanted"},
          "evil.example for south.example: entered");
  const Transcript second = mallory_writes(stage, "More boots");
  screen.expect(said(second, Speaker::Server, refused_reply), fmt::format("refused at RCPT: {}", refused_reply));
  screen.expect(body_lines(second) == 0 && stage.world.mail(suzie).size() == before + 1,
                "not one line of the message was sent, and nothing was delivered");
}

// ---- 11 ----------------------------------------------------------------------------------------------------------

void expected_mail(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("11. Mail that is expected: Pat screens strangers, and signs up at north.example");
  command(stage, {"screener", "mode", text(pat), "hold"}, "Mail of strangers to pat@south.example: hold.");
  command(stage, {"expect", text(pat), "--for", "15m", "--from", "north.example"},
          "north.example may write to pat@south.example until ");
  const Transcript code = write_to(stage, pat, "Your code", "It is 4711.");
  screen.expect(said(code, Speaker::Server, confirmed_reply) && arrives(stage, pat, 1),
                "the code is in the inbox at once, although north.example is a stranger to Pat");
  screen.say("Pat has it and lets the window close in a second, not in a quarter of an hour:");
  command(stage, {"expect", text(pat), "--for", "1s", "--from", "north.example"},
          "north.example may write to pat@south.example until ");
  const auto over = stage.clock.now() + std::chrono::seconds(2);  // the window's end counts whole seconds
  static_cast<void>(wait_until([&] { return stage.clock.now() > over; }));
  const Transcript more = write_to(stage, pat, "Our offers", "Now that you are here.");
  expect_held(stage, more, pat, 1, 1);
}

}  // namespace cas::cmd
