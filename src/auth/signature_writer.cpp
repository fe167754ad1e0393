// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Lines of at most 78 octets (RFC 5322 §2.1.1), broken only where white space does not matter.
#include "auth/signature_writer.hpp"

#include "auth/signature_field.hpp"
#include "base/encoding.hpp"

namespace cas::auth {
namespace {

constexpr std::size_t line = 78;
constexpr std::string_view fold = "\r\n\t";

}  // namespace

void SignatureWriter::put(std::string_view word, std::string_view blank) {
  if (text_.size() - line_start_ + blank.size() + word.size() + 1 > line) {
    text_ += fold;
    line_start_ = text_.size() - 1;
  } else {
    text_ += blank;
  }
  text_ += word;
}

SignatureWriter& SignatureWriter::tag(std::string_view name, std::string_view value) {
  put(std::string(name) + '=' + std::string(value) + ';', " ");
  return *this;
}

SignatureWriter& SignatureWriter::list(std::string_view name, const std::vector<std::string>& items) {
  std::string_view blank = " ";
  std::string word = std::string(name) + '=';
  for (const auto& item : items) {
    word += item;
    word += &item == &items.back() ? ';' : ':';
    put(word, blank);
    blank = {};
    word.clear();
  }
  return *this;
}

Result<std::string> SignatureWriter::sign(crypto::Sha256 hash, Canonicalization form, const crypto::PrivateKey& key) {
  put("b=", " ");
  const std::string unsigned_text = text_ + "\r\n";
  const std::string_view raw = unsigned_text;
  const HeaderField field{raw, raw.substr(0, name_size_),
                          raw.substr(name_size_ + 1, raw.size() - name_size_ - 1 - std::string_view("\r\n").size())};
  hash.update(without_signature(field, form));
  CAS_TRY(const Octets signature, key.sign(hash.finish()));
  const std::string digits = base64(signature);
  std::string_view rest = digits;
  while (!rest.empty()) {
    const std::size_t used = text_.size() - line_start_;
    const auto piece = rest.substr(0, used < line ? line - used : 0);
    text_ += piece;
    rest.remove_prefix(piece.size());
    if (rest.empty()) break;
    text_ += fold;
    line_start_ = text_.size() - 1;
  }
  text_ += "\r\n";
  return std::move(text_);
}

std::string_view algorithm_word(crypto::KeyType type) {
  return type == crypto::KeyType::Ed25519 ? "ed25519-sha256" : "rsa-sha256";
}

std::string_view form_word(Canonicalization form) {
  return form == Canonicalization::Relaxed ? "relaxed" : "simple";
}

}  // namespace cas::auth
