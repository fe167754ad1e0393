// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Queue ids: 48 bits of milliseconds and 80 random bits in Crockford's base 32.
#include <algorithm>
#include <array>

#include "queue/queue.hpp"

namespace cas::queue {
namespace {

constexpr std::string_view alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";  // in ASCII order, so that ids sort
constexpr std::size_t time_characters = 10;
constexpr std::size_t characters = 26;

}  // namespace

store::QueueId make_queue_id(TimePoint now, Random& random) {
  store::QueueId id(characters, '0');
  const auto since_epoch = now.time_since_epoch().count();
  auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(since_epoch, 0));
  for (std::size_t at = time_characters; at-- > 0; ms >>= 5) id[at] = alphabet[ms & 31];
  std::array<std::uint8_t, characters - time_characters> drawn{};
  random.fill(drawn);
  for (std::size_t n = 0; n < drawn.size(); ++n) id[time_characters + n] = alphabet[drawn[n] & 31];
  return id;
}

}  // namespace cas::queue
