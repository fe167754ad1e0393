// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// MX and address selection.
#include "outbound/route.hpp"

#include <algorithm>

#include "net/inquiry.hpp"

namespace cas::outbound {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

std::unexpected<Reply> failed(int code, EnhancedCode enhanced, std::string text) {
  return std::unexpected(Reply(code, enhanced, std::move(text)));
}

}  // namespace

Hosts judge_mx(const Domain& domain, const dns::Answer& answer, Random& random) {
  switch (answer.status) {
    case dns::Status::Failed: return failed(451, EnhancedCode{4, 4, 3}, "the DNS does not answer for " + domain.text());
    case dns::Status::NxDomain: return failed(550, EnhancedCode{5, 1, 2}, "there is no domain " + domain.text());
    case dns::Status::NoData: return std::vector<std::string>{domain.text()};  // RFC 5321 §5.1: implicit MX
    case dns::Status::Ok: break;
  }
  struct Candidate {
    std::uint16_t preference;
    std::uint8_t lot;
    std::string host;
    auto operator<=>(const Candidate&) const = default;
  };
  std::vector<Candidate> candidates;
  bool null_mx = false;
  for (const auto& record : answer.records) {
    const auto* mx = std::get_if<dns::Mx>(&record);
    if (mx == nullptr) continue;
    if (mx->exchange.empty()) {
      null_mx = true;
      continue;
    }
    Candidate candidate{mx->preference, 0, mx->exchange};
    random.fill(std::span(&candidate.lot, 1));
    candidates.push_back(std::move(candidate));
  }
  if (candidates.empty() && null_mx) {
    return failed(556, EnhancedCode{5, 1, 10}, domain.text() + " accepts no mail (null MX)");  // RFC 7505 §4.2
  }
  if (candidates.empty()) return std::vector<std::string>{domain.text()};
  std::ranges::sort(candidates);
  std::vector<std::string> hosts;
  for (auto& candidate : candidates) {
    if (std::ranges::find(hosts, candidate.host) == hosts.end()) hosts.push_back(std::move(candidate.host));
  }
  return hosts;
}

Addresses judge_addresses(const std::string& host, const dns::Answer& a, const dns::Answer& aaaa) {
  std::vector<std::string> v6;
  std::vector<std::string> v4;
  for (const auto& record : aaaa.records) {
    if (const auto* address = std::get_if<dns::Aaaa>(&record)) v6.push_back(dns::to_string(*address));
  }
  for (const auto& record : a.records) {
    if (const auto* address = std::get_if<dns::A>(&record)) v4.push_back(dns::to_string(*address));
  }
  std::vector<std::string> addresses;  // RFC 8305 §4: the families take turns
  for (std::size_t n = 0; n < std::max(v6.size(), v4.size()); ++n) {
    if (n < v6.size()) addresses.push_back(std::move(v6[n]));
    if (n < v4.size()) addresses.push_back(std::move(v4[n]));
  }
  if (!addresses.empty()) return addresses;
  if (a.status == dns::Status::Failed || aaaa.status == dns::Status::Failed) {
    return failed(451, EnhancedCode{4, 4, 3}, "the DNS does not answer for " + host);
  }
  return failed(550, EnhancedCode{5, 4, 4}, "host " + host + " has no address");
}

net::Task<Hosts> find_hosts(net::Resolver& resolver, Random& random, Domain domain) {
  dns::Question question;
  question.name = domain.text();
  question.type = dns::Type::MX;
  const auto answer = co_await resolver.ask(std::move(question));
  co_return judge_mx(domain, answer, random);
}

net::Task<Addresses> find_addresses(net::Resolver& resolver, std::string host) {
  dns::Question aaaa;
  aaaa.name = host;
  aaaa.type = dns::Type::AAAA;
  dns::Question a = aaaa;
  a.type = dns::Type::A;
  dns::Answers answers;  // both at once
  (void)answers.find(aaaa);
  (void)answers.find(a);
  co_await net::ask_open(resolver, answers, net::inquiry_deadline());
  co_return judge_addresses(host, *answers.find(a), *answers.find(aaaa));
}

}  // namespace cas::outbound
