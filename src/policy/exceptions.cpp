// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Patterns and scopes: how they are read.
#include "policy/exceptions.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "message/scanner.hpp"
#include "policy/exception_keys.hpp"
#include "policy/regex_book.hpp"

namespace cas::policy {
namespace {

constexpr std::array action_words{"exempt", "allow", "block", "forward"};
constexpr std::array proof_words{"none", "dkim", "spf", "certificate", "client"};
constexpr std::string_view list_prefix = "list:";
constexpr std::size_t max_pattern = 600;
constexpr std::size_t max_list_id = 255;

std::unexpected<Error> bad(std::string_view text, const std::string& why) {
  return permanent("\"" + printable(text, 100) + "\" is no pattern: " + why);
}

std::string lower_address(const Mailbox& mailbox) {
  return std::string(AddressKey(mailbox).text());
}

/// Which network was meant by one that has bits behind its prefix.
std::optional<std::string> meant_network(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (slash == text.npos || !address) return {};
  const std::string digits(text.substr(slash + 1));
  if (digits.empty() || digits.size() > 3 || !std::ranges::all_of(digits, is_digit)) return {};
  const unsigned bits = static_cast<unsigned>(std::stoul(digits));
  std::array<std::uint8_t, 16> octets{};
  const auto own = address->octets();
  if (bits > own.size() * 8) return {};
  for (unsigned n = 0; n < bits; ++n) octets[n / 8] |= static_cast<std::uint8_t>(own[n / 8] & (0x80U >> (n % 8)));
  if (!address->is_v4()) return IpAddress(octets).text() + "/" + digits;
  return IpAddress(IpAddress::V4Octets{octets[0], octets[1], octets[2], octets[3]}).text() + "/" + digits;
}

bool has_bare_slash(std::string_view regex) {
  for (std::size_t n = 0; n < regex.size(); ++n) {
    if (regex[n] == '/') return true;
    if (regex[n] == '\\') ++n;
  }
  return false;
}

// RFC 2919 §3: dot-atom-text with a dot in it.
bool is_list_id(std::string_view text) {
  if (text.size() > max_list_id || !text.contains('.') || text.starts_with('.') || text.ends_with('.')) return false;
  if (text.contains("..")) return false;
  return std::ranges::all_of(text, [](char c) { return c == '.' || is_atext(c); });
}

}  // namespace

std::string_view to_string(ExceptionAction action) {
  return action_words.at(static_cast<std::size_t>(action));
}

std::optional<ExceptionAction> exception_action(std::string_view word) {
  const auto found = std::ranges::find(action_words, word);
  if (found == action_words.end()) return {};
  return static_cast<ExceptionAction>(found - action_words.begin());
}

std::string_view to_string(Proof proof) {
  return proof_words.at(static_cast<std::size_t>(proof));
}

std::optional<Proof> proof_named(std::string_view word) {
  const auto found = std::ranges::find(proof_words, word);
  if (found == proof_words.end()) return {};
  return static_cast<Proof>(found - proof_words.begin());
}

Result<Pattern> Pattern::parse(std::string_view text) {
  if (text.empty()) return permanent("a pattern is missing");
  if (text.size() > max_pattern) return bad(text, "it is longer than " + std::to_string(max_pattern) + " octets");
  if (text.starts_with('/')) {
    if (text.size() < 3 || !text.ends_with('/')) return bad(text, "a regular expression stands between two \"/\"");
    if (has_bare_slash(text.substr(1, text.size() - 2))) return bad(text, "a \"/\" in it is written \"\\/\"");
    CAS_CHECK(check_regex(text.substr(1, text.size() - 2)));
    return Pattern(Kind::Regex, std::string(text));
  }
  if (to_lower(text.substr(0, list_prefix.size())) == list_prefix) {
    auto id = to_lower(text.substr(list_prefix.size()));
    if (!is_list_id(id)) return bad(text, "behind \"list:\" stands a List-Id without < >, such as news.shop.example");
    return Pattern(Kind::List, std::string(list_prefix) + id);
  }
  if (const auto network = IpNetwork::parse(text)) return Pattern(Kind::Network, network->text());
  if (const auto meant = meant_network(text)) return bad(text, "the network is " + *meant);
  if (text.starts_with('@')) return bad(text, "a domain stands without \"@\"");
  if (text.contains('@')) {
    const auto mailbox = Mailbox::parse(text);
    if (!mailbox) return bad(text, "it is no address (" + mailbox.error().private_reason + ")");
    return Pattern(Kind::Address, lower_address(*mailbox));
  }
  const bool below = text.starts_with('.');
  if (text.starts_with("*."))
    return bad(text, "what is below a domain is written \"" + std::string(text.substr(1)) + "\"");
  const auto domain = Domain::parse(below ? text.substr(1) : text);
  if (!domain) {
    return bad(text, "write an address, a domain, .domain, list:List-Id, a network or /regex/ (" +
                         domain.error().private_reason + ")");
  }
  return below ? Pattern(Kind::Subdomains, "." + domain->text()) : Pattern(Kind::Domain, domain->text());
}

Result<Scope> Scope::parse(std::string_view text) {
  if (text.empty()) return Scope();
  if (text.contains('@')) {
    const auto mailbox = Mailbox::parse(text);
    if (!mailbox || !mailbox->domain()) return permanent("\"" + printable(text, 100) + "\" is no mailbox");
    return Scope(lower_address(*mailbox));
  }
  const auto domain = Domain::parse(text);
  if (!domain) return permanent("\"" + printable(text, 100) + "\" is neither a mailbox nor a domain");
  return Scope(domain->text());
}

bool Scope::covers(const Mailbox& recipient) const {
  if (text_.empty()) return true;
  if (!text_.contains('@')) return recipient.domain() && recipient.domain()->text() == text_;
  return lower_address(recipient) == text_;
}

ExceptionFindings narrower(ExceptionFindings name, const ExceptionFindings& owner) {
  const auto is_mailboxes = [](const std::optional<ExceptionMatch>& match) {
    return match && match->scope.contains('@');
  };
  if (!is_mailboxes(name.decided) && (is_mailboxes(owner.decided) || !name.decided)) name.decided = owner.decided;
  if (!name.forward) name.forward = owner.forward;
  name.spf_could_decide = name.spf_could_decide || owner.spf_could_decide;
  return name;
}

}  // namespace cas::policy
