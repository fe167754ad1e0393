// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See user_line.hpp.
#include "cmd/user_line.hpp"

namespace cas::cmd {

namespace {

using Act = std::function<void(std::function<int()>)>;

struct Command {
  const char* name;
  const char* what;
  std::function<int(const UserOptions&)> action;
};

CLI::App* add(CLI::App& user, UserWords& words, const Act& act, const Command& command) {
  auto* app = user.add_subcommand(command.name, command.what);
  auto* socket = app->add_option("--socket", words.options.admin.socket, "the server's admin socket");
  app->add_option("--config", words.admin_config, "the configuration file that names the socket")->excludes(socket);
  app->add_flag("--json", words.options.admin.json, "JSON instead of words");
  app->callback([&words, act, action = command.action] {
    if (!words.admin_config.empty()) words.options.admin.config = words.admin_config;
    act([&words, action] { return action(words.options); });
  });
  return app;
}

CLI::App* add_named(CLI::App& user, UserWords& words, const Act& act, const Command& command) {
  auto* app = add(user, words, act, command);
  app->add_option("NAME", words.options.name, "what the mail program gives as the user name")->required();
  return app;
}

void add_password_options(CLI::App& app, UserWords& words) {
  app.add_flag("--scram", words.options.scram,
               "let this user log in by SCRAM-SHA-256 too: what is kept for that is easier to guess from");
  app.add_flag("--password-stdin", words.options.password_stdin, "read the password from standard input, one line");
}

}  // namespace

void add_user_commands(CLI::App& app, UserWords& words, Act act) {
  auto* user = app.add_subcommand("user", "Who may submit mail, and as whom");
  user->require_subcommand(1);
  auto* fresh = add_named(*user, words, act, {"add", "Let somebody log in; the password is asked for", add_user});
  fresh->add_option("--send-as", words.options.send_as, "an address, or *@DOMAIN; may be repeated; NAME if left out")
      ->allow_extra_args(false);
  add_password_options(*fresh, words);
  add_password_options(*add_named(*user, words, act, {"passwd", "Give a user another password", set_password}), words);
  add(*user, words, act, {"list", "All users, those of the configuration file too", list_users});
  add_named(*user, words, act, {"remove", "Forget a user", remove_user});
  const auto disable = [](const UserOptions& options) { return enable_user(options, false); };
  const auto enable = [](const UserOptions& options) { return enable_user(options, true); };
  add_named(*user, words, act, {"disable", "Let a user in no more, and keep what is known", disable});
  add_named(*user, words, act, {"enable", "Let a disabled user in again", enable});
  auto* rights = add_named(*user, words, act, {"may-send-as", "Change as whom a user may send", change_send_as});
  rights->add_option("--add", words.options.added, "an address, or *@DOMAIN; may be repeated")->allow_extra_args(false);
  rights->add_option("--remove", words.options.removed, "likewise")->allow_extra_args(false);
}

}  // namespace cas::cmd
