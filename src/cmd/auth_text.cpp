// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The report for people.
#include <algorithm>

#include "base/encoding.hpp"
#include "cmd/auth_report.hpp"

namespace cas::cmd {

namespace {

constexpr std::size_t longest = 2000;  // octets of what others wrote, on a terminal

std::string shown(std::string_view text) {
  return printable(text, longest);
}

/// "SPF    pass       example.org"
std::string heading(std::string_view method, std::string_view result, const std::string& about) {
  std::string line(method);
  line.resize(7, ' ');
  line += result;
  if (!about.empty()) {
    line.resize(std::max<std::size_t>(line.size() + 2, 18), ' ');
    line += about;
  }
  return line + "\n";
}

std::string detail(std::string_view label, const std::string& text) {
  if (text.empty()) return {};
  std::string line = "       ";
  line += label;
  line.resize(18, ' ');
  return line + text + "\n";
}

std::string record_line(const RecordText& record) {
  if (record.count == 0) return {};
  return detail("record", shown(record.name) + " TXT " +
                              (record.text ? "\"" + shown(*record.text) + "\""
                                           : "(" + std::to_string(record.count) + " records)"));
}

constexpr std::string_view ask_again =
    "ask again; if it stays so, look at the resolver that was asked and at the name servers of that domain";

/// A record that nobody can use: its own fault, or that of one that leads to it.
std::string spf_correction(const auth::SpfOutcome& spf) {
  const std::string owner = shown(spf.record_domain.empty() ? spf.domain : spf.record_domain);
  if (spf.record.empty() && !spf.record_domain.empty()) {
    return "leave one SPF record at " + owner + ", with the terms of all; until then no receiver can use it";
  }
  const bool own = owner == shown(spf.domain);
  return "correct the record of " + owner +
         (own ? std::string() : ", or take what leads to it out of the record of " + shown(spf.domain)) +
         "; until then no receiver can use it";
}

std::string address_term(const IpAddress& ip) {
  return (ip.is_v4() ? "ip4:" : "ip6:") + ip.text();
}

std::string spf_advice(const AuthReport& report) {
  const auto& spf = report.spf;
  const std::string term = address_term(report.asked.ip);
  const std::string owner = shown(spf.record_domain);
  switch (spf.result) {
    case auth::SpfResult::Pass: return {};
    case auth::SpfResult::Fail:
    case auth::SpfResult::SoftFail:
      return "if this host sends for " + shown(spf.domain) + ", add " + term + " to the record of " + owner +
             " before \"" + shown(spf.term) + "\"; if not, all is well: the record " +
             (spf.result == auth::SpfResult::Fail ? "refuses" : "distrusts") + " a stranger";
    case auth::SpfResult::Neutral:
      return "the record takes no side; if this host sends for " + shown(spf.domain) + ", add " + term +
             ", and end the record in \"-all\" once every sender is in it";
    case auth::SpfResult::None:
      return spf.domain.contains('.') && Domain::parse(spf.domain)
                 ? "publish a TXT record for " + shown(spf.domain) + ", such as \"v=spf1 " + term + " -all\""
                 : "use a whole domain name that exists in the DNS";
    case auth::SpfResult::TempError: return std::string(ask_again);
    case auth::SpfResult::PermError: return spf_correction(spf);
  }
  return {};
}

std::string spf_text(const AuthReport& report) {
  const auto& spf = report.spf;
  const std::string identity = spf.identity == auth::SpfIdentity::Helo ? " (HELO)" : " (MAIL FROM)";
  std::string out = heading("SPF", auth::to_string(spf.result),
                            "\"" + shown(spf.domain) + "\"" + identity + ", from " + report.asked.ip.text());
  out += detail("because", spf.reason);  // printable: auth/spf.hpp
  if (!spf.record.empty()) out += record_line({.name = spf.record_domain, .text = spf.record});
  if (!spf.explanation.empty()) out += detail("they say", "\"" + shown(spf.explanation) + "\"");
  return out + detail("to do", spf_advice(report));
}

std::string dkim_advice(const auth::DkimOutcome& dkim, const std::optional<RecordText>& key) {
  const std::string name = key ? shown(key->name) : "the key record";
  switch (dkim.result) {
    case auth::DkimResult::Pass: return {};
    case auth::DkimResult::None: return "sign mail with a key of the author's domain";
    case auth::DkimResult::Fail:
      return "find what changes the message behind the signer, or publish at " + name + " the key that signs";
    case auth::DkimResult::Policy:
      return "sign anew, with rsa-sha256 and 2048 bits or with ed25519-sha256, and let it hold for longer than mail is "
             "on its way";
    case auth::DkimResult::Neutral: return "look at what the signer writes: this signature field cannot be used";
    case auth::DkimResult::TempError: return std::string(ask_again);
    case auth::DkimResult::PermError:
      return key && key->count == 0 ? "publish at " + name + " the key that signs, or sign with one that is published"
                                    : "correct the record at " + name + ", or sign with another key";
  }
  return {};
}

std::string dkim_text(const auth::DkimOutcome& dkim, const std::optional<RecordText>& key) {
  std::string about;
  if (dkim.domain) about = dkim.domain->text();
  if (!dkim.selector.empty()) about += ", selector " + shown(dkim.selector);
  if (!dkim.algorithm.empty()) about += ", " + shown(dkim.algorithm);
  if (dkim.rsa_bits != 0) about += ", " + std::to_string(dkim.rsa_bits) + " bits";
  std::string out = heading("DKIM", auth::to_string(dkim.result), about);
  out += detail("because", shown(dkim.reason));
  if (key) out += record_line(*key);
  if (key && key->count > 1) out += detail("beware", "receivers may take any of these records: leave one");
  if (dkim.unsigned_octets != 0) {
    out += detail("beware", std::to_string(dkim.unsigned_octets) + " octets at the end of the body are not signed");
  }
  if (dkim.key_is_test) out += detail("beware", "the key record says t=y: the domain is only testing");
  return out + detail("to do", dkim_advice(dkim, key));
}

std::string_view to_strangers(auth::DmarcPolicy disposition) {
  switch (disposition) {
    case auth::DmarcPolicy::Reject: return "all is well: the record refuses a stranger";
    case auth::DmarcPolicy::Quarantine: return "all is well: the record has a stranger's mail set apart";
    case auth::DmarcPolicy::None: break;
  }
  return "the record only watches: a stranger's mail is taken until it says quarantine or reject";
}

std::string dmarc_advice(const auth::DmarcOutcome& dmarc) {
  const std::string author = dmarc.author_domain ? dmarc.author_domain->text() : "the author's domain";
  switch (dmarc.result) {
    case auth::DmarcResult::Pass: return {};
    case auth::DmarcResult::None:
      if (dmarc.several_records) return "leave one DMARC record at _dmarc." + author;
      return "publish a TXT record for _dmarc." + author + ", such as \"v=DMARC1; p=none\"";
    case auth::DmarcResult::Fail:
      return "let SPF or DKIM pass for " + author + " or a name that is aligned with it; if it was not sent for " +
             author + ", " + std::string(to_strangers(dmarc.disposition));
    case auth::DmarcResult::TempError: return std::string(ask_again);
    case auth::DmarcResult::PermError:
      return dmarc.authors_at_fault ? "correct the From field"
                                    : "correct the DMARC record: a policy is none, quarantine or reject";
  }
  return {};
}

std::string dmarc_text(const MessageReport& message) {
  const auto& dmarc = message.dmarc;
  std::string about = dmarc.author_domain ? dmarc.author_domain->text() : "";
  if (dmarc.record_domain) about += ", policy " + std::string(auth::to_string(dmarc.policy));
  if (dmarc.disposition != dmarc.policy) about += ", but asks for " + std::string(auth::to_string(dmarc.disposition));
  std::string out = heading("DMARC", auth::to_string(dmarc.result), about);
  if (dmarc.result == auth::DmarcResult::Pass) {
    out += detail("because",
                  dmarc.spf_aligned ? "SPF passed for an aligned domain" : "a DKIM signature that passed is aligned");
  }
  out += detail("because", shown(dmarc.reason));
  if (message.dmarc_record) out += record_line(*message.dmarc_record);
  return out + detail("to do", dmarc_advice(dmarc));
}

std::string arc_text(const auth::ArcOutcome& arc) {
  std::string sealers;
  for (const Domain& sealer : arc.sealers) sealers += (sealers.empty() ? "sealed by " : ", ") + sealer.text();
  std::string out = heading("ARC", auth::to_string(arc.result), sealers);
  out += detail("because", shown(arc.reason));
  if (!arc.results.empty()) out += detail("they found", shown(arc.results));
  if (arc.result == auth::ArcResult::Fail) {
    out +=
        detail("to do", arc.lookup_failed ? "ask again: a key could not be looked up"
                                          : "nothing at the author's: one of those who passed it on broke the chain");
  }
  return out;
}

}  // namespace

std::string auth_text(const AuthReport& report) {
  std::string out = spf_text(report);
  if (!report.message) return out;
  const MessageReport& message = *report.message;
  if (!message.header_fault.empty()) {
    return out + "\n" + heading("header", "malformed", "") + detail("because", shown(message.header_fault)) +
           detail("to do", "correct the message; no signature was looked at");
  }
  for (std::size_t n = 0; n < message.findings.dkim.size(); ++n)
    out += "\n" + dkim_text(message.findings.dkim[n], message.keys.at(n));
  return out + "\n" + dmarc_text(message) + "\n" + arc_text(message.findings.arc);
}

}  // namespace cas::cmd
