// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The subcommands. Each returns an exit status of sysexits.h; results go to standard output, everything said about
// them to standard error.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"

namespace cas::cmd {

inline constexpr const char* default_config = "/etc/cas/cas.toml";

// ---- server.cpp ----
[[nodiscard]] int serve(const std::filesystem::path& config);
[[nodiscard]] int check_config(const std::filesystem::path& config);

// ---- admin_client.cpp, talk.cpp: questions to the running server ----

/// Where the server is asked: `socket` when given; what `config` says; the default socket when the default
/// configuration file does not exist.
struct AdminOptions {
  std::filesystem::path socket;
  std::optional<std::filesystem::path> config;
  bool json = false;
};
[[nodiscard]] int show_trace(const AdminOptions& admin, const std::string& id);
[[nodiscard]] int show_status(const AdminOptions& admin);

// ---- queue_see.cpp, queue_steer.cpp ----

struct QueueOptions {
  AdminOptions admin;
  // Which: all that is given must hold.
  std::vector<std::string> ids;
  std::string domain, sender, older_than, younger_than, reason, state;
  std::string because;  // in the operator's words
  bool all = false, yes = false, dry_run = false;
  bool header = false, body = false;
};
/// Page by page: neither side holds more than one.
[[nodiscard]] int list_queue(const QueueOptions& options);
/// One message: what is known of it; or its header, or all of it.
[[nodiscard]] int show_queued(const QueueOptions& options);
[[nodiscard]] int queue_stats(const QueueOptions& options);
/// `action`: retry, hold, release, bounce, remove. Without ids and without `yes` only a retry is more than a trial.
[[nodiscard]] int steer_queue(const QueueOptions& options, const std::string& action);
/// `what`: suspend, resume (a domain, or the paused queue), pause.
[[nodiscard]] int switch_queue(const QueueOptions& options, const std::string& what);

// ---- sendmail.cpp, mailq.cpp ----

/// As programs call sendmail, without the name. 75 (EX_TEMPFAIL) while the server does not run.
[[nodiscard]] int sendmail(const std::vector<std::string>& arguments);
/// The queue in the layout of Postfix.
[[nodiscard]] int mailq(const QueueOptions& options);

// ---- secrets.cpp ----

/// Reads a password from standard input (without echo from a terminal, and twice) and prints its Argon2id string.
[[nodiscard]] int hash_password();

struct KeyOptions {
  crypto::KeyType type = crypto::KeyType::Ed25519;
  std::filesystem::path out;
  std::string selector;  // empty: the record is printed with a placeholder
  std::string domain;
};
/// Writes a new key (0600; never over a file) and prints the DNS record to publish.
[[nodiscard]] int generate_key(const KeyOptions& options);

struct CertificateOptions {
  std::string host;
  std::filesystem::path certificate, key;
};
[[nodiscard]] int self_signed(const CertificateOptions& options);

// ---- sign.cpp ----

/// As given on the command line; empty: not given.
struct SignOptions {
  std::string domain, selector;
  std::vector<std::string> keys;  // FILE, or SELECTOR=FILE
  std::string canonicalization = "relaxed/relaxed";
  std::string headers, oversign;  // names with colons between
  std::string body_length, expire, timestamp;
  bool has_headers = false, has_oversign = false, has_body_length = false, no_timestamp = false;
  std::string arc, arc_chain;
};
/// Puts DKIM-Signature fields, or an ARC set, before a message: from standard input to standard output. 64 for options,
/// 65 for the message or a key, 66 for what cannot be read. The message is held in memory; its size is bounded.
[[nodiscard]] int sign_message(const SignOptions& options);

// ---- suppression.cpp: mailboxes elsewhere that own users may not write to ----

[[nodiscard]] int list_suppressions(const AdminOptions& admin);
[[nodiscard]] int add_suppression(const AdminOptions& admin, const std::string& address, const std::string& reason);
[[nodiscard]] int remove_suppression(const AdminOptions& admin, const std::string& address);
/// Addresses from standard input, one a line; 65 and nothing entered where a line is none.
[[nodiscard]] int import_suppressions(const AdminOptions& admin, const std::string& reason);

// ---- keys.cpp: the signing keys in the folder of a domain (CAS §6.3) ----

/// As given on the command line.
struct KeysOptions {
  std::filesystem::path config = default_config;
  std::string domain;         // empty, for the list: all
  std::string type = "both";  // rsa, ed25519, both
  std::string resolver;       // empty: as the configuration says
  bool now = false, check = false, json = false;
};
/// Makes next keys where none of the type waits, and prints the records of those that wait.
[[nodiscard]] int generate_keys(const KeysOptions& options);
/// Makes next keys where none waits; where some do, puts them into use once the DNS has them. Otherwise nothing is
/// changed: 1 when the DNS has something else or nothing, 75 when it failed.
[[nodiscard]] int rotate_keys(const KeysOptions& options);
/// Removes old keys whose time is over and prints whose records may go; with `now` all old ones, and prints what
/// revokes them. 1 when the domain has no folder, or with `now` no old key.
[[nodiscard]] int retire_keys(const KeysOptions& options);
/// With `check`: 1 when the record of a key in use is not as it should be, 75 when the DNS failed. 78 when a file
/// cannot be used.
[[nodiscard]] int list_keys(const KeysOptions& options);

// ---- intent_*.cpp: intents by hand (CAS §4, §8) ----

/// As given on the command line; empty: not given.
struct IntentMakeOptions {
  std::filesystem::path key;
  std::string selector, domain, from, author, klass, list_id, id, issued, message;
  std::string lifetime = "4h";
  std::vector<std::string> to;
  bool forwarded = false, preflight = false;
  bool command = false, json = false;
};
/// Prints signed intents, one a line. Refuses what a receiver would refuse: 64 for options, 65 for the message.
[[nodiscard]] int make_intent(const IntentMakeOptions& options);

struct IntentInspectOptions {
  std::string line;  // "-": standard input, one intent a line
  bool json = false;
};
/// What each tag says; 65 when a line is no intent, with where and why.
[[nodiscard]] int inspect_intent(const IntentInspectOptions& options);

struct IntentVerifyOptions {
  std::string line;  // "-": standard input
  std::string message, mail_from, key_record, resolver, now;
  bool has_mail_from = false;
  std::optional<std::filesystem::path> config;
  std::vector<std::string> rcpt;
  bool json = false;
};
/// The receiver's steps, one by one. 0 when all that was checked holds, 1 when not, 75 when the DNS failed.
[[nodiscard]] int verify_intent(const IntentVerifyOptions& options);

// ---- check_auth.cpp ----

/// As given on the command line; empty: not given.
struct CheckAuthOptions {
  std::string ip, helo, mail_from, message, resolver, receiver;
  std::optional<std::filesystem::path> config;
  bool json = false;
};
/// What SPF says of a client, and with a message what DKIM, DMARC and ARC say of it. 0 whenever there is a report,
/// whatever it says; 64, 65, 66 and 78 as elsewhere.
[[nodiscard]] int check_auth(const CheckAuthOptions& options);

// ---- conformance.cpp ----

struct ConformanceOptions {
  std::string target;  // HOST:PORT
  std::string recipient, second, unknown, required_recipient, off_recipient;
  std::string domain, from, foreign = "cas-conformance.invalid";
  std::string selector = "cas1";
  std::filesystem::path key, rsa_key;
  std::string resolver;  // "127.0.0.1@5353"; empty: the system's
  std::vector<std::string> only;
  unsigned timeout = 30;  // seconds, for each reply
  bool assume_published = false, verify_tls = false, wait = false;
  bool list = false, print_setup = false, yes = false, json = false;
};
/// Plays the specification's dialogs against a server and prints which sections hold. 0: all that was checked; 1:
/// something does not; otherwise sysexits.h.
[[nodiscard]] int check_conformance(const ConformanceOptions& options);

}  // namespace cas::cmd
