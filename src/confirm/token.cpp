// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Form and MAC of the header token (CAS §14.1, §14.2).
#include "confirm/token.hpp"

#include <algorithm>

#include "confirm/intent_grammar.hpp"

namespace cas::confirm {
namespace {

constexpr std::string_view version = "1.";
constexpr std::size_t max_kid = 16;

bool is_kid(std::string_view text) {
  return !text.empty() && text.size() <= max_kid &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c); });
}

std::string spelt(UnixTime time) {
  return std::to_string(time.time_since_epoch().count());
}

/// Cuts off what stands before the next dot. None when there is no dot.
std::optional<std::string_view> next_part(std::string_view& rest) {
  const auto dot = rest.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view part = rest.substr(0, dot);
  rest.remove_prefix(dot + 1);
  return part;
}

/// None where a value has no spelling in an intent.
std::optional<TokenMac> mac_of(std::span<const std::uint8_t> secret, const Token& token, const TokenBinding& binding) {
  const auto& sender = binding.mail_from.mailbox();
  const auto f = sender ? print_addr(*sender) : std::optional(std::string());
  const auto o = print_addr(binding.author);
  if (!f || !o || !binding.recipient.domain()) return std::nullopt;

  std::string input = "CAS1 TOKEN\n";
  input += token.kid + '\n';
  input += std::string(letter(token.klass)) + '\n';
  input += spelt(token.expires) + '\n';
  input += base64url(token.id) + '\n';
  input += token.signing_domain.text() + '\n';
  input += *f + '\n';
  input += binding.recipient.domain()->text() + '\n';
  input += percent_encode(binding.recipient.local().value()) + '\n';
  input += *o + '\n';
  input += percent_encode(binding.list_id.value_or("")) + '\n';
  input += "c1:" + base64url(binding.digest);

  const auto whole = crypto::hmac_sha256(secret, input);
  TokenMac mac{};
  std::copy_n(whole.begin(), mac.size(), mac.begin());
  return mac;
}

}  // namespace

std::optional<Token> parse_token(std::string_view text) {
  if (!text.starts_with(version)) return std::nullopt;
  std::string_view rest = text.substr(version.size());
  const auto kid = next_part(rest);
  const auto k = next_part(rest);
  const auto x = next_part(rest);
  const auto i = next_part(rest);
  const auto last_dot = rest.rfind('.');  // a domain has dots of its own
  if (!kid || !k || !x || !i || last_dot == std::string_view::npos) return std::nullopt;

  const auto klass = read_class(*k);
  const auto expires = grammar::read_seconds(*x);
  const auto id = grammar::read_octets<16>(*i);
  auto host = grammar::read_host(rest.substr(0, last_dot));
  const auto mac = grammar::read_octets<16>(rest.substr(last_dot + 1));
  if (!is_kid(*kid) || !klass || !expires || !id || !host || !mac) return std::nullopt;
  return Token{.kid = std::string(*kid),
               .klass = *klass,
               .expires = *expires,
               .id = *id,
               .signing_domain = *std::move(host),
               .mac = *mac};
}

std::string print_token(const Token& token) {
  std::string out(version);
  out += token.kid + '.';
  out += letter(token.klass);
  out += '.' + spelt(token.expires);
  out += '.' + base64url(token.id);
  out += '.' + token.signing_domain.text();
  return out + '.' + base64url(token.mac);
}

Result<Token> make_token(std::span<const std::uint8_t> secret, std::string_view kid, const Intent& intent,
                         const LocalPart& recipient) {
  const Mailbox mailbox(recipient, intent.recipient_domain);
  if (secret.size() < min_token_secret) return permanent("the secret of a token is too short");
  if (!is_kid(kid)) return permanent("the name of a token's secret is out of form");
  if (!intent.digest) return permanent("no token without a digest");
  if (intent.forwarded) return permanent("no token for a forwarded hop");  // CAS §14.3
  if (!intent.lists(mailbox)) return permanent("the intent does not list the recipient of the token");

  Token token{.kid = std::string(kid),
              .klass = intent.klass,
              .expires = intent.expires,
              .id = intent.id,
              .signing_domain = intent.signing_domain};
  const ReversePath sender = intent.envelope_from ? ReversePath(*intent.envelope_from) : ReversePath();
  const auto mac = mac_of(secret, token, {sender, mailbox, intent.author, intent.list_id, *intent.digest});
  if (!mac) return permanent("the intent names an address that has no spelling");
  token.mac = *mac;
  return token;
}

bool check_token(std::span<const std::uint8_t> secret, const Token& token, const TokenBinding& binding) {
  const auto mac = mac_of(secret, token, binding);
  return mac && crypto::equal_constant_time(*mac, token.mac);
}

}  // namespace cas::confirm
