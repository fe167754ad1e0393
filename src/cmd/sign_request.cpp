// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Options to values, then one hash of the body and a signature for each key.
#include "cmd/sign_request.hpp"

#include <sysexits.h>

#include <algorithm>
#include <charconv>

#include "auth/arc_seal.hpp"
#include "auth/body_hashes.hpp"
#include "base/encoding.hpp"

namespace cas::cmd {

namespace {

using Length = std::optional<std::uint64_t>;

std::unexpected<Refusal> usage(std::string_view option, const std::string& what) {
  return std::unexpected(Refusal{EX_USAGE, std::string(option) + ": " + what});
}
std::unexpected<Refusal> bad_message(const std::string& what) {
  return std::unexpected(Refusal{EX_DATAERR, "standard input: " + what});
}
std::string in_quotes(std::string_view text) {
  return '"' + printable(text, 80) + '"';
}

/// 12 digits at most: what RFC 6376 §3.5 asks everybody to read in t= and x=, and more than any body has.
Or<std::uint64_t> read_number(std::string_view option, std::string_view text) {
  constexpr std::size_t max_digits = 12;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.size() > max_digits) {
    return usage(option, in_quotes(text) + " is no number; write digits, at most 12");
  }
  return value;
}

std::vector<std::string_view> split(std::string_view list, char separator) {
  std::vector<std::string_view> items;
  while (true) {
    const auto end = list.find(separator);
    items.push_back(list.substr(0, end));
    if (end == std::string_view::npos) return items;
    list.remove_prefix(end + 1);
  }
}

Or<std::vector<SignRequest::Key>> read_keys(const SignOptions& options, const Domain& domain) {
  std::vector<SignRequest::Key> keys;
  for (const std::string& text : options.keys) {
    const auto equals = text.find('=');
    const bool has_selector = equals != std::string::npos && text.find('/') > equals;  // no selector has a "/"
    SignRequest::Key key{.selector = has_selector ? text.substr(0, equals) : options.selector,
                         .file = has_selector ? text.substr(equals + 1) : text};
    if (key.selector.empty()) return usage("--selector", "is needed, or --key SELECTOR=" + printable(key.file));
    if (!Domain::parse(key.selector + "._domainkey." + domain.text())) {
      return usage("--selector", in_quotes(key.selector) + " makes no name with \"._domainkey." + domain.text() + '"');
    }
    const auto same = std::ranges::find(keys, key.selector, &SignRequest::Key::selector);
    if (same != keys.end()) {
      return usage("--key", "two keys have the selector " + in_quotes(key.selector) + "; write --key SELECTOR=FILE");
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

Or<Canonicalization> read_form(std::string_view word) {
  if (iequals(word, "simple")) return Canonicalization::Simple;
  if (iequals(word, "relaxed")) return Canonicalization::Relaxed;
  return usage("--canonicalization", in_quotes(word) + " is none; write one such as relaxed/simple");
}

/// RFC 6376 §3.5: a word of its own is for the header, and the body is simple.
Or<void> read_forms(const SignOptions& options, SignRequest& request) {
  const auto words = split(options.canonicalization, '/');
  if (words.size() > 2) return usage("--canonicalization", "has more than one \"/\"");
  CAS_TRY(request.header_form, read_form(words.front()));
  CAS_TRY(request.body_form, read_form(words.size() == 2 ? words.back() : "simple"));
  return {};
}

Or<std::vector<std::string>> read_names(std::string_view option, std::string_view list) {
  std::vector<std::string> names;
  if (list.empty()) return names;
  for (const auto name : split(list, ':')) {
    const bool is_name =
        !name.empty() && std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127 && c != ';'; });
    if (!is_name) return usage(option, in_quotes(name) + " is no field name; write names with colons between");
    if (std::ranges::none_of(names, [&](const auto& other) { return iequals(other, name); })) names.emplace_back(name);
  }
  return names;
}

/// --headers says what is signed, and nothing is oversigned then but what --oversign says. --oversign alone changes
/// nothing of what is signed.
Or<auth::HeaderChoice> read_headers(const SignOptions& options) {
  auth::HeaderChoice choice = auth::recommended_headers();
  if (options.has_headers) {
    CAS_TRY(choice.signed_fields, read_names("--headers", options.headers));
    choice.oversigned.clear();
  }
  if (options.has_oversign) {
    auto& names = choice.signed_fields;
    names.insert(names.begin(), choice.oversigned.begin(), choice.oversigned.end());
    CAS_TRY(choice.oversigned, read_names("--oversign", options.oversign));
  }
  return choice;
}

Or<void> read_times(const SignOptions& options, SignRequest& request) {
  if (!options.timestamp.empty()) {
    CAS_TRY(const std::uint64_t at, read_number("--timestamp", options.timestamp));
    request.now = UnixTime(seconds(at));
  }
  if (!options.no_timestamp) request.signed_at = request.now;
  if (options.expire.empty()) return {};
  CAS_TRY(const std::uint64_t lifetime, read_number("--expire", options.expire));
  if (lifetime == 0) return usage("--expire", "a signature that expires at once is none");
  request.expires = request.now + seconds(lifetime);
  return {};
}

Or<void> read_arc(const SignOptions& options, SignRequest& request) {
  if (options.arc.empty()) return {};
  if (request.keys.size() != 1) return usage("--arc", "a set has one key");
  // RFC 8601 §2.2: who says so comes first.
  if (options.arc.find(';') == std::string::npos || options.arc.find('=') < options.arc.find(';')) {
    return usage("--arc", in_quotes(options.arc) + " names no host; write 'HOST; spf=pass ...'");
  }
  if (options.has_body_length || !options.expire.empty() || options.canonicalization != "relaxed/relaxed" ||
      options.no_timestamp) {
    return usage("--arc", "a set is relaxed/relaxed, has a time, does not expire, and covers the whole body");
  }
  if (!options.arc_chain.empty() && options.arc_chain != "pass" && options.arc_chain != "fail") {
    return usage("--arc-chain", in_quotes(options.arc_chain) + " is neither pass nor fail");
  }
  request.arc_results = options.arc;
  if (!options.arc_chain.empty()) {
    request.chain = options.arc_chain == "pass" ? auth::ArcResult::Pass : auth::ArcResult::Fail;
  }
  return {};
}

Or<std::string> arc_set(const std::vector<HeaderField>& fields, const crypto::Sha256Digest& body_hash,
                        const SignRequest& request, const crypto::PrivateKey& key) {
  const auto is_set = [](const HeaderField& field) { return iequals(field.name, "ARC-Seal"); };
  if (request.chain == auth::ArcResult::None && std::ranges::any_of(fields, is_set)) {
    return usage("--arc-chain", "is needed: the message has sets, and somebody has to say what was found of them");
  }
  const auto set = auth::seal_arc(fields, body_hash,
                                  auth::ArcSealing{.domain = request.domain,
                                                   .selector = request.keys.front().selector,
                                                   .results = request.arc_results,
                                                   .chain = request.chain,
                                                   .headers = auth::headers_to_sign(fields, request.headers),
                                                   .now = request.now},
                                  key);
  if (!set) return bad_message(set.error().private_reason);
  if (set->empty()) return bad_message("its chain takes no more sets: it has failed, or has fifty");
  return *set;
}

}  // namespace

Or<SignRequest> sign_request_of(const SignOptions& options, UnixTime now) {
  auto domain = Domain::parse(options.domain);
  if (!domain) return usage("--domain", in_quotes(options.domain) + " is no domain; write one as north.example");
  CAS_TRY(auto keys, read_keys(options, *domain));
  SignRequest request{.domain = *std::move(domain), .keys = std::move(keys), .now = now};
  CAS_CHECK(read_forms(options, request));
  CAS_TRY(request.headers, read_headers(options));
  request.with_body_length = options.has_body_length;
  if (!options.body_length.empty()) {
    CAS_TRY(request.body_length, read_number("--body-length", options.body_length));
  }
  CAS_CHECK(read_times(options, request));
  CAS_CHECK(read_arc(options, request));
  return request;
}

Or<std::string> signature_fields(std::string_view wire, const SignRequest& request,
                                 const std::vector<crypto::PrivateKey>& keys) {
  const auto fields = parse_header(wire);
  if (!fields) return bad_message(fields.error().private_reason);
  std::string_view body = wire;
  for (const auto& field : *fields) body.remove_prefix(field.raw.size());
  if (body.starts_with("\r\n")) body.remove_prefix(2);

  auth::BodyHashes hashes;
  const auto handle = hashes.want(request.body_form, request.body_length);
  hashes.update(body);
  hashes.finish();
  const std::uint64_t size = hashes.body_size(handle);
  if (request.body_length && *request.body_length > size) {
    return bad_message("the body has " + std::to_string(size) + " octets, and --body-length says " +
                       std::to_string(*request.body_length));
  }
  if (!request.arc_results.empty()) return arc_set(*fields, hashes.digest(handle), request, keys.front());

  auth::DkimSigning signing{
      .domain = request.domain, .selector = {}, .headers = auth::headers_to_sign(*fields, request.headers)};
  signing.header_form = request.header_form;
  signing.body_form = request.body_form;
  if (request.with_body_length) signing.body_length = request.body_length.value_or(size);
  signing.signed_at = request.signed_at;
  signing.expires = request.expires;
  auth::SignedHeader header(*fields);
  std::string signatures;
  for (std::size_t n = 0; n < keys.size(); ++n) {
    signing.selector = request.keys[n].selector;
    const auto signature = auth::sign_dkim(header, hashes.digest(handle), signing, keys[n]);
    if (!signature) return bad_message(signature.error().private_reason);
    signatures += *signature;
  }
  return signatures;
}

}  // namespace cas::cmd
