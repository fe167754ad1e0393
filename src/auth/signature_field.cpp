// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Tags of a signature, one after the other; the first fault is what is reported.
#include "auth/signature_field.hpp"

#include <algorithm>
#include <limits>

#include "auth/tag_list.hpp"

namespace cas::auth {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::uint32_t max_instance = 50;  // RFC 8617 §4.2.1

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Digits only; what is too large for the type is its largest value.
std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty() || digits.size() > 76 || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  constexpr auto largest = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (largest - digit) / 10) return largest;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<UnixTime> time_of(std::string_view digits) {
  constexpr std::uint64_t year_33658 = 999'999'999'999;  // RFC 6376 §3.5: 12 digits are enough
  const auto value = number(digits);
  if (!value) return std::nullopt;
  return UnixTime(seconds(std::min(*value, year_33658)));
}

std::vector<std::string_view> split(std::string_view list, char separator) {
  std::vector<std::string_view> items;
  while (true) {
    const auto end = list.find(separator);
    items.push_back(trimmed(list.substr(0, end)));
    if (end == std::string_view::npos) return items;
    list.remove_prefix(end + 1);
  }
}

/// RFC 6376 §3.5, domain-name: without the final dot that the DNS has.
std::optional<Domain> domain_name(std::string_view text) {
  auto domain = Domain::parse(text);
  if (!domain || text.ends_with('.')) return std::nullopt;
  return *std::move(domain);
}

/// RFC 6376 §2.11, dkim-quoted-printable: "=" only before two hexadecimal digits. Blanks are nothing.
bool is_quoted_printable(std::string_view text) {
  const std::string dense = without_blanks(text);
  const auto is_hex = [&](std::size_t at) {
    return at < dense.size() && (is_digit(dense[at]) || (to_lower(dense[at]) >= 'a' && to_lower(dense[at]) <= 'f'));
  };
  for (auto at = dense.find('='); at != std::string::npos; at = dense.find('=', at + 1)) {
    if (!is_hex(at + 1) || !is_hex(at + 2)) return false;
  }
  return true;
}

std::optional<Canonicalization> form_of(std::string_view word) {
  if (iequals(word, "simple")) return Canonicalization::Simple;
  if (iequals(word, "relaxed")) return Canonicalization::Relaxed;
  return std::nullopt;
}

class Reader {
 public:
  Reader(SignatureKind kind, UnixTime now) : kind_(kind), now_(now) {}

  SignatureField read(std::string_view value) {
    const auto tags = parse_tag_list(value);
    if (!tags) {
      fail(DkimResult::Neutral, "its tags cannot be read");
      return std::move(field_);
    }
    tags_ = *tags;
    read_signer();
    if (kind_ == SignatureKind::Dkim) read_dkim_tags();
    if (kind_ != SignatureKind::Dkim) read_instance();
    if (kind_ == SignatureKind::ArcSeal) read_seal_tags();
    if (kind_ != SignatureKind::ArcSeal) read_message_tags();
    read_times();
    read_algorithm();
    return std::move(field_);
  }

 private:
  [[nodiscard]] std::optional<std::string_view> tag(std::string_view name) const { return find_tag(tags_, name); }

  std::string_view required(std::string_view name) {
    const auto value = tag(name);
    if (!value) fail(DkimResult::Neutral, "it has no " + std::string(name) + "=");
    return value.value_or(std::string_view());
  }

  void fail(DkimResult result, std::string reason) {
    if (!field_.fault) field_.fault = SignatureFault{.result = result, .reason = std::move(reason)};
  }

  void read_signer() {
    if (auto domain = domain_name(required("d"))) {
      field_.domain = *std::move(domain);
    } else {
      fail(DkimResult::Neutral, "its d= is no domain");
    }
    field_.selector = to_lower(required("s"));
    // RFC 6376 §3.1: labels, as the key's name has them. A name too long for the DNS could never be looked up, and that
    // would read as a signature that may yet be right.
    const std::string below = field_.domain ? field_.domain->text() : "example";
    if (field_.selector.empty() || !Domain::parse(field_.selector + "._domainkey." + below)) {
      fail(DkimResult::Neutral, "its s= is no selector");
      field_.selector.clear();
    }
    field_.algorithm = required("a");
    field_.signature_text = without_blanks(required("b"));
    auto octets = from_base64_folded(field_.signature_text);
    if (!octets || octets->empty()) return fail(DkimResult::Neutral, "its b= is no base64");
    field_.signature = *std::move(octets);
  }

  void read_dkim_tags() {
    if (required("v") != "1") fail(DkimResult::Neutral, "its version is none that is known");
    if (const auto q = tag("q")) {
      // RFC 6376 §3.5: unknown methods are ignored, and this is the only one that there is.
      const auto methods = split(*q, ':');
      if (std::ranges::find(methods, "dns/txt") == methods.end()) {
        fail(DkimResult::Neutral, "its key is not published in the DNS");
      }
      if (std::ranges::find(methods, "") != methods.end()) fail(DkimResult::Neutral, "its q= names nothing somewhere");
    }
    read_identity();
  }

  // RFC 6376 §6.1.1: the domain of i= is d= or one below it.
  void read_identity() {
    const std::string domain = field_.domain ? field_.domain->text() : std::string();
    field_.identity = "@" + domain;
    const auto i = tag("i");
    if (!i) return;
    const auto at = i->rfind('@');
    const auto named = at == std::string_view::npos ? std::nullopt : domain_name(trimmed(i->substr(at + 1)));
    if (!named || !is_quoted_printable(i->substr(0, at))) return fail(DkimResult::Neutral, "its i= is no identity");
    field_.identity = without_blanks(*i);
    if (!field_.domain) return;
    field_.identity_is_domain = *named == *field_.domain;
    if (!named->is_within(*field_.domain)) fail(DkimResult::PermError, "its i= is not within its d=");
  }

  void read_instance() {
    const auto value = number(required("i"));
    if (!value || *value == 0 || *value > max_instance) return fail(DkimResult::PermError, "its i= is no instance");
    field_.instance = static_cast<std::uint32_t>(*value);
  }

  // RFC 8617 §4.1.3: cv= in; no h=, which would say that something else is sealed; what is sealed is fixed.
  void read_seal_tags() {
    field_.chain = to_lower(required("cv"));
    if (field_.chain != "none" && field_.chain != "pass" && field_.chain != "fail") {
      fail(DkimResult::PermError, "its cv= says nothing that is known");
    }
    if (tag("h")) fail(DkimResult::PermError, "a seal has no h=");
    field_.header_form = Canonicalization::Relaxed;
  }

  void read_message_tags() {
    read_forms();
    auto hash = from_base64_folded(required("bh"));
    if (!hash || hash->empty()) {
      fail(DkimResult::Neutral, "its bh= is no base64");
    } else {
      field_.body_hash = *std::move(hash);
    }
    for (const auto name : split(required("h"), ':')) {
      // RFC 6376 §3.5 knows no empty name. In ARC it is passed over, as other verifiers do: it signs nothing, and what
      // a chain is worth rests on who sealed it.
      if (name.empty() && kind_ == SignatureKind::ArcMessage) continue;
      if (name.empty()) fail(DkimResult::Neutral, "its h= names nothing somewhere");
      if (name.find_first_of(blanks) != std::string_view::npos) fail(DkimResult::Neutral, "its h= is no list of names");
      field_.headers.push_back(to_lower(name));
    }
    const auto& names = field_.headers;
    if (kind_ == SignatureKind::Dkim && std::ranges::find(names, "from") == names.end()) {
      fail(DkimResult::PermError, "it does not sign From");  // RFC 6376 §6.1.1
    }
    if (kind_ == SignatureKind::ArcMessage && std::ranges::find(names, "arc-seal") != names.end()) {
      fail(DkimResult::PermError, "it signs a seal");  // RFC 8617 §4.1.2
    }
    if (const auto l = tag("l")) {
      field_.body_length = number(*l);
      if (!field_.body_length) fail(DkimResult::Neutral, "its l= is no number");
    }
  }

  void read_forms() {
    const auto c = tag("c");
    if (!c && kind_ == SignatureKind::ArcMessage) {
      // RFC 8617 §4.1.2 by its letter: simple, as in DKIM. Those who leave it out of ARC sign relaxed, as seals are.
      field_.header_form = field_.body_form = Canonicalization::Relaxed;
    }
    if (!c) return;
    const auto slash = c->find('/');
    const auto header = form_of(c->substr(0, slash));
    // RFC 6376 §3.5: one word stands for the header, and the body is simple then.
    const auto body = slash == std::string_view::npos ? Canonicalization::Simple : form_of(c->substr(slash + 1));
    if (!header || !body) return fail(DkimResult::Neutral, "its canonicalization is none that is known");
    field_.header_form = *header;
    field_.body_form = *body;
  }

  void read_times() {
    if (const auto t = tag("t")) {
      field_.signed_at = time_of(*t);
      if (!field_.signed_at) fail(DkimResult::Neutral, "its t= is no time");
    }
    if (const auto x = kind_ == SignatureKind::ArcSeal ? std::nullopt : tag("x")) {
      field_.expires = time_of(*x);
      if (!field_.expires) fail(DkimResult::Neutral, "its x= is no time");
    }
    if (!field_.expires) return;
    if (field_.signed_at && *field_.expires <= *field_.signed_at) {
      fail(DkimResult::Neutral, "it expires before it was made");  // RFC 6376 §3.5: x= MUST be greater than t=
    } else if (*field_.expires < now_) {
      fail(DkimResult::Policy, "it has expired");
    }
  }

  void read_algorithm() {
    if (iequals(field_.algorithm, "rsa-sha256")) {
      field_.key_type = crypto::KeyType::Rsa;
    } else if (iequals(field_.algorithm, "ed25519-sha256")) {
      field_.key_type = crypto::KeyType::Ed25519;  // RFC 8463 §3
    } else if (iequals(field_.algorithm, "rsa-sha1")) {
      fail(DkimResult::Policy, "rsa-sha1 is not accepted");  // RFC 8301 §3.1
    } else {
      fail(DkimResult::Neutral, "its algorithm is none that is known");
    }
  }

  SignatureKind kind_;
  UnixTime now_;
  TagList tags_;
  SignatureField field_;
};

}  // namespace

SignatureField parse_signature(SignatureKind kind, std::string_view value, UnixTime now) {
  return Reader(kind, now).read(value);
}

std::string without_signature(const HeaderField& field, Canonicalization form) {
  const std::string_view raw = field.raw;
  const auto value_at = static_cast<std::size_t>(field.value.data() - raw.data());
  std::string kept(raw.substr(0, value_at));
  std::string_view rest = field.value;
  while (true) {
    const auto end = std::min(rest.find(';'), rest.size());
    const std::string_view spec = rest.substr(0, end);
    const auto equals = spec.find('=');
    const bool is_signature = equals != std::string_view::npos && trimmed(spec.substr(0, equals)) == "b";
    kept += is_signature ? spec.substr(0, equals + 1) : spec;
    if (end == rest.size()) break;
    kept += ';';
    rest.remove_prefix(end + 1);
  }
  if (form == Canonicalization::Simple) return kept;
  const std::string_view text = kept;
  std::string relaxed = relaxed_header(HeaderField{text, text.substr(0, field.name.size()), text.substr(value_at)});
  relaxed.resize(relaxed.size() - 2);
  return relaxed;
}

}  // namespace cas::auth
