// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The JSON object; the record texts.
#include "cmd/auth_report.hpp"

#include <boost/json.hpp>

#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

namespace json = boost::json;

std::string json_text(std::string_view text) {
  return is_utf8(text) ? std::string(text) : printable(text, 4 * text.size());
}

json::object record_json(const RecordText& record) {
  json::object object;
  object["name"] = json_text(record.name);
  object["type"] = "TXT";
  if (record.text) object["text"] = json_text(*record.text);
  return object;
}

json::object spf_json(const auth::SpfOutcome& spf) {
  json::object object;
  object["result"] = auth::to_string(spf.result);
  object["identity"] = spf.identity == auth::SpfIdentity::Helo ? "helo" : "mailfrom";
  object["domain"] = json_text(spf.domain);
  object["explanation"] = json_text(spf.explanation);
  object["reason"] = json_text(spf.reason);
  if (!spf.term.empty()) object["term"] = json_text(spf.term);
  if (!spf.record.empty()) object["record"] = record_json({.name = spf.record_domain, .text = spf.record});
  return object;
}

json::object dkim_json(const auth::DkimOutcome& dkim, const std::optional<RecordText>& key) {
  json::object object;
  object["result"] = auth::to_string(dkim.result);
  object["domain"] = dkim.domain ? dkim.domain->text() : "";
  object["selector"] = json_text(dkim.selector);
  object["reason"] = json_text(dkim.reason);
  if (!dkim.algorithm.empty()) object["algorithm"] = json_text(dkim.algorithm);
  if (!dkim.identity.empty()) object["identity"] = json_text(dkim.identity);
  if (dkim.unsigned_octets != 0) object["unsigned_octets"] = dkim.unsigned_octets;
  if (dkim.key_is_test) object["testing"] = true;
  if (dkim.rsa_bits != 0) object["rsa_bits"] = dkim.rsa_bits;
  if (key) object["record"] = record_json(*key);
  return object;
}

json::object dmarc_json(const MessageReport& message) {
  const auto& dmarc = message.dmarc;
  json::object object;
  object["result"] = auth::to_string(dmarc.result);
  object["domain"] = dmarc.author_domain ? dmarc.author_domain->text() : "";
  object["reason"] = json_text(dmarc.reason);
  if (dmarc.record_domain) {
    object["policy"] = auth::to_string(dmarc.policy);
    object["disposition"] = auth::to_string(dmarc.disposition);
  }
  object["spf_aligned"] = dmarc.spf_aligned;
  json::array aligned;
  for (const std::size_t index : dmarc.dkim_aligned) aligned.emplace_back(index);
  object["dkim_aligned"] = std::move(aligned);
  if (message.dmarc_record) object["record"] = record_json(*message.dmarc_record);
  return object;
}

json::object arc_json(const auth::ArcOutcome& arc) {
  json::object object;
  object["result"] = auth::to_string(arc.result);
  object["reason"] = json_text(arc.reason);
  json::array sealers;
  for (const Domain& sealer : arc.sealers) sealers.emplace_back(sealer.text());
  object["sealers"] = std::move(sealers);
  if (!arc.results.empty()) object["results"] = json_text(arc.results);
  return object;
}

}  // namespace

RecordText record_text(const std::string& name, dns::Answers& answers) {
  RecordText record{.name = name, .text = std::nullopt, .count = 0};
  const dns::Answer* answer = answers.find({.name = to_lower(name), .type = dns::Type::TXT});
  if (answer != nullptr) record.count = answer->records.size();
  if (record.count == 1) {
    if (const auto* txt = std::get_if<dns::Txt>(&answer->records.front())) record.text = txt->text;
  }
  return record;
}

std::string auth_json(const AuthReport& report) {
  json::object object;
  object["spf"] = spf_json(report.spf);
  if (report.message) {
    const auto& findings = report.message->findings;
    json::array dkim;
    for (std::size_t n = 0; n < findings.dkim.size(); ++n)
      dkim.push_back(dkim_json(findings.dkim[n], report.message->keys.at(n)));
    object["dkim"] = std::move(dkim);
    object["dmarc"] = dmarc_json(*report.message);
    object["arc"] = arc_json(findings.arc);
    if (!report.message->header_fault.empty()) object["header_fault"] = json_text(report.message->header_fault);
  }
  return json::serialize(object) + "\n";
}

}  // namespace cas::cmd
