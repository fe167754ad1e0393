// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Which mailboxes a domain has, and what becomes of other names.
#include <algorithm>
#include <array>
#include <set>

#include "app/config_reader.hpp"
#include "app/recipients.hpp"
#include "base/encoding.hpp"

namespace cas::app {

namespace {

using std::chrono::hours;

constexpr std::array<std::string_view, 5> source_words{"list", "file", "maildir", "callout", "sql"};

void read_list(Section& section, DomainConfig& domain, Findings& findings) {
  const auto names = section.texts("mailboxes");
  std::set<std::string> seen;
  for (const auto& name : names.value_or(std::vector<ConfigText>{})) {
    auto local = LocalPart::from_value(name.value);
    if (!local || name.value.find('@') != std::string::npos) {
      findings.add_at(name.key, in_quotes(name.value) + " is no mailbox name",
                      "write what stands before the @: \"joe\", not \"joe@north.example\"");
    } else if (!seen.insert(to_lower(name.value)).second) {
      findings.add_at(name.key, in_quotes(name.value) + " stands there twice", "remove one; case makes no difference");
    } else {
      domain.recipients.mailboxes.push_back(*std::move(local));
    }
  }
  if (domain.recipients.source != RecipientSource::List) {
    if (!section.has("mailboxes")) return;
    const std::string word(source_words.at(static_cast<std::size_t>(domain.recipients.source)));
    section.fail("mailboxes", "stands beside recipients = \"" + word + "\", which says who has a mailbox",
                 "remove one of the two");
  } else if (!section.has("mailboxes") || (names && names->empty())) {
    section.fail("mailboxes", section.has("mailboxes") ? "is empty" : "is missing",
                 "list who has a mailbox here, mailboxes = [\"joe\", \"postmaster\"], or say in recipients who knows");
  }
}

// A key that belongs to one source. Asked for in any case, so that it is known.
std::optional<ConfigText> text_of(Section& section, std::string_view key, bool wanted, std::string_view source,
                                  const std::string& mend) {
  auto text = section.text(key);
  const bool empty = text && text->value.empty();
  if (wanted && (!section.has(key) || empty)) section.fail(key, empty ? "is empty" : "is missing", mend);
  if (!wanted && section.has(key)) {
    section.fail(key, "has no effect without recipients = \"" + std::string(source) + "\"", "remove it, or say so");
  }
  if (!wanted || empty) return std::nullopt;
  return text;
}

// The connection string may hold a password: no message shows it.
void read_sql(Section& section, const Config& config, DomainConfig& domain, Findings& findings) {
  auto& recipients = domain.recipients;
  const bool wanted = recipients.source == RecipientSource::Sql;
  const auto database = text_of(section, "recipients_database", wanted, "sql",
                                "write \"sqlite:/etc/cas/users.db\" or \"postgresql://cas@db.example/mail\"");
  const auto query = text_of(section, "recipients_query", wanted, "sql",
                             "write \"SELECT target FROM aliases WHERE name = $1 AND domain = $2\"");
  if (query) {
    recipients.query = query->value;
    if (!query->value.contains("$1")) {
      section.fail("recipients_query", "does not say whom it asks for: there is no $1",
                   "write $1 for what stands before the @, and $2 for the domain");
    }
  }
  if (!database) return;
  constexpr std::string_view sqlite = "sqlite:";
  const bool postgresql = database->value.starts_with("postgresql://") || database->value.starts_with("postgres://");
  if (database->value.starts_with(sqlite)) {
    const ConfigText file{.value = database->value.substr(sqlite.size()), .key = database->key};
    recipients.database = std::string(sqlite) + path_of(file, config, findings).string();
  } else if (postgresql) {
    recipients.database = database->value;
  } else {
    section.fail("recipients_database", "names no database",
                 "write \"sqlite:/etc/cas/users.db\" or \"postgresql://cas@db.example/mail\"");
  }
}

void read_keeping(Section& section, RecipientsConfig& recipients) {
  const bool wanted = recipients.source == RecipientSource::Callout || recipients.source == RecipientSource::Sql;
  recipients.keep = section.duration("recipients_cache", seconds{0}, hours{24 * 30});
  recipients.keep_unknown = section.duration("recipients_cache_unknown", seconds{0}, hours{24});
  if (const auto time = section.duration("recipients_timeout", seconds{1}, seconds{60})) recipients.timeout = *time;
  for (const std::string_view key : {"recipients_cache", "recipients_cache_unknown", "recipients_timeout"}) {
    if (wanted || !section.has(key)) continue;
    section.fail(key, "has no effect: only \"callout\" and \"sql\" have to be asked", "remove it");
  }
}

std::optional<Mailbox> read_address(Section& section, std::string_view key, const DomainConfig& domain) {
  const auto text = section.text(key);
  if (!text || text->value.empty()) return std::nullopt;
  const std::string address = text->value.contains('@') ? text->value : text->value + "@" + domain.name.text();
  auto mailbox = Mailbox::parse(address);
  if (mailbox && mailbox->domain()) return *std::move(mailbox);
  section.fail(key, in_quotes(text->value) + " is no address", "write \"joe\" or \"joe@west.example\"");
  return std::nullopt;
}

void read_names(Section& section, DomainConfig& domain) {
  auto& recipients = domain.recipients;
  if (const auto text = section.text("subaddress")) {
    const bool fits = text->value.size() <= 1 && text->value.find_first_not_of("+-_.=#!~") == std::string::npos;
    if (!fits) section.fail("subaddress", in_quotes(text->value) + " is no delimiter", "write \"+\", \"-\" or \"\"");
    recipients.subaddress = text->value;
  }
  recipients.postmaster = read_address(section, "postmaster", domain);
  recipients.catch_all = read_address(section, "catch_all", domain);
}

}  // namespace

void read_recipients(Section& section, const Config& config, DomainConfig& domain, Findings& findings) {
  auto& recipients = domain.recipients;
  const auto source = section.choice("recipients", source_words);
  if (source) recipients.source = static_cast<RecipientSource>(*source);
  if (!section.has("recipients") || source) read_list(section, domain, findings);
  const auto file = text_of(section, "recipients_file", recipients.source == RecipientSource::File, "file",
                            "name the file that lists mailboxes and aliases");
  if (file) recipients.file = path_of(*file, config, findings);
  if (recipients.source == RecipientSource::Maildir && section.has("deliver")) {
    section.fail("recipients", "is \"maildir\", and the mailboxes are behind deliver", "use \"callout\", or another");
  }
  if (recipients.source == RecipientSource::Callout && !section.has("deliver")) {
    section.fail("recipients", "is \"callout\", and there is no server to ask: the mailboxes are in maildir",
                 "use \"maildir\", or name in deliver the server that has them");
  }
  read_sql(section, config, domain, findings);
  read_keeping(section, recipients);
  read_names(section, domain);
}

void check_recipients(const Config& config, Findings& findings) {
  auto files = load_recipient_files(config);
  if (files) return;
  for (auto& error : files.error()) findings.add_at(error.key, std::move(error.problem), std::move(error.mend));
}

}  // namespace cas::app
