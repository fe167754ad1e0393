// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See rows.hpp.
#include "store/rows.hpp"

#include <limits>

namespace cas::store {
namespace {

/// FNV-1a: the same on every machine and in every version, for it is stored.
class Hash {
 public:
  Hash& add(std::string_view octets) {
    for (const char c : octets) add(static_cast<std::uint8_t>(c));
    return add(std::uint8_t{0});
  }
  Hash& add(std::uint8_t octet) {
    value_ = (value_ ^ octet) * 0x100000001b3U;
    return *this;
  }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325U;
};

}  // namespace

std::string domain_of(const Mailbox& address) {
  return address.domain() ? address.domain()->text() : '[' + address.literal()->text + ']';
}

std::string origin_of(const Message& message) {
  if (!message.user.empty()) return message.user;
  const auto& sender = message.sender.mailbox();
  return sender ? domain_of(*sender) : std::string();
}

FlowId flow_of(Route route, std::string_view domain, std::string_view origin) {
  const std::uint64_t hash = Hash().add(static_cast<std::uint8_t>(route)).add(domain).add(origin).value();
  const auto positive = static_cast<FlowId>(hash & static_cast<std::uint64_t>(std::numeric_limits<FlowId>::max()));
  return positive == 0 ? 1 : positive;
}

}  // namespace cas::store
