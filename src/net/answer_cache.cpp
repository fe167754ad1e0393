// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What may be kept, and for how long.
#include "net/answer_cache.hpp"

#include <utility>

namespace cas::net {

namespace {

struct Octets {
  std::size_t operator()(const dns::Txt& txt) const { return txt.text.size(); }
  std::size_t operator()(const dns::Mx& mx) const { return mx.exchange.size(); }
  std::size_t operator()(const dns::Name& name) const { return name.name.size(); }
  std::size_t operator()(const dns::Tlsa& tlsa) const { return tlsa.data.size(); }
  std::size_t operator()(const auto&) const { return 0; }
};

std::size_t octets_of(const dns::Answer& answer) {
  std::size_t octets = answer.records.size() * sizeof(dns::Record);
  for (const auto& record : answer.records) octets += std::visit(Octets(), record);
  return octets;
}

}  // namespace

std::optional<dns::Answer> AnswerCache::find(const dns::Question& question, Time now) {
  return entries_.with([&](Generations<Table>& entries) -> std::optional<dns::Answer> {
    const auto* entry = entries.find(question);
    if (entry == nullptr) return std::nullopt;
    const auto left = std::chrono::ceil<std::chrono::seconds>(entry->until - now);
    if (left <= std::chrono::seconds::zero()) {
      entries.forget(question);
      return std::nullopt;
    }
    dns::Answer answer = entry->answer;
    answer.ttl = left;
    return answer;
  });
}

void AnswerCache::keep(const dns::Question& question, const dns::Answer& answer, Time now) {
  if (answer.status == dns::Status::Failed || answer.ttl <= std::chrono::seconds::zero()) return;
  if (octets_of(answer) > max_octets) return;
  entries_.with(
      [&](Generations<Table>& entries) { entries.keep(question, Entry{.answer = answer, .until = now + answer.ttl}); });
}

}  // namespace cas::net
