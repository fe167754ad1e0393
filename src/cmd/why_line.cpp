// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas why` with its options.
#include "cmd/line.hpp"
#include "cmd/why.hpp"

namespace cas::cmd {

void add_why_command(CLI::App& app, Line& line) {
  const auto options = std::make_shared<WhyOptions>();
  auto* why = add_asking(app, line, "why", "What becomes of a message, rule by rule, and what would have to change",
                         options, explain_decision);
  why->add_option("FROM", options->from, "who writes: the author; not needed with --trace");
  why->add_option("TO", options->to, "the recipient; not needed with the --trace of a message to one");
  auto* message = why->add_option("--message", options->message, "as in this file: its author, class and signatures");
  auto* trace = why->add_option("--trace", options->trace, "as it was: a trace id or a queue id")->excludes(message);
  auto* intent = why->add_flag("--intent", options->intent, "as if an intent confirmed it")->excludes(message, trace);
  auto* is_signed = why->add_flag("--signed", options->is_signed, "as if an aligned DKIM signature proved the author")
                        ->excludes(message, trace, intent);
  why->add_flag("--unproven", options->unproven, "as if nothing proved who writes")
      ->excludes(message, trace, intent, is_signed);
  why->add_option("--ip", options->client, "from this client");
  why->add_option("--mail-from", options->mail_from, "with this envelope sender; FROM when left out, \"<>\": none");
  why->add_option("--list", options->list_id, "with this List-Id");
  why->add_option("--resolver", options->resolver, "with --message: ask this one, IP or IP:PORT");
}

}  // namespace cas::cmd
