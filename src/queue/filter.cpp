// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// See filter.hpp.
#include "queue/filter.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"

namespace cas::queue {
namespace {

constexpr std::size_t most_ids = 1000;
constexpr std::size_t longest_word = 1024;
constexpr std::int64_t longest_age = std::int64_t{100} * 365 * 86400;

constexpr std::array standings = {Standing::Waiting, Standing::InFlight,  Standing::Held,
                                  Standing::Failed,  Standing::Delivered, Standing::Removed};

Result<std::set<store::QueueId>> read_ids(std::string_view words) {
  std::set<store::QueueId> ids;
  while (!words.empty()) {
    const auto end = words.find(',');
    const std::string_view word = words.substr(0, end);
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
    if (word.empty() || word.size() > 64 || !std::ranges::all_of(word, [](char c) { return is_alnum(c); })) {
      return permanent("\"" + printable(word, 80) + "\" is no queue id");
    }
    ids.emplace(word);
    if (ids.size() > most_ids) return permanent("more than " + std::to_string(most_ids) + " queue ids at once");
  }
  return ids;
}

Result<std::optional<std::chrono::seconds>> read_age(std::string_view name, std::string_view word) {
  if (word.empty()) return std::optional<std::chrono::seconds>();
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (fault != std::errc{} || end != word.data() + word.size() || number < 0 || number > longest_age) {
    return permanent(std::string(name) + " is no number of seconds: \"" + printable(word, 80) + "\"");
  }
  return std::optional(std::chrono::seconds(number));
}

Result<std::string> read_domain(std::string_view word) {
  if (word.empty() || word.front() == '[') return to_lower(word);
  const bool below = word.front() == '.';
  const auto domain = Domain::parse(word.substr(below ? 1 : 0));
  if (!domain) return permanent("\"" + printable(word, 80) + "\" is no domain name");
  return (below ? "." : "") + domain->text();
}

Result<std::optional<std::string>> read_sender(std::string_view word) {
  if (word.empty()) return std::optional<std::string>();
  if (word == "<>") return std::optional<std::string>("<>");
  if (word.front() == '@') word.remove_prefix(1);
  if (word.find('@') == std::string_view::npos) {
    const auto domain = Domain::parse(word);
    if (!domain) return permanent("\"" + printable(word, 80) + "\" is neither an address nor a domain name");
    return std::optional(domain->text());
  }
  const auto address = Mailbox::parse(word);
  if (!address) return permanent("\"" + printable(word, 80) + "\" is no address");
  return std::optional(to_lower(address->wire()));
}

Result<std::optional<Standing>> read_standing(std::string_view word) {
  if (word.empty()) return std::optional<Standing>();
  const auto at = std::ranges::find(standings, word, [](Standing standing) { return to_string(standing); });
  if (at != standings.end()) return std::optional(*at);
  return permanent("\"" + printable(word, 80) + "\" is no state: waiting, in-flight, held, failed or delivered");
}

bool contains(std::string_view text, std::string_view lower) {
  return to_lower(text).find(lower) != std::string::npos;
}

bool sent_by(const store::Message& message, const std::string& sender) {
  if (message.sender.is_null()) return sender == "<>";
  const Mailbox& mailbox = *message.sender.mailbox();
  if (sender.find('@') != std::string::npos) return to_lower(mailbox.wire()) == sender;
  return mailbox.domain() && mailbox.domain()->text() == sender;
}

}  // namespace

Standing standing_of(const store::Recipient& recipient, bool leased) {
  switch (recipient.state) {
    case store::RecipientState::Waiting: return leased ? Standing::InFlight : Standing::Waiting;
    case store::RecipientState::Held: return Standing::Held;
    case store::RecipientState::Failed: return Standing::Failed;
    case store::RecipientState::Delivered: break;
  }
  return recipient.note.empty() ? Standing::Delivered : Standing::Removed;
}

std::string_view to_string(Standing standing) {
  switch (standing) {
    case Standing::Waiting: return "waiting";
    case Standing::InFlight: return "in-flight";
    case Standing::Held: return "held";
    case Standing::Failed: return "failed";
    case Standing::Delivered: return "delivered";
    case Standing::Removed: break;
  }
  return "removed";
}

bool Filter::empty() const {
  return ids.empty() && domain.empty() && !sender && !older_than && !younger_than && reason.empty() && !standing &&
         !index;
}

Result<Filter> parse_filter(const FilterWords& words) {
  if (words.reason.size() > longest_word || words.domain.size() > longest_word || words.sender.size() > longest_word) {
    return permanent("a filter is longer than " + std::to_string(longest_word) + " octets");
  }
  Filter filter;
  CAS_TRY(filter.ids, read_ids(words.ids));
  CAS_TRY(filter.domain, read_domain(words.domain));
  CAS_TRY(filter.sender, read_sender(words.sender));
  CAS_TRY(filter.older_than, read_age("older-than", words.older_than));
  CAS_TRY(filter.younger_than, read_age("younger-than", words.younger_than));
  CAS_TRY(filter.standing, read_standing(words.state));
  filter.reason = to_lower(words.reason);
  return filter;
}

bool fits(const Filter& filter, const store::Message& message, TimePoint now) {
  if (!filter.ids.empty() && !filter.ids.contains(message.id)) return false;
  if (filter.sender && !sent_by(message, *filter.sender)) return false;
  const auto age = now - message.arrived;
  if (filter.older_than && age < *filter.older_than) return false;
  return !filter.younger_than || age < *filter.younger_than;
}

bool fits(const Filter& filter, const store::Recipient& recipient, bool leased) {
  if (filter.index && recipient.index != *filter.index) return false;
  if (!filter.domain.empty()) {
    const std::string domain = store::domain_of(recipient.address);
    const bool below = filter.domain.front() == '.';
    if (below ? !domain.ends_with(filter.domain) : domain != filter.domain) return false;
  }
  if (!filter.reason.empty() && !contains(recipient.last_reply, filter.reason) &&
      !contains(recipient.note, filter.reason)) {
    return false;
  }
  return !filter.standing || standing_of(recipient, leased) == *filter.standing;
}

}  // namespace cas::queue
