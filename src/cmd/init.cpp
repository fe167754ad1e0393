// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See init.hpp. First everything is known, then it is made, the configuration last: where that is, all else was.
#include "cmd/init.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "app/config.hpp"
#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "app/privileges.hpp"
#include "app/site.hpp"
#include "base/encoding.hpp"
#include "base/shell_text.hpp"
#include "cmd/made_files.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"
#include "net/tls.hpp"
#include "setup/zone_text.hpp"

namespace cas::cmd {

namespace {

namespace fs = std::filesystem;

volatile sig_atomic_t signal_came = 0;
void remember_signal(int) {
  signal_came = 1;
}
constexpr int our_signals[] = {SIGINT, SIGTERM, SIGHUP};

/// What is to become of a site, and what became of it.
struct Work : Intended {
  fs::path zone_file{};
  std::optional<Owner> owner{};  // of what the server writes; none: whoever we are
  MadeFiles made{};
  std::vector<std::vector<std::string>> told{};
  std::string zone{};

  void tell(const char* what, const fs::path& path, const std::string& why) {
    told.push_back({what, shown(path), why});
  }
};

Or<void> checked(const Result<void>& result) {
  if (result) return {};
  return leave(EX_CANTCREAT, result.error().private_reason);
}

Or<void> not_interrupted() {
  if (!Interruptible::interrupted()) return {};
  return leave(exit_interrupted, "interrupted");
}

// ---- Making ----

Or<void> make_folders(Work& work) {
  constexpr mode_t open_to_all = 0755, ours = 0750;
  const auto make = [&](const fs::path& folder, mode_t mode, std::optional<Owner> owner) -> Or<void> {
    const bool missing = !is_there(folder);
    if (auto done = checked(work.made.folder(folder, mode, owner)); !done) return done;
    work.tell(missing ? "made" : "kept", folder, missing ? "" : "was there");
    return {};
  };
  if (auto done = make(work.plan.layout.config_dir, open_to_all, std::nullopt); !done) return done;
  if (auto done = make(work.config.state_dir, ours, work.owner); !done) return done;
  struct stat state{};
  if (work.owner && ::stat(work.config.state_dir.c_str(), &state) == 0 && state.st_uid != work.owner->user) {
    return leave(EX_CONFIG, shown(work.config.state_dir) + " does not belong to " + work.config.run_as + ": chown -R " +
                                work.config.run_as + ": " + shell_word(work.config.state_dir.string()));
  }
  const auto run = work.config.admin_socket.parent_path().parent_path();  // the server makes the last folder itself
  return is_there(run) ? Or<void>() : make(run, open_to_all, std::nullopt);
}

/// A key without a certificate is what is left of a first run that was killed between the two.
Or<std::string> key_left_behind(const Work& work) {
  const auto& file = work.config.tls_certificate;
  const auto& key = work.config.tls_key;
  if (is_there(file) == is_there(key)) return std::string();
  const bool first_run = !work.text.empty() && !work.plan.beside;
  if (first_run && is_there(key)) {
    auto pem = app::read_small_file(key);
    if (!pem) return leave(EX_CONFIG, pem.error().private_reason);
    return *std::move(pem);
  }
  const auto& there = is_there(file) ? file : key;
  const auto& missing = is_there(file) ? key : file;
  return leave(EX_CONFIG, shown(missing) + " is missing beside " + shown(there) + ": put it back, or move both away");
}

Or<void> write_certificate(Work& work, const std::string& pem) {
  const auto& file = work.config.tls_certificate;
  const auto& key = work.config.tls_key;
  const auto made = net::make_self_signed(work.config.host.text(), pem);
  if (!made && !pem.empty())
    return leave(EX_CONFIG, shown(key) + ": " + made.error().private_reason + "; move it away");
  if (!made) return leave(EX_OSERR, made.error().private_reason);
  constexpr mode_t for_all = 0644, for_group = 0640, folder = 0755;
  if (auto done = checked(work.made.folder(file.parent_path(), folder, std::nullopt)); !done) return done;
  if (auto done = checked(work.made.folder(key.parent_path(), folder, std::nullopt)); !done) return done;
  if (pem.empty()) {
    const auto group = work.owner ? std::optional(Owner{.user = 0, .group = work.owner->group}) : std::nullopt;
    if (auto done = checked(work.made.write(key, made->key, for_group, group)); !done) return done;
  }
  if (auto done = checked(work.made.write(file, made->certificate, for_all, std::nullopt)); !done) return done;
  work.tell("made", file, "certificate, signed by itself");
  work.tell(pem.empty() ? "made" : "kept", key, "its key");
  return {};
}

Or<void> make_certificate(Work& work) {
  const auto& file = work.config.tls_certificate;
  if (file.empty()) return {};
  const auto pem = key_left_behind(work);
  if (!pem) return std::unexpected(pem.error());
  if (!is_there(file)) return write_certificate(work, *pem);
  if (const auto context = net::TlsContext::server(file, work.config.tls_key); !context) {
    return leave(EX_CONFIG, shown(file) + " is there and cannot be used: " + printable(context.error().private_reason) +
                                "; mend it, or move it and its key away");
  }
  work.tell("kept", file, "certificate");
  return {};
}

Or<void> add_key(Work& work, const app::KeyFolder& folder, crypto::KeyType type, app::DomainKeys& keys) {
  const auto has = [&](const auto& key) { return key.facts.type == type && key.facts.state != app::KeyState::Old; };
  const auto dir = work.config.keys_dir / work.plan.domain.text();
  if (const auto found = std::ranges::find_if(keys.keys, has); found != keys.keys.end()) {
    work.tell("kept", dir / app::file_name({.selector = found->facts.selector, .state = found->facts.state}),
              "signing key, " + std::string(app::to_string(type)));
    return {};
  }
  auto key = crypto::generate_key(type);
  if (!key) return leave(EX_OSERR, key.error().private_reason);
  if (auto going_on = not_interrupted(); !going_on) return going_on;
  std::vector<std::string> taken;
  for (const auto& one : keys.keys) taken.push_back(one.facts.selector);
  const auto now = net::SystemClock().now();
  const auto today = std::chrono::floor<std::chrono::days>(now);
  app::KeyFacts facts{.selector = app::new_selector(taken, type, today),
                      .type = type,
                      .state = app::KeyState::Next,
                      .created = today,
                      .changed = now};
  const app::KeyName name{.selector = facts.selector, .state = facts.state};
  if (auto done = checked(folder.add(name, key->to_pem())); !done) return done;
  work.made.add(dir / app::file_name(name));
  work.tell("made", dir / app::file_name(name), "signing key, " + std::string(app::to_string(type)) + ", waits");
  keys.keys.push_back({.facts = std::move(facts), .key = *std::move(key)});
  return {};
}

Or<void> make_keys(Work& work) {
  const auto& keys_dir = work.config.keys_dir;
  const auto dir = keys_dir / work.plan.domain.text();
  const bool had_top = is_there(keys_dir), had_own = is_there(dir);
  auto folder = app::KeyFolder::open(keys_dir, work.plan.domain);
  if (!had_top && is_there(keys_dir)) work.made.add(keys_dir);
  if (!had_own && is_there(dir)) work.made.add(dir);
  if (!folder) {
    const bool passing = folder.error().lasting == Lasting::Transient;
    return leave(passing ? EX_TEMPFAIL : EX_CANTCREAT, folder.error().private_reason);
  }
  auto keys = app::read_keys(keys_dir, work.plan.domain);
  if (!keys.faults.empty()) {
    const auto& fault = keys.faults.front();
    return leave(EX_CONFIG, shown(fault.file) + " " + fault.problem + "; " + fault.mend);
  }
  for (const auto type : {crypto::KeyType::Rsa, crypto::KeyType::Ed25519}) {
    if (auto done = add_key(work, *folder, type, keys); !done) return done;
  }
  return {};
}

/// The id of MTA-STS in a zone that was written before; "" where there is none.
std::string sts_id_in(std::string_view zone) {
  constexpr std::string_view before = "v=STSv1; id=";
  const auto at = zone.find(before);
  if (at == std::string_view::npos) return {};
  const auto id = zone.substr(at + before.size(), 32);
  return std::string(id.substr(0, std::min(id.find_first_of("\"; "), id.size())));
}

/// What `cas dns zone` prints once the configuration is in its place, and MTA-STS where it was asked for.
setup::Site site_of(const Work& work) {
  const auto own = std::ranges::find(work.config.domains, work.plan.domain, &app::DomainConfig::name);
  auto site = app::site_of(work.config, *own);
  if (!work.plan.sts_id.empty()) site.sts = setup::StsSetup{.id = work.plan.sts_id};
  return site;
}

/// What a web server has to give out for MTA-STS (RFC 8461 §3.2).
Or<void> make_policy(Work& work, const std::string& policy) {
  auto file = work.zone_file;
  file.replace_extension("mta-sts.txt");
  if (is_there(file)) {
    const bool same = app::read_small_file(file).value_or(std::string()) == policy;
    work.tell("kept", file, same ? "the policy for MTA-STS" : "differs from what would be written now");
    return {};
  }
  if (auto done = checked(work.made.write(file, policy, 0644, std::nullopt)); !done) return done;
  work.tell("made", file, "the policy for MTA-STS, for a web server: " + setup::sts_policy_url(work.plan.domain));
  return {};
}

Or<void> make_zone(Work& work) {
  if (app::addresses_of(work.config).empty() && !is_there(work.zone_file)) {
    return leave(EX_USAGE, work.text.empty()
                               ? "which address others reach this machine by cannot be seen here: name it "
                                 "in dns.addresses of " +
                                     shown(work.plan.layout.config_file)
                               : "by which address others reach this machine cannot be seen here: "
                                 "--address");
  }
  const std::string there = app::read_small_file(work.zone_file).value_or(std::string());
  if (work.plan.sts_id.empty()) work.plan.sts_id = sts_id_in(there);
  const auto site = site_of(work);
  work.zone = setup::zone_text(site);
  if (site.sts && site.receives) {
    if (auto done = make_policy(work, setup::sts_policy_text(site)); !done) return done;
  }
  if (!is_there(work.zone_file)) {
    if (auto done = checked(work.made.write(work.zone_file, work.zone, 0644, std::nullopt)); !done) return done;
    work.tell("made", work.zone_file, "the records to publish");
    return {};
  }
  std::error_code fault;
  if (!fs::is_regular_file(work.zone_file, fault)) {
    return leave(EX_CONFIG,
                 shown(work.zone_file) + " is in the way: the records to publish belong there; move it away");
  }
  const bool same = there == work.zone;
  work.tell("kept", work.zone_file,
            same ? "the records to publish" : "differs from what would be written now: see above");
  return {};
}

/// The configuration comes last; then what the server would say of it.
Or<void> make_config(Work& work) {
  if (!work.text.empty()) {
    const auto group = work.owner ? std::optional(Owner{.user = 0, .group = work.owner->group}) : std::nullopt;
    if (auto done = checked(work.made.folder(work.file.parent_path(), 0755, std::nullopt)); !done) return done;
    if (auto done = checked(work.made.write(work.file, work.text, 0640, group)); !done) return done;
  }
  work.tell(work.text.empty() ? "kept" : "made", work.file, "the configuration");
  if (const auto loaded = app::load_config(work.plan.layout.config_file); !loaded) {
    return leave(EX_CONFIG, "the configuration cannot be used:\n     " + lines_of(loaded.error()));
  }
  return {};
}

Or<void> make_all(Work& work) {
  if (::geteuid() == 0 && !work.config.run_as.empty()) {
    const auto identity = app::find_user(work.config.run_as);
    if (!identity) return leave(EX_CONFIG, identity.error().private_reason + "; adduser --system --group cas");
    work.owner = Owner{.user = identity->user, .group = identity->group};
  }
  if (auto done = make_folders(work); !done) return done;
  if (auto done = make_certificate(work); !done) return done;
  if (auto done = not_interrupted(); !done) return done;
  if (auto done = make_keys(work); !done) return done;
  if (auto done = make_zone(work); !done) return done;
  if (auto done = not_interrupted(); !done) return done;
  if (auto done = make_config(work); !done) return done;
  return not_interrupted();
}

// ---- Telling ----

int show_dry(const Work& work) {
  auto zone = setup::zone_text(site_of(work));
  const std::string text = work.text.empty() ? "; " + shown(work.file) + " is there and would be kept\n"
                                             : "# ---- " + shown(work.file) + "\n" + work.text;
  const bool done =
      print(text + "\n; ---- " + shown(work.zone_file) +
            ", without the records of keys that are made only in earnest\n" + zone + "\nNothing was made.\n");
  return finish(done);
}

int show_done(const Work& work) {
  std::string out = work.zone + "\n" + table(work.told);
  if (!work.password.empty()) {
    out += "\nAccount " + work.plan.account->name + "@" + work.plan.domain.text() + "  password " + work.password +
           "  (shown this once; kept only as a hash)\n";
  }
  return finish(print(out + "\n" + setup::next_steps(work.plan, shown(work.zone_file))));
}

void take_back(MadeFiles& made) {
  const auto left = made.undo();
  if (left.empty()) {
    std::fputs("What had been made was removed again.\n", stderr);
    return;
  }
  for (const auto& path : left)
    std::fprintf(stderr, "cas: %s was made and could not be removed\n", shown(path).c_str());
}

Or<setup::Layout> layout_of(const InitOptions& options) {
  std::string root = options.root;
  if (!root.empty()) root = fs::absolute(root).lexically_normal();
  auto layout = setup::layout_below(root);
  if (!options.config.empty()) {
    const auto file = fs::absolute(options.config).lexically_normal();
    layout.config_file = file;
    layout.config_dir = file.parent_path();
  }
  if (layout.config_file != printable(layout.config_file, 4096)) {
    return leave(EX_USAGE, "--root, --config: use a path that can be printed");
  }
  return layout;
}

}  // namespace

Interruptible::Interruptible() {
  struct sigaction action{};
  action.sa_handler = remember_signal;  // without SA_RESTART: a question ends too
  for (const int number : our_signals) ::sigaction(number, &action, nullptr);
}

Interruptible::~Interruptible() {
  for (const int number : our_signals) ::signal(number, SIG_DFL);
}

bool Interruptible::interrupted() {
  return signal_came != 0;
}

bool Interruptible::wait_for_input(int fd) {
  sigset_t ours{}, before{};
  sigemptyset(&ours);
  for (const int number : our_signals) sigaddset(&ours, number);
  ::sigprocmask(SIG_BLOCK, &ours, &before);  // one that comes between the look and the wait ends the wait
  pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
  while (!interrupted() && ::ppoll(&waited, 1, nullptr, &before) < 0 && errno == EINTR) {
  }
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  return !interrupted();
}

int init_site(const InitOptions& options) {
  const Interruptible guard;
  const auto domain = Domain::parse(options.domain);
  if (!domain) {
    return complain(EX_USAGE, "\"" + printable(options.domain) + "\" is no domain name; write one like north.example");
  }
  const auto layout = layout_of(options);
  if (!layout) return layout.error().code;
  const bool is_new = !is_there(layout->config_file);
  auto intended = is_new ? begin(options, *domain, *layout) : take_up(options, *domain, *layout);
  if (!intended) return intended.error().code;
  Work work{*std::move(intended)};
  work.zone_file = fs::path(layout->config_dir) / (domain->text() + ".zone");
  if (options.dry_run) return show_dry(work);
  if (const auto done = make_all(work); !done) {
    take_back(work.made);
    return done.error().code;
  }
  work.made.keep();
  return show_done(work);
}

}  // namespace cas::cmd
