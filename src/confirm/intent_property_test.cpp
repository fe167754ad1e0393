// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Properties of CAS §21, on intents at random: one spelling for each value, and no octet that the signature does not
// hold. Every line on the way is also explained: explain finds a fault exactly when parse_intent refuses.
#include <gtest/gtest.h>

#include "confirm/explain.hpp"
#include "confirm/intent_samples.hpp"
#include "testing/intent_generator.hpp"

namespace cas::confirm {
namespace {

using namespace samples;
using cas::testing::IntentGenerator;

constexpr std::string_view base64url_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// parse_intent, held to what explain says.
std::expected<Intent, Reason> read(std::string_view line) {
  auto intent = parse_intent(line);
  const auto fault = explain(line);
  EXPECT_EQ(intent.has_value(), !fault.has_value()) << line;
  if (!intent && fault) {
    EXPECT_EQ(fault->reason, intent.error()) << line;
    EXPECT_LE(fault->at, line.size()) << line;
    EXPECT_FALSE(fault->what.empty() || fault->mend.empty()) << line;
  }
  return intent;
}

/// What a changed line may be: refused, or the one spelling of another intent.
void expect_no_second_spelling(const std::string& changed, const std::string& line, const Intent& intent) {
  if (changed == line) return;
  const auto parsed = read(changed);
  if (!parsed) return;
  EXPECT_EQ(print_intent(*parsed), changed);
  EXPECT_NE(*parsed, intent) << changed;
}
void expect_refused(const std::string& changed, const std::string& line) {
  if (changed != line) EXPECT_FALSE(read(changed)) << changed;
}

Intent with_few_recipients(Intent intent) {
  while (intent.recipients.size() > 5) intent.recipients.pop_back();
  return intent;
}

std::string replaced(std::string_view line, std::size_t at, std::size_t size, std::string_view by) {
  return std::string(line).replace(at, size, by);
}

/// The tags of a line, "k=p" each.
std::vector<std::string> parts_of(std::string_view line) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = line.find(';');
    parts.emplace_back(line.substr(0, end));
    if (end == std::string_view::npos) return parts;
    line.remove_prefix(end + 1);
  }
}
std::string joined(const std::vector<std::string>& parts, char between) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : std::string(1, between)) + part;
  return out;
}
/// Where the value of a tag stands: offset and size.
std::pair<std::size_t, std::size_t> value_of(std::string_view line, char tag) {
  const std::size_t at = line.find(std::string{';', tag, '='}) + 3;
  return {at, std::min(line.find(';', at), line.size()) - at};
}

TEST(IntentProperty, ParseAndPrintAreInverseCasSection21) {
  IntentGenerator generator(1);
  std::size_t longest = 0, most = 0;
  for (int round = 0; round < 600; ++round) {
    const Intent intent = generator.next();
    const std::string line = print_intent(intent);
    const auto parsed = read(line);
    ASSERT_TRUE(parsed) << line;
    ASSERT_EQ(*parsed, intent) << line;
    ASSERT_EQ(print_intent(*parsed), line);
    longest = std::max(longest, line.size());
    most = std::max(most, intent.recipients.size());
  }
  EXPECT_GT(longest, 4000U) << "the generator makes long lines too";
  EXPECT_GT(most, 90U);
}

TEST(IntentProperty, CaseAndEncodingHaveOneSpellingCasSection43) {
  IntentGenerator generator(2);
  for (int round = 0; round < 12; ++round) {
    const Intent intent = with_few_recipients(generator.next());
    const std::string line = print_intent(intent);
    for (std::size_t at = 0; at < line.size(); ++at) {
      const char c = line[at];
      if (is_alpha(c)) {
        const char other = static_cast<char>(c ^ 0x20);
        expect_no_second_spelling(replaced(line, at, 1, std::string(1, other)), line, intent);
      }
      const std::string encoded = replaced(line, at, 1, "%" + to_upper(hex(as_octets(line.substr(at, 1)))));
      if (percent_encode(line.substr(at, 1)).size() == 1) {
        expect_refused(encoded, line);
      } else {
        expect_no_second_spelling(encoded, line, intent);  // one recipient less, with a "," in its name
      }
      if (c != '%') continue;
      const std::string escape = line.substr(at, 3);
      expect_refused(replaced(line, at, 3, to_lower(escape)), line);
      const auto value = static_cast<char>(std::stoi(escape.substr(1), nullptr, 16));
      // Decoded, "," and "@" and ";" may cut the value into others; no cut gives back the same value.
      expect_no_second_spelling(replaced(line, at, 3, std::string(1, value)), line, intent);
    }
  }
}

TEST(IntentProperty, NamesAndDomainsHaveOneCaseCasSection43) {
  IntentGenerator generator(3);
  for (int round = 0; round < 60; ++round) {
    const std::string line = print_intent(generator.next());
    for (const char tag : {'d', 's', 'q', 'a', 'k', 'w', 'l'}) {
      if (line.find(std::string{';', tag, '='}) == std::string::npos) continue;
      const auto [at, size] = value_of(line, tag);
      expect_refused(replaced(line, at - 2, 1, to_upper(std::string(1, tag))), line);
      expect_refused(replaced(line, at, size, to_upper(line.substr(at, size))), line);
    }
    for (const char tag : {'d', 's', 'q', 'f', 'o'}) {
      const auto [at, size] = value_of(line, tag);
      if (size > 0) expect_refused(replaced(line, at + size, 0, "."), line);
    }
    for (const char tag : {'t', 'x'}) {
      const auto [at, size] = value_of(line, tag);
      expect_refused(replaced(line, at, 0, "0"), line);
      expect_refused(replaced(line, at, 0, "+"), line);
    }
  }
}

TEST(IntentProperty, TagsHaveOneOrderAndStandOnceCasSection43) {
  IntentGenerator generator(4);
  for (int round = 0; round < 30; ++round) {
    const std::string line = print_intent(generator.next());
    const auto parts = parts_of(line);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      for (std::size_t j = i + 1; j < parts.size(); ++j) {
        auto swapped = parts;
        std::swap(swapped[i], swapped[j]);
        expect_refused(joined(swapped, ';'), line);
      }
      auto repeated = parts;
      repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(i), parts[i]);
      expect_refused(joined(repeated, ';'), line);
      repeated.push_back(parts[i]);
      expect_refused(joined(repeated, ';'), line);
    }
  }
}

TEST(IntentProperty, BlanksStandNowhereCasSection43) {
  IntentGenerator generator(5);
  for (int round = 0; round < 4; ++round) {
    const Intent intent = with_few_recipients(generator.next());
    const std::string line = print_intent(intent);
    for (std::size_t at = 0; at <= line.size(); ++at) {
      for (const char* blank : {" ", "\t", "\r\n"}) expect_refused(replaced(line, at, 0, blank), line);
    }
  }
}

TEST(IntentProperty, UnusedBitsAreZeroCasSection43) {
  IntentGenerator generator(6);
  for (int round = 0; round < 40; ++round) {
    const Intent intent = generator.next();
    const std::string line = print_intent(intent);
    for (const char tag : {'i', 'm', 'b'}) {
      const auto [at, size] = value_of(line, tag);
      const std::size_t last = at + size - 1;
      const std::size_t unused = (tag == 'm' ? 43 : size) % 4 == 2 ? 4 : (tag == 'm' ? 43 : size) % 4 == 3 ? 2 : 0;
      if (line[last] == '-' && size == 1) continue;  // m=-
      const std::size_t digit = base64url_digits.find(line[last]);
      for (std::size_t other = 0; other < 64; ++other) {
        const std::string changed = replaced(line, last, 1, base64url_digits.substr(other, 1));
        if (other >> unused == digit >> unused) {
          expect_refused(changed, line);
        } else {
          expect_no_second_spelling(changed, line, intent);
        }
      }
      expect_refused(replaced(line, last + 1, 0, "="), line);
    }
  }
}

TEST(IntentProperty, RecipientsRiseAndStandOnceCasSection43) {
  IntentGenerator generator(7);
  for (int round = 0; round < 60; ++round) {
    const std::string line = print_intent(generator.next());
    const auto [at, size] = value_of(line, 'r');
    std::vector<std::string> spelt;
    for (std::string_view rest(line.data() + at, size);;) {
      const auto comma = rest.find(',');
      spelt.emplace_back(rest.substr(0, comma));
      if (comma == std::string_view::npos) break;
      rest.remove_prefix(comma + 1);
    }
    for (std::size_t i = 0; i < spelt.size(); i += 1 + spelt.size() / 10) {
      auto changed = spelt;
      changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), spelt[i]);
      expect_refused(replaced(line, at, size, joined(changed, ',')), line);
      if (i + 1 == spelt.size()) continue;
      changed = spelt;
      std::swap(changed[i], changed[i + 1]);
      expect_refused(replaced(line, at, size, joined(changed, ',')), line);
    }
  }
}

// ---- One octet ----

constexpr std::string_view other_octets("Aa0.%;=,-_ \x00\r\x7f\xc3", 15);

/// Every octet of a signed line replaced, inserted before, and dropped; never accepted.
void expect_every_octet_counts(const std::string& line, const crypto::PublicKey& key) {
  std::size_t verified = 0;
  const auto expect_broken = [&](const std::string& changed) {
    if (changed == line) return;
    const auto parsed = read(changed);
    if (!parsed) return;
    ++verified;
    EXPECT_FALSE(verify_intent(*parsed, changed, key)) << changed;
  };
  for (std::size_t at = 0; at <= line.size(); ++at) {
    // All of them at every place is too slow for RSA; which ones is a matter of the place.
    for (std::size_t n = 0; n < 5; ++n) {
      const std::string_view octet = other_octets.substr((at + n * 3) % other_octets.size(), 1);
      expect_broken(replaced(line, at, 0, octet));
      if (at < line.size()) expect_broken(replaced(line, at, 1, octet));
    }
    if (at == line.size()) break;
    expect_broken(replaced(line, at, 1, ""));
    expect_broken(replaced(line, at, 1, std::string(1, static_cast<char>(line[at] ^ 1))));
    expect_broken(replaced(line, at, 1, std::string(1, static_cast<char>(line[at] ^ 2))));
  }
  EXPECT_GT(verified, line.size() / 4) << "many changes are grammatical and left to the signature";
}

TEST(IntentProperty, EveryOctetIsHeldBySignatureOrGrammarEd25519CasSection21) {
  expect_every_octet_counts(std::string(vector_line), ed25519_public_key());
  Intent bulk = vector_intent();
  bulk.envelope_from = std::nullopt;
  bulk.klass = Class::Bulk;
  bulk.list_id = "dinner%list.example.com";
  bulk.forwarded = true;
  bulk.recipients = {local("a b"), local("jos\xc3\xa9"), local("x,y")};
  sort_recipients(bulk);
  expect_every_octet_counts(sign(bulk, ed25519_key()), ed25519_public_key());
}

TEST(IntentProperty, EveryOctetIsHeldBySignatureOrGrammarRsaCasSection21) {
  expect_every_octet_counts(sign(vector_intent(), rsa_key()), public_half(rsa_key()));
}

// ---- Explanations ----

TEST(ExplainProperty, AgreesWithTheParserOnNoiseInAValidLine) {
  IntentGenerator generator(8);
  constexpr std::string_view alphabet = "vidsatxfqroklwmb=;,.@-_%:0189ACEFcpzZ[]<>\" /+\xc3\xa9\r\x00";
  for (int round = 0; round < 6000; ++round) {
    std::string line(vector_line);
    for (std::uint64_t n = 1 + generator.below(3); n > 0; --n) {
      const std::string noise(1, alphabet[generator.below(alphabet.size())]);
      line.replace(generator.below(line.size()), generator.below(4), generator.coin() ? noise : noise + noise);
    }
    (void)read(line);
  }
}

}  // namespace
}  // namespace cas::confirm
