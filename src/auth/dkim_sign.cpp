// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Choosing what to sign, and signing it.
#include "auth/dkim_sign.hpp"

#include <algorithm>

#include "auth/signature_writer.hpp"
#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t max_names = 500;

bool names(const std::vector<std::string>& list, std::string_view name) {
  return std::ranges::any_of(list, [&](const std::string& item) { return iequals(item, name); });
}

}  // namespace

HeaderChoice recommended_headers() {
  HeaderChoice choice;
  choice.oversigned = {"From",       "Reply-To",     "To",           "Cc",
                       "Subject",    "Date",         "Message-ID",   "In-Reply-To",
                       "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"};
  // A list adds these in good faith: signed where they stand, and not forbidden where they do not.
  choice.signed_fields = {
      "Sender",    "List-Id",    "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",  "List-Help",
      "List-Post", "List-Owner", "List-Subscribe",   "Content-Disposition",   "Content-Language"};
  return choice;
}

std::vector<std::string> headers_to_sign(const std::vector<HeaderField>& fields, const HeaderChoice& choice) {
  std::vector<std::string> chosen;
  const auto add = [&](const std::string& name, bool once_more) {
    const auto standing = std::ranges::count_if(fields, [&](const auto& field) { return iequals(field.name, name); });
    const auto times = static_cast<std::size_t>(standing) + (once_more ? 1 : 0);
    for (std::size_t n = 0; n < times && chosen.size() < max_names; ++n) chosen.push_back(name);
  };
  if (!names(choice.signed_fields, "From") && !names(choice.oversigned, "From")) add("From", false);
  for (const auto& name : choice.oversigned) add(name, true);
  for (const auto& name : choice.signed_fields) {
    if (!names(choice.oversigned, name)) add(name, false);
  }
  return chosen;
}

Result<std::string> sign_dkim(SignedHeader& header, const crypto::Sha256Digest& body_hash, const DkimSigning& signing,
                              const crypto::PrivateKey& key) {
  const bool has_author = std::ranges::any_of(header.fields(), [](const auto& f) { return iequals(f.name, "From"); });
  if (!has_author || !names(signing.headers, "From")) return permanent("a message without From cannot be signed");
  if (!Domain::parse(signing.selector + "._domainkey." + signing.domain.text())) {
    return permanent("the selector makes no name");
  }
  SignatureWriter writer("DKIM-Signature");
  writer.tag("v", "1").tag("a", algorithm_word(key.type()));
  writer.tag("c", std::string(form_word(signing.header_form)) + '/' + std::string(form_word(signing.body_form)));
  writer.tag("d", signing.domain.text()).tag("s", signing.selector);
  if (signing.signed_at) writer.tag("t", std::to_string(signing.signed_at->time_since_epoch().count()));
  if (signing.expires) writer.tag("x", std::to_string(signing.expires->time_since_epoch().count()));
  if (signing.body_length) writer.tag("l", std::to_string(*signing.body_length));
  writer.list("h", signing.headers).tag("bh", base64(body_hash));
  std::vector<std::string> lower;
  for (const auto& name : signing.headers) lower.push_back(to_lower(name));
  crypto::Sha256 hash;
  header.hash(hash, lower, signing.header_form, SignedHeader::npos);
  return writer.sign(std::move(hash), signing.header_form, key);
}

}  // namespace cas::auth
