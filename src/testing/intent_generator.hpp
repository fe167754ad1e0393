// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Intents at random, every tag of them, and every kind of value that a tag may have; the same seed gives the same ones.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "confirm/intent.hpp"
#include "testing/fake_random.hpp"

namespace cas::testing {

class IntentGenerator {
 public:
  explicit IntentGenerator(std::uint64_t seed) : random_(seed) {}

  /// One that parse_intent could give: sorted, fitting its line, k=b exactly with l. The signature is noise.
  confirm::Intent next() {
    confirm::Intent intent{.id = {},
                           .signing_domain = domain(),
                           .selector = selector(),
                           .algorithm = {},
                           .issued = time(),
                           .expires = time(),
                           .envelope_from = {},
                           .recipient_domain = domain(),
                           .recipients = {},
                           .author = mailbox(),
                           .klass = {},
                           .list_id = {},
                           .forwarded = random_.below(4) == 0,
                           .digest = {},
                           .signature = octets(1 + random_.below(525))};
    random_.fill(intent.id);
    intent.algorithm = coin() ? confirm::Algorithm::Ed25519Sha256 : confirm::Algorithm::RsaSha256;
    if (coin()) intent.envelope_from = mailbox();
    intent.klass = std::array{confirm::Class::Personal, confirm::Class::Transactional, confirm::Class::Bulk,
                              confirm::Class::Automatic}[random_.below(4)];
    if (intent.klass == confirm::Class::Bulk) intent.list_id = to_lower(text(1 + random_.below(60), false));
    if (random_.below(8) != 0) random_.fill(intent.digest.emplace());
    add_recipients(intent);
    return intent;
  }

  bool coin() { return random_.below(2) == 0; }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  LocalPart local_part() {
    const std::uint64_t size = random_.below(4) == 0 ? 64 : 1 + random_.below(12);
    return LocalPart::from_value(text(size, coin())).value();
  }
  Mailbox mailbox() { return {local_part(), domain()}; }

  Domain domain() {
    constexpr std::array<std::string_view, 4> awkward{"xn--bcher-kva.example", "a", "1.2.3.x4", "a--b.example"};
    if (random_.below(6) == 0) return Domain::parse(awkward[random_.below(awkward.size())]).value();
    std::string name;
    for (std::uint64_t labels = 1 + random_.below(4); labels > 0; --labels) name += label("") + '.';
    return Domain::parse(name + "example").value();
  }

 private:
  std::string label(std::string_view more) {
    constexpr std::string_view ends = "abcdefghijklmnopqrstuvwxyz0123456789";
    const std::string within = std::string(ends) + std::string(more);
    std::string out(1, ends[random_.below(26)]);
    for (std::uint64_t n = random_.below(random_.below(9) == 0 ? 62 : 8); n > 0; --n)
      out += within[random_.below(within.size())];
    return out;
  }
  std::string selector() { return coin() ? label("_") : label("_") + '.' + label("_"); }

  UnixTime time() {
    constexpr std::array<std::int64_t, 4> edges{0, 1, 999999999999, 1795460400};
    const bool edge = random_.below(5) == 0;
    return UnixTime(
        seconds(edge ? edges[random_.below(edges.size())] : static_cast<std::int64_t>(random_.below(1000000000000))));
  }

  Octets octets(std::uint64_t size) {
    Octets out(size);
    random_.fill(out);
    return out;
  }

  /// UTF-8 of exactly so many octets without control characters; plain characters only where asked.
  std::string text(std::uint64_t size, bool plain) {
    constexpr std::string_view letters = "abcxyzABCXYZ0189!#$&'*+-/=?^_`{|}~.";
    constexpr std::array<std::string_view, 14> pieces{" ",         "\"",
                                                      "%",         ",",
                                                      ";",         "@",
                                                      "\\",        "(",
                                                      "<",         "[",
                                                      "\xc3\xa9",  "\xe6\xbc\xa2",
                                                      "e\xcc\x81", "\xf0\x9f\x93\xa7"};
    std::string out;
    while (out.size() < size) {
      const bool awkward = !plain && random_.below(3) == 0;
      const std::string_view piece =
          awkward ? pieces[random_.below(pieces.size())] : letters.substr(random_.below(letters.size()), 1);
      if (out.size() + piece.size() <= size) out += piece;
    }
    return out;
  }

  void add_recipients(confirm::Intent& intent) {
    constexpr std::array<std::uint64_t, 4> counts{1, 2, 5, 100};
    std::uint64_t wanted = counts[random_.below(counts.size())];
    while (wanted-- > 0) intent.recipients.push_back(local_part());
    confirm::sort_recipients(intent);
    while (confirm::print_intent(intent).size() > confirm::max_intent_line) intent.recipients.pop_back();
  }

  FakeRandom random_;
};

}  // namespace cas::testing
