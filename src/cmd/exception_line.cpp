// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas exempt`, `allow`, `block`, `forwarder` and `audit` with their options.
#include "cmd/exceptions.hpp"
#include "cmd/line.hpp"

namespace cas::cmd {

namespace {

using policy::ExceptionAction;

using Options = std::shared_ptr<ExceptionOptions>;

void add_scope(CLI::App& command, const Options& options, const char* what, bool required = false) {
  auto* option = command.add_option_function<std::string>(
      "--for",
      [options](const std::string& scope) {
        options->scope = scope;
        options->has_scope = true;
      },
      what);
  if (required) option->required();
}

void add_entry_options(CLI::App& command, const Options& options, bool has_proof) {
  add_scope(command, options, "for this mailbox or domain only; everybody when left out");
  if (has_proof) {
    command
        .add_option("--proof", options->proof, "what a name must show: dkim (when left out), spf, certificate, none")
        ->check(CLI::IsMember({"dkim", "spf", "certificate", "client", "none"}));
    command.add_flag("--unauthenticated", options->unauthenticated,
                     "with --proof none: yes, anybody may claim that name and get through");
  }
  command.add_option("--until", options->until, "when it ends: a time (2026-12-31T00:00:00Z) or a duration (30d)");
  command.add_option("--reason", options->reason, "why, for who looks later");
  command.add_option("--owner", options->owner, "who answers for it; who enters it when left out");
  command.add_flag("--dry-run", options->dry_run, "say what would change, change nothing");
}

void add_group(CLI::App& app, Line& line, ExceptionAction of, const char* what) {
  const bool has_proof = of != ExceptionAction::Block;
  const auto options = std::make_shared<ExceptionOptions>();
  options->action = of;
  auto* group = app.add_subcommand(std::string(to_string(of)), what);
  group->require_subcommand(1);
  const char* const patterns = "address, domain, .domain (below it), list:List-Id, network, /regex/";

  auto* add = add_asking(*group, line, "add", "Enter or change entries", options, add_exceptions);
  add->add_option("PATTERN", options->what, patterns)->required();
  add_entry_options(*add, options, has_proof);
  auto* remove = add_asking(*group, line, "remove", "Remove entries", options, remove_exceptions);
  remove->add_option("ID", options->what, "their numbers or patterns")->required();
  add_scope(*remove, options, "with a pattern: whose; everybody's when left out");
  auto* list = add_asking(*group, line, "list", "All entries", options, list_exceptions);
  add_scope(*list, options, "only those of this mailbox or domain, or of \"everybody\"");
  auto* find =
      add_asking(*group, line, "find", "Which entries, of all actions, are about somebody", options, find_exceptions);
  find->add_option("WHAT", options->what, "an address, a domain, an IP address or list:List-Id")
      ->required()
      ->expected(1);
  add_scope(*find, options, "for this mailbox");

  auto* import =
      add_asking(*group, line, "import", "Enter a list; the same again changes nothing", options, import_exceptions);
  import->add_option("FILE", options->file, "the list; - for standard input")->required();
  import->add_option("--format", options->format, "auto, plain, postfix-access, postgrey, rspamd, csv or json")
      ->check(CLI::IsMember({"auto", "plain", "postfix-access", "postgrey", "rspamd", "csv", "json"}));
  add_entry_options(*import, options, has_proof);
  auto* out = add_asking(*group, line, "export", "Write them so that import reads them", options, export_exceptions);
  out->add_option("--format", options->format, "csv (when left out), json or plain")
      ->check(CLI::IsMember({"csv", "json", "plain"}));
  add_scope(*out, options, "only those of this mailbox or domain, or of \"everybody\"");
}

void add_forwarder(CLI::App& app, Line& line) {
  constexpr auto of = ExceptionAction::Forward;
  const auto options = std::make_shared<ExceptionOptions>();
  options->action = of;
  auto* group = app.add_subcommand("forwarder", "Domains that forward somebody's mail, and confirm it");
  group->require_subcommand(1);
  auto* add = add_asking(*group, line, "add", "Believe what a domain forwards", options, add_exceptions);
  add->add_option("DOMAIN", options->what, "the domain that signs")->required()->expected(1);
  add_scope(*add, options, "whose mail it forwards: a mailbox, or a domain", true);
  add->add_option("--until", options->until, "when it ends: a time (2026-12-31T00:00:00Z) or a duration (30d)");
  add->add_option("--reason", options->reason, "why, for who looks later");
  auto* remove = add_asking(*group, line, "remove", "Believe it no more", options, remove_exceptions);
  remove->add_option("DOMAIN", options->what, "the domain, or the entry's number")->required()->expected(1);
  add_scope(*remove, options, "with a domain: whose mail");
  auto* list = add_asking(*group, line, "list", "Which they are", options, list_exceptions);
  add_scope(*list, options, "only those of this mailbox or domain");
}

}  // namespace

void add_exception_commands(CLI::App& app, Line& line) {
  add_group(app, line, ExceptionAction::Exempt, "Senders that need no CONFIRM, also where it is required");
  add_group(app, line, ExceptionAction::Allow, "Senders that the Screener lets through");
  add_group(app, line, ExceptionAction::Block, "Senders that are refused");
  add_forwarder(app, line);

  const auto options = std::make_shared<ExceptionOptions>();
  auto* audit =
      add_asking(app, line, "audit", "Who changed what on the running server, the newest first", options, show_audit);
  audit->add_option("--limit", options->limit, "so many changes")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
}

}  // namespace cas::cmd
