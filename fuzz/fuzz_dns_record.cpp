// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RDATA: no octet is read beyond the record, names that are domains are in their one spelling, lengths add up. The
// first octet picks the type.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "dns/record.hpp"

namespace {

using namespace cas;

constexpr std::array kTypes = {dns::Type::A,   dns::Type::CNAME, dns::Type::PTR, dns::Type::MX,
                               dns::Type::TXT, dns::Type::AAAA,  dns::Type::TLSA};

void require(bool holds) {
  if (!holds) std::abort();
}

void check_name(const std::string& name) {
  require(!name.ends_with('.') || name.ends_with("\\."));
  require(name.size() <= 4 * 253 + 3);
  for (const char c : name) require(c > 32 && c < 127 && !(c >= 'A' && c <= 'Z'));
  if (const auto domain = Domain::parse(name)) require(domain->text() == name);
}

struct Check {
  std::size_t size;
  void operator()(const dns::A& a) const { require(size == 4 && !to_string(a).empty()); }
  void operator()(const dns::Aaaa& a) const { require(size == 16 && !to_string(a).empty()); }
  void operator()(const dns::Mx& mx) const { check_name(mx.exchange); }
  void operator()(const dns::Name& name) const { check_name(name.name); }
  void operator()(const dns::Txt& txt) const { require(txt.text.empty() || txt.text.size() < size); }
  void operator()(const dns::Tlsa& tlsa) const { require(tlsa.data.size() == size - 3); }
};

void check(dns::Type type, std::span<const std::uint8_t> rdata) {
  const std::vector<std::uint8_t> exact(rdata.begin(), rdata.end());  // so that the sanitizer sees its end
  if (const auto record = dns::parse_rdata(type, exact)) std::visit(Check{exact.size()}, *record);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> rdata(data + 1, size - 1);
  const dns::Type type = kTypes[data[0] % kTypes.size()];
  check(type, rdata);
  std::vector<std::uint8_t> folded;  // short labels and letters
  for (const std::uint8_t octet : rdata)
    folded.push_back(octet % 8 < 4 ? octet % 4 : static_cast<std::uint8_t>('A' + octet % 40));
  check(type, folded);
  return 0;
}
