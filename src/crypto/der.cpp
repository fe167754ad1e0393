// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DER, strictly: one encoding for each value, and nothing after it.
#include "crypto/der.hpp"

#include <algorithm>
#include <array>

namespace cas::crypto {
namespace {

constexpr std::uint8_t tag_integer = 0x02;
constexpr std::uint8_t tag_bit_string = 0x03;
constexpr std::uint8_t tag_sequence = 0x30;

/// AlgorithmIdentifier's content: the object identifier rsaEncryption (1.2.840.113549.1.1.1) and NULL, which must be
/// there (RFC 3279 §2.3.1).
constexpr std::array<std::uint8_t, 13> rsa_encryption{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
                                                      0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

using Span = std::span<const std::uint8_t>;

/// The length octets at the front of `in`, at most two of them; takes them off.
std::optional<std::size_t> take_length(Span& in) {
  if (in.empty()) return std::nullopt;
  const std::size_t first = in[0];
  if (first < 0x80) {
    in = in.subspan(1);
    return first;
  }
  const std::size_t count = first & 0x7f;
  if (count < 1 || count > 2 || in.size() < 1 + count) return std::nullopt;
  const std::size_t length = count == 1 ? in[1] : std::size_t{in[1]} << 8 | in[2];
  if (length < (count == 1 ? 0x80U : 0x100U)) return std::nullopt;  // X.690 §10.1: the shortest form
  in = in.subspan(1 + count);
  return length;
}

/// The content of the element at the front, which must have that tag; takes the element off.
std::optional<Span> take(Span& in, std::uint8_t tag) {
  if (in.empty() || in[0] != tag) return std::nullopt;
  Span rest = in.subspan(1);
  const auto length = take_length(rest);
  if (!length || *length > rest.size()) return std::nullopt;
  in = rest.subspan(*length);
  return rest.first(*length);
}

/// A positive INTEGER without its sign octet.
std::optional<Span> take_positive(Span& in) {
  const auto content = take(in, tag_integer);
  if (!content || content->empty() || ((*content)[0] & 0x80) != 0) return std::nullopt;
  if ((*content)[0] != 0) return content;
  // X.690 §8.3.2: a zero octet stands only before one with its top bit set.
  if (content->size() < 2 || ((*content)[1] & 0x80) == 0) return std::nullopt;
  return content->subspan(1);
}

std::optional<RsaNumbers> parse_numbers(Span sequence) {
  const auto modulus = take_positive(sequence);
  if (!modulus) return std::nullopt;
  const auto exponent = take_positive(sequence);
  if (!exponent || !sequence.empty()) return std::nullopt;
  return RsaNumbers{*modulus, *exponent};
}

}  // namespace

std::optional<RsaNumbers> parse_rsa_public_key(Span der) {
  const auto outer = take(der, tag_sequence);
  if (!outer || !der.empty() || outer->empty()) return std::nullopt;
  if ((*outer)[0] == tag_integer) return parse_numbers(*outer);

  Span info = *outer;
  const auto algorithm = take(info, tag_sequence);
  if (!algorithm || !std::ranges::equal(*algorithm, rsa_encryption)) return std::nullopt;
  const auto bits = take(info, tag_bit_string);
  if (!bits || !info.empty() || bits->empty() || (*bits)[0] != 0) return std::nullopt;  // no unused bits
  Span key = bits->subspan(1);
  const auto sequence = take(key, tag_sequence);
  if (!sequence || !key.empty()) return std::nullopt;
  return parse_numbers(*sequence);
}

}  // namespace cas::crypto
