// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What fronts say of their clients: no octet behind a PROXY header is taken, and the end comes.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "smtp/front.hpp"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void read_header(std::string_view octets) {
  cas::smtp::ProxyHeaderReader header;
  std::size_t taken = 0;
  while (header.wanted() > 0) {
    if (header.wanted() > octets.size() - taken) return;
    const auto portion = octets.substr(taken, header.wanted());
    taken += portion.size();
    require(taken <= 16 + cas::smtp::ProxyHeaderReader::max_octets);
    if (!header.add(portion)) return;
  }
  const auto read = octets.substr(0, taken);
  require(read.starts_with("PROXY ") ? read.ends_with("\r\n") && read.find('\n') == taken - 1
                                     : read.starts_with("\r\n\r\n"));
  if (header.client().address) require(cas::IpAddress::parse(header.client().address->text()).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  read_header(text);
  const auto client = cas::smtp::parse_xclient(text);
  if (!client) require(client.error().code == 501);
  return 0;
}
