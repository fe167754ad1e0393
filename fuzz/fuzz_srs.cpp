// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// SRS: nothing is read that was not made here; what was made comes back to whom it was made for.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/encoding.hpp"
#include "policy/srs.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(std::string_view text) {
  static const Octets secret(32, 7), other(32, 8);
  static const Domain ours = *Domain::parse("north.example");
  constexpr UnixTime now{std::chrono::seconds(1795460400)};
  const auto local = LocalPart::from_value(text.substr(0, 64));
  if (local) require(!policy::srs_decode(other, Mailbox(*local, ours), now));
  const auto sender = Mailbox::parse(text);
  if (!sender) return;
  const auto made = policy::srs_encode(secret, *sender, ours, now);
  if (!made) return;
  require(policy::looks_like_srs(made->local()));
  const auto decoded = policy::srs_decode(secret, *made, now);
  // Of what another forwarder is said to have made, only what has its form comes back.
  if (!policy::looks_like_srs(sender->local())) require(decoded == *sender);
  require(!policy::srs_decode(other, *made, now));
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "SRS01=+-a.b@=";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
