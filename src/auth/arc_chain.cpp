// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8617 §5.2, the structure of a chain.
#include "auth/arc_chain.hpp"

#include <algorithm>

#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t max_sets = 50;  // RFC 8617 §4.2.1
constexpr std::string_view blanks = " \t\r\n";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
}

/// Puts an index in its place; false where that was taken or lies beyond what a chain may have.
bool place(std::vector<ArcSet>& sets, std::uint32_t instance, std::size_t ArcSet::* where, std::size_t index) {
  if (instance == 0 || instance > max_sets) return false;
  if (sets.size() < instance) sets.resize(instance);
  auto& slot = sets[instance - 1].*where;
  if (slot != SignedHeader::npos) return false;
  slot = index;
  return true;
}

std::string add_field(ArcChain& chain, const HeaderField& field, std::size_t index, UnixTime now) {
  if (iequals(field.name, "ARC-Authentication-Results")) {
    const auto results = parse_arc_results(field.value);
    if (!results || !place(chain.sets, results->instance, &ArcSet::results, index)) {
      return "its results have no instance of their own";
    }
  } else if (iequals(field.name, "ARC-Message-Signature")) {
    auto signature = parse_signature(SignatureKind::ArcMessage, field.value, now);
    if (!place(chain.sets, signature.instance, &ArcSet::message, index)) {
      return "a message signature has no instance of its own";
    }
    chain.sets[signature.instance - 1].message_signature = std::move(signature);
  } else if (iequals(field.name, "ARC-Seal")) {
    auto signature = parse_signature(SignatureKind::ArcSeal, field.value, now);
    if (!place(chain.sets, signature.instance, &ArcSet::seal, index)) return "a seal has no instance of its own";
    chain.sets[signature.instance - 1].seal_signature = std::move(signature);
  }
  return {};
}

/// RFC 8617 §5.2, step 3.
std::string check_sets(const std::vector<ArcSet>& sets) {
  for (std::size_t n = 0; n < sets.size(); ++n) {
    const ArcSet& set = sets[n];
    const std::string where = "set " + std::to_string(n + 1);
    if (set.results == SignedHeader::npos || set.message == SignedHeader::npos || set.seal == SignedHeader::npos) {
      return where + " is not whole";
    }
    if (set.seal_signature.fault) return "the seal of " + where + ": " + set.seal_signature.fault->reason;
    if (set.seal_signature.chain != (n == 0 ? "none" : "pass")) {
      return "the seal of " + where + " says cv=" + set.seal_signature.chain;
    }
  }
  return {};
}

}  // namespace

std::optional<ArcResults> parse_arc_results(std::string_view value) {
  constexpr std::size_t max_digits = 4;
  skip_blanks(value);
  if (!value.starts_with('i')) return std::nullopt;
  value.remove_prefix(1);
  skip_blanks(value);
  if (!value.starts_with('=')) return std::nullopt;
  value.remove_prefix(1);
  skip_blanks(value);
  ArcResults results;
  std::size_t digits = 0;
  for (; digits < value.size() && is_digit(value[digits]); ++digits) {
    if (digits == max_digits) return std::nullopt;
    results.instance = results.instance * 10 + static_cast<std::uint32_t>(value[digits] - '0');
  }
  value.remove_prefix(digits);
  skip_blanks(value);
  if (digits == 0 || !value.starts_with(';')) return std::nullopt;
  value.remove_prefix(1);
  results.payload = value;
  return results;
}

ArcChain read_arc_chain(const std::vector<HeaderField>& fields, UnixTime now) {
  ArcChain chain;
  for (std::size_t index = 0; index < fields.size() && chain.fault.empty(); ++index) {
    chain.fault = add_field(chain, fields[index], index, now);
  }
  if (chain.fault.empty()) chain.fault = check_sets(chain.sets);
  return chain;
}

void hash_sets(crypto::Sha256& hash, const std::vector<HeaderField>& fields, const std::vector<ArcSet>& sets,
               std::size_t end) {
  for (std::size_t n = 0; n < end; ++n) {
    hash.update(relaxed_header(fields[sets[n].results]));
    hash.update(relaxed_header(fields[sets[n].message]));
    if (n + 1 < end) hash.update(relaxed_header(fields[sets[n].seal]));
  }
}

}  // namespace cas::auth
