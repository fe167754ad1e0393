// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key records and character-strings.
#include "cmd/dns_text.hpp"

namespace cas::cmd {

std::string key_record(crypto::KeyType type, const std::string& public_key) {
  return std::string("v=DKIM1; k=") + (type == crypto::KeyType::Rsa ? "rsa" : "ed25519") + "; p=" + public_key;
}

std::string txt_strings(std::string_view value) {
  constexpr std::size_t longest = 255;
  if (value.size() <= longest) return "\"" + std::string(value) + "\"";
  std::string out = "(";
  for (std::size_t n = 0; n < value.size(); n += longest) out += " \"" + std::string(value.substr(n, longest)) + "\"";
  return out + " )";
}

}  // namespace cas::cmd
