// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Signature fields of DKIM and ARC: what is read is within its bounds, a field without its signature does not depend
// on it, and the results of ARC keep to their instance.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/arc_chain.hpp"
#include "auth/signature_field.hpp"

namespace {

using namespace cas;

constexpr UnixTime now{seconds{1'800'000'000}};

void require(bool holds) {
  if (!holds) std::abort();
}

/// The text as pieces of a signature: each octet stands for a word.
std::string woven(std::string_view text) {
  constexpr std::string_view words[] = {"v=1",
                                        ";",
                                        "a=rsa-sha256",
                                        "a=ed25519-sha256",
                                        "d=a.example",
                                        "s=s",
                                        "h=",
                                        "From:To",
                                        ":",
                                        "bh=AAAA",
                                        "b=AAAA",
                                        "l=",
                                        "t=1",
                                        "x=",
                                        "9",
                                        "i=",
                                        "1",
                                        "@",
                                        "=",
                                        "c=",
                                        "relaxed",
                                        "simple",
                                        "/",
                                        "cv=none",
                                        "\r\n\t",
                                        " ",
                                        "arc-seal",
                                        "q=dns/txt",
                                        "z=",
                                        "from"};
  std::string out;
  for (const char c : text) out += words[static_cast<unsigned char>(c) % std::size(words)];
  return out;
}

void check_kind(auth::SignatureKind kind, std::string_view value) {
  const auto field = auth::parse_signature(kind, value, now);
  require(field.selector.empty() || Domain::parse(field.selector + "._domainkey.a.example").has_value());
  if (field.fault) {
    require(!field.fault->reason.empty() && field.fault->result != auth::DkimResult::Pass);
    return;
  }
  require(field.domain && !field.selector.empty() && !field.signature.empty());
  require(kind == auth::SignatureKind::ArcSeal || !field.body_hash.empty());
  require(kind != auth::SignatureKind::Dkim || !field.headers.empty());  // an ARC message signature may name nothing
  require(kind == auth::SignatureKind::Dkim || (field.instance >= 1 && field.instance <= 50));
  require(!field.expires || *field.expires >= now);
}

void check_without(std::string_view value) {
  const std::string raw = "DKIM-Signature:" + std::string(value) + "\r\n";
  const auto fields = parse_header(raw);
  if (!fields || fields->size() != 1) return;
  for (const auto form : {Canonicalization::Simple, Canonicalization::Relaxed}) {
    const std::string without = auth::without_signature(fields->front(), form);
    require(without.size() <= raw.size());
    const std::string again_raw = without + "\r\n";
    const auto again = parse_header(again_raw);
    if (!again || again->size() != 1) continue;
    require(auth::without_signature(again->front(), form) == without);
  }
}

void check(std::string_view value) {
  check_kind(auth::SignatureKind::Dkim, value);
  check_kind(auth::SignatureKind::ArcMessage, value);
  check_kind(auth::SignatureKind::ArcSeal, value);
  check_without(value);
  if (const auto results = auth::parse_arc_results(value)) require(results->payload.size() < value.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(woven(text));
  return 0;
}
