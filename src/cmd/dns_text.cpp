// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Key records.
#include "cmd/dns_text.hpp"

namespace cas::cmd {

std::string key_record(crypto::KeyType type, const std::string& public_key) {
  return std::string("v=DKIM1; k=") + (type == crypto::KeyType::Rsa ? "rsa" : "ed25519") + "; p=" + public_key;
}

}  // namespace cas::cmd
