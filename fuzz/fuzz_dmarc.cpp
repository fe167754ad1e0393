// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DMARC records, and whole checks with answers from the input: a check ends, asks a bounded number of questions, and
// what it says fits together.
//
// Lines: the From value; the SPF domain; the signers, set apart by blanks; then one for each question in the order they
// are asked: "!" failed, "-" NXDOMAIN, "." no data, anything else TXT records set apart by "|".
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "auth/dmarc.hpp"
#include "auth/dmarc_walk.hpp"
#include "base/encoding.hpp"

namespace {

using namespace cas;

// 4 authors: a walk and a look for the name itself, and walks for 8 identifiers each.
constexpr std::size_t max_questions = 4 * (8 + 1 + 8 * 8);

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "abc.@ \n|!-v=DMARC1;pnrejctqu_ys:,<>\"(";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

std::string_view take_until(std::string_view& text, char end) {
  const std::string_view part = text.substr(0, text.find(end));
  text.remove_prefix(std::min(part.size() + 1, text.size()));
  return part;
}

void check_record(std::string_view text) {
  const auto record = auth::parse_dmarc_record(text);
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{std::string(text)});
  require(auth::find_dmarc_record(answer).has_value() == record.has_value());
  answer.records.push_back(answer.records.front());
  require(!auth::find_dmarc_record(answer));
  if (!record) return;
  require(record->policy_at_fault || record->p);
  require(record->rua.size() <= 10 && record->ruf.size() <= 10);
  for (const auto& uri : record->rua) require(uri.find_first_of(",!; ") == std::string::npos);
}

class World {
 public:
  explicit World(std::string_view lines) : lines_(lines) {}

  dns::Answer answer() {
    dns::Answer answer;
    std::string_view line = take_until(lines_, '\n');
    answer.status = dns::Status::NxDomain;
    if (line.empty() || line == "-") return answer;
    if (line == ".") answer.status = dns::Status::NoData;
    if (line == "!") {
      answer.status = dns::Status::Failed;
      any_failed_ = true;
    }
    if (line == "." || line == "!") return answer;
    answer.status = dns::Status::Ok;
    while (!line.empty()) answer.records.emplace_back(dns::Txt{std::string(take_until(line, '|'))});
    return answer;
  }
  [[nodiscard]] bool any_failed() const { return any_failed_; }

 private:
  std::string_view lines_;
  bool any_failed_ = false;
};

void check_outcome(const auth::DmarcQuery& query, const auth::DmarcOutcome& outcome, const World& world) {
  require(outcome.disposition <= outcome.policy);
  require(outcome.result != auth::DmarcResult::TempError || world.any_failed());
  require(outcome.authors_at_fault == !outcome.author_domain);
  const bool aligned = outcome.spf_aligned || !outcome.dkim_aligned.empty();
  require(aligned == (outcome.result == auth::DmarcResult::Pass));
  require((outcome.result == auth::DmarcResult::Pass) == outcome.reason.empty());
  if (!outcome.author_domain) return;
  if (outcome.record_domain) require(outcome.author_domain->is_within(*outcome.record_domain));
  if (outcome.organizational_domain) require(outcome.author_domain->is_within(*outcome.organizational_domain));
  const auto fits = [&](const Domain& domain) {
    return domain == *outcome.author_domain || domain.is_within(outcome.organizational_domain.value());
  };
  if (outcome.spf_aligned) require(fits(Domain::parse(query.spf_domain).value()));
  for (const auto n : outcome.dkim_aligned) require(fits(query.dkim.at(n).domain.value()));
}

void check_message(std::string_view text) {
  const std::string from = "From: " + std::string(take_until(text, '\n')) + "\r\n";
  const auto fields = parse_header(from);
  if (!fields) return;
  auth::DmarcQuery query;
  query.authors = auth::read_authors(*fields);
  require(query.authors.domains.empty() == !query.authors.fault.empty());
  query.spf = auth::SpfResult::Pass;
  query.spf_domain = take_until(text, '\n');
  std::string_view signers = take_until(text, '\n');
  while (!signers.empty() && query.dkim.size() < 17) {
    auth::DkimOutcome outcome;
    outcome.result = auth::DkimResult::Pass;
    if (auto domain = Domain::parse(take_until(signers, ' '))) outcome.domain = *std::move(domain);
    query.dkim.push_back(std::move(outcome));
  }

  World world(text);
  dns::Answers answers;
  for (int round = 0;; ++round) {
    require(round < 8);
    if (const auto outcome = auth::check_dmarc(query, answers)) return check_outcome(query, *outcome, world);
    const auto open = answers.take_open();
    require(!open.empty());
    for (const auto& question : open) {
      require(question.name.size() <= 253);
      answers.add(question, world.answer());
    }
    require(answers.size() <= max_questions);
  }
}

void check_walk(std::string_view text) {
  const auto domain = Domain::parse(text);
  if (!domain) return;
  const auto names = auth::walk_names(*domain);
  require(!names.empty() && names.size() <= 8);
  for (const auto& name : names) require(domain->is_within(name));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_record(text);
  check_record("v=DMARC1;" + folded(text));
  check_walk(text);
  check_message(text);
  check_message(folded(text));
  return 0;
}
