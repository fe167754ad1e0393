// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing the intent (CAS §4.2). The line is first cut into its tags, in their one order, and then each
// value is read by its own rule; what no rule allows is a syntax error.
#include "confirm/intent.hpp"

#include <algorithm>
#include <utility>

#include "confirm/intent_grammar.hpp"

namespace cas::confirm {
namespace {

constexpr std::string_view version_tag = "v=CAS1;";

enum Tag : std::size_t { I, D, S, A, T, X, F, Q, R, O, K, L, W, M, B };
struct TagName {
  std::string_view prefix;
  bool required;
};
constexpr std::array<TagName, 15> tag_names{{{"i=", true},
                                             {"d=", true},
                                             {"s=", true},
                                             {"a=", true},
                                             {"t=", true},
                                             {"x=", true},
                                             {"f=", true},
                                             {"q=", true},
                                             {"r=", true},
                                             {"o=", true},
                                             {"k=", true},
                                             {"l=", false},
                                             {"w=", false},
                                             {"m=", true},
                                             {"b=", true}}};
using TagValues = std::array<std::optional<std::string_view>, tag_names.size()>;

/// The values of what follows the version. None when a tag is missing, unknown, repeated or out of order.
std::optional<TagValues> cut(std::string_view rest) {
  TagValues values;
  bool more = true;  // a ";" announced another tag
  for (std::size_t i = 0; i < tag_names.size(); ++i) {
    const auto& [prefix, required] = tag_names[i];
    if (!more || !rest.starts_with(prefix)) {
      if (required) return std::nullopt;
      continue;
    }
    const auto end = rest.find(';');
    values[i] = rest.substr(0, end).substr(prefix.size());
    more = end != std::string_view::npos;
    rest.remove_prefix(more ? end + 1 : rest.size());
  }
  if (more) return std::nullopt;
  return values;
}

/// Syntax unless the line has the form of another version of CAS.
Reason version_failure(std::string_view line) {
  const auto end = line.find(';');
  if (!line.starts_with("v=") || end == std::string_view::npos || end == 2) return Reason::Syntax;
  return std::ranges::all_of(line.substr(2, end - 2), is_alnum) ? Reason::Version : Reason::Syntax;
}

std::expected<Algorithm, Reason> read_algorithm(std::string_view text) {
  if (text == "ed25519-sha256") return Algorithm::Ed25519Sha256;
  if (text == "rsa-sha256") return Algorithm::RsaSha256;
  const bool has_form = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
  });
  return std::unexpected(has_form ? Reason::Algorithm : Reason::Syntax);
}

/// f= and m= have a value that stands for "none": the empty one and "-".
template <class T>
struct Nullable {
  bool ok = false;
  std::optional<T> value;
};

template <class T, class Read>
Nullable<T> read_nullable(std::string_view text, std::string_view none, Read read) {
  if (text == none) return {.ok = true, .value = {}};
  auto value = read(text);
  const bool ok = value.has_value();
  return {.ok = ok, .value = std::move(value)};
}

std::expected<Intent, Reason> read_values(const TagValues& values) {
  const auto algorithm = read_algorithm(*values[A]);
  const auto id = grammar::read_octets<16>(*values[I]);
  auto d = grammar::read_host(*values[D]);
  const auto t = grammar::read_seconds(*values[T]);
  const auto x = grammar::read_seconds(*values[X]);
  auto f = read_nullable<Mailbox>(*values[F], "", grammar::read_addr);
  auto q = grammar::read_host(*values[Q]);
  auto r = grammar::read_recipients(*values[R]);
  auto o = grammar::read_addr(*values[O]);
  const auto k = read_class(*values[K]);
  auto l = values[L] ? grammar::read_list_id(*values[L]) : std::nullopt;
  const auto m = read_nullable<crypto::Sha256Digest>(*values[M], "-", grammar::read_digest);
  auto b = grammar::read_signature(*values[B]);

  const bool complete = id && d && grammar::is_selector(*values[S]) && t && x && f.ok && q && r && o && k && m.ok && b;
  const bool list_fits = l.has_value() == values[L].has_value() && l.has_value() == (k == Class::Bulk);
  const bool hop_fits = !values[W] || *values[W] == "fwd";
  if (!complete || !list_fits || !hop_fits) return std::unexpected(Reason::Syntax);
  if (!algorithm) return std::unexpected(algorithm.error());  // CAS §4.3: said only of a line that is right otherwise
  return Intent{.id = *id,
                .signing_domain = *std::move(d),
                .selector = std::string(*values[S]),
                .algorithm = *algorithm,
                .issued = *t,
                .expires = *x,
                .envelope_from = std::move(f.value),
                .recipient_domain = *std::move(q),
                .recipients = *std::move(r),
                .author = *std::move(o),
                .klass = *k,
                .list_id = std::move(l),
                .forwarded = values[W].has_value(),
                .digest = m.value,
                .signature = *std::move(b)};
}

/// The line through ";b=".
std::string print_unsigned(const Intent& intent) {
  const auto seconds = [](UnixTime time) { return std::to_string(time.time_since_epoch().count()); };
  std::string out(version_tag);
  out += "i=" + base64url(intent.id);
  out += ";d=" + intent.signing_domain.text();
  out += ";s=" + intent.selector;
  out += intent.algorithm == Algorithm::Ed25519Sha256 ? ";a=ed25519-sha256" : ";a=rsa-sha256";
  out += ";t=" + seconds(intent.issued);
  out += ";x=" + seconds(intent.expires);
  out += ";f=" + (intent.envelope_from ? print_addr(*intent.envelope_from).value_or("") : "");
  out += ";q=" + intent.recipient_domain.text();
  out += ";r=";
  for (std::size_t i = 0; i < intent.recipients.size(); ++i) {
    if (i > 0) out += ',';
    out += percent_encode(intent.recipients[i].value());
  }
  out += ";o=" + print_addr(intent.author).value_or("");
  out += ";k=";
  out += letter(intent.klass);
  if (intent.list_id) out += ";l=" + percent_encode(*intent.list_id);
  if (intent.forwarded) out += ";w=fwd";
  out += ";m=" + (intent.digest ? "c1:" + base64url(*intent.digest) : "-");
  return out + ";b=";
}

}  // namespace

std::string_view letter(Class klass) {
  switch (klass) {
    case Class::Personal: return "p";
    case Class::Transactional: return "t";
    case Class::Bulk: return "b";
    case Class::Automatic: return "a";
  }
  std::unreachable();
}

std::optional<Class> read_class(std::string_view text) {
  for (const Class klass : {Class::Personal, Class::Transactional, Class::Bulk, Class::Automatic}) {
    if (text == letter(klass)) return klass;
  }
  return std::nullopt;
}

std::chrono::seconds max_lifetime(Class klass) {
  const bool long_lived = klass == Class::Transactional || klass == Class::Bulk;
  return std::chrono::hours(long_lived ? 72 : 24);
}

bool Intent::lists(const Mailbox& recipient) const {
  return recipient.domain() == recipient_domain && std::ranges::find(recipients, recipient.local()) != recipients.end();
}

std::expected<Intent, Reason> parse_intent(std::string_view line) {
  if (line.size() > max_intent_line) return std::unexpected(Reason::TooLong);
  if (!line.starts_with(version_tag)) return std::unexpected(version_failure(line));
  const auto values = cut(line.substr(version_tag.size()));
  if (!values) return std::unexpected(Reason::Syntax);
  return read_values(*values);
}

std::string print_intent(const Intent& intent) {
  return print_unsigned(intent) + base64url(intent.signature);
}

void sort_recipients(Intent& intent) {
  std::vector<std::pair<std::string, LocalPart>> spelt;
  spelt.reserve(intent.recipients.size());
  for (LocalPart& local : intent.recipients) spelt.emplace_back(percent_encode(local.value()), std::move(local));
  std::ranges::sort(spelt);
  const auto repeated = std::ranges::unique(spelt);
  spelt.erase(repeated.begin(), repeated.end());
  intent.recipients.clear();
  for (auto& [spelling, local] : spelt) intent.recipients.push_back(std::move(local));
}

crypto::Sha256Digest signature_hash(std::string_view line) {
  constexpr std::string_view last_tag = ";b=";
  const auto at = line.rfind(last_tag);
  const std::string_view covered = at == std::string_view::npos ? line : line.substr(0, at + last_tag.size());
  return crypto::Sha256().update("CAS1 INTENT\n").update(covered).finish();
}

Result<void> sign_intent(Intent& intent, const crypto::PrivateKey& key) {
  const bool rsa = key.type() == crypto::KeyType::Rsa;
  intent.algorithm = rsa ? Algorithm::RsaSha256 : Algorithm::Ed25519Sha256;
  CAS_TRY(intent.signature, key.sign(signature_hash(print_unsigned(intent))));
  return {};
}

bool verify_intent(const Intent& intent, std::string_view line, const crypto::PublicKey& key) {
  constexpr int min_rsa_bits = 2048;
  constexpr int max_rsa_bits = 4096;
  const bool rsa = intent.algorithm == Algorithm::RsaSha256;
  if ((key.type() == crypto::KeyType::Rsa) != rsa) return false;
  if (rsa && (key.rsa_bits() < min_rsa_bits || key.rsa_bits() > max_rsa_bits || !key.rsa_exponent_is_65537())) {
    return false;  // CAS §4.5
  }
  return key.verify(signature_hash(line), intent.signature);
}

IntentId derive_intent_id(std::span<const std::uint8_t> secret, std::string_view queue_id,
                          const Domain& recipient_domain) {
  // The queue id holds no LF, so no two pairs give the same input.
  const auto mac = crypto::hmac_sha256(secret, "CAS1 ID\n" + std::string(queue_id) + '\n' + recipient_domain.text());
  IntentId id{};
  std::copy_n(mac.begin(), id.size(), id.begin());
  return id;
}

}  // namespace cas::confirm
