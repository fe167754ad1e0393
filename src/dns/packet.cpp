// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// One pass over a packet, by its own counts and never beyond its end.
#include "dns/packet.hpp"

#include <string>

namespace cas::dns {

namespace {

using Span = std::span<const std::uint8_t>;

std::unexpected<Error> bad_packet(std::string what) {
  return permanent("DNS reply is not valid", "packet: " + std::move(what));
}

class Reader {
 public:
  explicit Reader(Span packet) : rest_(packet) {}

  Result<Span> take(std::size_t count) {
    if (rest_.size() < count) return bad_packet("it ends too early");
    const Span taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  Result<std::uint16_t> number() {
    CAS_TRY(const Span octets, take(2));
    return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
  }
  /// RFC 1035 §4.1.4: labels up to the root, or up to a pointer, which ends a name.
  Result<void> skip_name() {
    while (true) {
      CAS_TRY(const Span length, take(1));
      if (length[0] == 0) return {};
      if (length[0] >= 0xC0) {
        CAS_CHECK(take(1));
        return {};
      }
      if (length[0] > 63) return bad_packet("a label of a kind that does not exist");
      CAS_CHECK(take(length[0]));
    }
  }

 private:
  Span rest_;
};

/// The header and the question; how many answers follow.
Result<std::uint16_t> read_start(Reader& reader, Type type) {
  CAS_CHECK(reader.number());  // ID
  CAS_TRY(const std::uint16_t flags, reader.number());
  CAS_TRY(const std::uint16_t questions, reader.number());
  CAS_TRY(const std::uint16_t answers, reader.number());
  CAS_CHECK(reader.take(4));  // the other two sections
  const bool reply = (flags & 0x8000) != 0;
  const bool truncated = (flags & 0x0200) != 0;
  if (!reply || truncated || (flags & 0xF) != 0 || questions != 1) return bad_packet("it is no whole answer");
  CAS_CHECK(reader.skip_name());
  CAS_TRY(const std::uint16_t asked, reader.number());
  CAS_CHECK(reader.number());  // class
  if (asked != static_cast<std::uint16_t>(type)) return bad_packet("it answers another question");
  return answers;
}

}  // namespace

Result<std::vector<Span>> answers_in_packet(Span packet, Type type) {
  Reader reader(packet);
  CAS_TRY(const std::uint16_t answers, read_start(reader, type));
  std::vector<Span> out;
  for (int n = 0; n < answers; ++n) {
    CAS_CHECK(reader.skip_name());
    CAS_TRY(const std::uint16_t found, reader.number());
    CAS_CHECK(reader.take(6));  // class, TTL
    CAS_TRY(const std::uint16_t length, reader.number());
    CAS_TRY(const Span rdata, reader.take(length));
    if (found == static_cast<std::uint16_t>(type)) out.push_back(rdata);
  }
  return out;
}

}  // namespace cas::dns
