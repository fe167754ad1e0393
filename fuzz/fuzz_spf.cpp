// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SPF: records and macros from the input, and a whole evaluation whose DNS answers are made of it. What comes out is
// within its bounds, an evaluation ends, and it comes to the same when it is run again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "auth/received_spf.hpp"
#include "auth/spf.hpp"
#include "auth/spf_record.hpp"
#include "base/encoding.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

/// The input, line by line: what the client says, then what the DNS says.
class Input {
 public:
  explicit Input(std::string_view text) : rest_(text) {}
  std::string_view line() {
    const auto end = std::min(rest_.find('\n'), rest_.size());
    const auto line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return line;
  }
  [[nodiscard]] bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// Folded into what records are made of.
std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "%{}slodipvhcrt0123456789.-+,/_=:~? abcemxn4f";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check_record(std::string_view text) {
  if (!auth::is_spf_record(text)) return;
  const auto record = auth::parse_spf_record(text);
  if (!record) {
    require(!record.error().why.empty() && is_utf8(record.error().why));
    return;
  }
  for (const auto& directive : record->directives) {
    require(directive.v4_bits <= 32 && directive.v6_bits <= 128);
    require(text.contains(directive.term));
  }
}

void check_macro(std::string_view text, std::string_view client) {
  const auth::SpfMacroValues values{.local = std::string(client),
                                    .sender_domain = "a.example",
                                    .domain = "a.example",
                                    .ip = IpAddress::parse("2001:db8::1").value(),
                                    .validated = "unknown",
                                    .helo = std::string(client),
                                    .receiver = {},
                                    .now = {}};
  if (const auto spec = auth::SpfMacroString::parse_domain_spec(text)) {
    const std::string name = spec->expand_name(values);
    require(name.size() <= 253 || !name.contains('.'));
  }
  if (const auto spec = auth::SpfMacroString::parse_explain_string(text)) {
    const auto expanded = spec->expand_text(values, 1000);
    require(!expanded || expanded->size() <= 1000);
  }
}

/// One answer: the first octet says of which kind, the rest is its content.
dns::Answer answer_from(std::string_view line, dns::Type type) {
  dns::Answer answer;
  const char kind = line.empty() ? 'n' : line.front();
  const std::string content(line.substr(std::min<std::size_t>(line.size(), 1)));
  if (kind == 'f') return answer;
  answer.status = kind == 'x' ? dns::Status::NxDomain : dns::Status::NoData;
  if (kind == 'x' || kind == 'n') return answer;
  answer.status = dns::Status::Ok;
  const int copies = kind == 'm' ? 12 : kind == 't' ? 2 : 1;
  for (int n = 0; n < copies; ++n) {
    if (type == dns::Type::TXT) answer.records.emplace_back(dns::Txt{content});
    if (type == dns::Type::MX) answer.records.emplace_back(dns::Mx{static_cast<std::uint16_t>(n), content});
    if (type == dns::Type::PTR) answer.records.emplace_back(dns::Name{content});
    if (type == dns::Type::A)
      answer.records.emplace_back(dns::A{{192, 0, 2, static_cast<std::uint8_t>(content.size())}});
    if (type == dns::Type::AAAA) answer.records.emplace_back(dns::Aaaa{});
  }
  return answer;
}

void check_outcome(const auth::SpfOutcome& outcome, const auth::SpfQuery& query) {
  require(!outcome.reason.empty() && is_utf8(outcome.reason));
  require(std::ranges::none_of(outcome.reason, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }));
  require(outcome.explanation.size() <= 1024);
  require(std::ranges::all_of(outcome.explanation, [](char c) { return c >= ' ' && c <= '~'; }));
  require(outcome.explanation.empty() || outcome.result == auth::SpfResult::Fail);
  const std::string field = auth::format_received_spf(outcome, query);
  require(field.ends_with("\r\n") && is_ascii(field));
  for (std::size_t at = field.find_first_of("\r\n"); at + 2 < field.size(); at = field.find_first_of("\r\n", at + 2))
    require(field.substr(at, 2) == "\r\n" && (field[at + 2] == ' ' || field[at + 2] == '\t'));
}

void check_evaluation(std::string_view text) {
  Input input(text);
  auth::SpfQuery query;
  query.ip = IpAddress::parse(input.line()).value_or(IpAddress::parse("192.0.2.1").value());
  query.helo = input.line();
  query.mail_from = input.line();
  dns::Answers answers;
  std::optional<auth::SpfOutcome> outcome;
  std::size_t asked = 0;
  for (int round = 0; !outcome; ++round) {
    require(round < 64);
    outcome = auth::check_spf(query, answers);
    auto open = answers.take_open();
    require(outcome || !open.empty());
    require(open.size() <= 10);
    asked += open.size();
    for (auto& question : open) {
      require(question.name.size() <= 253);
      answers.add(question, answer_from(input.line(), question.type));
    }
  }
  require(asked <= 150);
  check_outcome(*outcome, query);
  const auto again = auth::check_spf(query, answers);
  require(again && again->result == outcome->result && again->reason == outcome->reason);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_record(text);
  check_record("v=spf1 " + std::string(text));
  check_record("v=spf1 " + folded(text));
  check_macro(text, text);
  check_macro(folded(text) + ".example", text);
  check_evaluation(text);
  check_evaluation("192.0.2.1\nmail.a.example\njoe@a.example\n1v=spf1 " + std::string(text));
  check_evaluation("192.0.2.1\nmail.a.example\njoe@a.example\n1v=spf1 " + folded(text) + "\n1" + folded(text));
  return 0;
}
