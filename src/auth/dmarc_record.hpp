// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DMARC policy records (RFC 9989 §4.7, §4.8): "v=DMARC1; p=reject; rua=mailto:...".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/record.hpp"

namespace cas::auth {

/// From the weakest to the strictest: they compare so.
enum class DmarcPolicy { None, Quarantine, Reject };
[[nodiscard]] std::string_view to_string(DmarcPolicy policy);
/// One step weaker: what t=y asks for (RFC 9989 §4.7).
[[nodiscard]] DmarcPolicy weakened(DmarcPolicy policy);

enum class DmarcPsd { Unknown, Yes, No };

struct DmarcRecord {
  std::optional<DmarcPolicy> p;
  std::optional<DmarcPolicy> sp;
  std::optional<DmarcPolicy> np;
  bool policy_at_fault = false;  // p missing or invalid, or sp or np invalid (RFC 9989 §4.10.1)
  DmarcPsd psd = DmarcPsd::Unknown;
  bool testing = false;          // t=y
  bool strict_dkim = false;      // adkim=s
  bool strict_spf = false;       // aspf=s
  std::vector<std::string> rua;  // valid URIs without obsolete sizes, at most 10
  std::vector<std::string> ruf;
  std::string fo = "0";
};

/// None for a text that does not begin with the version. What is wrong behind it is passed over (RFC 9989 §4.8): such a
/// tag counts as one that is not there, but for policies; so does one that stands twice.
[[nodiscard]] std::optional<DmarcRecord> parse_dmarc_record(std::string_view text);

/// The one record among the TXT records of an answer. None without one, and with several: they void each other
/// (RFC 9989 §4.10, step 2).
[[nodiscard]] std::optional<DmarcRecord> find_dmarc_record(const dns::Answer& answer);
/// Whether there is any, one or several.
[[nodiscard]] bool has_dmarc_record(const dns::Answer& answer);

}  // namespace cas::auth
