// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Whole messages with DKIM signatures and ARC sets, verified against a key that everybody can sign with: bounded, each
// verdict with its reason, and the same wherever the body is cut.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/message_check.hpp"

namespace {

using namespace cas;

constexpr UnixTime now{seconds{1'528'637'910}};

void require(bool holds) {
  if (!holds) std::abort();
}

/// The keys of RFC 8463 §A.2 at every name but those that begin with "t", "n" and "x".
dns::Answer answer_for(const dns::Question& question) {
  constexpr std::string_view ed25519 = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
  constexpr std::string_view rsa =
      "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
      "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT"
      "+l/K4w3QIDAQAB";
  dns::Answer answer;
  const char first = question.name.empty() ? 'n' : question.name.front();
  if (first == 'x') return answer;  // Failed
  answer.status = first == 'n' ? dns::Status::NxDomain : dns::Status::Ok;
  if (first == 'n') return answer;
  answer.records.emplace_back(dns::Txt{std::string(ed25519)});
  answer.records.emplace_back(dns::Txt{std::string(rsa)});
  return answer;
}

auth::MessageFindings find(const std::vector<HeaderField>& fields, std::string_view body, std::size_t cut) {
  auth::MessageCheck check(fields, now);
  check.update(body.substr(0, cut));
  check.update(body.substr(cut));
  check.finish();
  static auth::DkimKeyCache keys(16);
  dns::Answers answers;
  for (int round = 0; round < 3; ++round) {
    if (auto findings = check.findings(answers, keys)) return *std::move(findings);
    for (const auto& question : answers.take_open()) answers.add(question, answer_for(question));
  }
  std::abort();
}

void check(std::string_view text) {
  const auto end = text.find("\r\n\r\n");
  const std::string_view header = end == std::string_view::npos ? text : text.substr(0, end + 2);
  const std::string_view body = end == std::string_view::npos ? std::string_view() : text.substr(end + 4);
  const auto fields = parse_header(header);
  if (!fields) return;
  const auto findings = find(*fields, body, body.size());
  require(!findings.dkim.empty() && findings.dkim.size() <= 17);
  for (const auto& outcome : findings.dkim) {
    const bool good = outcome.result == auth::DkimResult::Pass || outcome.result == auth::DkimResult::None;
    require(good == outcome.reason.empty());
  }
  require((findings.arc.result == auth::ArcResult::Fail) == !findings.arc.reason.empty());
  require((findings.arc.result == auth::ArcResult::Pass) == !findings.arc.sealers.empty());
  require(findings.arc.sealers.size() <= 50);
  const auto cut = find(*fields, body, body.size() / 2);
  for (std::size_t n = 0; n < findings.dkim.size(); ++n) require(cut.dkim[n].result == findings.dkim[n].result);
  require(cut.arc.result == findings.arc.result);
}

/// The octets stand for fields and blanks: structure that random octets never hit upon.
std::string woven(std::string_view text) {
  constexpr std::string_view words[] = {"DKIM-Signature: ",
                                        "ARC-Seal: ",
                                        "ARC-Message-Signature: ",
                                        "ARC-Authentication-Results: ",
                                        "From: a@b.example",
                                        "\r\n",
                                        "\r\n\r\n",
                                        "v=1; ",
                                        "a=ed25519-sha256; ",
                                        "a=rsa-sha256; ",
                                        "d=b.example; ",
                                        "s=e; ",
                                        "s=n; ",
                                        "s=x; ",
                                        "h=From; ",
                                        "h=From:From:DKIM-Signature; ",
                                        "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; ",
                                        "b=AAAA; ",
                                        "i=1; ",
                                        "i=2; ",
                                        "cv=none; ",
                                        "cv=pass; ",
                                        "c=relaxed/relaxed; ",
                                        "c=simple/relaxed; ",
                                        "l=0; ",
                                        "l=4; ",
                                        "t=9; ",
                                        "x=1; ",
                                        " ",
                                        "\t",
                                        "Hi.",
                                        "\r\n "};
  std::string out;
  for (const char c : text) out += words[static_cast<unsigned char>(c) % std::size(words)];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(woven(text));
  return 0;
}
