// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Files are read, sources are made.
#include "app/recipients.hpp"

#include "app/files.hpp"
#include "base/encoding.hpp"
#include "recipients/sources.hpp"
#include "recipients/sql.hpp"

namespace cas::app {

namespace {

constexpr std::size_t largest_file = std::size_t{64} << 20;
constexpr std::string_view sqlite = "sqlite:";
// A server takes its time, and mailboxes come and go seldom; a database is asked quickly, and somebody may be waiting
// for his change.
constexpr seconds callout_keep{3600}, callout_keep_unknown{60};
constexpr seconds sql_keep{60}, sql_keep_unknown{10};

recipients::AliasContext context_of(const Config& config, const DomainConfig& domain) {
  recipients::AliasContext context{.domain = domain.name,
                                   .served = {},
                                   .delimiter = domain.recipients.subaddress,
                                   .has_catch_all = domain.recipients.catch_all.has_value()};
  for (const auto& other : config.domains) {
    if (!other.milter) context.served.insert(other.name);
  }
  return context;
}

recipients::CacheOptions cache_options(const RecipientsConfig& config, seconds keep, seconds keep_unknown) {
  recipients::CacheOptions options;
  options.keep = config.keep.value_or(keep);
  options.keep_unknown = config.keep_unknown.value_or(keep_unknown);
  return options;
}

std::shared_ptr<recipients::Source> callout_source(const DomainConfig& domain, const RecipientServices& services) {
  recipients::Question ask = [call = services.callout, hop = *domain.backend, name = domain.name,
                              timeout = domain.recipients.timeout](const std::string& local) {
    return call(hop, Mailbox(*LocalPart::from_value(local), name), timeout);
  };
  const auto options = cache_options(domain.recipients, callout_keep, callout_keep_unknown);
  return std::make_shared<recipients::CachedSource>(std::move(ask), options);
}

std::shared_ptr<recipients::Source> sql_source(const DomainConfig& domain, const RecipientServices& services) {
  const auto& config = domain.recipients;
  const bool is_sqlite = config.database.starts_with(sqlite);
  auto open = is_sqlite ? recipients::sqlite_sessions(config.database.substr(sqlite.size()), config.query)
                        : recipients::postgresql_sessions(config.database, config.query);
  const auto database =
      std::make_shared<recipients::SqlDatabase>(std::move(open), domain.name, services.databases, config.timeout);
  recipients::Question ask = [database](std::string local) { return database->ask(std::move(local)); };
  return std::make_shared<recipients::CachedSource>(std::move(ask), cache_options(config, sql_keep, sql_keep_unknown));
}

std::shared_ptr<recipients::Source> source_of(const DomainConfig& domain, RecipientFiles& files,
                                              const RecipientServices& services) {
  switch (domain.recipients.source) {
    case RecipientSource::File: return std::make_shared<recipients::FileSource>(files.at(domain.name));
    case RecipientSource::Maildir: return std::make_shared<recipients::MaildirSource>(domain.maildir, services.files);
    case RecipientSource::Callout: return callout_source(domain, services);
    case RecipientSource::Sql: return sql_source(domain, services);
    case RecipientSource::List: break;
  }
  return std::make_shared<recipients::ListSource>(domain.recipients.mailboxes);
}

}  // namespace

std::expected<RecipientFiles, std::vector<ConfigError>> load_recipient_files(const Config& config) {
  RecipientFiles files;
  std::vector<ConfigError> errors;
  for (std::size_t n = 0; n < config.domains.size(); ++n) {
    const auto& domain = config.domains[n];
    if (domain.recipients.source != RecipientSource::File || domain.recipients.file.empty()) continue;
    const std::string key = "domain[" + std::to_string(n) + "].recipients_file";
    const std::string name = "\"" + printable(domain.recipients.file.string()) + "\"";
    const auto text = read_file(domain.recipients.file, largest_file);
    if (!text) {
      errors.push_back(config.error(key, name + " cannot be read: " + text.error().private_reason,
                                    "name a file that the server's user can read"));
      continue;
    }
    auto file = recipients::AliasFile::parse(*text, context_of(config, domain));
    if (file) {
      files.emplace(domain.name, std::make_shared<const recipients::AliasFile>(*std::move(file)));
      continue;
    }
    for (auto& fault : file.error()) {
      errors.push_back(config.error(key, name + " line " + std::to_string(fault.line) + ": " + fault.problem,
                                    std::move(fault.mend)));
    }
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return files;
}

std::string recipients_stamp(const Config& config) {
  std::string stamp;
  for (const auto& domain : config.domains) {
    if (domain.recipients.source == RecipientSource::File) stamp += stamp_of(domain.recipients.file);
  }
  return stamp;
}

std::shared_ptr<const recipients::Recipients> recipients_of(const Config& config, RecipientFiles files,
                                                            const RecipientServices& services) {
  std::map<Domain, recipients::DomainRules> domains;
  for (const auto& domain : config.domains) {
    if (domain.milter) continue;  // its MTA knows
    // A server that is asked has said itself which names it takes.
    const bool keeps = domain.backend && domain.recipients.source != RecipientSource::Callout;
    domains.emplace(domain.name, recipients::DomainRules{.source = source_of(domain, files, services),
                                                         .delimiter = domain.recipients.subaddress,
                                                         .postmaster = domain.recipients.postmaster,
                                                         .catch_all = domain.recipients.catch_all,
                                                         .keeps_subaddress = keeps});
  }
  return std::make_shared<const recipients::Recipients>(std::move(domains));
}

}  // namespace cas::app
