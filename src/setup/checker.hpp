// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What the parts of the check share: the questions, the list of what was found. Internal to setup/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "setup/check.hpp"
#include "setup/zone_text.hpp"

namespace cas::setup {

class Checker {
 public:
  Checker(const Site& of, const Facts& known, dns::Answers& answers)
      : site(of), facts(known), wanted_(wanted_records(of)), answers_(answers) {}

  const Site& site;
  const Facts& facts;

  [[nodiscard]] dns::Answers& answers() { return answers_; }
  /// Null: not known yet, and the check is not over.
  [[nodiscard]] const dns::Answer* ask(const std::string& name, dns::Type type);
  /// For what asks by itself: its value, or not over.
  template <class T>
  [[nodiscard]] bool has(const std::optional<T>& value) {
    waiting_ = waiting_ || !value;
    return value.has_value();
  }
  [[nodiscard]] bool waiting() const { return waiting_; }

  void add(Finding finding) { findings_.push_back(std::move(finding)); }
  /// Where we are: for add_ok_since().
  [[nodiscard]] std::size_t mark() const { return findings_.size(); }
  /// add_ok(), unless more than a note was found since `mark`.
  void add_ok_since(std::size_t mark, std::string id, std::string name, std::string type, std::string found,
                    std::string what);
  void add_ok(std::string id, std::string name, std::string type, std::string found, std::string what);
  /// The answer failed: Unknown, or Wrong where DNSSEC says that it is forged or badly signed.
  void add_failed(std::string id, std::string name, dns::Type type, const dns::Answer& answer);

  /// Records expected of this kind; with `name`, at that name.
  [[nodiscard]] std::vector<WantedRecord> wanted(Kind kind, std::string_view name = {}) const;
  /// The text of the one TXT record that begins as `prefix` says, in any case and whatever stands before it, though no
  /// reader takes it: quotes pasted with it, a blank in front.
  [[nodiscard]] static std::string near_miss(const dns::Answer& answer, std::string_view prefix);
  /// Where nothing is at `name`: perhaps it was entered with the domain written twice. Null: not known yet.
  [[nodiscard]] const dns::Answer* at_doubled_name(const std::string& name);
  [[nodiscard]] std::string doubled(const std::string& name) const { return name + "." + site.domain.text(); }

  /// A TXT record that is not there. `found`: its place is empty, but for `answer`.
  void add_missing_txt(Finding finding, const dns::Answer& answer, std::string_view prefix);

  [[nodiscard]] std::vector<Finding> take() { return std::move(findings_); }

 private:
  std::vector<WantedRecord> wanted_;
  dns::Answers& answers_;
  std::vector<Finding> findings_;
  bool waiting_ = false;
};

/// "RFC: " texts of TXT records, each in quotes, joined.
[[nodiscard]] std::vector<std::string> texts_of(const dns::Answer& answer);
[[nodiscard]] std::string joined(const std::vector<std::string>& texts, std::string_view between = ", ");

/// The MX records of an answer: their exchanges by preference, at most max_servers.
[[nodiscard]] std::vector<dns::Mx> exchanges(const dns::Answer& answer);

void check_mx(Checker& c);
void check_servers(Checker& c);
void check_host(Checker& c);
void check_spf_record(Checker& c);
void check_dkim(Checker& c);
void check_dmarc_record(Checker& c);
void check_cas(Checker& c);
void check_sts(Checker& c);
void check_tls_reports(Checker& c);
void check_tlsa(Checker& c);
void check_way(Checker& c);

}  // namespace cas::setup
