// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The order of precedence, in one place.
#include "tlspolicy/demand.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"
#include "message/header.hpp"

namespace cas::tlspolicy {

namespace {

using smtp::EnhancedCode;
using smtp::Reply;
using Outcome = std::expected<TlsDemand, TlsRefusal>;

constexpr std::array<std::pair<TlsFailure, std::string_view>, 11> failure_words{{
    {TlsFailure::StartTlsNotSupported, "starttls-not-supported"},
    {TlsFailure::CertificateHostMismatch, "certificate-host-mismatch"},
    {TlsFailure::CertificateExpired, "certificate-expired"},
    {TlsFailure::CertificateNotTrusted, "certificate-not-trusted"},
    {TlsFailure::ValidationFailure, "validation-failure"},
    {TlsFailure::TlsaInvalid, "tlsa-invalid"},
    {TlsFailure::DnssecInvalid, "dnssec-invalid"},
    {TlsFailure::DaneRequired, "dane-required"},
    {TlsFailure::StsPolicyFetchError, "sts-policy-fetch-error"},
    {TlsFailure::StsPolicyInvalid, "sts-policy-invalid"},
    {TlsFailure::StsWebpkiInvalid, "sts-webpki-invalid"},
}};

TlsDemand verifying(Source source) {
  TlsDemand demand;
  demand.use = TlsDemand::Use::Required;
  demand.enforce = true;
  demand.source = source;
  return demand;
}

TlsDemand verify_pin(const TlsPin& pin, const std::string& domain) {
  TlsDemand demand = verifying(Source::Pin);
  if (!pin.fingerprints.empty()) {
    demand.verify = TlsDemand::Verify::Records;
    demand.records = pin.fingerprints;
    return demand;
  }
  demand.verify = TlsDemand::Verify::Names;
  demand.names = pin.names;
  if (demand.names.empty()) demand.names = {domain, "." + domain};
  return demand;
}

// RFC 7672 §3.2.2: the TLSA base domain first, then the next-hop domain.
TlsDemand verify_dane(const TlsFacts& facts) {
  TlsDemand demand = verifying(Source::Dane);
  demand.verify = TlsDemand::Verify::Records;
  demand.records = facts.dane.records;
  demand.server_name = facts.dane.base.empty() ? facts.host : facts.dane.base;  // §8.1: in SNI, too
  demand.names = {demand.server_name};
  if (demand.server_name != facts.host) demand.names.push_back(facts.host);
  if (!facts.domain.empty() && facts.domain != facts.host) demand.names.push_back(facts.domain);
  return demand;
}

Outcome apply_sts(const TlsFacts& facts, TlsDemand demand) {
  if (facts.sts == nullptr || facts.sts->mode == StsMode::None) return demand;
  const bool enforce = facts.sts->mode == StsMode::Enforce;
  // RFC 8461 §4.1, §5: a host that the policy does not name is passed over; under testing it is used, and reported.
  demand.unlisted = !sts_allows(*facts.sts, facts.host);
  if (demand.unlisted && enforce) {
    Reply reply(451, EnhancedCode{4, 7, 0}, "the MTA-STS policy of " + facts.domain + " does not name " + facts.host);
    return std::unexpected(TlsRefusal{.reply = std::move(reply), .failure = TlsFailure::CertificateHostMismatch});
  }
  demand.verify = TlsDemand::Verify::Names;
  demand.names = {facts.host};
  demand.enforce = enforce;
  if (enforce) demand.use = TlsDemand::Use::Required;
  demand.source = Source::Sts;
  return demand;
}

Outcome demand_of(const TlsFacts& facts) {
  if (facts.pin != nullptr && facts.pin->level == PinLevel::Verify) return verify_pin(*facts.pin, facts.domain);
  TlsDemand demand;
  const bool required = facts.require_always || (facts.pin != nullptr && facts.pin->level == PinLevel::Required);
  if (required) demand.use = TlsDemand::Use::Required;
  if (facts.pin != nullptr) demand.source = Source::Pin;
  if (facts.pin != nullptr && facts.pin->level == PinLevel::Opportunistic) return demand;
  if (facts.relaxed && !facts.requiretls) return demand;  // RFC 8689 §4.1: REQUIRETLS outranks the field
  switch (facts.dane.status) {
    case DaneStatus::Failed: {
      Reply reply(451, EnhancedCode{4, 7, 5}, "the DNS does not say what certificate " + facts.host + " should have");
      return std::unexpected(TlsRefusal{.reply = std::move(reply), .failure = TlsFailure::DnssecInvalid});
    }
    case DaneStatus::Usable: return verify_dane(facts);
    case DaneStatus::Unusable:
      demand.use = TlsDemand::Use::Required;
      demand.source = Source::Dane;
      break;
    case DaneStatus::Insecure:
    case DaneStatus::Absent: break;
  }
  return apply_sts(facts, std::move(demand));
}

std::string without_colons(std::string_view text) {
  std::string out = to_lower(text);
  std::erase(out, ':');
  return out;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto digit = [](char c) { return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; };
  std::vector<std::uint8_t> out;
  for (std::size_t n = 0; n < text.size(); n += 2) {
    const int high = digit(text[n]);
    const int low = digit(text[n + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return out;
}

}  // namespace

std::string_view to_string(Source source) {
  switch (source) {
    case Source::Default: return "default";
    case Source::Pin: return "config";
    case Source::Sts: return "mta-sts";
    case Source::Dane: return "dane";
  }
  return "default";
}

std::string_view to_string(TlsFailure failure) {
  return std::ranges::find(failure_words, failure, &std::pair<TlsFailure, std::string_view>::first)->second;
}

std::optional<TlsFailure> tls_failure_of(std::string_view word) {
  const auto* found = std::ranges::find(failure_words, word, &std::pair<TlsFailure, std::string_view>::second);
  return found != failure_words.end() ? std::optional(found->first) : std::nullopt;
}

Outcome judge_tls(const TlsFacts& facts) {
  auto demand = demand_of(facts);
  if (!demand || !facts.requiretls) return demand;
  return add_requiretls(*std::move(demand), facts.host);
}

// By DANE or MTA-STS, and TLS that is verified; the configuration vouches as well.
Outcome add_requiretls(TlsDemand demand, const std::string& host) {
  if (!demand.required() || !demand.verified()) {
    Reply reply(550, EnhancedCode{5, 7, 30}, "REQUIRETLS support required: nothing vouches for " + host);
    return std::unexpected(TlsRefusal{.reply = std::move(reply), .failure = std::nullopt});
  }
  demand.requiretls = true;
  return demand;
}

bool says_requiretls_not_possible(const Reply& reply) {
  return reply.permanent() && reply.enhanced == EnhancedCode{5, 7, 30};
}

void TlsDemand::require_names(std::vector<std::string> wanted) {
  if (!required()) use = Use::Required;
  verify = Verify::Names;
  enforce = true;
  names = std::move(wanted);
}

bool says_tls_not_required(std::string_view header) {
  const auto fields = parse_header(header);
  if (!fields) return false;
  std::size_t count = 0;
  bool no = false;
  for (const auto& field : *fields) {
    if (!iequals(field.name, "TLS-Required")) continue;
    ++count;
    std::string value(field.value);
    std::erase_if(value, [](char c) { return is_wsp(c) || c == '\r' || c == '\n'; });
    no = iequals(value, "No");
  }
  return count == 1 && no;
}

std::optional<dns::Tlsa> parse_fingerprint(std::string_view text) {
  dns::Tlsa record{.usage = 3, .selector = 0, .matching = 1, .data = {}};
  if (text.starts_with("spki-")) {
    record.selector = 1;
    text.remove_prefix(5);
  }
  if (!text.starts_with("sha256:")) return std::nullopt;
  auto octets = from_hex(without_colons(text.substr(7)));
  if (!octets || octets->size() != 32) return std::nullopt;
  record.data = *std::move(octets);
  return record;
}

}  // namespace cas::tlspolicy
