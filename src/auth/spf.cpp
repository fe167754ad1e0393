// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From what the client said to the identity that is checked (RFC 7208 §2.3, §2.4, §4.1, §4.3).
#include "auth/spf.hpp"

#include "auth/spf_check.hpp"
#include "base/encoding.hpp"
#include "message/address.hpp"

namespace cas::auth {

namespace {

/// A name in the DNS as it is; U-labels as A-labels (RFC 8616 §4). Empty where they cannot be that.
std::string ascii_domain(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  const auto domain = Domain::parse(text);
  return domain ? domain->text() : std::string();
}

}  // namespace

std::optional<SpfOutcome> check_spf(const SpfQuery& query, dns::Answers& answers) {
  const std::string_view sender = query.mail_from.empty() ? query.helo : query.mail_from;
  const auto at = query.mail_from.empty() ? std::string_view::npos : sender.rfind('@');
  const std::string_view domain = at == std::string_view::npos ? sender : sender.substr(at + 1);
  const std::string_view local = at == std::string_view::npos ? std::string_view() : sender.substr(0, at);

  SpfOutcome outcome;
  outcome.identity = query.mail_from.empty() ? SpfIdentity::Helo : SpfIdentity::MailFrom;
  outcome.domain = ascii_domain(domain);
  if (outcome.domain.ends_with('.')) outcome.domain.pop_back();
  if (outcome.domain.empty() && !domain.empty()) {
    outcome.reason = '"' + printable(domain, 255) + "\" is no domain";
    return outcome;
  }
  SpfMacroValues values{.local = std::string(local.empty() ? "postmaster" : local),  // §4.3
                        .sender_domain = outcome.domain,
                        .domain = {},
                        .ip = query.ip.unmapped(),  // §5: an IPv4 address, whichever way it came
                        .validated = {},
                        .helo = query.helo,
                        .receiver = query.receiver,
                        .now = query.now};
  auto found = SpfCheck(std::move(values), answers).check_host(outcome.domain, true);
  if (!found && !found.error()) return std::nullopt;
  SpfFinding finding = found ? *std::move(found) : *std::move(found).error();
  outcome.result = finding.result;
  outcome.explanation = std::move(finding.explanation);
  outcome.reason = std::move(finding.reason);
  outcome.record_domain = std::move(finding.record_domain);
  outcome.record = std::move(finding.record);
  outcome.term = std::move(finding.term);
  return outcome;
}

}  // namespace cas::auth
