// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See exception_commands.hpp.
#include "cmd/exception_commands.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "cmd/exceptions.hpp"

namespace cas::cmd {

namespace {

using policy::ExceptionAction;

struct Words {
  ExceptionOptions options;
  std::string config;
  std::size_t limit = 100;
};
using Shared = std::shared_ptr<Words>;
using Command = int (*)(const ExceptionOptions&);

void add_admin_options(CLI::App& command, const Shared& words) {
  auto* socket = command.add_option("--socket", words->options.admin.socket, "the server's admin socket");
  command.add_option("--config", words->config, "the configuration file that names the socket")->excludes(socket);
  command.add_flag("--json", words->options.admin.json, "JSON instead of a table");
}

ExceptionOptions& finished(const Shared& words) {
  if (!words->config.empty()) words->options.admin.config = words->config;
  return words->options;
}

/// One subcommand of `group`; what it does is left in `action`.
CLI::App* add_command(CLI::App& group, const Shared& words, std::function<int()>& action, const char* name,
                      const char* what, Command run, ExceptionAction of) {
  auto* command = group.add_subcommand(name, what);
  add_admin_options(*command, words);
  command->callback([words, &action, run, of] {
    finished(words).action = of;
    action = [words, run] { return run(words->options); };
  });
  return command;
}

void add_scope(CLI::App& command, const Shared& words, const char* what, bool required = false) {
  auto* option = command.add_option_function<std::string>(
      "--for",
      [words](const std::string& scope) {
        words->options.scope = scope;
        words->options.has_scope = true;
      },
      what);
  if (required) option->required();
}

void add_entry_options(CLI::App& command, const Shared& words, bool has_proof) {
  auto& options = words->options;
  add_scope(command, words, "for this mailbox or domain only; everybody when left out");
  if (has_proof) {
    command.add_option("--proof", options.proof, "what a name must show: dkim (when left out), spf, certificate, none")
        ->check(CLI::IsMember({"dkim", "spf", "certificate", "client", "none"}));
    command.add_flag("--unauthenticated", options.unauthenticated,
                     "with --proof none: yes, anybody may claim that name and get through");
  }
  command.add_option("--until", options.until, "when it ends: a time (2026-12-31T00:00:00Z) or a duration (30d)");
  command.add_option("--reason", options.reason, "why, for who looks later");
  command.add_option("--owner", options.owner, "who answers for it; who enters it when left out");
  command.add_flag("--dry-run", options.dry_run, "say what would change, change nothing");
}

void add_group(CLI::App& app, std::function<int()>& action, ExceptionAction of, const char* what) {
  const bool has_proof = of != ExceptionAction::Block;
  auto words = std::make_shared<Words>();
  auto& options = words->options;
  auto* group = app.add_subcommand(std::string(to_string(of)), what);
  group->require_subcommand(1);
  const char* const patterns = "address, domain, .domain (below it), list:List-Id, network, /regex/";

  auto* add = add_command(*group, words, action, "add", "Enter or change entries", add_exceptions, of);
  add->add_option("PATTERN", options.what, patterns)->required();
  add_entry_options(*add, words, has_proof);
  auto* remove = add_command(*group, words, action, "remove", "Remove entries", remove_exceptions, of);
  remove->add_option("ID", options.what, "their numbers or patterns")->required();
  add_scope(*remove, words, "with a pattern: whose; everybody's when left out");
  auto* list = add_command(*group, words, action, "list", "All entries", list_exceptions, of);
  add_scope(*list, words, "only those of this mailbox or domain, or of \"everybody\"");
  auto* find = add_command(*group, words, action, "find", "Which entries, of all actions, are about somebody",
                           find_exceptions, of);
  find->add_option("WHAT", options.what, "an address, a domain, an IP address or list:List-Id")
      ->required()
      ->expected(1);
  add_scope(*find, words, "for this mailbox");

  auto* import = add_command(*group, words, action, "import", "Enter a list; the same again changes nothing",
                             import_exceptions, of);
  import->add_option("FILE", options.file, "the list; - for standard input")->required();
  import->add_option("--format", options.format, "auto, plain, postfix-access, postgrey, rspamd, csv or json")
      ->check(CLI::IsMember({"auto", "plain", "postfix-access", "postgrey", "rspamd", "csv", "json"}));
  add_entry_options(*import, words, has_proof);
  auto* out =
      add_command(*group, words, action, "export", "Write them so that import reads them", export_exceptions, of);
  out->add_option("--format", options.format, "csv (when left out), json or plain")
      ->check(CLI::IsMember({"csv", "json", "plain"}));
  add_scope(*out, words, "only those of this mailbox or domain, or of \"everybody\"");
}

void add_forwarder(CLI::App& app, std::function<int()>& action) {
  constexpr auto of = ExceptionAction::Forward;
  auto words = std::make_shared<Words>();
  auto& options = words->options;
  auto* group = app.add_subcommand("forwarder", "Domains that forward somebody's mail, and confirm it");
  group->require_subcommand(1);
  auto* add = add_command(*group, words, action, "add", "Believe what a domain forwards", add_exceptions, of);
  add->add_option("DOMAIN", options.what, "the domain that signs")->required()->expected(1);
  add_scope(*add, words, "whose mail it forwards: a mailbox, or a domain", true);
  add->add_option("--until", options.until, "when it ends: a time (2026-12-31T00:00:00Z) or a duration (30d)");
  add->add_option("--reason", options.reason, "why, for who looks later");
  auto* remove = add_command(*group, words, action, "remove", "Believe it no more", remove_exceptions, of);
  remove->add_option("DOMAIN", options.what, "the domain, or the entry's number")->required()->expected(1);
  add_scope(*remove, words, "with a domain: whose mail");
  auto* list = add_command(*group, words, action, "list", "Which they are", list_exceptions, of);
  add_scope(*list, words, "only those of this mailbox or domain");
}

}  // namespace

void add_exception_commands(CLI::App& app, std::function<int()>& action) {
  add_group(app, action, ExceptionAction::Exempt, "Senders that need no CONFIRM, also where it is required");
  add_group(app, action, ExceptionAction::Allow, "Senders that the Screener lets through");
  add_group(app, action, ExceptionAction::Block, "Senders that are refused");
  add_forwarder(app, action);

  auto words = std::make_shared<Words>();
  auto* audit = app.add_subcommand("audit", "Who changed what on the running server, the newest first");
  audit->add_option("--limit", words->limit, "so many changes")->check(CLI::Range(1, 1'000'000))->capture_default_str();
  add_admin_options(*audit, words);
  audit->callback([words, &action] { action = [words] { return show_audit(finished(words).admin, words->limit); }; });
}

}  // namespace cas::cmd
