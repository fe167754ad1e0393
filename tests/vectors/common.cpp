// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines are put together here without the program's own printer, which is one of the things on trial.
#include <stdexcept>

#include "material.hpp"
#include "vectors.hpp"

namespace cas::vectors {

json::string text(std::string_view value) {
  return json::string(value.data(), value.size());
}

std::string brief(const smtp::Reply& reply) {
  std::string out = reply.wire();
  out.erase(std::min(out.find('\r'), out.size()));
  const auto bracket = out.find(']');
  if (bracket != std::string::npos) return out.substr(0, bracket + 1);
  const auto code_end = out.find(' ', out.find(' ') + 1);  // no word of CAS: the codes alone
  return out.substr(0, code_end);
}

std::string brief(confirm::Reason reason) {
  return brief(confirm::reply_for(reason));
}

std::string unsigned_line(const Tags& tags) {
  std::string out = "v=" + tags.v + ";i=" + tags.i + ";d=" + tags.d + ";s=" + tags.s + ";a=" + tags.a + ";t=" + tags.t +
                    ";x=" + tags.x + ";f=" + tags.f + ";q=" + tags.q + ";r=" + tags.r + ";o=" + tags.o + ";k=" + tags.k;
  if (!tags.l.empty()) out += ";l=" + tags.l;
  if (!tags.w.empty()) out += ";w=" + tags.w;
  return out + ";m=" + tags.m + ";b=";
}

std::string signature_input(std::string_view line) {
  return "CAS1 INTENT\n" + std::string(line.substr(0, line.rfind(";b=") + 3));
}

std::string signed_line(const Tags& tags) {
  const std::string line = unsigned_line(tags);
  const auto& key = tags.a == "rsa-sha256" ? rsa_key() : ed25519_key();
  return line + base64url(key.sign(crypto::sha256(signature_input(line))).value());
}

const crypto::PrivateKey& ed25519_key() {
  static const auto key = crypto::PrivateKey::ed25519_from_seed(from_base64(material::ed25519_seed).value()).value();
  return key;
}

const crypto::PrivateKey& rsa_key() {
  static const auto key = crypto::PrivateKey::from_pem(material::rsa_private).value();
  return key;
}

std::string ed25519_record() {
  return "v=DKIM1; k=ed25519; p=" + std::string(material::ed25519_public);
}

std::string rsa_record() {
  return "v=DKIM1; k=rsa; p=" + std::string(material::spki_2048);
}

std::string with(std::string_view whole, std::string_view from, std::string_view to) {
  std::string out(whole);
  const auto at = out.find(from);
  if (at == std::string::npos) throw std::logic_error("not in the line: " + std::string(from));
  return out.replace(at, from.size(), to);
}

}  // namespace cas::vectors
