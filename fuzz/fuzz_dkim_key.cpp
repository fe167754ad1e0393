// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Texts from DNS: tag lists, DKIM key records and discovery records. A tag list written out again reads the same; what
// a record says is within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "auth/dkim_key.hpp"
#include "auth/tag_list.hpp"
#include "confirm/discovery.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "vkpstnhmerua=;:,*.@ \t\r\nDKIMCAS1yAE/+_";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

void check_tags(std::string_view text) {
  const auto tags = auth::parse_tag_list(text);
  if (!tags) return;
  require(!tags->empty());
  std::string written;
  for (const auto& [name, value] : *tags) {
    require(auth::find_tag(*tags, name) == value);
    written += std::string(name) + '=' + std::string(value) + ';';
  }
  require(auth::parse_tag_list(written) == tags);
}

void check(std::string_view text) {
  check_tags(text);
  if (const auto record = auth::parse_dkim_key(text)) {
    require(record->revoked != record->key.has_value());
    require(!record->key || record->key->type() == record->type);
  }
  const auto discovery = confirm::parse_discovery(text);
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  answer.records.emplace_back(dns::Txt{std::string(text)});
  require(confirm::find_discovery(answer).has_value() == discovery.has_value());
  if (discovery) {
    require(discovery->rua.size() <= 10);
    require(confirm::parse_mode(confirm::to_string(discovery->mode)) == discovery->mode);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  check("v=DKIM1; k=ed25519; p=" + std::string(text));
  check("v=CAS1; " + folded(text));
  return 0;
}
