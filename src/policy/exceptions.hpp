// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Exceptions: which senders bypass CAS, bypass the Screener, or are refused, for whom. Here is what an entry means and
// how the one that decides is found; where entries come from is registry/exceptions.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "message/address.hpp"

namespace cas::policy {

/// Exempt: taken without CONFIRM also where it is required, and not screened. Allow: not screened. Block: refused.
/// Forward: what this signing domain forwards (w=fwd, CAS §12) is confirmed.
enum class ExceptionAction : std::uint8_t { Exempt, Allow, Block, Forward };
[[nodiscard]] std::string_view to_string(ExceptionAction action);
[[nodiscard]] std::optional<ExceptionAction> exception_action(std::string_view word);

/// What must be shown before an entry is believed. Blocks ask for nothing: whoever claims a blocked name is refused.
/// Dkim: a signature aligned with the author, or an intent that verified. Spf: it passed for the envelope sender.
/// Certificate: the client showed one for a name that the pattern covers. Client: the address itself (network patterns
/// only). None: anybody may claim the name; only by explicit wish, and shown in red.
enum class Proof : std::uint8_t { None, Dkim, Spf, Certificate, Client };
[[nodiscard]] std::string_view to_string(Proof proof);
[[nodiscard]] std::optional<Proof> proof_named(std::string_view word);

/// Whom an entry is about: "a@b.example", "b.example", ".b.example" (what is below it, not itself),
/// "list:news.b.example" (List-Id), "192.0.2.0/24", "/REGEX/" (RE2, over "local@domain" in lower case; "/" in it is
/// "\/").
class Pattern {
 public:
  enum class Kind : std::uint8_t { Address, List, Domain, Subdomains, Regex, Network };  // the most specific first
  /// Permanent error with what would be right. Local parts and domains are put into lower case.
  [[nodiscard]] static Result<Pattern> parse(std::string_view text);

  [[nodiscard]] Kind kind() const { return kind_; }
  /// Its one spelling, as parse() takes it.
  [[nodiscard]] const std::string& text() const { return text_; }
  auto operator<=>(const Pattern&) const = default;

 private:
  Pattern(Kind kind, std::string text) : kind_(kind), text_(std::move(text)) {}
  Kind kind_;
  std::string text_;
};

/// For whom an entry holds: "" for everybody, "b.example" for a domain's mailboxes, "a@b.example" for one.
class Scope {
 public:
  Scope() = default;  // everybody
  [[nodiscard]] static Result<Scope> parse(std::string_view text);
  [[nodiscard]] bool covers(const Mailbox& recipient) const;
  [[nodiscard]] const std::string& text() const { return text_; }
  auto operator<=>(const Scope&) const = default;

 private:
  explicit Scope(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

struct Exception {
  std::int64_t id = 0;
  ExceptionAction action;
  Pattern pattern;
  Scope scope;
  Proof proof = Proof::None;
  std::string reason, owner;
  UnixTime created;
  std::optional<UnixTime> expires;
};

/// What is known of who sends a message: what it claims, and what of that is proven. It grows while a message comes.
struct SenderIdentity {
  std::optional<IpAddress> client;
  ReversePath envelope;
  bool spf_pass = false;                   // for the domain of `envelope`
  std::vector<std::string> certificate{};  // names in the client's certificate, when it verified
  std::optional<Mailbox> author{};         // o of an intent, or the one From mailbox at the end of data
  bool author_proven = false;              // by an intent, or an aligned signature
  std::string list_id{};                   // in lower case
  bool list_proven = false;                // by an intent, or a signature of a domain that the List-Id is within
  std::optional<Domain> signer{};          // d of an intent
  bool forwarded = false;  // a forwarder says so (w=fwd): blocks alone look at author and list (CAS §4.7)
};

/// The entry that decided.
struct ExceptionMatch {
  std::int64_t id = 0;
  ExceptionAction action = ExceptionAction::Block;
  Proof proof = Proof::None;
  std::string pattern, scope;
};

/// What the entries say of one sender and one recipient. The entry of the narrowest scope decides (mailbox, domain,
/// everybody); in one scope that of the most specific pattern; of two alike block before exempt before allow. An entry
/// whose proof is missing does not count, and one that has expired neither.
struct ExceptionFindings {
  std::optional<ExceptionMatch> decided;
  /// The signer is a forwarder here. An entry of another action always decides before it; this is told all the same.
  std::optional<ExceptionMatch> forward;
  /// An entry would decide in its place if SPF passed for the envelope sender.
  bool spf_could_decide = false;
  /// Some exempt entry that may hold in this domain asks for what only the end of data shows (an aligned signature, the
  /// author or list that a header names). The same for every recipient of the domain, whatever mailboxes there are.
  bool message_could_decide = false;
};

/// Of a name and of the mailbox that it leads to: an entry for the name alone weighs most, then one for the mailbox.
[[nodiscard]] ExceptionFindings narrower(ExceptionFindings name, const ExceptionFindings& owner);

}  // namespace cas::policy
