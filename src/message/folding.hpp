// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A header field written word by word and folded between words (RFC 5322 §2.2.3). Internal to message/.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cas {

/// Words are set apart by one SP, or by a fold where the line would pass 78 octets (RFC 5322 §2.1.1). A word holds no
/// CR or LF and is never broken: the caller bounds it. The first word stays on the line of the name.
class FoldedField {
 public:
  explicit FoldedField(std::string_view name) : text_(std::string(name) + ':') {}

  FoldedField& word(std::string_view word);
  /// Each word of `text`; what lies between them counts as one SP.
  FoldedField& words(std::string_view text);
  /// The field with final CRLF; to be called last.
  [[nodiscard]] std::string finish();

 private:
  static constexpr std::size_t kLine = 78;

  std::string text_;
  std::size_t line_start_ = 0;
  bool has_words_ = false;
};

}  // namespace cas
