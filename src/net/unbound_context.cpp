// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// How libunbound is set up and understood. Options go in first: adding a zone or data finalises the context.
#include "net/unbound_context.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <filesystem>
#include <utility>

#include "base/encoding.hpp"
#include "dns/packet.hpp"

namespace cas::net {

namespace {

constexpr const char* debian_trust_anchor = "/usr/share/dns/root.key";

struct Option {
  const char* name;
  const char* value;
};
constexpr Option standing_options[] = {
    {"qname-minimisation:", "yes"},                                                                          // RFC 9156
    {"harden-glue:", "yes"},         {"harden-dnssec-stripped:", "yes"}, {"harden-below-nxdomain:", "yes"},  // RFC 8020
    {"harden-referral-path:", "no"},  // queries of its own for every referral
    {"aggressive-nsec:", "yes"},      // RFC 8198
    {"unblock-lan-zones:", "yes"},    // private reverse zones are asked like others (RFC 6303 answers otherwise)
    {"insecure-lan-zones:", "yes"},   // and cannot be signed below the root
    {"msg-cache-size:", "16m"},      {"rrset-cache-size:", "32m"},       {"key-cache-size:", "8m"},
    {"infra-keep-probing:", "yes"},  // who was silent for minutes is not passed over for a quarter of an hour
    {"neg-cache-size:", "4m"},       {"outgoing-range:", "512"},         {"num-queries-per-thread:", "512"},
    {"outgoing-num-tcp:", "32"},     {"cache-max-ttl:", "86400"},        {"cache-max-negative-ttl:", "300"},
    {"use-syslog:", "no"},
};

std::unexpected<Error> refused(const std::string& what, int code) {
  return permanent("the resolver cannot be set up", what + ": " + ub_strerror(code));
}

Result<void> set(ub_ctx* context, const char* name, const std::string& value) {
  const int code = ub_ctx_set_option(context, name, value.c_str());
  if (code != UB_NOERROR) return refused(std::string(name) + " " + value, code);
  return {};
}

bool is_loopback(const std::string& forwarder) {
  boost::system::error_code ec;
  const auto address = boost::asio::ip::make_address(forwarder.substr(0, forwarder.find('@')), ec);
  return !ec && address.is_loopback();
}

/// Empty: none.
std::string trust_anchor(const ResolverOptions& options) {
  if (options.trust_anchor_file == "none") return {};
  if (!options.trust_anchor_file.empty()) return options.trust_anchor_file;
  return std::filesystem::exists(debian_trust_anchor) ? debian_trust_anchor : std::string();
}

Result<void> set_validation(ub_ctx* context, const std::string& file) {
  if (file.empty()) return set(context, "module-config:", "iterator");
  // libunbound reads it when it starts, and would then name no file.
  if (!std::filesystem::is_regular_file(file)) return refused("trust anchor " + file, UB_READFILE);
  const int code = ub_ctx_add_ta_file(context, file.c_str());
  if (code != UB_NOERROR) return refused("trust anchor " + file, code);
  return {};
}

Result<void> set_forwarders(ub_ctx* context, const std::vector<std::string>& forwarders) {
  if (std::ranges::any_of(forwarders, is_loopback)) CAS_CHECK(set(context, "do-not-query-localhost:", "no"));
  for (const auto& forwarder : forwarders) {
    const int code = ub_ctx_set_fwd(context, forwarder.c_str());
    if (code != UB_NOERROR) return refused("forwarder " + forwarder, code);
  }
  return {};
}

// The first of these calls finalises the context.
Result<void> add_local(ub_ctx* context, const ResolverOptions& options) {
  // RFC 6761 §6.2 lets resolvers answer for "test." themselves; here it is a name like others, for laboratories.
  if (const int code = ub_ctx_zone_remove(context, "test."); code != UB_NOERROR) return refused("start", code);
  for (const auto& zone : options.local_zones) {
    const int code = ub_ctx_zone_add(context, zone.c_str(), "static");
    if (code != UB_NOERROR) return refused("local zone " + zone, code);
  }
  for (const auto& data : options.local_data) {
    const int code = ub_ctx_data_add(context, data.c_str());
    if (code != UB_NOERROR) return refused("local data " + data, code);
  }
  return {};
}

dns::Answer failed(std::string reason) {
  dns::Answer answer;
  answer.private_reason = std::move(reason);
  return answer;
}

// Far above what mail needs (an apex with a hundred TXT records), far below the 64 KB of a message: askers keep
// answers.
constexpr std::size_t max_records = 512;
constexpr std::size_t max_octets = 32 * 1024UL;

constexpr int rcode_ok = 0;
constexpr int rcode_servfail = 2;
constexpr int rcode_nxdomain = 3;

/// libunbound takes a TXT record without any octet for a lack of memory, and says SERVFAIL for a name that has one. The
/// packet is there all the same, and says what it says.
std::optional<dns::Answer> read_packet(const ub_result& result) {
  if (result.rcode != rcode_servfail || result.answer_packet == nullptr || result.answer_len <= 0) return std::nullopt;
  const std::string_view packet(static_cast<const char*>(result.answer_packet),
                                static_cast<std::size_t>(result.answer_len));
  const auto found = dns::answers_in_packet(as_octets(packet), dns::Type::TXT);
  if (!found || found->empty()) return std::nullopt;
  dns::Answer answer;
  answer.status = dns::Status::Ok;
  for (const auto rdata : *found) {
    auto record = dns::parse_rdata(dns::Type::TXT, rdata);
    if (!record) return std::nullopt;
    answer.records.push_back(*std::move(record));
  }
  return answer;
}

/// How long an absence may be remembered. libunbound's number is the lowest of what stands in the answer: of an answer
/// without authority section, which RFC 2308 §5 does not want cached, it is that of a CNAME, or no number at all.
std::chrono::seconds absence_of(const ub_result& result) {
  constexpr int header_octets = 12;
  constexpr int most = 300;  // cache-max-negative-ttl
  const auto* packet = static_cast<const unsigned char*>(result.answer_packet);
  if (packet == nullptr || result.answer_len < header_octets) return {};
  const bool has_authority = packet[8] != 0 || packet[9] != 0;  // RFC 1035 §4.1.1, NSCOUNT
  return std::chrono::seconds(has_authority ? std::clamp(result.ttl, 0, most) : 0);
}

}  // namespace

bool validates(const ResolverOptions& options) {
  return !trust_anchor(options).empty();
}

Result<UnboundContext> make_context(const ResolverOptions& options) {
  UnboundContext context(ub_ctx_create());
  if (!context) return transient("the resolver cannot be set up", "ub_ctx_create: out of memory or descriptors");
  for (const auto& option : standing_options) CAS_CHECK(set(context.get(), option.name, option.value));
  CAS_CHECK(set_validation(context.get(), trust_anchor(options)));
  CAS_CHECK(set_forwarders(context.get(), options.forwarders));
  if (const int code = ub_ctx_async(context.get(), 1); code != UB_NOERROR) return refused("thread mode", code);
  CAS_CHECK(add_local(context.get(), options));
  return context;
}

dns::Answer to_answer(dns::Type type, int failure, const ub_result* result, bool validated) {
  if (failure != UB_NOERROR || result == nullptr) return failed(ub_strerror(failure));
  if (result->bogus != 0) {
    auto answer = failed(std::string("DNSSEC: ") + (result->why_bogus != nullptr ? result->why_bogus : "bogus"));
    answer.bogus = true;
    return answer;
  }
  dns::Answer answer;
  answer.secure = result->secure != 0;
  answer.ttl = std::chrono::seconds(std::max(result->ttl, 0));
  if (result->rcode == rcode_nxdomain) {
    answer.status = dns::Status::NxDomain;
    answer.ttl = absence_of(*result);
    return answer;
  }
  if (type == dns::Type::TXT && !validated) {  // else a forged packet would get past the validator
    if (auto read = read_packet(*result)) return *std::move(read);
  }
  if (result->rcode != rcode_ok) return failed("RCODE " + std::to_string(result->rcode));
  if (result->havedata == 0) {
    answer.status = dns::Status::NoData;
    answer.ttl = absence_of(*result);
    return answer;
  }
  std::size_t size = 0;
  for (int n = 0; result->data[n] != nullptr; ++n) {
    const std::string_view octets(result->data[n], static_cast<std::size_t>(result->len[n]));
    size += octets.size();
    if (answer.records.size() == max_records || size > max_octets) return failed("an answer larger than any is taken");
    auto record = dns::parse_rdata(type, as_octets(octets));
    // Part of an answer is no answer: an MX set without its best host would send mail astray.
    if (!record) return failed("malformed record: " + record.error().private_reason);
    answer.records.push_back(*std::move(record));
  }
  answer.status = dns::Status::Ok;
  return answer;
}

std::optional<std::string> to_presentation(std::string_view name) {
  constexpr std::size_t max_label = 63;
  constexpr std::size_t max_text = 253;  // 255 on the wire: a length octet before, the root behind
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > max_text) return std::nullopt;
  std::string text;
  std::size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return std::nullopt;
      label = 0;
      text += c;
      continue;
    }
    if (++label > max_label) return std::nullopt;
    if (is_alnum(c) || c == '-' || c == '_') {
      text += c;
    } else {
      const auto octet = static_cast<unsigned char>(c);
      text += '\\';
      for (const int unit : {100, 10, 1}) text += static_cast<char>('0' + octet / unit % 10);
    }
  }
  if (label == 0 && !name.empty()) return std::nullopt;
  text += '.';
  return text;
}

}  // namespace cas::net
