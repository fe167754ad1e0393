// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines and fragments of a zone file.
#include "setup/zone_text.hpp"

#include <algorithm>

namespace cas::setup {

namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (octet < 0x20 || octet > 0x7E) {
      const std::string digits = std::to_string(octet);
      out += "\\" + std::string(3 - digits.size(), '0') + digits;
    } else {
      out += c;
    }
  }
  return out;
}

/// Every line of `text` behind `mark`.
std::string marked(std::string_view mark, std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += std::string(mark) + std::string(line) + "\n";
  }
  return out;
}

std::string section(const std::vector<WantedRecord>& records, Place place, std::string_view heading,
                    std::string_view mark) {
  std::string out;
  std::string_view said;
  for (const auto& record : records) {
    if (record.place != place) continue;
    if (out.empty()) out += "\n" + marked("; ", heading);
    if (record.why != said) out += "; " + record.why + " (" + std::string(to_string(record.need)) + ")\n";
    said = record.why;
    out += marked(mark, record_line(record));
  }
  return out;
}

}  // namespace

std::string txt_strings(std::string_view value) {
  constexpr std::size_t longest = 255;
  if (value.size() <= longest) return "\"" + escaped(value) + "\"";
  std::string out = "(";
  for (std::size_t n = 0; n < value.size(); n += longest) out += " \"" + escaped(value.substr(n, longest)) + "\"";
  return out + " )";
}

std::string record_line(std::string_view name, std::string_view type, std::string_view value) {
  return std::string(name) + ". IN " + std::string(type) + " " +
         (type == "TXT" ? txt_strings(value) : std::string(value));
}

std::string record_line(const WantedRecord& record) {
  return record_line(record.name, record.type, record.value);
}

std::string zone_text(const Site& site) {
  const auto records = wanted_records(site);
  std::string out = "; DNS records for mail of " + site.domain.text() + ", served by " + site.host.text() +
                    ".\n; Paste into the zone of " + site.domain.text() + "; check with: cas dns check " +
                    site.domain.text() + "\n";
  out += section(records, Place::Zone, "", "");
  out += section(records, Place::Web,
                 "To be entered once a web server has the policy file; put its name in place of WEB-SERVER.", "; ");
  if (site.sts && site.receives) {
    out += "; The file, with a certificate for mta-sts." + site.domain.text() + ":\n" +
           marked(";   ", sts_policy_text(site));
  }
  out += section(records, Place::Signed,
                 "Only when DNSSEC signs the zone; to be changed with every new key of the certificate.", "; ");
  out += section(records, Place::Elsewhere, "In other zones, by whoever has them:", "; ");
  out += section(records, Place::Provider, "By whoever gave you the address (hosting provider, ISP):", "; ");
  return out;
}

}  // namespace cas::setup
