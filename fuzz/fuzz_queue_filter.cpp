// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Filters of the queue: what is accepted can be asked of any row; what is refused has a reason to show.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "queue/filter.hpp"

namespace {

using namespace cas;

void require(bool holds) {
  if (!holds) std::abort();
}

std::string next(std::string_view& text) {
  const auto end = text.find('\n');
  const std::string word(text.substr(0, end));
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

void check(std::string_view text) {
  queue::FilterWords words;
  for (std::string* word : {&words.ids, &words.domain, &words.sender, &words.older_than, &words.younger_than,
                            &words.reason, &words.state}) {
    *word = next(text);
  }
  const auto filter = queue::parse_filter(words);
  if (!filter) return require(!filter.error().public_text.empty());
  store::Message message;
  message.id = "AB1";
  if (auto sender = ReversePath::parse(next(text))) message.sender = *std::move(sender);
  auto address = Mailbox::parse(next(text));
  if (!address) return;
  const store::Recipient recipient{.address = *std::move(address), .next_attempt = {}, .last_reply = std::string(text)};
  const bool fits = queue::fits(*filter, message, TimePoint()) && queue::fits(*filter, recipient, false);
  require(fits || !filter->empty());
}

std::string folded(std::string_view text) {
  constexpr std::string_view alphabet = "ab1@.<>,\n\n[]-waitng heldf";
  std::string out;
  for (const char c : text) out += alphabet[static_cast<unsigned char>(c) % alphabet.size()];
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  check(folded(text));
  return 0;
}
