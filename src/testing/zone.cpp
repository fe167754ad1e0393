// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reads the zone text and answers from it.
#include "testing/zone.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <charconv>
#include <stdexcept>

#include "base/encoding.hpp"

namespace cas::testing {
namespace {

std::string name_of(std::string_view text) {
  if (text.size() > 1 && text.ends_with('.')) text.remove_suffix(1);
  return text == "." ? std::string() : to_lower(text);
}

std::string_view take_word(std::string_view& text) {
  text = trim_wsp(text);
  const std::string_view word = text.substr(0, text.find_first_of(" \t"));
  text = trim_wsp(text.substr(word.size()));
  return word;
}

template <class Number>
Number number_of(std::string_view text, int base = 10) {
  Number value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) throw std::invalid_argument("no number");
  return value;
}

template <class Address>
Address address_of(int family, std::string_view text) {
  Address address;
  if (inet_pton(family, std::string(text).c_str(), address.octets.data()) != 1) {
    throw std::invalid_argument("no address");
  }
  return address;
}

dns::Tlsa tlsa_of(std::string_view rest) {
  dns::Tlsa tlsa;
  tlsa.usage = number_of<std::uint8_t>(take_word(rest));
  tlsa.selector = number_of<std::uint8_t>(take_word(rest));
  tlsa.matching = number_of<std::uint8_t>(take_word(rest));
  for (std::size_t n = 0; n + 1 < rest.size(); n += 2)
    tlsa.data.push_back(number_of<std::uint8_t>(rest.substr(n, 2), 16));
  return tlsa;
}

std::pair<dns::Type, dns::Record> record_of(std::string_view type, std::string_view rest) {
  if (type == "A") return {dns::Type::A, address_of<dns::A>(AF_INET, rest)};
  if (type == "AAAA") return {dns::Type::AAAA, address_of<dns::Aaaa>(AF_INET6, rest)};
  if (type == "TXT") return {dns::Type::TXT, dns::Txt{std::string(rest)}};
  if (type == "PTR") return {dns::Type::PTR, dns::Name{name_of(rest)}};
  if (type == "CNAME") return {dns::Type::CNAME, dns::Name{name_of(rest)}};
  if (type == "TLSA") return {dns::Type::TLSA, tlsa_of(rest)};
  if (type == "MX") {
    const auto preference = number_of<std::uint16_t>(take_word(rest));
    return {dns::Type::MX, dns::Mx{preference, name_of(rest)}};
  }
  throw std::invalid_argument("no known type");
}

}  // namespace

Zone::Zone(std::string_view text) {
  bool secure = false;
  while (!text.empty()) {
    const std::string_view raw = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(raw.size() + 1, text.size()));
    const std::string_view line = trim_wsp(raw);
    if (line.empty() || line.starts_with('#')) continue;
    if (line == "= complete") {
      complete_ = true;
      continue;
    }
    if (line == "= secure" || line == "= insecure") {
      secure = line == "= secure";
      continue;
    }
    try {
      add_line(line, secure);
    } catch (const std::invalid_argument& fault) {
      throw std::invalid_argument("zone line \"" + std::string(line) + "\": " + fault.what());
    }
  }
}

void Zone::add_line(std::string_view line, bool secure) {
  std::string_view rest = line;
  Node& node = nodes_[name_of(take_word(rest))];
  node.secure = secure;
  const std::string_view type = take_word(rest);
  if (type == "TEMPFAIL") {
    node.temp_fail = true;
  } else if (type == "BOGUS") {
    node.temp_fail = node.bogus = true;
  } else if (type == "NXDOMAIN") {
    node.nx_domain = true;
  } else {
    node.records.insert(record_of(type, rest));
  }
}

dns::Answer Zone::answer(const dns::Question& question) {
  asked_.push_back(question);
  dns::Answer answer;
  const auto node = nodes_.find(name_of(question.name));
  if (node == nodes_.end() && complete_) {
    answer.status = dns::Status::NxDomain;
    return answer;
  }
  if (node == nodes_.end()) {
    ADD_FAILURE() << "unexpected DNS question: " << question.name << ' ' << dns::to_string(question.type);
    answer.private_reason = "not in the test's zone";
    return answer;
  }
  if (node->second.temp_fail) {
    answer.private_reason = node->second.bogus ? "DNSSEC: bogus" : "SERVFAIL";
    answer.bogus = node->second.bogus;
    return answer;
  }
  answer.secure = node->second.secure;
  answer.ttl = std::chrono::seconds{300};
  answer.status = node->second.nx_domain ? dns::Status::NxDomain : dns::Status::NoData;
  const auto [first, last] = node->second.records.equal_range(question.type);
  for (auto record = first; record != last; ++record) answer.records.push_back(record->second);
  if (!answer.records.empty()) answer.status = dns::Status::Ok;
  return answer;
}

}  // namespace cas::testing
