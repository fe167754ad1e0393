// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From a configuration to who knows which mailboxes there are.
#pragma once

#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/config.hpp"
#include "net/workers.hpp"
#include "recipients/alias_file.hpp"
#include "recipients/cached_source.hpp"
#include "recipients/recipients.hpp"

namespace cas::app {

/// The files of the domains that have one.
using RecipientFiles = std::map<Domain, std::shared_ptr<const recipients::AliasFile>>;
/// All of them, or every fault with its line and mend.
[[nodiscard]] std::expected<RecipientFiles, std::vector<ConfigError>> load_recipient_files(const Config& config);
/// Changes with them.
[[nodiscard]] std::string recipients_stamp(const Config& config);

/// They outlive what is made with them.
struct RecipientServices {
  net::Workers& files;
  net::Workers& databases;
  /// Asks a domain's own server (outbound::Callout).
  std::function<net::Task<recipients::Answer>(outbound::NextHop, Mailbox, milliseconds)> callout;
};
[[nodiscard]] std::shared_ptr<const recipients::Recipients> recipients_of(const Config& config, RecipientFiles files,
                                                                          const RecipientServices& services);

}  // namespace cas::app
