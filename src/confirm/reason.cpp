// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The reply table of CAS §15.2, one row a reason.
#include "confirm/reason.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "base/encoding.hpp"

namespace cas::confirm {
namespace {

struct Row {
  Reason reason;
  int code;
  smtp::EnhancedCode enhanced;
  std::string_view word;
  std::string_view text;
};

constexpr std::array rows{
    Row{Reason::Required, 530, {5, 7, 0}, "required", "mail to this domain must be confirmed"},
    Row{Reason::Syntax, 501, {5, 5, 4}, "syntax", "the intent is not well-formed"},
    Row{Reason::TooLong, 500, {5, 5, 2}, "too-long", "the CONFIRM line is too long"},
    Row{Reason::Sequence, 503, {5, 5, 1}, "sequence", "CONFIRM belongs between MAIL and RCPT, once"},
    Row{Reason::Version, 504, {5, 7, 6}, "version", "this version of CAS is not spoken here"},
    Row{Reason::Algorithm, 504, {5, 7, 6}, "algorithm", "this signature algorithm is not known here"},
    Row{Reason::Expired, 451, {4, 7, 0}, "expired", "the intent has expired, sign a fresh one"},
    Row{Reason::Future, 451, {4, 7, 0}, "future", "the intent was issued in the future, check the clock"},
    Row{Reason::Lifetime, 550, {5, 7, 1}, "lifetime", "the intent lives longer than its class may"},
    Row{Reason::KeyLookup, 451, {4, 7, 5}, "key-lookup", "the signing key cannot be looked up now"},
    Row{Reason::Busy, 451, {4, 3, 2}, "busy", "too busy to verify signatures now"},
    Row{Reason::KeyMissing, 550, {5, 7, 5}, "key-missing", "no usable signing key is published"},
    Row{Reason::KeyRevoked, 550, {5, 7, 5}, "key-revoked", "the signing key has been revoked"},
    Row{Reason::Signature, 550, {5, 7, 5}, "signature", "the signature does not verify"},
    Row{Reason::Alignment, 550, {5, 7, 1}, "align", "the signing domain may not speak for the author"},
    Row{Reason::Envelope, 550, {5, 7, 1}, "envelope", "the intent is for another envelope"},
    Row{Reason::NotListed, 550, {5, 7, 1}, "rcpt", "the intent does not list this recipient"},
    Row{Reason::FromMismatch, 550, {5, 7, 1}, "from", "the author in From is not the one who signed"},
    Row{Reason::Spf, 550, {5, 7, 23}, "spf", "SPF does not allow this host to send for the domain"},
    Row{Reason::Rate, 451, {4, 7, 28}, "rate", "too many intents, come back later"},
    Row{Reason::Pending, 451, {4, 7, 0}, "pending", "waiting for the recipient's approval"},
    Row{Reason::NoSuchUser, 550, {5, 1, 1}, "unknown", "no such mailbox here"},
    Row{Reason::Refused, 550, {5, 7, 1}, "refused", "the recipient does not accept this mail"},
    Row{Reason::Consent, 550, {5, 7, 1}, "consent", "bulk mail needs the recipient's consent first"},
    Row{Reason::Class, 550, {5, 7, 1}, "class", "the message is not of the class the intent claims"},
    Row{Reason::Digest, 550, {5, 7, 7}, "digest", "the message is not the one that was signed"},
    Row{Reason::Replay, 550, {5, 7, 1}, "replay", "this intent was used for another message"},
    Row{Reason::InProgress, 451, {4, 3, 0}, "in-progress", "the same message is being received elsewhere"},
    Row{Reason::LedgerDown, 451, {4, 3, 0}, "unavailable", "mail cannot be confirmed now"},
};

constexpr bool rows_are_in_order() {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (static_cast<std::size_t>(rows[i].reason) != i) return false;
  }
  return rows.size() == static_cast<std::size_t>(Reason::LedgerDown) + 1;
}
static_assert(rows_are_in_order());

const Row& row_of(Reason reason) {
  return rows[static_cast<std::size_t>(reason)];
}

/// What stands between "[CAS:" and "]" in the first line that has it.
std::optional<std::string_view> bracketed(const smtp::Reply& reply) {
  constexpr std::string_view opening = "[CAS:";
  for (const std::string_view line : reply.lines) {
    const auto begin = line.find(opening);
    if (begin == std::string_view::npos) continue;
    const auto end = line.find(']', begin);
    if (end == std::string_view::npos) return std::nullopt;
    return line.substr(begin + opening.size(), end - begin - opening.size());
  }
  return std::nullopt;
}

}  // namespace

std::string_view word(Reason reason) {
  return row_of(reason).word;
}

smtp::Reply reply_for(Reason reason, std::optional<std::chrono::seconds> retry) {
  const Row& row = row_of(reason);
  std::string text = "[CAS:" + std::string(row.word);
  if (reason == Reason::Pending && retry) text += " retry=" + std::to_string(retry->count());
  text += "] " + std::string(row.text);
  return {row.code, row.enhanced, std::move(text)};
}

std::optional<std::string_view> word_in(const smtp::Reply& reply) {
  const auto content = bracketed(reply);
  if (!content) return std::nullopt;
  const std::string_view found = content->substr(0, content->find(' '));
  const bool is_word =
      !found.empty() && std::ranges::all_of(found, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
  return is_word ? std::optional(found) : std::nullopt;
}

std::optional<std::chrono::seconds> retry_in(const smtp::Reply& reply) {
  if (word_in(reply) != word(Reason::Pending)) return std::nullopt;  // CAS §15.1
  constexpr std::string_view tag = " retry=";
  constexpr std::size_t max_digits = 9;
  const auto content = bracketed(reply);
  if (!content) return std::nullopt;
  const auto at = content->find(tag);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = content->substr(at + tag.size());
  if (digits.empty() || digits.size() > max_digits || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
  std::chrono::seconds::rep value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return std::chrono::seconds(value);
}

}  // namespace cas::confirm
