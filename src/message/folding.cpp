// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Folding between words.
#include "message/folding.hpp"

#include <algorithm>

namespace cas {

FoldedField& FoldedField::word(std::string_view word) {
  const bool fits = text_.size() - line_start_ + 1 + word.size() <= kLine;
  if (fits || !has_words_) {
    text_ += ' ';
  } else {
    text_ += "\r\n";
    line_start_ = text_.size();
    text_ += '\t';
  }
  text_ += word;
  has_words_ = true;
  return *this;
}

FoldedField& FoldedField::words(std::string_view text) {
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return *this;
    const std::string_view next = text.substr(0, text.find(' '));
    word(next);
    text.remove_prefix(next.size());
  }
}

std::string FoldedField::finish() {
  text_ += "\r\n";
  return std::move(text_);
}

}  // namespace cas
