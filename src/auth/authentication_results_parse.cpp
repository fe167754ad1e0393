// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8601 §2.2, from left to right.
#include "auth/authentication_results_parse.hpp"

#include <utility>

#include "auth/result_tokens.hpp"
#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t max_octets = 65'536;
constexpr std::size_t max_items = 64;

/// Functions return false on a syntax error.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<AuthenticationResults> parse() {
    if (text_.size() > max_octets || !head() || !skip_cfws(text_)) return std::nullopt;
    bool any = false;
    bool nothing = false;  // no-result stands alone
    while (take(text_, ';')) {
      if (!skip_cfws(text_)) return std::nullopt;
      if (text_.empty()) break;
      if (nothing) return std::nullopt;
      if (!any && takes_no_result()) {
        nothing = true;
      } else if (!result_info()) {
        return std::nullopt;
      }
      any = true;
      if (!skip_cfws(text_)) return std::nullopt;
    }
    return any && text_.empty() ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  /// authserv-id [ CFWS authres-version ]
  bool head() {
    if (!skip_cfws(text_)) return false;
    auto id = take_value(text_);
    if (!id || id->empty() || !skip_cfws(text_)) return false;
    out_.authserv_id = *std::move(id);
    return version();
  }

  /// 1*DIGIT, or nothing. Only "1" is known.
  bool version() {
    const std::string_view digits = text_.substr(0, text_.find_first_not_of("0123456789"));
    text_.remove_prefix(digits.size());
    return digits.empty() || digits == "1";
  }

  /// no-result, and nothing else up to the end.
  bool takes_no_result() {
    std::string_view rest = text_;
    if (take_keyword(rest) != "none" || !skip_cfws(rest) || !(rest.empty() || rest.starts_with(';'))) return false;
    text_ = rest;
    return true;
  }

  /// methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
  bool result_info() {
    MethodResult result;
    result.method = take_keyword(text_);
    if (result.method.empty() || !skip_cfws(text_)) return false;
    bool known_version = true;
    if (take(text_, '/')) {
      if (!skip_cfws(text_) || text_.empty() || !is_digit(text_.front())) return false;
      const std::string_view digits = text_.substr(0, text_.find_first_not_of("0123456789"));
      text_.remove_prefix(digits.size());
      known_version = digits == "1";
    }
    if (!equals()) return false;
    result.result = take_keyword(text_);
    if (result.result.empty() || !skip_cfws(text_)) return false;
    while (!text_.empty() && text_.front() != ';') {
      if (!detail(result)) return false;
    }
    if (!known_version) return true;
    if (out_.results.size() == max_items) return false;
    out_.results.push_back(std::move(result));
    return true;
  }

  /// reasonspec or propspec, with the CFWS behind it.
  bool detail(MethodResult& result) {
    std::string name = take_keyword(text_);
    if (name.empty() || !skip_cfws(text_)) return false;
    const bool typed = take(text_, '.');
    if (typed) {
      if (!skip_cfws(text_)) return false;
      const std::string property = take_keyword(text_);
      if (property.empty()) return false;
      name += '.' + property;
    }
    if (!equals()) return false;
    if (name == "reason") {
      auto value = take_value(text_);
      if (!value || !result.reason.empty()) return false;
      result.reason = *std::move(value);
      return skip_cfws(text_);
    }
    auto value = property_value();
    if (!value || result.properties.size() == max_items) return false;
    result.properties.emplace_back(std::move(name), *std::move(value));
    return skip_cfws(text_);
  }

  bool equals() { return skip_cfws(text_) && take(text_, '=') && skip_cfws(text_); }

  /// pvalue: a value, or an address with or without its local part. Values unquoted that should be quoted are let
  /// through up to the next white space, ";" or comment.
  std::optional<std::string> property_value() {
    std::string out;
    if (text_.starts_with('"')) {
      auto quoted = take_value(text_);
      if (!quoted) return std::nullopt;
      out = *std::move(quoted);
      if (!text_.starts_with('@')) return out;
    }
    const auto begin = out.size();
    while (!text_.empty() && is_bare(text_.front())) {
      out += text_.front();
      text_.remove_prefix(1);
    }
    return out.size() > begin ? std::optional(std::move(out)) : std::nullopt;
  }

  static bool is_bare(char c) {
    return !is_control_char(c) && std::string_view(" ;()\"\\").find(c) == std::string_view::npos;
  }

  std::string_view text_;
  AuthenticationResults out_;
};

}  // namespace

std::optional<AuthenticationResults> parse_authentication_results(std::string_view value) {
  return Parser(value).parse();
}

}  // namespace cas::auth
