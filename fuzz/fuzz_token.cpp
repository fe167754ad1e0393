// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Header tokens: what is accepted prints back as the same octets, and no MAC but the right one is taken. Raw, and
// folded into the grammar's alphabet behind the version.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "confirm/token.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "0123456789.ptbaAkxyz-_example";
  std::string out = "1.";
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check(std::string_view text) {
  auto token = confirm::parse_token(text);
  if (!token) return;
  require(confirm::print_token(*token) == text);

  // An intent that could have led to it, and the token that this one gets.
  const std::array<std::uint8_t, confirm::min_token_secret> secret{};
  const Mailbox someone(LocalPart::from_value("someone").value(), token->signing_domain);
  confirm::Intent intent{.id = token->id,
                         .signing_domain = token->signing_domain,
                         .selector = "s",
                         .issued = {},
                         .expires = token->expires,
                         .envelope_from = std::nullopt,
                         .recipient_domain = token->signing_domain,
                         .recipients = {someone.local()},
                         .author = someone,
                         .klass = token->klass,
                         .list_id = std::nullopt,
                         .digest = crypto::Sha256Digest{},
                         .signature = {}};
  const auto made = confirm::make_token(secret, token->kid, intent, someone.local());
  require(made.has_value());
  const confirm::TokenBinding binding{
      .mail_from = {}, .recipient = someone, .author = someone, .list_id = std::nullopt, .digest = {}};
  require(confirm::check_token(secret, *made, binding));
  require(confirm::check_token(secret, *token, binding) == (token->mac == made->mac));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
