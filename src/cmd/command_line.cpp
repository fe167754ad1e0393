// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// All subcommands with their options: reading this file, and the *_line.cpp, is reading `cas --help-all`.
#include "cmd/command_line.hpp"

#include <sysexits.h>

#include "app/config_values.hpp"
#include "app/version.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/demo.hpp"
#include "cmd/line.hpp"
#include "cmd/manual_line.hpp"
#include "cmd/terminal.hpp"

namespace cas::cmd {

namespace {

/// Everything the options are read into, and what to do.
struct Words : Line {
  std::string config = default_config;
  QueueOptions queue;
  std::string id;
  std::string address, reason;
  KeyOptions key;
  KeysOptions keys;
  CertificateOptions certificate;
  DemoOptions demo;
  IntentMakeOptions make;
  IntentInspectOptions inspect;
  IntentVerifyOptions verify;
  std::string verify_config;
  CheckAuthOptions check_auth;
  std::string check_auth_config;
  ConformanceOptions conformance;
  SignOptions sign;
};

void add_server_commands(CLI::App& app, Words& words) {
  auto* server = app.add_subcommand("serve", "Run the server in the foreground until SIGTERM");
  server->add_option("--config", words.config, "the configuration file")->capture_default_str();
  server->callback([&] { words.action = [&] { return serve(words.config); }; });

  auto* config = app.add_subcommand("config", "Look at the configuration");
  config->require_subcommand(1);
  auto* check =
      config->add_subcommand("check", "Say whether the configuration can be used, or all that is wrong with it");
  check->add_option("--config", words.config, "the configuration file")->capture_default_str();
  check->callback([&] { words.action = [&] { return check_config(words.config); }; });
  config->add_subcommand("example", "Print a commented file with every key and its default")->callback([&] {
    words.action = [] { return print(example_config) ? EX_OK : EX_IOERR; };
  });
}

QueueOptions queue_options(const Words& words) {
  QueueOptions queue = words.queue;
  queue.admin = admin_options(words);
  return queue;
}

void add_queue_filter(CLI::App& command, QueueOptions& queue) {
  command.add_option("--domain", queue.domain, "recipients there; .NAME: in the domains below NAME");
  command.add_option("--sender", queue.sender, "from this address or domain; \"<>\" is the null path");
  command.add_option("--older-than", queue.older_than, "in the queue for so long: 30m, 4h, 2d");
  command.add_option("--younger-than", queue.younger_than, "not in the queue for so long");
  command.add_option("--reason", queue.reason, "with these words in the last reply or the note");
  command.add_option("--state", queue.state, "waiting, in-flight, held, failed or delivered");
}

void add_queue_action(CLI::App& queue, Words& words, const char* name, const char* what, const char* because) {
  auto* command = queue.add_subcommand(name, what);
  command->add_option("ID", words.queue.ids, "these messages; what the filters mean when left out");
  add_queue_filter(*command, words.queue);
  if (because != nullptr) command->add_option("--because", words.queue.because, because);
  const std::string action = name;
  if (action != "retry" && action != "release") command->add_flag("--all", words.queue.all, "the whole queue");
  if (action != "retry") command->add_flag("--yes", words.queue.yes, "do it: without IDs it is only tried out");
  command->add_flag("--dry-run", words.queue.dry_run, "say what would change, change nothing");
  add_admin_options(*command, words);
  command->callback(
      [&words, action] { words.action = [&words, action] { return steer_queue(queue_options(words), action); }; });
}

void add_queue_switch(CLI::App& queue, Words& words, const char* name, const char* what) {
  auto* command = queue.add_subcommand(name, what);
  const std::string action = name;
  if (action == "suspend") command->add_option("DOMAIN", words.queue.domain, "the recipients' domain")->required();
  if (action == "resume") command->add_option("DOMAIN", words.queue.domain, "the paused queue when left out");
  if (action != "resume") command->add_option("--because", words.queue.because, "why, for who looks later");
  add_admin_options(*command, words);
  command->callback(
      [&words, action] { words.action = [&words, action] { return switch_queue(queue_options(words), action); }; });
}

void add_queue_commands(CLI::App& app, Words& words) {
  auto* queue = app.add_subcommand("queue", "See and steer what waits");
  queue->require_subcommand(1);
  auto* list = queue->add_subcommand("list", "What is in the queue, and why");
  add_queue_filter(*list, words.queue);
  add_admin_options(*list, words);
  list->callback([&] { words.action = [&] { return list_queue(queue_options(words)); }; });
  auto* show = queue->add_subcommand("show", "All that is known of one message");
  show->add_option("ID", words.queue.ids, "its queue id")->required()->expected(1);
  auto* header = show->add_flag("--header", words.queue.header, "its header section instead");
  show->add_flag("--body", words.queue.body, "the whole message instead")->excludes(header);
  add_admin_options(*show, words);
  show->callback([&] { words.action = [&] { return show_queued(queue_options(words)); }; });
  auto* stats = queue->add_subcommand("stats", "How much waits, for whom, and why");
  add_admin_options(*stats, words);
  stats->callback([&] { words.action = [&] { return queue_stats(queue_options(words)); }; });

  add_queue_action(*queue, words, "retry", "Try what waits now", nullptr);
  add_queue_action(*queue, words, "hold", "Keep it, untried, until it is released; it does not expire", "why");
  add_queue_action(*queue, words, "release", "Try what is held", nullptr);
  add_queue_action(*queue, words, "bounce", "Give it back to its sender", "told to the sender");
  add_queue_action(*queue, words, "remove", "Throw it away without a word", "why, for the log");
  add_queue_switch(*queue, words, "suspend", "Try nothing for a domain until it is resumed");
  add_queue_switch(*queue, words, "resume", "Try a domain, or the paused queue, again");
  add_queue_switch(*queue, words, "pause", "Try nothing at all; mail is taken in");
}

void add_admin_commands(CLI::App& app, Words& words) {
  auto* mailq_command = app.add_subcommand("mailq", "The queue as Postfix prints it");
  add_admin_options(*mailq_command, words);
  mailq_command->callback([&] { words.action = [&] { return mailq(queue_options(words)); }; });
  app.add_subcommand("sendmail",
                     "Submit the message on standard input: [-t] [-i] [-f SENDER] [-F NAME] [-N DSN] [-R full|hdrs] "
                     "[-V ENVID] [-bm|-bp|-bi] [-q] [--socket PATH] RECIPIENT...");

  auto* trace = app.add_subcommand("trace", "What happened to a message");
  trace->add_option("ID", words.id, "its queue id or trace id")->required();
  add_admin_options(*trace, words);
  trace->callback([&] { words.action = [&] { return show_trace(admin_options(words), words.id); }; });

  auto* status = app.add_subcommand("status", "How the server is");
  add_admin_options(*status, words);
  status->callback([&] { words.action = [&] { return show_status(admin_options(words)); }; });
}

void add_suppression_commands(CLI::App& app, Words& words) {
  auto* suppression = app.add_subcommand("suppression", "Mailboxes elsewhere that are gone: nobody writes to them");
  suppression->require_subcommand(1);
  const char* const reason = "what its senders are told";
  auto* list = suppression->add_subcommand("list", "Which they are, since when, and what their servers said");
  list->callback([&] { words.action = [&] { return list_suppressions(admin_options(words)); }; });
  auto* add = suppression->add_subcommand("add", "Enter an address by hand");
  add->add_option("ADDRESS", words.address, "the mailbox")->required();
  add->add_option("--reason", words.reason, reason);
  add->callback(
      [&] { words.action = [&] { return add_suppression(admin_options(words), words.address, words.reason); }; });
  auto* remove = suppression->add_subcommand("remove", "Let mail go there again");
  remove->add_option("ADDRESS", words.address, "the mailbox")->required();
  remove->callback([&] { words.action = [&] { return remove_suppression(admin_options(words), words.address); }; });
  auto* import = suppression->add_subcommand("import", "Enter addresses from standard input, one a line");
  import->add_option("--reason", words.reason, reason);
  import->callback([&] { words.action = [&] { return import_suppressions(admin_options(words), words.reason); }; });
  for (auto* command : {list, add, remove, import}) add_admin_options(*command, words);
}

CLI::App* add_keys_command(CLI::App& keys, Words& words, const char* name, const char* what,
                           int (*action)(const KeysOptions&)) {
  auto* command = keys.add_subcommand(name, what);
  command->add_option("--config", words.keys.config, "the configuration file")->capture_default_str();
  command->callback([&words, action] { words.action = [&words, action] { return action(words.keys); }; });
  return command;
}

// In a file of its own, or in the folder of a domain.
int generate_either(const Words& words) {
  if (words.key.out.empty() && words.keys.domain.empty()) {
    return complain(EX_USAGE, "name a DOMAIN, or a file with --out FILE and --type");
  }
  if (words.key.out.empty()) return generate_keys(words.keys);
  if (words.keys.type == "both") return complain(EX_USAGE, "--out takes one key: --type ed25519 or --type rsa");
  KeyOptions key = words.key;
  key.type = words.keys.type == "rsa" ? crypto::KeyType::Rsa : crypto::KeyType::Ed25519;
  return generate_key(key);
}

void add_keys_commands(CLI::App& app, Words& words) {
  auto* keys = app.add_subcommand("keys", "Signing keys: made, published, in use, retired");
  keys->require_subcommand(1);
  const char* const resolver = "ask this one: IP or IP:PORT; as [dns] says when left out";

  auto* generate =
      add_keys_command(*keys, words, "generate", "Make keys and print the DNS records to publish", generate_keys);
  auto* domain = generate->add_option("DOMAIN", words.keys.domain, "whose keys: they wait until `cas keys rotate`");
  generate->add_option("--type", words.keys.type, "ed25519, rsa (2048 bits) or both")
      ->check(CLI::IsMember({"ed25519", "rsa", "both"}))
      ->capture_default_str();
  auto* out = generate->add_option("--out", words.key.out, "one key, into this file; it must not exist");
  auto* selector = generate->add_option("--selector", words.key.selector, "with --out: the selector, such as cas1");
  auto* signing = generate->add_option("--domain", words.key.domain, "with --out: the signing domain");
  out->excludes(domain);
  selector->needs(signing)->needs(out);
  signing->needs(selector);
  generate->callback([&words] { words.action = [&words] { return generate_either(words); }; });

  auto* rotate =
      add_keys_command(*keys, words, "rotate",
                       "Put waiting keys into use once the DNS has them; make some where none waits", rotate_keys);
  rotate->add_option("DOMAIN", words.keys.domain, "whose keys")->required();
  rotate->add_option("--resolver", words.keys.resolver, resolver);

  auto* retire =
      add_keys_command(*keys, words, "retire", "Remove old keys 7 days after they were replaced", retire_keys);
  retire->add_option("DOMAIN", words.keys.domain, "whose keys")->required();
  retire->add_flag("--now", words.keys.now, "at once: for keys that leaked");

  auto* list = add_keys_command(*keys, words, "list", "Which keys there are, and what is to be published", list_keys);
  list->add_option("DOMAIN", words.keys.domain, "whose keys; all when left out");
  auto* check = list->add_flag("--check", words.keys.check, "say what the DNS has");
  list->add_option("--resolver", words.keys.resolver, resolver)->needs(check);
  list->add_flag("--json", words.keys.json, "JSON instead of a table");
}

void add_set_up_commands(CLI::App& app, Words& words) {
  auto* password = app.add_subcommand("password", "Read a password, print the string for [[user]] password");
  password->callback([&] { words.action = [] { return hash_password(); }; });

  auto* cert = app.add_subcommand("cert", "Certificates");
  cert->require_subcommand(1);
  auto* own = cert->add_subcommand("self-signed", "Make a certificate for trials, valid ten years");
  own->add_option("HOST", words.certificate.host, "the name of the server")->required();
  own->add_option("--cert", words.certificate.certificate, "the certificate to write; it must not exist")->required();
  own->add_option("--key", words.certificate.key, "the key to write; it must not exist")->required();
  own->callback([&] { words.action = [&] { return self_signed(words.certificate); }; });
}

void add_intent_make(CLI::App& intent, Words& words) {
  auto& make = words.make;
  auto* command = intent.add_subcommand("make", "Sign intents for a message and print them, one a line");
  command->add_option("--key", make.key, "the signing key, PEM")->required();
  command->add_option("--selector", make.selector, "where the key stands: SELECTOR._domainkey.DOMAIN")->required();
  command->add_option("--domain", make.domain, "the signing domain")->required();
  command->add_option("--from", make.from, "the envelope sender; \"<>\" is the null path")->required();
  command->add_option("--to", make.to, "a recipient; again for each of them, all at one domain")
      ->required()
      ->allow_extra_args(false);
  command->add_option("--message", make.message, "the message: a file, or - for standard input");
  command->add_option("--author", make.author, "the author; the message's From when left out");
  command
      ->add_option("--class", make.klass,
                   "p(ersonal), t(ransactional), b(ulk), a(utomatic); as the message shows itself")
      ->check(CLI::IsMember({"p", "t", "b", "a"}));
  command->add_option("--list-id", make.list_id, "the list, with class b; the message's List-Id when left out");
  command->add_option("--id", make.id, "22 characters of base64url; drawn at random when left out");
  command->add_option("--issued", make.issued, "seconds since 1970; now when left out");
  command->add_option("--lifetime", make.lifetime, "such as 30m, 4h, 1d")->capture_default_str();
  command->add_flag("--forwarded", make.forwarded, "w=fwd: this is somebody else's message, passed on");
  command->add_flag("--preflight", make.preflight, "m=-: no digest, no message needed");
  command->add_flag("--command", make.command, "with \"CONFIRM \" in front");
  command->add_flag("--json", make.json, "JSON instead of lines");
  command->callback([&] { words.action = [&] { return make_intent(words.make); }; });
}

void add_intent_verify(CLI::App& intent, Words& words) {
  auto& verify = words.verify;
  auto* command = intent.add_subcommand("verify", "What a receiver would find, step by step, and answer");
  command->add_option("LINE", verify.line, "the intent, or - for standard input")->required();
  command->add_option("--message", verify.message, "the message it is for: a file, or - for standard input");
  auto* from = command->add_option("--mail-from", verify.mail_from, "the envelope sender of the transaction");
  command->add_option("--rcpt", verify.rcpt, "a recipient of the transaction; again for each")->allow_extra_args(false);
  auto* record =
      command->add_option("--key-record", verify.key_record, "the key's TXT record, instead of asking the DNS");
  auto* resolver = command->add_option("--resolver", verify.resolver, "ask this one: IP or IP:PORT; not validated");
  auto* config = command->add_option("--config", words.verify_config, "ask as [dns] in this configuration file says");
  record->excludes(resolver)->excludes(config);
  resolver->excludes(config);
  command->add_option("--now", verify.now, "seconds since 1970; now when left out");
  command->add_flag("--json", verify.json, "JSON instead of a table");
  command->callback([&words, from] {
    words.verify.has_mail_from = from->count() > 0;
    if (!words.verify_config.empty()) words.verify.config = words.verify_config;
    words.action = [&words] { return verify_intent(words.verify); };
  });
}

void add_intent_commands(CLI::App& app, Words& words) {
  auto* intent = app.add_subcommand("intent", "Make, verify and read intents");
  intent->require_subcommand(1);
  add_intent_make(*intent, words);
  add_intent_verify(*intent, words);
  auto* inspect = intent->add_subcommand("inspect", "Say what an intent says, or where and why it is none");
  inspect->add_option("LINE", words.inspect.line, "the intent, or - for standard input")->required();
  inspect->add_flag("--json", words.inspect.json, "JSON instead of a table");
  inspect->callback([&] { words.action = [&] { return inspect_intent(words.inspect); }; });
}

void add_check_auth_command(CLI::App& app, Words& words) {
  auto& o = words.check_auth;
  auto* command = app.add_subcommand("check-auth", "What SPF, DKIM, DMARC and ARC say of a client and its message");
  command->add_option("--ip", o.ip, "the address of the client")->required();
  command->add_option("--helo", o.helo, "what it said in HELO or EHLO");
  command->add_option("--mail-from", o.mail_from, "the envelope sender; \"<>\" is the null path");
  command->add_option("--message", o.message, "the message: a file, or - for standard input");
  command->add_option("--receiver", o.receiver, "the name of this host, which explanations of SPF may show");
  auto* resolver = command->add_option("--resolver", o.resolver, "ask this one: IP or IP@PORT; not validated");
  command->add_option("--config", words.check_auth_config, "ask as [dns] in this configuration file says")
      ->excludes(resolver);
  command->add_flag("--json", o.json, "JSON instead of a report");
  command->callback([&words] {
    if (!words.check_auth_config.empty()) words.check_auth.config = words.check_auth_config;
    words.action = [&words] { return check_auth(words.check_auth); };
  });
}

void add_conformance_command(CLI::App& app, Words& words) {
  auto& o = words.conformance;
  auto* check = app.add_subcommand("conformance", "Ask a server whether it keeps to the protocol, section by section");
  check->add_option("HOST:PORT", o.target, "the server: any that offers CAS");
  check->add_option("--recipient", o.recipient, "a mailbox there, in a domain with m=optional");
  check->add_option("--second", o.second, "another mailbox in that domain");
  check->add_option("--unknown", o.unknown, "an address there that does not exist");
  check->add_option("--required-recipient", o.required_recipient, "a mailbox in a domain with m=required");
  check->add_option("--off-recipient", o.off_recipient, "a mailbox in a domain with m=off");
  check->add_option("--foreign", o.foreign, "a domain that is not the server's")->capture_default_str();
  check->add_option("--domain", o.domain, "your domain, which signs");
  check->add_option("--from", o.from, "author and sender, in --domain");
  check
      ->add_option("--selector", o.selector, "where the key is published, and others with -testing and so on behind it")
      ->capture_default_str();
  check->add_option("--key", o.key, "the Ed25519 key; it is made where it does not exist");
  check->add_option("--rsa-key", o.rsa_key, "an RSA key too, published under SELECTOR-rsa");
  check->add_option("--resolver", o.resolver, "look for the records there: IP or IP:PORT");
  check->add_flag("--assume-published", o.assume_published, "do not look for the records: only the target sees them");
  check->add_option("--only", o.only, "checks or sections, like poison or §5.4; may be repeated")
      ->allow_extra_args(false);
  check->add_option("--timeout", o.timeout, "seconds to wait for each reply")
      ->check(CLI::Range(1, 600))
      ->capture_default_str();
  check->add_flag("--wait", o.wait, "where the target limits rates, wait a minute and go on");
  check->add_flag("--verify-tls", o.verify_tls, "verify the target's certificate");
  check->add_flag("--list", o.list, "list the checks and leave it at that");
  check->add_flag("--print-setup", o.print_setup, "print what the target must see and leave it at that");
  check->add_flag("--yes", o.yes, "send without asking first");
  check->add_flag("--json", o.json, "JSON instead of lines");
  check->callback([&] { words.action = [&] { return check_conformance(words.conformance); }; });
}

void add_sign_command(CLI::App& app, Words& words) {
  auto& o = words.sign;
  auto* sign = app.add_subcommand("sign", "Put DKIM signatures before a message: standard input to standard output");
  sign->add_option("--domain", o.domain, "the signing domain, d=")->required();
  sign->add_option("--selector", o.selector, "where the key stands: SELECTOR._domainkey.DOMAIN");
  sign->add_option("--key", o.keys, "a key, PEM: FILE, or SELECTOR=FILE; again for each, one signature each")
      ->required()
      ->allow_extra_args(false);
  sign->add_option("--canonicalization", o.canonicalization, "HEADER/BODY, each of them simple or relaxed")
      ->capture_default_str();
  auto* headers = sign->add_option("--headers", o.headers, "the fields to sign, as often as they stand: from:to:date");
  auto* oversign = sign->add_option("--oversign", o.oversign, "the fields of which nobody may add one: from:subject");
  auto* length =
      sign->add_option("--body-length", o.body_length, "l=: sign only N octets of the body; all when left out")
          ->expected(0, 1);
  sign->add_option("--expire", o.expire, "x=: seconds for which the signature holds");
  auto* time = sign->add_option("--timestamp", o.timestamp, "t=: seconds since 1970; now when left out");
  sign->add_flag("--no-timestamp", o.no_timestamp, "no t=")->excludes(time);
  auto* arc = sign->add_option("--arc", o.arc, "seal with an ARC set that tells these results: 'HOST; spf=pass ...'");
  sign->add_option("--arc-chain", o.arc_chain, "with --arc: what was found of the sets that are there, pass or fail")
      ->needs(arc);
  sign->callback([&words, headers, oversign, length] {
    words.sign.has_headers = headers->count() > 0;
    words.sign.has_oversign = oversign->count() > 0;
    words.sign.has_body_length = length->count() > 0;
    words.action = [&words] { return sign_message(words.sign); };
  });
}

void add_other_commands(CLI::App& app, Words& words) {
  auto* demo = app.add_subcommand("demo", "Two mail domains on loopback, with real mail between them");
  demo->add_flag("--keep", words.demo.keep, "leave the servers running");
  demo->add_option("--directory", words.demo.directory, "where to work; it must not exist");
  demo->callback([&] { words.action = [&] { return run_demo(words.demo); }; });

  const auto show_version = [] { return print("cas " + std::string(app::version) + "\n") ? EX_OK : EX_IOERR; };
  app.add_subcommand("version", "Print the version")->callback([&words, show_version] { words.action = show_version; });
}

// CLI11 says of a word that is no subcommand only that one is missing.
std::string explain(const CLI::App* app, const CLI::Error& error) {
  std::string command = "cas";
  for (auto parsed = app->get_subcommands(); !parsed.empty(); parsed = app->get_subcommands()) {
    app = parsed.front();
    command += " " + app->get_name();
  }
  std::string message = printable(error.what(), 1000);
  const auto extra = app->remaining();
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::RequiredError) && !extra.empty()) {
    std::vector<std::string_view> known;
    for (const auto* one : app->get_subcommands({})) known.push_back(one->get_name());
    const auto meant = app::nearest(extra.front(), known);
    if (!known.empty()) message = "there is no command \"" + printable(extra.front(), 80) + "\"";
    if (meant) message += "; did you mean \"" + std::string(*meant) + "\"?";
  }
  return "cas: " + message + "\nTry: " + command + " --help\n";
}

}  // namespace

void add_admin_options(CLI::App& command, Line& line) {
  auto* socket = command.add_option("--socket", line.admin.socket, "the server's admin socket");
  command.add_option("--config", line.admin_config, "the configuration file that names the socket")->excludes(socket);
  command.add_flag("--json", line.admin.json, "JSON instead of a table");
}

AdminOptions admin_options(const Line& line) {
  AdminOptions admin = line.admin;
  if (!line.admin_config.empty()) admin.config = line.admin_config;
  return admin;
}

namespace {

// sendmail's options are none that CLI11 could read. As a link named sendmail, mailq or newaliases we are that.
std::optional<int> run_as_sendmail(int argc, char** argv) {
  if (argc < 1) return std::nullopt;
  const std::string name = std::filesystem::path(argv[0]).filename();
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (name == "mailq") return mailq({});
  if (name == "newaliases") return EX_OK;
  if (name == "sendmail") return sendmail(arguments);
  if (arguments.empty() || arguments.front() != "sendmail") return std::nullopt;
  if (arguments.size() == 2 && arguments[1] == "--help") return std::nullopt;
  arguments.erase(arguments.begin());
  return sendmail(arguments);
}

}  // namespace

int run(int argc, char** argv) {
  try {
    if (const auto code = run_as_sendmail(argc, argv)) return *code;
  } catch (const std::exception& error) {
    return complain(EX_SOFTWARE, std::string("internal error: ") + printable(error.what()));
  }
  CLI::App app("cas (Confirm and Send): a mail gateway that asks before it delivers", "cas");
  app.set_version_flag("--version", "cas " + std::string(app::version));
  app.set_help_all_flag("--help-all", "Print the help of all subcommands");
  app.require_subcommand(1);
  app.failure_message(explain);
  Words words;
  add_init_command(app, words);
  add_doctor_command(app, words);
  add_server_commands(app, words);
  add_queue_commands(app, words);
  add_admin_commands(app, words);
  add_suppression_commands(app, words);
  add_screener_commands(app, words);
  add_why_command(app, words);
  add_user_commands(app, words);
  add_exception_commands(app, words);
  add_report_command(app, words);
  add_set_up_commands(app, words);
  add_keys_commands(app, words);
  add_dns_commands(app, words);
  add_intent_commands(app, words);
  add_check_auth_command(app, words);
  add_sign_command(app, words);
  add_conformance_command(app, words);
  add_other_commands(app, words);
  add_manual_command(app, words);
  group_commands(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EX_OK : EX_USAGE;
  } catch (const std::exception& error) {
    return complain(EX_SOFTWARE, printable(error.what()));
  }
  try {
    return words.action ? words.action() : complain(EX_USAGE, "say what to do; `cas --help` lists it");
  } catch (const std::exception& error) {
    return complain(EX_SOFTWARE, std::string("internal error: ") + printable(error.what()));
  }
}

}  // namespace cas::cmd
