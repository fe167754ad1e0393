// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the checks of authentication found, as JSON and for people. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/dmarc.hpp"
#include "auth/message_check.hpp"
#include "auth/spf.hpp"

namespace cas::cmd {

/// A TXT record that a result rests on.
struct RecordText {
  std::string name;
  std::optional<std::string> text;  // none: there is not just one
  std::size_t count = 1;            // how many there are
};
/// The TXT record of that name among the answers.
[[nodiscard]] RecordText record_text(const std::string& name, dns::Answers& answers);

struct MessageReport {
  std::string header_fault;  // not empty: the header section cannot be read; no signature was looked at
  auth::MessageFindings findings;
  std::vector<std::optional<RecordText>> keys;  // for each of findings.dkim
  auth::DmarcOutcome dmarc;
  std::optional<RecordText> dmarc_record;
};

struct AuthReport {
  auth::SpfQuery asked;
  auth::SpfOutcome spf;
  std::optional<MessageReport> message;  // none: no message was given
};

/// docs/check-auth.md. What is not UTF-8 is made printable; all else stands as it is.
[[nodiscard]] std::string auth_json(const AuthReport& report);
/// A paragraph a method: result, reason, record, what to do. Nothing from outside reaches a terminal as it is.
[[nodiscard]] std::string auth_text(const AuthReport& report);

}  // namespace cas::cmd
