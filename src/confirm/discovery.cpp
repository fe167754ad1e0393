// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Discovery records (CAS §7.1), in the tag-list form of RFC 6376 §3.2.
#include "confirm/discovery.hpp"

#include <array>
#include <utility>

#include "auth/tag_list.hpp"
#include "base/encoding.hpp"

namespace cas::confirm {
namespace {

constexpr std::size_t max_record_octets = 4096;
constexpr std::size_t max_report_addresses = 10;

constexpr std::array<std::pair<std::string_view, Mode>, 3> modes{
    {{"off", Mode::Off}, {"optional", Mode::Optional}, {"required", Mode::Required}}};
constexpr std::array<std::pair<std::string_view, Promise>, 4> promises{
    {{"none", Promise::None}, {"some", Promise::Some}, {"all", Promise::All}, {"strict", Promise::Strict}}};

template <class T, std::size_t n>
std::optional<T> find_word(const std::array<std::pair<std::string_view, T>, n>& words, std::string_view text) {
  for (const auto& [spelling, value] : words) {
    if (spelling == text) return value;
  }
  return std::nullopt;
}

/// Whether a TXT text is meant to be a record of ours, well-formed or not.
bool claims_version_1(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size())); };
  for (const std::string_view part : {"v", "=", "CAS1"}) {
    skip_blanks();
    if (!text.starts_with(part)) return false;
    text.remove_prefix(part.size());
  }
  skip_blanks();
  return text.empty() || text.front() == ';';
}

/// Reports go out by mail only; URIs of other schemes are passed over.
std::vector<std::string> report_addresses(std::string_view list) {
  constexpr std::string_view scheme = "mailto:";
  std::vector<std::string> out;
  while (out.size() < max_report_addresses) {
    const auto comma = list.find(',');
    const std::string_view uri = trim_wsp(list.substr(0, comma));
    if (uri.size() > scheme.size() && iequals(uri.substr(0, scheme.size()), scheme)) out.emplace_back(uri);
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return out;
}

}  // namespace

std::string discovery_name(const Domain& domain) {
  return "_cas." + domain.text();
}

std::optional<DiscoveryRecord> parse_discovery(std::string_view text) {
  if (text.size() > max_record_octets || !claims_version_1(text)) return std::nullopt;
  const auto tags = auth::parse_tag_list(text);
  if (!tags) return std::nullopt;

  DiscoveryRecord record;
  if (const auto m = auth::find_tag(*tags, "m")) {
    const auto mode = parse_mode(*m);
    if (!mode) return std::nullopt;
    record.mode = *mode;
  }
  if (const auto p = auth::find_tag(*tags, "p")) {
    const auto promise = find_word(promises, *p);
    if (!promise) return std::nullopt;
    record.promise = *promise;
  }
  if (const auto e = auth::find_tag(*tags, "e")) {
    auto host = Domain::parse(*e);
    if (!host) return std::nullopt;
    record.endpoint = *std::move(host);
  }
  if (const auto rua = auth::find_tag(*tags, "rua")) record.rua = report_addresses(*rua);
  return record;
}

std::optional<DiscoveryRecord> find_discovery(const dns::Answer& answer) {
  if (answer.status != dns::Status::Ok) return std::nullopt;
  const dns::Txt* found = nullptr;
  for (const dns::Record& record : answer.records) {
    const auto* const txt = std::get_if<dns::Txt>(&record);
    if (txt == nullptr || !claims_version_1(txt->text)) continue;
    if (found != nullptr) return std::nullopt;  // CAS §7.2: several are none
    found = txt;
  }
  return found == nullptr ? std::nullopt : parse_discovery(found->text);
}

std::string_view to_string(Mode mode) {
  for (const auto& [spelling, value] : modes) {
    if (value == mode) return spelling;
  }
  std::unreachable();
}

std::optional<Mode> parse_mode(std::string_view text) {
  return find_word(modes, text);
}

}  // namespace cas::confirm
