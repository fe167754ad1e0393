// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// RFC 8601 §2.2: writing the field so that no value breaks out of it, and reading as much of foreign ones as it takes
// to know whose they claim to be.
#include "auth/authentication_results.hpp"

#include <algorithm>

#include "auth/result_tokens.hpp"
#include "base/encoding.hpp"
#include "message/address.hpp"

namespace cas::auth {
namespace {

constexpr std::string_view field_name = "Authentication-Results";
constexpr std::size_t fold_column = 78;  // RFC 5322 §2.1.1

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

/// pvalue's [ [ local-part ] "@" ] domain-name, in the forms that need no quoting.
bool is_plain_address(std::string_view text) {
  constexpr std::string_view atext_specials = "!#$%&'*+-/=?^_`{|}~";
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  const bool dot_atom = (!local.starts_with('.') && !local.ends_with('.') && !local.contains("..")) &&
                        std::ranges::all_of(local, [&](char c) {
                          return is_alnum(c) || c == '.' || atext_specials.find(c) != std::string_view::npos;
                        });
  return dot_atom && !domain.empty() &&
         std::ranges::all_of(domain, [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

/// Control characters dropped, what is not UTF-8 replaced, cut where too long.
std::string harmless(std::string_view text) {
  std::string out;
  const bool valid = is_utf8(text);
  for (const char c : text.substr(0, max_result_text)) {
    if (is_control_char(c)) continue;
    out += valid || static_cast<unsigned char>(c) < 0x80 ? c : '?';
  }
  if (!is_utf8(out)) std::ranges::replace_if(out, [](char c) { return (c & 0x80) != 0; }, '?');  // cut within one
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string value_of(std::string_view text) {
  std::string clean = harmless(text);
  return is_token(clean) ? clean : quoted(clean);
}

std::string pvalue_of(std::string_view text) {
  std::string clean = harmless(text);
  return is_token(clean) || is_plain_address(clean) ? clean : quoted(clean);
}

/// Method, result, ptype and property are words of ours: RFC 5321 Keywords, joined by "." in a property.
std::string keyword(std::string_view text) {
  std::string out(text);
  std::erase_if(out, [](char c) { return !is_alnum(c) && c != '-' && c != '.' && c != '_'; });
  return out;
}

/// Appends words, folding before the one that would pass the column.
class Folder {
 public:
  explicit Folder(std::string start) : text_(std::move(start)), column_(text_.size()) {}
  void word(const std::string& word) {
    if (column_ + 1 + word.size() > fold_column) return new_line(word);
    text_ += ' ' + word;
    column_ += 1 + word.size();
  }
  void new_line(const std::string& word) {
    text_ += "\r\n " + word;
    column_ = 1 + word.size();
  }
  void semicolon() {
    text_ += ';';
    ++column_;
  }
  std::string finish() { return std::move(text_) + "\r\n"; }

 private:
  std::string text_;
  std::size_t column_;
};

/// The authserv-id of a field that is well-formed up to its first ";".
std::optional<std::string> authserv_id_of(std::string_view value) {
  if (!skip_cfws(value)) return std::nullopt;
  auto id = take_value(value);
  if (!id || !skip_cfws(value)) return std::nullopt;
  while (!value.empty() && is_digit(value.front())) value.remove_prefix(1);  // version
  if (!skip_cfws(value)) return std::nullopt;
  return value.empty() || value.front() == ';' ? id : std::nullopt;
}

/// One spelling for comparison: what a reader might take for the same name must be the same text.
std::optional<std::string> folded_name(std::string_view id) {
  if (auto domain = Domain::parse(trim_wsp(id))) return domain->text();
  if (!is_ascii(id)) return std::nullopt;
  return to_lower(trim_wsp(id));
}

}  // namespace

std::string format_authentication_results(std::string_view authserv_id, const std::vector<MethodResult>& results) {
  Folder out(std::string(field_name) + ':');
  out.word(value_of(authserv_id));
  if (results.empty()) {
    out.semicolon();
    out.word("none");
  }
  for (const MethodResult& result : results) {
    out.semicolon();
    out.new_line(keyword(result.method) + '=' + keyword(result.result));
    if (!result.reason.empty()) out.word("reason=" + quoted(harmless(result.reason)));
    for (const auto& [name, value] : result.properties) out.word(keyword(name) + '=' + pvalue_of(value));
  }
  return out.finish();
}

bool is_forged_result(const HeaderField& field, std::string_view authserv_id) {
  if (!iequals(trim_wsp(field.name), field_name)) return false;
  const auto id = authserv_id_of(field.value);
  if (!id) return true;
  const auto theirs = folded_name(*id);
  return !theirs || theirs == folded_name(authserv_id);
}

}  // namespace cas::auth
