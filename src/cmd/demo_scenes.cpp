// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Each scene sends mail, waits for what must follow, and says whether it did.
#include "cmd/demo_scenes.hpp"

#include <fmt/format.h>

#include <chrono>

#include "cmd/demo_acts.hpp"
#include "cmd/demo_screener.hpp"

namespace cas::cmd {
namespace {

// ---- 1 -----------------------------------------------------------------------------------------------------------

void confirmed_message(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("1. A confirmed message: Joe (north.example) writes to Suzie (south.example)");
  screen.say("Joe's mail program hands it to Joe's server:");
  stage.south.clear();
  const auto begin = std::chrono::steady_clock::now();
  const bool submitted =
      submit(stage, letter(joe, suzie, "Is dinner ready?", "Hi.\r\n\r\nAre you hungry yet?\r\n\r\nJoe."));
  screen.dialog(last_transaction(heard(stage.submission)));
  if (!submitted) return;

  const bool arrived = arrives(stage, suzie, 1);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  const Transcript session = heard(stage.south);
  stage.confirmed = last_transaction(session);
  screen.say(
      "Then the servers talk (times count from the connection; long base64 in CONFIRM is cut to eight characters):");
  screen.dialog(session);
  screen.expect(said(stage.confirmed, Speaker::Client, "CONFIRM "), "the sender showed a signed intent");
  screen.expect(said(stage.confirmed, Speaker::Server, "250 2.7.0 [CAS:ok]"), "the receiver accepted it");
  screen.expect(said(stage.confirmed, Speaker::Server, "250 2.1.5 [CAS:confirmed]"), "and confirmed the recipient");
  screen.expect(arrived, fmt::format("the message is in Suzie's Maildir, {:.0f} ms after Joe began", took.count()));
  expect_results(stage, suzie, "cas=pass");
}

// ---- 2, 3 --------------------------------------------------------------------------------------------------------

struct Forgery {
  std::string_view what;  // said before
  Claim claim;
  Letter shown;               // the message that was signed for
  std::string replace, with;  // what happens to it after the signature
  const crypto::PrivateKey& key;
  bool refused_at_confirm = true;
  std::string_view expected;  // beginning of the refusal
};

void forge(Stage& stage, const Forgery& forgery) {
  Screen& screen = stage.screen;
  screen.say(forgery.what);
  stage.south.clear();
  const std::size_t before = stage.world.mail(suzie).size();
  std::string message = compose(forgery.shown, stage.clock.now(), stage.random);
  const auto confirm = confirm_command(forgery.claim, message, forgery.key, stage.clock.now(), stage.random);
  if (!screen.expect(confirm.has_value(), "the forger signs an intent")) return;
  if (const auto at = message.find(forgery.replace); !forgery.replace.empty() && at != std::string::npos) {
    message.replace(at, forgery.replace.size(), forgery.with);
  }
  const Script script{.server = stage.world.addresses().south_tap,
                      .helo = "mx.evil.example",
                      .login = {},
                      .commands = transaction(forgery.claim.envelope_from, *confirm, forgery.claim.recipient),
                      .wire_body = to_wire(message)};
  const auto played = play(stage.executor, script);
  const Transcript wire = last_transaction(heard(stage.south));
  screen.dialog(wire);
  const bool refused = said(wire, Speaker::Server, forgery.expected);
  if (forgery.refused_at_confirm) {
    screen.expect(refused && played && played->answers[1].code >= 500, fmt::format("CONFIRM: {}", forgery.expected),
                  text_of(played));
    screen.expect(played && played->answers[2].code == 503 && played->answers[3].code == 503,
                  "what was pipelined behind it is out of sequence: 503, and nothing about the recipient",
                  text_of(played));
    screen.expect(body_lines(wire) == 0, "not one line of the message was sent");
  } else {
    screen.expect(refused && played && played->message && played->message->code == 550,
                  fmt::format("refused at the end of data: {}", forgery.expected), text_of(played));
  }
  screen.expect(stage.world.mail(suzie).size() == before, "nothing was delivered");
}

void forged_messages(Stage& stage) {
  stage.screen.scene("2. Forgeries: Mallory (evil.example) writes in Joe's name");
  const Letter fake = letter(joe, suzie, "Please wire the money", "Today, to the usual account. Joe.");
  forge(stage, {.what = "With an intent of north.example, signed with the wrong key:",
                .claim = {"north.example", std::string(joe), std::string(joe), std::string(suzie)},
                .shown = fake,
                .replace = {},
                .with = {},
                .key = stage.world.evil_key(),
                .expected = "550 5.7.5 [CAS:signature]"});
  forge(stage, {.what = "With Mallory's own, valid key, naming an author that evil.example cannot speak for:",
                .claim = {"evil.example", std::string(joe), std::string(mallory), std::string(suzie)},
                .shown = fake,
                .replace = {},
                .with = {},
                .key = stage.world.evil_key(),
                .expected = "550 5.7.1 [CAS:align"});
  forge(stage, {.what = "With a valid intent for Mallory, and Joe in the From field that Suzie would see:",
                .claim = {"evil.example", std::string(mallory), std::string(mallory), std::string(suzie)},
                .shown = fake,
                .replace = {},
                .with = {},
                .key = stage.world.evil_key(),
                .refused_at_confirm = false,
                .expected = "550 5.7.1 [CAS:from"});
}

void altered_message(Stage& stage) {
  stage.screen.scene("3. Altered on the way: Joe's valid intent, and one word changed");
  forge(stage, {.what = "Signed for \"Pay 100\", sent as \"Pay 900\":",
                .claim = {"north.example", std::string(joe), std::string(joe), std::string(suzie)},
                .shown = letter(joe, suzie, "Invoice", "Pay 100 for the boots."),
                .replace = "Pay 100",
                .with = "Pay 900",
                .key = stage.world.north_key(),
                .refused_at_confirm = false,
                .expected = "550 5.7.7 [CAS:digest]"});
}

// ---- 4 -----------------------------------------------------------------------------------------------------------

void replayed_message(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("4. Replayed: the transaction of scene 1 once more, octet by octet as the tap heard it");
  std::vector<std::string> commands;
  for (const Spoken& line : stage.confirmed) {
    if (line.who == Speaker::Client && !line.body && line.text != ".") commands.push_back(line.text);
  }
  const std::string body = wire_body(stage.confirmed);
  if (!screen.expect(!commands.empty() && !body.empty(), "the tap has it")) return;
  stage.south.clear();
  const std::size_t before = stage.world.mail(suzie).size();
  const Script script{.server = stage.world.addresses().south_tap,
                      .helo = "mx.evil.example",
                      .login = {},
                      .commands = std::move(commands),
                      .wire_body = body};
  const auto played = play(stage.executor, script);
  screen.dialog(last_transaction(heard(stage.south)));
  screen.expect(played && played->message && played->message->code == 250,
                "250: a sender that never saw our first answer may stop trying", text_of(played));
  // A later message that has arrived shows that an earlier one would have.
  if (submit(stage, letter(joe, suzie, "One more", "Just to see what arrives."))) {
    const bool arrived = arrives(stage, suzie, before + 1);
    const auto mail = stage.world.mail(suzie);
    const bool only = mail.size() == before + 1 && mail.back().find("Subject: One more") != std::string::npos;
    screen.expect(arrived && only, "a message sent after it has arrived, the replay has not: delivered once",
                  fmt::format("{} messages instead of {}", mail.size(), before + 1));
    heard(stage.south);
  }
}

// ---- 5, 6 --------------------------------------------------------------------------------------------------------

void sender_without_cas(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("5. A sender without CAS: Ann (quiet.example, no signing key)");
  screen.say("To Suzie, whose domain says optional: ordinary mail.");
  stage.south.clear();
  const std::size_t before = stage.world.mail(suzie).size();
  if (submit(stage, letter(ann, suzie, "Hello", "From a server that does not confirm."))) {
    const bool arrived = arrives(stage, suzie, before + 1);
    stage.plain = last_transaction(heard(stage.south));
    screen.dialog(stage.plain);
    screen.expect(arrived && !said(stage.plain, Speaker::Client, "CONFIRM"), "delivered without CONFIRM");
    expect_results(stage, suzie, "cas=none");
  }

  screen.say("To Olga, whose domain says required:");
  stage.south.clear();
  if (submit(stage, letter(ann, olga, "Hello", "From a server that does not confirm."))) {
    const bool told = arrives(stage, ann, 1);
    const Transcript wire = last_transaction(heard(stage.south));
    screen.dialog(wire);
    screen.expect(said(wire, Speaker::Server, "530 5.7.0 [CAS:required]"), "refused at RCPT: confirmation is required");
    screen.expect(body_lines(wire) == 0, "not one line of the message was sent");
    const auto notes = stage.world.mail(ann);
    screen.expect(told && notes.back().find("CAS:required") != std::string::npos,
                  "Ann is told why, in a delivery status notification");
    screen.expect(stage.world.mail(olga).empty(), "nothing was delivered to Olga");
  }

  screen.say("And Joe to Olga, with an intent:");
  stage.south.clear();
  if (submit(stage, letter(joe, olga, "Hello", "From a server that confirms."))) {
    screen.expect(arrives(stage, olga, 1), "delivered");
    expect_results(stage, olga, "cas=pass");
    heard(stage.south);
  }
}

void receiver_without_cas(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("6. A receiver without CAS: Joe to Walter (west.example; no TLS, no CAS)");
  stage.west.clear();
  if (!submit(stage, letter(joe, walter, "Hello", "You need not know what CAS is."))) return;
  const bool arrived = arrives(stage, walter, 1);
  const Transcript session = heard(stage.west);
  screen.dialog(session);
  screen.expect(arrived && !said(session, Speaker::Client, "CONFIRM"), "plain delivery, no CONFIRM on the wire");
  expect_results(stage, walter, "dkim=pass");
}

// ---- 7 -----------------------------------------------------------------------------------------------------------

void forged_without_cas(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene("7. Mallory in Joe's name without CAS: north.example publishes SPF and DMARC p=reject");
  screen.say("What nobody confirmed is judged by SPF, DKIM and DMARC. Suzie's domain acts on it:");
  stage.south.clear();
  const std::size_t before = stage.world.mail(suzie).size();
  const Letter fake = letter(joe, suzie, "Please wire the money", "Today, to the usual account. Joe.");
  const Script script{.server = stage.world.addresses().south_tap,
                      .helo = "mx.evil.example",
                      .login = {},
                      .commands = transaction(std::string(mallory), "", std::string(suzie)),
                      .wire_body = to_wire(compose(fake, stage.clock.now(), stage.random))};
  const auto played = play(stage.executor, script);
  screen.dialog(last_transaction(heard(stage.south)));
  screen.expect(played && played->message && played->message->text.starts_with("550 5.7.26"),
                "refused at the end of data: north.example stands neither behind the server nor behind the message",
                text_of(played));
  screen.expect(stage.world.mail(suzie).size() == before, "nothing was delivered");
}

// ---- 12 ----------------------------------------------------------------------------------------------------------

void cost(Stage& stage) {
  Screen& screen = stage.screen;
  screen.scene(
      "12. What the confirmation costs: scene 1 against scene 5, same servers, same wire, MAIL to final reply");
  const std::size_t with = round_trips(stage.confirmed), without = round_trips(stage.plain);
  screen.say(fmt::format("confirmed    {} round trips  {:6.1f} ms  (with the first lookup of the key)", with,
                         duration(stage.confirmed).count()));
  screen.say(fmt::format("plain        {} round trips  {:6.1f} ms", without, duration(stage.plain).count()));
  screen.expect(with > 0 && with == without, "added round trips: zero",
                fmt::format("{} with, {} without", with, without));
}

}  // namespace

void play_scenes(Stage& stage) {
  for (const auto scene :
       {confirmed_message, forged_messages, altered_message, replayed_message, sender_without_cas, receiver_without_cas,
        forged_without_cas, held_for_its_owner, exempt_sender, blocked_sender, expected_mail, cost}) {
    stop_when_interrupted();
    scene(stage);
  }
}

}  // namespace cas::cmd
