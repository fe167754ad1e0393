// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas user` with its options.
#include "cmd/line.hpp"
#include "cmd/user.hpp"

namespace cas::cmd {

namespace {

using Options = std::shared_ptr<UserOptions>;
using Act = int (*)(const UserOptions&);

CLI::App* add_named(CLI::App& user, Line& line, const char* name, const char* what, const Options& options, Act act) {
  auto* command = add_asking(user, line, name, what, options, act);
  command->add_option("NAME", options->name, "what the mail program gives as the user name")->required();
  return command;
}

void add_password_options(CLI::App& command, const Options& options) {
  command.add_flag("--scram", options->scram,
                   "let this user log in by SCRAM-SHA-256 too: what is kept for that is easier to guess from");
  command.add_flag("--password-stdin", options->password_stdin, "read the password from standard input, one line");
}

}  // namespace

void add_user_commands(CLI::App& app, Line& line) {
  const auto options = std::make_shared<UserOptions>();
  const char* const right = "an address, or *@DOMAIN; may be repeated";
  auto* user = app.add_subcommand("user", "Who may submit mail, and as whom");
  user->require_subcommand(1);
  auto* fresh = add_named(*user, line, "add", "Let somebody log in; the password is asked for", options, add_user);
  fresh->add_option("--send-as", options->send_as, std::string(right) + "; NAME if left out")->allow_extra_args(false);
  add_password_options(*fresh, options);
  auto* other = add_named(*user, line, "passwd", "Give a user another password", options, set_password);
  add_password_options(*other, options);
  add_asking(*user, line, "list", "All users, those of the configuration file too", options, list_users);
  add_named(*user, line, "remove", "Forget a user", options, remove_user);
  add_named(*user, line, "disable", "Let a user in no more, and keep what is known", options,
            [](const UserOptions& given) { return enable_user(given, false); });
  add_named(*user, line, "enable", "Let a disabled user in again", options,
            [](const UserOptions& given) { return enable_user(given, true); });
  auto* rights = add_named(*user, line, "may-send-as", "Change as whom a user may send", options, change_send_as);
  rights->add_option("--add", options->added, right)->allow_extra_args(false);
  rights->add_option("--remove", options->removed, right)->allow_extra_args(false);
}

}  // namespace cas::cmd
