// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What a domain publishes, judged: any text in any record ends in findings and never in more questions than the check
// is allowed. And the watch's memory: what is taken means itself when written again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "setup/check.hpp"
#include "setup/watch.hpp"
#include "setup/zone_text.hpp"

namespace {

using namespace cas;
using namespace cas::setup;

constexpr std::size_t most_questions = 2000;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every name has the same records: `text`, and an MX of itself.
dns::Answer answer_of(const dns::Question& question, std::string_view text) {
  dns::Answer answer;
  answer.status = dns::Status::NoData;
  answer.secure = text.size() % 2 == 0;
  if (question.type == dns::Type::TXT) answer.records.emplace_back(dns::Txt{std::string(text)});
  if (question.type == dns::Type::A) answer.records.emplace_back(dns::A{{192, 0, 2, 1}});
  if (question.type == dns::Type::MX) answer.records.emplace_back(dns::Mx{10, "mx.b.example"});
  if (question.type == dns::Type::PTR) answer.records.emplace_back(dns::Name{"mx.b.example"});
  if (!answer.records.empty()) answer.status = dns::Status::Ok;
  return answer;
}

void check_judge(std::string_view text) {
  Site site{.domain = *Domain::parse("b.example"), .host = *Domain::parse("mx.b.example")};
  site.addresses = {*IpAddress::parse("192.0.2.1")};
  site.mx = {{.name = site.host, .addresses = site.addresses}};
  site.keys = {{.selector = "s", .public_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}};
  site.cas = CasSetup{};
  Facts facts;
  facts.sts = StsFile{.text = std::string(text)};
  dns::Answers answers;
  std::optional<std::vector<Finding>> findings;
  while (!(findings = check_site(site, facts, answers))) {
    const auto open = answers.take_open();
    require(!open.empty() && answers.size() < most_questions);
    for (const auto& question : open) answers.add(question, answer_of(question, text));
  }
  for (const auto& finding : *findings) {
    require(!finding.id.empty());
    for (const char c : finding.line) require(c == '\n' || (c >= 32 && c < 127));
    for (const char c : finding_text(finding)) require(c == '\n' || static_cast<unsigned char>(c) >= 32);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_judge(text);
  const auto memory = WatchMemory::load(text);
  require(WatchMemory::load(memory.save()) == memory);
  return 0;
}
