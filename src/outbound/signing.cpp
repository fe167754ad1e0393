// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Read the header, index it once, sign it with each key.
#include "outbound/signing.hpp"

#include "auth/dkim_sign.hpp"
#include "delivery/body_reader.hpp"

namespace cas::outbound {

namespace {

// What arrives is bounded by limits.header; this is for a store that is damaged.
constexpr std::size_t max_header = 16UL * 1024 * 1024;

}  // namespace

Result<std::string> sign_header(const std::string& header, const crypto::Sha256Digest& body,
                                const SigningKeys::value_type& keys, UnixTime now) {
  CAS_TRY(const auto fields, parse_header(header));
  auth::SignedHeader indexed(fields);
  auth::DkimSigning signing{
      .domain = keys.first, .selector = {}, .headers = auth::headers_to_sign(fields, auth::recommended_headers())};
  signing.signed_at = now;
  std::string signatures;
  for (const auto& [selector, key] : keys.second) {
    signing.selector = selector;
    CAS_TRY(const std::string signature, auth::sign_dkim(indexed, body, signing, key));
    signatures += signature;
  }
  return signatures;
}

const SigningKeys::value_type* keys_for(const SigningKeys& keys, const store::Message& message) {
  if (!message.author) return nullptr;
  auto domain = message.author->domain();
  if (message.forwarded_as) {
    const auto& sender = message.forwarded_as->mailbox();
    domain = sender ? sender->domain() : std::nullopt;
  }
  return domain ? keys_for(keys, *domain) : nullptr;
}

const SigningKeys::value_type* keys_for(const SigningKeys& keys, const Domain& domain) {
  for (auto above = std::optional(domain); above; above = above->parent()) {
    const auto found = keys.find(*above);
    if (found != keys.end()) return &*found;
  }
  return nullptr;
}

net::Task<Result<std::string>> read_header(queue::Queue& queue, const store::Message& message) {
  delivery::BodyReader reader(queue, message.body);
  std::string header;
  while (header.size() < message.body_size && header.size() < max_header) {
    CAS_CO_TRY(const std::string chunk, co_await reader.next());
    if (chunk.empty()) co_return transient("the stored body is incomplete");
    header += chunk;
    const auto end = header.find("\r\n\r\n");
    if (end == std::string::npos) continue;
    header.resize(end + 2);
    break;
  }
  co_return header;
}

net::Task<Result<std::string>> make_signatures(queue::Queue& queue, const store::Message& message,
                                               const SigningKeys::value_type& keys, UnixTime now) {
  CAS_CO_TRY(const std::string header, co_await read_header(queue, message));
  auto signatures = sign_header(header, message.hashes.body, keys, now);
  // A message that was taken and cannot be signed is a fault of ours: it waits, and nobody sends it unsigned.
  if (!signatures) co_return transient("the message cannot be signed", signatures.error().private_reason);
  co_return std::move(signatures);
}

}  // namespace cas::outbound
