// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A set is made from the inside out: results, message signature over the message, seal over all sets.
#include "auth/arc_seal.hpp"

#include <algorithm>

#include "auth/signature_writer.hpp"
#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t max_sets = 50;

/// The highest instance that any field names, and whether a seal has said cv=fail.
struct Before {
  std::size_t sets = 0;
  bool is_closed = false;
};

Before sets_before(const std::vector<HeaderField>& fields, UnixTime now) {
  Before before;
  for (const auto& field : fields) {
    std::size_t instance = 0;
    if (iequals(field.name, "ARC-Seal")) {
      const auto seal = parse_signature(SignatureKind::ArcSeal, field.value, now);
      instance = seal.instance;
      before.is_closed = before.is_closed || seal.chain == "fail";
    } else if (iequals(field.name, "ARC-Message-Signature")) {
      instance = parse_signature(SignatureKind::ArcMessage, field.value, now).instance;
    } else if (iequals(field.name, "ARC-Authentication-Results")) {
      const auto results = parse_arc_results(field.value);
      instance = results ? results->instance : 0;
    }
    before.sets = std::max(before.sets, instance);
  }
  return before;
}

SignatureWriter begin(std::string_view name, std::size_t instance, const ArcSealing& sealing,
                      const crypto::PrivateKey& key) {
  SignatureWriter writer(name);
  writer.tag("i", std::to_string(instance)).tag("a", algorithm_word(key.type()));
  writer.tag("d", sealing.domain.text()).tag("s", sealing.selector);
  writer.tag("t", std::to_string(sealing.now.time_since_epoch().count()));
  return writer;
}

Result<std::string> message_signature(const std::vector<HeaderField>& fields, const crypto::Sha256Digest& body_hash,
                                      std::size_t instance, const ArcSealing& sealing, const crypto::PrivateKey& key) {
  auto writer = begin("ARC-Message-Signature", instance, sealing, key);
  writer.tag("c", "relaxed/relaxed").list("h", sealing.headers).tag("bh", base64(body_hash));
  std::vector<std::string> lower;
  for (const auto& name : sealing.headers) lower.push_back(to_lower(name));
  crypto::Sha256 hash;
  SignedHeader(fields).hash(hash, lower, Canonicalization::Relaxed, SignedHeader::npos);
  return writer.sign(std::move(hash), Canonicalization::Relaxed, key);
}

HeaderField only_field(const std::string& text) {
  return parse_header(text).value().front();
}

}  // namespace

Result<std::string> seal_arc(const std::vector<HeaderField>& fields, const crypto::Sha256Digest& body_hash,
                             const ArcSealing& sealing, const crypto::PrivateKey& key) {
  const auto before = sets_before(fields, sealing.now);
  if (before.is_closed || before.sets >= max_sets) return std::string();
  const std::size_t instance = before.sets + 1;
  const bool broken = before.sets > 0 && sealing.chain != ArcResult::Pass;
  const std::string results =
      "ARC-Authentication-Results: i=" + std::to_string(instance) + "; " + sealing.results + "\r\n";
  if (const auto parsed = parse_header(results); !parsed || parsed->size() != 1) {
    return permanent("the results make no field");
  }
  CAS_TRY(const std::string message, message_signature(fields, body_hash, instance, sealing, key));
  crypto::Sha256 hash;
  if (!broken && before.sets > 0) {
    const auto chain = read_arc_chain(fields, sealing.now);
    if (!chain.fault.empty()) return permanent("the chain that passed is broken: " + chain.fault);
    hash_sets(hash, fields, chain.sets, chain.sets.size());
    hash.update(relaxed_header(fields[chain.sets.back().seal]));
  }
  hash.update(relaxed_header(only_field(results))).update(relaxed_header(only_field(message)));
  auto writer = begin("ARC-Seal", instance, sealing, key);
  writer.tag("cv", instance == 1 ? "none" : broken ? "fail" : "pass");
  CAS_TRY(const std::string seal, writer.sign(std::move(hash), Canonicalization::Relaxed, key));
  return seal + message + results;
}

}  // namespace cas::auth
