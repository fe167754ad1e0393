// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas keys generate|rotate|retire|list`: reads the folder, asks the plan and the DNS, changes one file at a time.
#include <sys/stat.h>
#include <sysexits.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <set>

#include "app/config.hpp"
#include "app/files.hpp"
#include "app/key_folder.hpp"
#include "auth/dkim_key.hpp"
#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/intent_request.hpp"
#include "cmd/keys_text.hpp"
#include "cmd/resolver_options.hpp"
#include "cmd/terminal.hpp"
#include "net/system.hpp"

namespace cas::cmd {

namespace {

using app::KeyState;

std::unexpected<Refusal> refuse(int code, std::string text) {
  return std::unexpected(Refusal{code, std::move(text)});
}

void say(const std::string& text) {
  std::fputs((text + "\n").c_str(), stderr);
}

std::string lines_of(const std::vector<app::ConfigError>& errors) {
  std::string text;
  for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error.text();
  return text;
}

std::string text_of(const app::KeyFault& fault) {
  return "\"" + printable(fault.file.string()) + "\" " + fault.problem + "; " + fault.mend;
}

Or<int> printed(const std::string& text) {
  if (print(text)) return EX_OK;
  return refuse(EX_IOERR, "standard output cannot be written");
}

Or<app::KeysConfig> load(const KeysOptions& options) {
  auto config = app::load_keys_config(options.config);
  if (config) return *std::move(config);
  return refuse(EX_CONFIG, lines_of(config.error()));
}

Or<Domain> domain_of(const KeysOptions& options) {
  auto domain = Domain::parse(options.domain);
  if (domain) return *std::move(domain);
  return refuse(EX_USAGE, "\"" + printable(options.domain) + "\" is no domain name; write one like north.example");
}

// ---- The DNS ----

/// The TXT records of each name, asked at once.
Or<std::vector<dns::Answer>> ask(const KeysOptions& options, const std::vector<std::string>& names) {
  CAS_TRY(const auto resolver, make_resolver(options.resolver, options.config));
  std::vector<std::future<dns::Answer>> coming;
  for (const auto& name : names) {
    std::promise<dns::Answer> promise;
    coming.push_back(promise.get_future());
    dns::Question question;
    question.name = name;
    question.type = dns::Type::TXT;
    resolver->ask(std::move(question),
                  [promise = std::move(promise)](dns::Answer found) mutable { promise.set_value(std::move(found)); });
  }
  std::vector<dns::Answer> answers;
  answers.reserve(coming.size());
  for (auto& answer : coming) answers.push_back(answer.get());
  return answers;
}

// ---- A domain's folder ----

/// One domain's keys, locked: what was read stays true.
struct Work {
  KeysOptions options;
  Domain domain;
  app::KeysConfig config;
  app::KeyFolder folder;
  std::vector<app::SigningKey> keys;

  [[nodiscard]] const std::vector<app::SigningConfig>* named() const {
    const auto found = config.domains.find(domain);
    return found == config.domains.end() ? nullptr : &found->second;
  }
  [[nodiscard]] const app::SigningKey& find(const std::string& selector) const {
    return *std::ranges::find(keys, selector, [](const auto& key) { return key.facts.selector; });
  }
};

Or<Work> open(const KeysOptions& options) {
  CAS_TRY(Domain domain, domain_of(options));
  CAS_TRY(app::KeysConfig config, load(options));
  auto folder = app::KeyFolder::open(config.keys_dir, domain);
  if (!folder) {
    const auto& error = folder.error();
    if (error.lasting == Lasting::Transient) return refuse(EX_TEMPFAIL, error.private_reason + "; try again");
    return refuse(EX_CANTCREAT,
                  error.private_reason + "; make what is missing, or be root or the user that the server runs as");
  }
  auto found = app::read_keys(config.keys_dir, domain);
  if (!found.faults.empty()) {
    std::string text;
    for (const auto& fault : found.faults) text += text_of(fault) + "\n";
    return refuse(EX_CONFIG, text + "Nothing was changed.");
  }
  return Work{.options = options,
              .domain = std::move(domain),
              .config = std::move(config),
              .folder = *std::move(folder),
              .keys = std::move(found.keys)};
}

/// Where the server does not do with these keys what one might think.
void warn(const Work& work) {
  const std::string file = printable(work.options.config.string()), domain = work.domain.text();
  const auto* named = work.named();
  if (named == nullptr) {
    say("Note: " + domain + " is no domain of " + file + ": the server does not sign for it yet.");
  } else if (!named->empty()) {
    say("Note: " + file + " names keys of " + domain +
        " itself: the server looks at those in the folder only when [domain.signing] is removed there.");
  }
}

std::vector<std::string> taken_selectors(const Work& work) {
  std::vector<std::string> taken;
  taken.reserve(work.keys.size());
  for (const auto& key : work.keys) taken.push_back(key.facts.selector);
  if (const auto* named = work.named()) {
    for (const auto& key : *named) taken.push_back(key.selector);
  }
  return taken;
}

bool waits(const Work& work, crypto::KeyType type) {
  return std::ranges::any_of(
      work.keys, [&](const auto& key) { return key.facts.type == type && key.facts.state == KeyState::Next; });
}

Or<void> make(Work& work, crypto::KeyType type) {
  auto key = crypto::generate_key(type);
  if (!key) return refuse(EX_OSERR, printable(key.error().private_reason));
  const auto now = net::SystemClock().now();
  const auto today = std::chrono::floor<std::chrono::days>(now);
  app::KeyFacts facts{.selector = app::new_selector(taken_selectors(work), type, today),
                      .type = type,
                      .state = KeyState::Next,
                      .created = today,
                      .changed = now};
  if (const auto added = work.folder.add({.selector = facts.selector, .state = KeyState::Next}, key->to_pem());
      !added) {
    return refuse(EX_CANTCREAT, added.error().private_reason);
  }
  work.keys.push_back(app::SigningKey{.facts = std::move(facts), .key = *std::move(key)});
  return {};
}

/// Makes what does not wait already, and prints the records of all that waits of these types.
Or<int> make_and_print(Work& work, const std::vector<crypto::KeyType>& types) {
  std::string records;
  for (const auto type : types) {
    if (!waits(work, type)) {
      CAS_CHECK(make(work, type));
    } else {
      say("A key of type " + std::string(app::to_string(type)) + " waits already; none was made.");
    }
    for (const auto& key : work.keys) {
      if (key.facts.state != KeyState::Next || key.facts.type != type) continue;
      records += record_line(key.facts.selector, work.domain, key.key);
    }
  }
  say("Publish this in the DNS. When it can be seen everywhere: cas keys rotate " + work.domain.text());
  warn(work);
  return printed(records);
}

// ---- rotate ----

Or<std::vector<CheckedKey>> check(const Work& work, const std::vector<std::string>& selectors) {
  std::vector<CheckedKey> checked;
  std::vector<std::string> names;
  names.reserve(selectors.size());
  for (const auto& selector : selectors) names.push_back(auth::dkim_key_name(selector, work.domain));
  CAS_TRY(std::vector<dns::Answer> answers, ask(work.options, names));
  for (std::size_t n = 0; n < selectors.size(); ++n) {
    const auto& key = work.find(selectors[n]).key;
    CheckedKey one{.name = names[n], .expected = published_record(key), .answer = std::move(answers[n]), .judged = {}};
    one.judged = app::judge_publication(one.answer, key);
    checked.push_back(std::move(one));
  }
  return checked;
}

Or<int> take_steps(const Work& work, const std::vector<app::KeyStep>& steps) {
  std::vector<std::vector<std::string>> rows{{"SELECTOR", "TYPE", "WAS", "IS"}};
  for (const auto& step : steps) {
    if (const auto taken = work.folder.take(step); !taken) {
      if (!print(table(rows))) say("standard output cannot be written");
      return refuse(EX_CANTCREAT, taken.error().private_reason +
                                      "; what is left is done by the next `cas keys rotate " + work.domain.text() +
                                      "`");
    }
    rows.push_back({step.selector, std::string(app::to_string(work.find(step.selector).facts.type)),
                    std::string(to_string(step.from)), std::string(to_string(step.to))});
  }
  say("Send the server SIGHUP now, or wait half a minute: until then it signs with the keys it had.");
  const auto retired = [](const app::KeyStep& step) { return step.to == KeyState::Old; };
  if (std::ranges::any_of(steps, retired)) {
    say("Leave the records of old keys in the DNS for 7 days; then: cas keys retire " + work.domain.text());
  }
  warn(work);
  return printed(table(rows));
}

Or<int> rotate(const KeysOptions& options) {
  CAS_TRY(Work work, open(options));
  std::vector<app::KeyFacts> facts;
  facts.reserve(work.keys.size());
  for (const auto& key : work.keys) facts.push_back(key.facts);
  const auto plan = app::plan_rotation(facts);
  if (!plan.make.empty()) return make_and_print(work, plan.make);
  if (plan.check.empty()) say("An earlier rotation was cut short; this ends it.");
  if (!plan.check.empty()) {
    CAS_TRY(const std::vector<CheckedKey> checked, check(work, plan.check));
    if (!all_published(checked)) {
      return refuse(refusal_status(checked), refusal_text(checked));
    }
  }
  return take_steps(work, plan.steps);
}

// ---- retire ----

Or<int> retire(const KeysOptions& options) {
  CAS_TRY(const Domain domain, domain_of(options));
  CAS_TRY(const app::KeysConfig config, load(options));
  std::error_code fault;
  if (!std::filesystem::exists(config.keys_dir / domain.text(), fault) && !fault) {
    return refuse(1, domain.text() + " has no keys in " + printable(config.keys_dir.string()));
  }
  CAS_TRY(const Work work, open(options));
  const auto now = net::SystemClock().now();
  std::string lines;
  bool any_old = false;
  for (const auto& key : work.keys) {
    const auto& selector = key.facts.selector;
    if (key.facts.state != KeyState::Old) continue;
    any_old = true;
    const auto when = app::removable_at(key.facts);
    if (!options.now && when > now) {
      say(selector + " stays: mail that it signed may be on its way until " +
          day_text(std::chrono::ceil<std::chrono::days>(when)));
      continue;
    }
    if (const auto removed = work.folder.remove({.selector = selector, .state = KeyState::Old}); !removed) {
      if (!print(lines)) say("standard output cannot be written");
      return refuse(EX_CANTCREAT, removed.error().private_reason);
    }
    lines += options.now ? revocation_line(selector, work.domain)
                         : auth::dkim_key_name(selector, work.domain) + ". IN TXT\n";
  }
  if (!any_old && options.now) {
    return refuse(1, "no key of " + work.domain.text() + " is old; one in use is replaced first: cas keys rotate " +
                         work.domain.text());
  }
  if (lines.empty()) {
    say("There is nothing to remove.");
  } else if (options.now) {
    say("The keys are gone. Publish this in place of their records: it tells everybody that they are revoked.");
  } else {
    say("The keys are gone. These records may be removed from the DNS:");
  }
  return printed(lines);
}

// ---- list ----

/// A row, and the key to compare with the DNS: none where its file cannot be used.
struct Listed {
  KeyRow row;
  std::optional<crypto::PrivateKey> key;
};

Listed listed(const Domain& domain, const app::KeyFacts& facts, std::string state, const crypto::PrivateKey& key) {
  return Listed{.row = {.domain = domain.text(),
                        .selector = facts.selector,
                        .type = std::string(app::to_string(facts.type)),
                        .state = std::move(state),
                        .created = day_text(facts.created),
                        .record = published_record(key),
                        .dns = {}},
                .key = key};
}

/// One that the configuration names; what is wrong with it goes to `faults`.
Listed read_named(const Domain& domain, const app::SigningConfig& signing, std::vector<std::string>& faults) {
  struct stat status{};
  const auto pem = app::read_small_file(signing.key);
  const auto key = pem ? crypto::PrivateKey::from_pem(*pem) : Result<crypto::PrivateKey>(std::unexpected(pem.error()));
  if (!key || ::stat(signing.key.c_str(), &status) != 0) {
    faults.push_back(signing.where + ".key: \"" + printable(signing.key.string()) + "\" cannot be used: " +
                     (key ? "it is gone" : printable(key.error().private_reason)) + "; be a user who may read it");
    return Listed{.row = {.domain = domain.text(),
                          .selector = signing.selector,
                          .type = "unknown",
                          .state = configured,
                          .created = "unknown",
                          .record = "unknown",
                          .dns = {}},
                  .key = {}};
  }
  const std::chrono::sys_seconds changed{std::chrono::seconds(status.st_mtim.tv_sec)};
  const auto created = app::day_of(signing.selector).value_or(std::chrono::floor<std::chrono::days>(changed));
  const app::KeyFacts facts{.selector = signing.selector,
                            .type = key->type(),
                            .state = KeyState::Active,
                            .created = created,
                            .changed = changed};
  return listed(domain, facts, configured, *key);
}

Or<std::vector<Domain>> domains_to_list(const KeysOptions& options, const app::KeysConfig& config) {
  if (!options.domain.empty()) {
    CAS_TRY(Domain domain, domain_of(options));
    return std::vector{std::move(domain)};
  }
  auto with_folder = app::key_domains(config.keys_dir);
  if (!with_folder) return refuse(EX_CONFIG, text_of(with_folder.error()));
  std::set<Domain> all(with_folder->begin(), with_folder->end());
  for (const auto& [domain, named] : config.domains) all.insert(domain);
  return std::vector(all.begin(), all.end());
}

Or<void> check_all(const KeysOptions& options, std::vector<Listed>& keys) {
  std::vector<Listed*> asked;
  std::vector<std::string> names;
  for (auto& one : keys) {
    if (!one.key) continue;
    asked.push_back(&one);
    names.push_back(one.row.selector + "._domainkey." + one.row.domain);
  }
  if (names.empty()) return {};
  CAS_TRY(const std::vector<dns::Answer> answers, ask(options, names));
  for (std::size_t n = 0; n < asked.size(); ++n) {
    asked[n]->row.dns = app::judge_publication(answers[n], *asked[n]->key);
  }
  return {};
}

Or<int> list(const KeysOptions& options) {
  CAS_TRY(const app::KeysConfig config, load(options));
  CAS_TRY(const std::vector<Domain> domains, domains_to_list(options, config));
  std::vector<Listed> keys;
  std::vector<std::string> faults;
  for (const auto& domain : domains) {
    if (const auto named = config.domains.find(domain); named != config.domains.end()) {
      for (const auto& signing : named->second) keys.push_back(read_named(domain, signing, faults));
    }
    const auto found = app::read_keys(config.keys_dir, domain);
    for (const auto& key : found.keys) {
      keys.push_back(listed(domain, key.facts, std::string(to_string(key.facts.state)), key.key));
    }
    for (const auto& fault : found.faults) faults.push_back(text_of(fault));
  }
  if (options.check) CAS_CHECK(check_all(options, keys));
  std::vector<KeyRow> rows;
  rows.reserve(keys.size());
  for (auto& one : keys) rows.push_back(std::move(one.row));
  if (rows.empty() && faults.empty()) say("There is no key; `cas keys generate DOMAIN` makes some.");
  const bool show = options.json || !rows.empty();
  CAS_CHECK(printed(!show ? "" : options.json ? list_json(rows) : list_text(rows)));
  for (const auto& fault : faults) complain(EX_CONFIG, fault);
  return faults.empty() ? list_status(rows) : EX_CONFIG;
}

int ended(const Or<int>& status) {
  return status ? *status : complain(status.error().code, status.error().text);
}

Or<int> generate(const KeysOptions& options) {
  CAS_TRY(Work work, open(options));
  std::vector<crypto::KeyType> types;
  if (options.type != "ed25519") types.push_back(crypto::KeyType::Rsa);
  if (options.type != "rsa") types.push_back(crypto::KeyType::Ed25519);
  return make_and_print(work, types);
}

}  // namespace

int generate_keys(const KeysOptions& options) {
  return ended(generate(options));
}

int rotate_keys(const KeysOptions& options) {
  return ended(rotate(options));
}

int retire_keys(const KeysOptions& options) {
  return ended(retire(options));
}

int list_keys(const KeysOptions& options) {
  return ended(list(options));
}

}  // namespace cas::cmd
