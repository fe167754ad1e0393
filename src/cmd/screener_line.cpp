// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas screener` and `cas expect` with their options.
#include "cmd/line.hpp"
#include "cmd/screener.hpp"

namespace cas::cmd {

void add_screener_commands(CLI::App& app, Line& line) {
  const auto options = std::make_shared<ScreenerOptions>();
  const char* const mailbox = "whose Screener: suzie@south.example";
  const char* const who = "an address, a domain (all that prove to be of it), list:LIST-ID, or as `list` shows it";

  auto* screener = app.add_subcommand("screener", "Who may write to a mailbox: strangers wait until its owner decides");
  screener->require_subcommand(1);
  auto* list = add_asking(*screener, line, "list", "Who waits", options, list_screener);
  list->add_option("MAILBOX", options->mailbox, "only there; all when left out");
  list->add_flag("--decided", options->decided, "who was approved or blocked, instead");
  auto* show = add_asking(*screener, line, "show", "The messages that wait", options, show_screener);
  show->add_option("MAILBOX", options->mailbox, mailbox)->required();
  show->add_option("SENDER", options->sender, "only from there, as `list` shows it");
  auto* approve = add_asking(*screener, line, "approve", "Let a sender's mail in, what waits and what comes", options,
                             [](const ScreenerOptions& given) { return decide_screener(given, "approve"); });
  approve->add_flag("--unauthenticated", options->unauthenticated,
                    "also where nothing proves who writes: whoever claims the name gets through");
  auto* block = add_asking(*screener, line, "block", "Refuse a sender's mail; what waits stays where it is", options,
                           [](const ScreenerOptions& given) { return decide_screener(given, "block"); });
  auto* undo = add_asking(*screener, line, "undo", "Back to what was before the last decision", options,
                          [](const ScreenerOptions& given) { return decide_screener(given, "undo"); });
  for (auto* command : {approve, block, undo}) {
    command->add_option("MAILBOX", options->mailbox, mailbox)->required();
    command->add_option("SENDER", options->sender, who)->required();
  }
  auto* clear = add_asking(*screener, line, "clear", "Throw away what waits", options, clear_screener);
  clear->add_option("MAILBOX", options->mailbox, mailbox)->required();
  clear->add_option("SENDER", options->sender, who);
  clear->add_flag("--all", options->all, "from everybody");
  auto* mode =
      add_asking(*screener, line, "mode", "What a mailbox does with mail of strangers", options, set_screening);
  mode->add_option("MAILBOX", options->mailbox, mailbox)->required();
  mode->add_option("MODE", options->mode, "off, hold, defer; default: as its domain has it")->required();
  auto* seed = add_asking(*screener, line, "seed", "Approve everybody whom mail folders know", options, seed_screener);
  seed->add_option("MAILBOX", options->mailbox, mailbox)->required();
  seed->add_option("--folder", options->folders, "a Maildir or an mbox with mail that was wanted: its authors");
  seed->add_option("--sent", options->sent, "a Maildir or an mbox with mail that was sent: its recipients");
  seed->add_flag("--dry-run", options->dry_run, "say who it would be, change nothing");

  auto* expect = add_asking(app, line, "expect", "Let strangers in for a while: sign-up codes arrive at once", options,
                            expect_mail);
  expect->add_option("MAILBOX", options->mailbox, "where mail is expected")->required();
  expect->add_option("--for", options->span, "for so long: 15m, 2h; at most 7d; 0s closes it")->capture_default_str();
  expect->add_option("--from", options->domain, "only from this domain and what is below it");
}

}  // namespace cas::cmd
