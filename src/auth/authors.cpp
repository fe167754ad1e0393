// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// By the grammar first; then what is clear all the same.
#include "auth/authors.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "base/encoding.hpp"

namespace cas::auth {

namespace {

Authors fault(std::string why) {
  return Authors{.domains = {}, .fault = std::move(why)};
}

/// Whether what follows an "@" is this domain and no more.
bool names(std::string_view text, std::string_view domain) {
  constexpr std::string_view usual = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._";
  return iequals(text.substr(0, text.find_first_not_of(usual)), domain);
}

/// The domain of "whatever <local@domain>" where nothing else could be meant.
std::optional<Domain> plain_domain(std::string_view value) {
  const std::string unfolded = unfold(value);
  std::string_view text = trim_wsp(unfolded);
  while (text.ends_with(';') || text.ends_with(',')) text = trim_wsp(text.substr(0, text.size() - 1));
  // A comment may hide or show anything; whose reading counts nobody can say.
  if (!text.ends_with('>') || text.find_first_of("()\"\\") != std::string_view::npos) return std::nullopt;
  const auto open = text.find('<');
  if (open != text.rfind('<') || text.find('>') + 1 != text.size()) return std::nullopt;
  std::string_view address = text.substr(open + 1, text.size() - open - 2);
  if (address.size() > 2 && address.starts_with('\'') && address.ends_with('\'')) {
    address = address.substr(1, address.size() - 2);
  }
  const auto at = address.find('@');
  if (at == 0 || at == std::string_view::npos) return std::nullopt;
  const std::string_view written = address.substr(at + 1);
  auto domain = Domain::parse(written);
  if (!domain) return std::nullopt;
  for (auto other = text.find('@'); other != std::string_view::npos; other = text.find('@', other + 1)) {
    if (!names(text.substr(other + 1), written)) return std::nullopt;
  }
  return *std::move(domain);
}

}  // namespace

Authors read_authors(const std::vector<HeaderField>& header) {
  const auto fields = fields_named(header, "From");
  if (fields.empty()) return fault("there is no From");
  if (fields.size() > 1) return fault("From is there more than once");
  const auto mailboxes = parse_mailbox_list(fields.front().value);
  if (!mailboxes) {
    auto domain = plain_domain(fields.front().value);
    if (!domain) return fault("From cannot be read");
    return Authors{.domains = {*std::move(domain)}, .fault = {}};
  }
  if (mailboxes->empty()) return fault("From names nobody");
  Authors authors;
  for (const Mailbox& mailbox : *mailboxes) {
    if (!mailbox.domain()) return fault("an author has no domain");
    if (std::ranges::find(authors.domains, *mailbox.domain()) != authors.domains.end()) continue;
    if (authors.domains.size() == Authors::max_domains) return fault("From names too many domains");
    authors.domains.push_back(*mailbox.domain());
  }
  return authors;
}

}  // namespace cas::auth
