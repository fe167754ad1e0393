// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas conformance`: asks before it sends anything, looks which records are published, runs, reports.
#include "conformance/run.hpp"

#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/encoding.hpp"
#include "cmd/commands.hpp"
#include "cmd/conformance_target.hpp"
#include "cmd/perform.hpp"
#include "cmd/terminal.hpp"
#include "net/resolver.hpp"
#include "net/system.hpp"

namespace cas::cmd {

using conformance::Need;
using conformance::Report;
using conformance::Standing;
using conformance::Target;

namespace {

/// What is found out before the first check: where the target is, and what can be checked.
struct Preparation {
  std::optional<net::Endpoint> endpoint;
  unsigned available = Need::nothing;
  bool good_key_published = false;
};

net::Task<std::optional<net::Endpoint>> find_endpoint(net::Resolver& resolver, HostAndPort where) {
  if (auto literal = net::Endpoint::parse(where.text())) co_return *literal;
  for (const auto type : address_types) {
    dns::Question question;
    question.name = to_lower(where.host);
    question.type = type;
    const auto answer = co_await resolver.ask(std::move(question));
    for (const auto& record : answer.records) {
      if (const auto* a = std::get_if<dns::A>(&record)) co_return net::Endpoint(dns::to_string(*a), where.port);
      if (const auto* a = std::get_if<dns::Aaaa>(&record)) co_return net::Endpoint(dns::to_string(*a), where.port);
    }
  }
  co_return std::nullopt;
}

net::Task<bool> look_up(net::Resolver& resolver, conformance::Record record) {
  dns::Question question;
  question.name = record.name;
  question.type = dns::Type::TXT;
  const auto answer = co_await resolver.ask(std::move(question));
  std::vector<std::string> texts;
  for (const auto& found : answer.records) {
    if (const auto* txt = std::get_if<dns::Txt>(&found)) texts.push_back(txt->text);
  }
  co_return conformance::is_published(record, std::move(texts));
}

net::Task<void> prepare(const ConformanceOptions& options, const Target& target, net::Resolver& resolver,
                        HostAndPort where, Preparation& out) {
  out.endpoint = co_await find_endpoint(resolver, where);
  if (target.second) out.available |= Need::second;
  if (target.required) out.available |= Need::required;
  if (target.off) out.available |= Need::off;
  const auto records = conformance::records(target);
  for (const auto& record : records) {
    bool published = options.assume_published;
    if (!published) published = co_await look_up(resolver, record);
    if (published && record.need == Need::nothing) out.good_key_published = true;
    if (published) out.available |= record.need;
  }
}

net::Task<void> run_into(const Target& target, conformance::RunOptions options, const Clock& clock, Random& random,
                         Report& report) {
  report = co_await conformance::run(target, std::move(options), clock, random);
}

int list_checks() {
  std::vector<std::vector<std::string>> rows{{"section", "check", "holds when"}};
  for (const auto& check : conformance::all_checks()) {
    rows.push_back({"§" + std::string(check.section), std::string(check.id), std::string(check.title)});
  }
  return print(table(rows)) ? EX_OK : EX_IOERR;
}

// Nothing is sent before somebody has seen what will be.
int ask_first(const ConformanceOptions& options, const std::string& setup) {
  if (options.yes) return EX_OK;
  std::fputs(setup.c_str(), stderr);
  if (::isatty(STDIN_FILENO) != 1) return complain(EX_USAGE, "say --yes, since there is nobody to ask");
  std::fputs("\nPress Enter to begin, Ctrl-C to leave it.", stderr);
  for (int c = std::getchar(); c != '\n'; c = std::getchar()) {
    if (c == EOF) return complain(EX_USAGE, "nobody said yes");
  }
  return EX_OK;
}

bool selects_something(const std::vector<std::string>& only) {
  const auto checks = conformance::all_checks();
  return std::ranges::all_of(only, [&](const std::string& word) {
    return std::ranges::any_of(checks, [&](const auto& check) { return conformance::selects(word, check); });
  });
}

conformance::RunOptions run_options(const ConformanceOptions& options, const HostAndPort& where,
                                    const Preparation& preparation, net::TlsContext tls) {
  conformance::RunOptions run{.bench = {.client = {.endpoint = *preparation.endpoint,
                                                   .server_name = where.host,
                                                   .tls = std::move(tls),
                                                   .timeout = seconds(options.timeout)}},
                              .only = options.only,
                              .available = static_cast<Need>(preparation.available),
                              .wait_for_rates = options.wait};
  if (!options.json) {
    run.on_finding = [](const conformance::Finding& finding) { (void)print(conformance::finding_text(finding)); };
  }
  return run;
}

int conclude(const ConformanceOptions& options, const Report& report) {
  if (report.unavailable) return complain(EX_UNAVAILABLE, printable(*report.unavailable));
  const std::string text = options.json ? conformance::report_json(report) : conformance::closing_text(report);
  if (!print(text)) return EX_IOERR;
  return report.count(Standing::Fails) == 0 ? EX_OK : 1;
}

int ask_target(const ConformanceOptions& options, const Target& target, const HostAndPort& where) {
  auto resolver = net::Resolver::create(resolver_options(options.resolver));
  if (!resolver) return complain(EX_USAGE, "--resolver: " + printable(resolver.error().private_reason));
  auto tls = net::TlsContext::client(options.verify_tls);
  if (!tls) return complain(EX_OSERR, tls.error().private_reason);

  Preparation preparation;
  auto fault = perform([&] { return prepare(options, target, **resolver, where, preparation); });
  if (fault) return complain(EX_SOFTWARE, printable(*fault));
  if (!preparation.endpoint) return complain(EX_NOHOST, printable(where.host) + " has no address");
  if (!preparation.good_key_published) {
    return complain(EX_CONFIG,
                    "the key is not published; `cas conformance ... --print-setup` shows the records "
                    "(--assume-published: only the target can see them)");
  }
  if (!options.verify_tls && !options.json) {
    (void)print("The target's certificate is not verified (--verify-tls would do that).\n\n");
  }
  const net::SystemClock clock;
  net::SystemRandom random;
  Report report;
  fault =
      perform([&] { return run_into(target, run_options(options, where, preparation, *tls), clock, random, report); });
  if (fault) return complain(EX_SOFTWARE, printable(*fault));
  return conclude(options, report);
}

}  // namespace

int check_conformance(const ConformanceOptions& options) {
  if (options.list) return list_checks();
  if (!selects_something(options.only)) return complain(EX_USAGE, "--only names no check; --list shows them");
  const auto where = parse_host_and_port(options.target);
  if (!where) return complain(EX_USAGE, "name the server as HOST:PORT, like mx.south.example:25 or [2001:db8::1]:25");
  bool made_key = false;
  const auto target = read_target(options, made_key);
  if (!target) return complain(EX_USAGE, printable(target.error().private_reason));
  if (made_key) {
    const std::string place = options.key.empty() ? "for this run alone" : "in " + printable(options.key.string());
    std::fprintf(stderr, "A new Ed25519 key was made, %s.\n", place.c_str());
  }
  const std::string setup = conformance::setup_text(*target, options.target);
  if (options.print_setup) return print(setup) ? EX_OK : EX_IOERR;
  if (made_key && options.yes) return complain(EX_USAGE, "a key that was just made cannot be published yet");
  if (const int status = ask_first(options, setup); status != EX_OK) return status;
  return ask_target(options, *target, *where);
}

}  // namespace cas::cmd
