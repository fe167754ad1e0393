// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Domains: RFC 5890 A-labels, made from U-labels by libidn2 (RFC 5891, with the mapping of UTS #46).
#include <idn2.h>

#include <algorithm>
#include <memory>

#include "base/encoding.hpp"
#include "message/address.hpp"

namespace cas {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxUnicodeName = 1024;  // octets of UTF-8 given to libidn2
constexpr std::string_view kAcePrefix = "xn--";

using IdnText = std::unique_ptr<char, decltype(&idn2_free)>;

std::unexpected<Error> bad_domain(std::string_view why) {
  return permanent("domain name is not valid", "domain name: " + std::string(why));
}

/// libidn2's view of an A-label. Characters that IDNA 2008 does not permit (emoji, unassigned) are in use and let
/// through; what is not Punycode at all, or stands for another spelling, is not.
bool is_plausible_a_label(std::string_view label) {
  const std::string text(label);
  char* raw = nullptr;
  const int code = idn2_to_unicode_8z8z(text.c_str(), &raw, 0);
  const IdnText unicode(raw, &idn2_free);
  switch (code) {
    case IDN2_OK: return unicode != nullptr && !is_ascii(unicode.get());
    case IDN2_DISALLOWED:
    case IDN2_UNASSIGNED:
    case IDN2_CONTEXTJ:
    case IDN2_CONTEXTJ_NO_RULE:
    case IDN2_CONTEXTO:
    case IDN2_CONTEXTO_NO_RULE:
    case IDN2_BIDI: return true;
    default: return false;
  }
}

/// `label` in lower case.
bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMaxLabel) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  // Underscores are no host name, but names of mail use them: _dmarc, selector._domainkey (RFC 8552).
  if (!std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-' || c == '_'; })) return false;
  return !label.starts_with(kAcePrefix) || is_plausible_a_label(label);
}

Result<std::string> to_a_labels(std::string_view text) {
  if (text.size() > kMaxUnicodeName) return bad_domain("too long");
  if (!is_utf8(text) || text.contains('\0')) return bad_domain("not UTF-8");
  const std::string terminated(text);
  char* raw = nullptr;
  const int code = idn2_to_ascii_8z(terminated.c_str(), &raw, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const IdnText ascii(raw, &idn2_free);
  if (code != IDN2_OK || !ascii) return bad_domain(idn2_strerror(code));
  return std::string(ascii.get());
}

}  // namespace

Result<Domain> Domain::parse(std::string_view text) {
  std::string name;
  if (is_ascii(text)) {
    if (text.size() > kMaxName + 1) return bad_domain("too long");
    name = to_lower(text);
  } else {
    CAS_TRY(name, to_a_labels(text));
    name = to_lower(name);
  }
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kMaxName) return bad_domain("empty or too long");

  std::string_view label;
  for (std::size_t start = 0; start <= name.size(); start += label.size() + 1) {
    label = std::string_view(name).substr(start, name.find('.', start) - start);
    if (!is_label(label)) return bad_domain("bad label");
  }
  // RFC 3696 §2: no top-level domain is all digits; what ends so is an IPv4 address without its brackets.
  if (std::ranges::all_of(label, is_digit)) return bad_domain("an address is no domain");
  return Domain(std::move(name));
}

bool Domain::is_within(const Domain& other) const {
  if (!text_.ends_with(other.text_)) return false;
  const std::size_t before = text_.size() - other.text_.size();
  return before == 0 || text_[before - 1] == '.';
}

std::optional<Domain> Domain::parent() const {
  const std::size_t dot = text_.find('.');
  if (dot == std::string::npos) return std::nullopt;
  return Domain(text_.substr(dot + 1));
}

}  // namespace cas
