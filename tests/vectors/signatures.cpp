// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Signatures that verify and signatures that do not (CAS §4.5). All lines are intents.
#include "auth/dkim_key.hpp"
#include "crypto/hash.hpp"
#include "material.hpp"
#include "vectors.hpp"

namespace cas::vectors {
namespace {

constexpr std::string_view file = "signatures.json";

struct Row {
  std::string_view name;
  std::string line;
  std::string record;
  bool verifies = false;
};

std::string with_signature(const std::string& line, const Octets& signature) {
  return line.substr(0, line.rfind(";b=") + 3) + base64url(signature);
}

Octets signature_of(const std::string& line) {
  return from_base64url(line.substr(line.rfind(";b=") + 3)).value();
}

/// The line with one bit of its signature turned.
std::string bit_turned(const std::string& line, std::size_t octet) {
  auto signature = signature_of(line);
  signature.at(octet) ^= 1;
  return with_signature(line, signature);
}

std::string resized(const std::string& line, std::size_t size) {
  auto signature = signature_of(line);
  signature.resize(size);
  return with_signature(line, signature);
}

/// A signature over something else.
std::string signed_as(const Tags& tags, const std::string& input) {
  const auto& key = tags.a == "rsa-sha256" ? rsa_key() : ed25519_key();
  return with_signature(unsigned_line(tags), key.sign(crypto::sha256(input)).value());
}

/// RFC 8032 §5.1.7: S + L is S for whoever does not check that S is below the group's order L.
std::string s_above_the_order(const std::string& line) {
  constexpr std::array<std::uint8_t, 32> order{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                               0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                               0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  auto signature = signature_of(line);
  unsigned carry = 0;
  for (std::size_t n = 0; n < order.size(); ++n) {
    carry += signature.at(32 + n) + order.at(n);
    signature.at(32 + n) = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  return with_signature(line, signature);
}

std::vector<Row> rows() {
  const Tags rsa_tags{.s = "test", .a = "rsa-sha256"};
  const std::string ed = signed_line({});
  const std::string rsa = signed_line(rsa_tags);
  const std::string ed_key = ed25519_record();
  const std::string rsa_key = rsa_record();
  const std::string other_key = "v=DKIM1; k=rsa; p=" + std::string(material::spki_4096);
  const std::string rsa_4096 = std::string(material::rsa_unsigned) + std::string(material::signature_4096);
  const std::string ed_input = signature_input(ed), rsa_input = signature_input(rsa);
  return {
      {"ed25519", ed, ed_key, true},
      {"ed25519-null-path", signed_line({.f = ""}), ed_key, true},
      {"ed25519-recipient-changed", with(ed, "r=suzie", "r=susie"), ed_key},
      {"ed25519-expiry-changed", with(ed, "x=1795546800", "x=1795546801"), ed_key},
      {"ed25519-class-changed", with(ed, "k=p", "k=t"), ed_key},
      {"ed25519-hop-added", with(ed, ";m=", ";w=fwd;m="), ed_key},
      {"ed25519-first-bit", bit_turned(ed, 0), ed_key},
      {"ed25519-last-octet", bit_turned(ed, 63), ed_key},
      {"ed25519-63-octets", resized(ed, 63), ed_key},
      {"ed25519-65-octets", resized(ed, 65), ed_key},
      {"ed25519-one-octet", resized(ed, 1), ed_key},
      {"ed25519-of-zeros", with_signature(ed, Octets(64)), ed_key},
      {"ed25519-s-above-the-order", s_above_the_order(ed), ed_key},
      {"ed25519-without-prefix", signed_as({}, ed_input.substr(ed_input.find('\n') + 1)), ed_key},
      {"ed25519-prefix-with-crlf", signed_as({}, with(ed_input, "\n", "\r\n")), ed_key},
      {"ed25519-line-with-lf", signed_as({}, ed_input + "\n"), ed_key},
      {"ed25519-without-b-tag", signed_as({}, ed_input.substr(0, ed_input.size() - 3)), ed_key},
      {"ed25519-under-rsa-key", ed, rsa_key},
      {"ed25519-named-rsa", with(ed, "ed25519-sha256", "rsa-sha256"), ed_key},
      {"rsa-2048", rsa, rsa_key, true},
      {"rsa-2048-as-pkcs1", rsa, "v=DKIM1; p=" + std::string(material::pkcs1_2048), true},
      {"rsa-4096", rsa_4096, other_key, true},
      {"rsa-recipient-changed", with(rsa, "r=suzie", "r=susie"), rsa_key},
      {"rsa-first-bit", bit_turned(rsa, 0), rsa_key},
      {"rsa-last-octet", bit_turned(rsa, 255), rsa_key},
      {"rsa-255-octets", resized(rsa, 255), rsa_key},
      {"rsa-257-octets", resized(rsa, 257), rsa_key},
      {"rsa-of-zeros", with_signature(rsa, Octets(256)), rsa_key},
      {"rsa-without-prefix", signed_as(rsa_tags, rsa_input.substr(rsa_input.find('\n') + 1)), rsa_key},
      {"rsa-under-another-key", rsa, other_key},
      {"rsa-1024", std::string(material::rsa_unsigned) + std::string(material::signature_1024),
       "v=DKIM1; k=rsa; p=" + std::string(material::spki_1024)},
      {"rsa-exponent-3", std::string(material::rsa_unsigned) + std::string(material::signature_exponent_3),
       "v=DKIM1; k=rsa; p=" + std::string(material::spki_exponent_3)},
  };
}

json::object vector_of(Book& book, const Row& row) {
  const auto intent = confirm::parse_intent(row.line);
  const auto record = auth::parse_dkim_key(row.record);
  const bool verifies = intent && record && record->key && confirm::verify_intent(*intent, row.line, *record->key);
  const auto input = signature_input(row.line);
  const std::string hash = hex(crypto::sha256(input));
  book.expect(file, row.name, intent && record ? "readable" : "unreadable", "readable");
  book.expect(file, row.name, row.verifies ? "verifies" : "does not verify", verifies ? "verifies" : "does not verify");
  book.expect(file, row.name, hash, hex(confirm::signature_hash(row.line)));
  json::object out;
  out["name"] = text(row.name);
  out["line"] = text(row.line);
  out["record"] = text(row.record);
  out["input"] = text(input);
  out["sha256"] = text(hash);
  out["verifies"] = row.verifies;
  return out;
}

}  // namespace

void add_signatures(Book& book) {
  json::array vectors;
  for (const Row& row : rows()) vectors.push_back(vector_of(book, row));
  book.add(
      file, "4.5",
      "Whether the signature of a line verifies under the key of a record. input is what is signed, sha256 its hash "
      "in hexadecimal.",
      std::move(vectors));
}

}  // namespace cas::vectors
