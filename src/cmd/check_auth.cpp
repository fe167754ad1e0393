// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// `cas check-auth`: gathers what a receiver would know of a client and its message, and prints what it would find.
#include <sysexits.h>

#include "base/encoding.hpp"
#include "cmd/auth_report.hpp"
#include "cmd/commands.hpp"
#include "cmd/identify.hpp"
#include "cmd/message_file.hpp"
#include "cmd/perform.hpp"
#include "cmd/resolver_options.hpp"
#include "cmd/terminal.hpp"
#include "message/header.hpp"
#include "net/inquiry.hpp"
#include "net/system.hpp"
#include "policy/authentication.hpp"
#include "policy/boundary.hpp"

namespace cas::cmd {

namespace {

Or<auth::SpfQuery> query_of(const CheckAuthOptions& options) {
  const auto ip = IpAddress::parse(options.ip);
  if (!ip) {
    return std::unexpected(
        Refusal{EX_USAGE, "--ip: \"" + printable(options.ip, 80) + "\" is no address; write 192.0.2.1 or 2001:db8::1"});
  }
  std::string_view sender = options.mail_from;
  if (sender.starts_with('<') && sender.ends_with('>')) sender = sender.substr(1, sender.size() - 2);
  return auth::SpfQuery{.ip = *ip,
                        .helo = options.helo,
                        .mail_from = std::string(sender),
                        .receiver = options.receiver,
                        .now = to_unix(net::SystemClock().now())};
}

struct Parts {
  std::string_view header, body;
};

/// RFC 5322 §2.1: the empty line between them belongs to neither.
Parts parts_of(std::string_view octets) {
  if (octets.starts_with("\r\n")) return {.header = {}, .body = octets.substr(2)};
  const auto end = octets.find("\r\n\r\n");
  if (end == std::string_view::npos) return {.header = octets, .body = {}};
  return {.header = octets.substr(0, end + 2), .body = octets.substr(end + 4)};
}

/// What a header that nobody can read comes to: words, not a refusal.
MessageReport unreadable(std::string fault) {
  MessageReport report;
  report.header_fault = std::move(fault);
  auth::DkimOutcome dkim;
  dkim.result = auth::DkimResult::PermError;
  dkim.reason = "the header section cannot be read";
  report.findings.dkim.push_back(std::move(dkim));
  report.findings.arc.result = auth::ArcResult::Fail;
  report.findings.arc.reason = "the header section cannot be read";
  report.keys.resize(1);
  report.dmarc.result = auth::DmarcResult::PermError;
  report.dmarc.authors_at_fault = true;
  report.dmarc.reason = "the header section cannot be read";
  return report;
}

/// DKIM and ARC.
net::Task<void> ask_for_keys(net::Resolver& resolver, const Parts& parts, const std::vector<HeaderField>& fields,
                             UnixTime now, dns::Answers& answers, MessageReport& report) {
  auth::MessageCheck check(fields, now);
  constexpr std::size_t chunk = 65536;
  for (std::size_t at = 0; at < parts.body.size(); at += chunk) check.update(parts.body.substr(at, chunk));
  check.finish();
  auth::DkimKeyCache keys;
  auto findings = [&](dns::Answers& known) { return check.findings(known, keys); };
  report.findings = co_await net::inquire(resolver, answers, findings);
  for (const auto& dkim : report.findings.dkim) {
    report.keys.emplace_back();
    if (!dkim.domain || dkim.selector.empty()) continue;
    report.keys.back() = record_text(auth::dkim_key_name(dkim.selector, *dkim.domain), answers);
  }
}

/// DMARC, of what SPF and DKIM came to.
net::Task<void> ask_for_policy(net::Resolver& resolver, const std::vector<HeaderField>& fields, dns::Answers& answers,
                               AuthReport& report) {
  MessageReport& message = *report.message;
  auth::DmarcQuery query;
  query.authors = auth::read_authors(fields);
  query.spf = report.spf.result;
  query.spf_domain = report.spf.domain;
  query.dkim = message.findings.dkim;
  auto check = [&](dns::Answers& known) { return auth::check_dmarc(query, known); };
  message.dmarc = co_await net::inquire(resolver, answers, check);
  const auto& domain = message.dmarc.record_domain;
  if (domain) message.dmarc_record = record_text("_dmarc." + domain->text(), answers);
}

net::Task<void> ask_all(net::Resolver& resolver, const std::optional<WireMessage>& message, AuthReport& report) {
  dns::Answers answers;
  auto spf = [&](dns::Answers& known) { return auth::check_spf(report.asked, known); };
  report.spf = co_await net::inquire(resolver, answers, spf);
  if (!message) co_return;
  const Parts parts = parts_of(message->octets);
  const auto fields = parse_header(parts.header);
  if (!fields) {
    report.message = unreadable(fields.error().private_reason);
    co_return;
  }
  report.message.emplace();
  co_await ask_for_keys(resolver, parts, *fields, report.asked.now, answers, *report.message);
  co_await ask_for_policy(resolver, *fields, answers, report);
}

struct Gathered {
  AuthReport report;
  std::optional<WireMessage> message;
};

Or<Gathered> gather(const CheckAuthOptions& options) {
  Gathered gathered;
  CAS_TRY(gathered.report.asked, query_of(options));
  if (!options.message.empty()) {
    CAS_TRY(gathered.message, read_message(options.message));
  }
  CAS_TRY(const auto resolver, make_resolver(options.resolver, options.config));
  const auto fault = perform([&] { return ask_all(*resolver, gathered.message, gathered.report); });
  if (fault) return std::unexpected(Refusal{EX_SOFTWARE, "internal error: " + printable(*fault)});
  return gathered;
}

Or<int> check(const CheckAuthOptions& options) {
  CAS_TRY(const auto gathered, gather(options));
  const auto& report = gathered.report;
  const bool printed = print(options.json ? auth_json(report) : auth_text(report));
  if (!printed) return std::unexpected(Refusal{EX_IOERR, "standard output cannot be written"});
  return EX_OK;
}

}  // namespace

IdentifiedMessage identify_message(const CheckAuthOptions& options) {
  IdentifiedMessage found;
  const auto gathered = gather(options);
  if (!gathered) {
    found.exit_code = gathered.error().code;
    found.fault = gathered.error().text;
    return found;
  }
  const auto& report = gathered->report;
  found.spf_pass = report.spf.result == auth::SpfResult::Pass && report.spf.identity == auth::SpfIdentity::MailFrom;
  const auto fields = parse_header(parts_of(gathered->message->octets).header);
  if (!fields || !report.message) return found;
  const auto facts = policy::message_facts(*fields);
  const auto& dkim = report.message->findings.dkim;
  const auto identity = policy::implicit_identity(report.message->dmarc, dkim);
  if (const Mailbox* author = facts.author()) {
    found.author = author->wire();
    found.author_proven = identity && author->domain() == identity;
  }
  found.klass = facts.klass.klass;
  found.list_id = facts.klass.list_id;
  found.list_proven = policy::is_list_proven(found.list_id, dkim);
  return found;
}

int check_auth(const CheckAuthOptions& options) {
  const auto status = check(options);
  return status ? *status : complain(status.error().code, status.error().text);
}

}  // namespace cas::cmd
