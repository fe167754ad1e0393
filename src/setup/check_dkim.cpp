// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The key records of the keys that sign.
#include <algorithm>

#include "auth/dkim_key.hpp"
#include "auth/tag_list.hpp"
#include "crypto/der.hpp"
#include "setup/checker.hpp"

namespace cas::setup {

namespace {

/// RSA keys are published in two forms (RFC 6376 §3.6.1): the numbers are what counts.
bool same_key(crypto::KeyType type, const Octets& a, const Octets& b) {
  if (a == b || type == crypto::KeyType::Ed25519) return a == b;
  const auto x = crypto::parse_rsa_public_key(a), y = crypto::parse_rsa_public_key(b);
  return x && y && std::ranges::equal(x->modulus, y->modulus) && std::ranges::equal(x->exponent, y->exponent);
}

std::optional<Octets> key_of(std::string_view text) {
  const auto tags = auth::parse_tag_list(text);
  const auto p = tags ? auth::find_tag(*tags, "p") : std::nullopt;
  return p ? from_base64_folded(auth::without_blanks(*p)) : std::nullopt;
}

std::string why(auth::DkimKeyError error) {
  switch (error) {
    case auth::DkimKeyError::Syntax:
      return "The key record cannot be read: a tag is missing, stands twice or has no value.";
    case auth::DkimKeyError::Version: return "The key record's v= is not first, or not DKIM1.";
    case auth::DkimKeyError::KeyType: return "The key record is of a type that nobody knows.";
    case auth::DkimKeyError::BadKey: return "What p= holds is no key; often part of it was lost when it was pasted.";
    case auth::DkimKeyError::WeakKey:
      return "The RSA key has less than 1024 bits: receivers must not use it (RFC 8301).";
  }
  std::unreachable();
}

/// What is wrong with a record that can be read. False: nothing.
bool add_fault(Checker& c, Finding finding, const SigningKey& key, const auth::DkimKeyRecord& record) {
  constexpr int good_bits = 2048;
  if (record.revoked) {
    finding.id = "dkim.revoked";
    finding.problem = "The key is revoked (p= is empty), and this server signs with it: all its signatures fail.";
  } else if (const auto own = from_base64_folded(key.public_key), found = key_of(finding.found);
             record.type != key.type || !own || !found || !same_key(key.type, *own, *found)) {
    finding.id = "dkim.other-key";
    finding.problem = "Another key is published than this server signs with: all its signatures fail.";
    finding.mend = "Publish this server's key; or rotate, where another server signs with this selector.";
  } else if (!record.sha256_allowed || !record.for_email) {
    finding.id = "dkim.restricted";
    finding.problem = !record.sha256_allowed ? "h= does not allow SHA-256, which every signature uses."
                                             : "s= does not allow the key for mail.";
  } else if (record.testing) {
    finding.id = "dkim.testing";
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem =
        "t=y says that signing is being tried out: receivers treat the mail as unsigned, and CAS confirms "
        "nothing by it.";
  } else if (record.key && record.key->type() == crypto::KeyType::Rsa && record.key->rsa_bits() < good_bits) {
    finding.id = "dkim.weak";
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = "The RSA key has " + std::to_string(record.key->rsa_bits()) + " bits; 2048 are what is advised.";
    finding.mend = "cas keys rotate " + c.site.domain.text();
    finding.line.clear();
  } else {
    return false;
  }
  c.add(std::move(finding));
  return true;
}

/// `needed`: mail is signed with it, or is to be.
void check_key(Checker& c, const SigningKey& key, bool needed, const WantedRecord& wanted) {
  const auto* answer = c.ask(wanted.name, dns::Type::TXT);
  if (answer == nullptr) return;
  if (answer->status == dns::Status::Failed) return c.add_failed("dkim", wanted.name, dns::Type::TXT, *answer);
  Finding finding{.id = "dkim",
                  .name = wanted.name,
                  .type = "TXT",
                  .verdict = Verdict::Wrong,
                  .need = needed ? Need::Needed : Need::Optional,
                  .problem = key.active
                                 ? "The key that this server signs with is not published: all its signatures fail."
                                 : "The key that waits to be used is not published yet.",
                  .expected = wanted.value,
                  .found = "nothing",
                  .mend = "Publish the key.",
                  .line = record_line(wanted)};
  const auto texts = texts_of(*answer);
  if (texts.empty()) return c.add_missing_txt(std::move(finding), *answer, "v=DKIM1");
  finding.found = joined(texts, " | ");
  if (texts.size() > 1) {
    finding.id = "dkim.several";
    finding.problem = "There are several records at one selector: which of them is read is chance (RFC 6376 §3.6.2.2).";
    finding.mend = "Leave this one alone.";
    return c.add(std::move(finding));
  }
  const auto record = auth::parse_dkim_key(texts.front());
  if (!record) {
    finding.id = record.error() == auth::DkimKeyError::WeakKey ? "dkim.too-weak" : "dkim.syntax";
    finding.problem = why(record.error());
    return c.add(std::move(finding));
  }
  if (add_fault(c, finding, key, *record)) return;
  c.add_ok("dkim", wanted.name, "TXT", texts.front(),
           key.active ? "The key that this server signs with is published." : "The key is published.");
}

void add_unsigned(Checker& c, bool any) {
  const auto& domain = c.site.domain.text();
  Finding finding{.id = "dkim.no-key",
                  .name = domain,
                  .verdict = Verdict::Missing,
                  .problem = "No key signs the domain's mail: large receivers want a signature, and CAS needs one.",
                  .mend = "cas keys generate " + domain + "; publish what it prints; cas keys rotate " + domain};
  if (any) {
    finding.id = "dkim.no-rsa";
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = "No RSA key signs the domain's mail: receivers that cannot verify Ed25519 take it as unsigned.";
  } else if (!c.site.keys.empty()) {
    finding.id = "dkim.waiting";
    finding.verdict = Verdict::Weak;
    finding.need = Need::Recommended;
    finding.problem = "The domain's keys wait: until they are put into use its mail is neither signed nor confirmed.";
    finding.mend = "cas keys rotate " + domain + ", as soon as the DNS has them";
  }
  c.add(std::move(finding));
}

}  // namespace

void check_dkim(Checker& c) {
  if (!c.facts.own) return;
  const bool any = std::ranges::any_of(c.site.keys, &SigningKey::active);
  bool rsa = false;
  for (const auto& key : c.site.keys) {
    rsa = rsa || (key.active && key.type == crypto::KeyType::Rsa);
    const auto wanted = c.wanted(Kind::Dkim, key.selector + "._domainkey." + c.site.domain.text());
    if (!wanted.empty()) check_key(c, key, key.active || !any, wanted.front());
  }
  if (!rsa) add_unsigned(c, any);
}

}  // namespace cas::setup
