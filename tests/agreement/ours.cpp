// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Our side: signs, seals and verifies messages, evaluates SPF, with a zone that comes with the job.
#include <algorithm>
#include <memory>
#include <type_traits>

#include "auth/arc_seal.hpp"
#include "auth/dkim_sign.hpp"
#include "auth/message_check.hpp"
#include "auth/spf.hpp"
#include "jobs.hpp"

namespace {

using namespace cas;
using namespace cas::agreement;

struct Parts {
  std::string octets;
  std::vector<HeaderField> fields;
  std::string_view body;
};

/// A message as the wire brings it: its last line ends.
std::unique_ptr<Parts> parts_of(const json::object& job) {
  auto parts = std::make_unique<Parts>();
  parts->octets = octets_of(job.at("message"));
  if (!parts->octets.ends_with("\r\n")) parts->octets += "\r\n";
  auto fields = parse_header(parts->octets);
  if (!fields) throw std::invalid_argument(fields.error().private_reason);
  parts->fields = *std::move(fields);
  parts->body = parts->octets;
  for (const auto& field : parts->fields) parts->body.remove_prefix(field.raw.size());
  if (parts->body.starts_with("\r\n")) parts->body.remove_prefix(2);
  return parts;
}

UnixTime time_of(const json::object& job, std::string_view name) {
  return UnixTime(seconds(job.at(name).to_number<std::int64_t>()));
}

template <class Record>
Record address(const std::string& text) {
  const auto parsed = std::is_same_v<Record, dns::A> ? IpAddress::parse_v4(text) : IpAddress::parse_v6(text);
  Record record;
  std::ranges::copy(parsed.value().octets(), record.octets.begin());
  return record;
}

/// The zone: name -> type -> list of texts; or name -> "TEMPFAIL".
dns::Answer answer_from(const json::object& zone, const dns::Question& question) {
  dns::Answer answer;
  const auto* node = zone.if_contains(question.name);
  if (node == nullptr) {
    answer.status = dns::Status::NxDomain;
    return answer;
  }
  if (node->is_string()) {
    answer.status = dns::Status::Failed;
    return answer;
  }
  const auto* records = node->as_object().if_contains(dns::to_string(question.type));
  answer.status = records == nullptr ? dns::Status::NoData : dns::Status::Ok;
  if (records == nullptr) return answer;
  for (const auto& text : list_of(*records)) {
    switch (question.type) {
      case dns::Type::TXT: answer.records.emplace_back(dns::Txt{text}); break;
      case dns::Type::PTR: answer.records.emplace_back(dns::Name{text}); break;
      case dns::Type::A: answer.records.emplace_back(address<dns::A>(text)); break;
      case dns::Type::AAAA: answer.records.emplace_back(address<dns::Aaaa>(text)); break;
      case dns::Type::MX: {
        const auto blank = text.find(' ');
        answer.records.emplace_back(
            dns::Mx{static_cast<std::uint16_t>(std::stoi(text.substr(0, blank))), text.substr(blank + 1)});
        break;
      }
      default: break;
    }
  }
  return answer;
}

template <class Check>
auto replay(const json::object& zone, Check check) {
  dns::Answers answers;
  while (true) {
    auto result = check(answers);
    if (result) return *std::move(result);
    const auto open = answers.take_open();
    if (open.empty()) throw std::logic_error("no result, and nothing asked");
    for (const auto& question : open) answers.add(question, answer_from(zone, question));
  }
}

json::object verify(const json::object& job) {
  static auth::DkimKeyCache keys;
  const auto parts = parts_of(job);
  auth::MessageCheck check(parts->fields, time_of(job, "now"));
  check.update(parts->body);
  check.finish();
  const auto findings =
      replay(job.at("zone").as_object(), [&](dns::Answers& answers) { return check.findings(answers, keys); });
  json::array passed, all;
  for (const auto& outcome : findings.dkim) {
    if (outcome.result == auth::DkimResult::Pass) passed.emplace_back(outcome.selector);
    all.emplace_back(outcome.selector + ": " + std::string(auth::to_string(outcome.result)) + " " + outcome.reason);
  }
  return {{"passed", passed},
          {"all", all},
          {"arc", auth::to_string(findings.arc.result)},
          {"arc_reason", findings.arc.reason}};
}

Canonicalization form_of(std::string_view word) {
  return word == "simple" ? Canonicalization::Simple : Canonicalization::Relaxed;
}

json::object sign(const json::object& job) {
  const auto parts = parts_of(job);
  const auto key = crypto::PrivateKey::from_pem(text_of(job, "key")).value();
  auth::DkimSigning signing{.domain = Domain::parse(text_of(job, "domain")).value(),
                            .selector = text_of(job, "selector"),
                            .headers = list_of(job.at("headers"))};
  const std::string c = text_of(job, "c");
  signing.header_form = form_of(c.substr(0, c.find('/')));
  signing.body_form = form_of(c.substr(c.find('/') + 1));
  if (job.contains("l")) signing.body_length = job.at("l").to_number<std::uint64_t>();
  if (job.contains("t")) signing.signed_at = time_of(job, "t");
  if (job.contains("x")) signing.expires = time_of(job, "x");
  auth::BodyHashes hashes;
  const auto handle = hashes.want(signing.body_form, signing.body_length);
  hashes.update(parts->body);
  hashes.finish();
  auth::SignedHeader header(parts->fields);
  const auto field = auth::sign_dkim(header, hashes.digest(handle), signing, key);
  if (!field) throw std::invalid_argument(field.error().private_reason);
  return {{"fields", base64_of(*field)}};
}

json::object seal(const json::object& job) {
  const auto parts = parts_of(job);
  const auto key = crypto::PrivateKey::from_pem(text_of(job, "key")).value();
  auth::BodyHashes hashes;
  const auto handle = hashes.want(Canonicalization::Relaxed);
  hashes.update(parts->body);
  hashes.finish();
  const std::string chain = text_of(job, "chain");
  const auto set = auth::seal_arc(parts->fields, hashes.digest(handle),
                                  auth::ArcSealing{.domain = Domain::parse(text_of(job, "domain")).value(),
                                                   .selector = text_of(job, "selector"),
                                                   .results = text_of(job, "results"),
                                                   .chain = chain == "pass"   ? auth::ArcResult::Pass
                                                            : chain == "fail" ? auth::ArcResult::Fail
                                                                              : auth::ArcResult::None,
                                                   .headers = list_of(job.at("headers")),
                                                   .now = time_of(job, "t")},
                                  key);
  if (!set) throw std::invalid_argument(set.error().private_reason);
  return {{"fields", base64_of(*set)}};
}

json::object spf(const json::object& job) {
  const auth::SpfQuery query{.ip = IpAddress::parse(text_of(job, "ip")).value(),
                             .helo = text_of(job, "helo"),
                             .mail_from = text_of(job, "from"),
                             .receiver = "mx.receiver.example",
                             .now = time_of(job, "now")};
  const auto outcome =
      replay(job.at("zone").as_object(), [&](auto& answers) { return auth::check_spf(query, answers); });
  return {{"result", auth::to_string(outcome.result)}, {"reason", outcome.reason}};
}

}  // namespace

int main() {
  return cas::agreement::run([](const json::object& job) {
    const std::string what = text_of(job, "do");
    if (what == "verify") return verify(job);
    if (what == "sign") return sign(job);
    if (what == "seal") return seal(job);
    if (what == "spf") return spf(job);
    throw std::invalid_argument("what is " + what + "?");
  });
}
