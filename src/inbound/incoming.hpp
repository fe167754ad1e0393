// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// A message on its way in: its octets are judged and hashed as they pass, and handed on in chunks, so that memory does
// not grow with the message. No I/O here: the session feeds it and stores what it hands out.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "auth/dmarc.hpp"
#include "auth/message_check.hpp"
#include "confirm/receiver.hpp"
#include "policy/boundary.hpp"
#include "smtp/limits.hpp"
#include "smtp/reply.hpp"

namespace cas::inbound {

/// Not thread-safe, not movable.
class IncomingMessage {
 public:
  static constexpr std::size_t chunk_size = 256 * 1024;

  IncomingMessage(policy::BoundaryFacts boundary, smtp::Limits limits);
  IncomingMessage(const IncomingMessage&) = delete;
  IncomingMessage& operator=(const IncomingMessage&) = delete;

  /// The next octets of the message, as a decoder gives them. After a fault they are counted and forgotten.
  void add(std::string_view octets);
  /// Enough has gathered to be stored.
  [[nodiscard]] bool chunk_ready() const { return pending_.size() - taken_ >= chunk_size; }
  [[nodiscard]] bool has_pending() const { return pending_.size() > taken_; }
  /// What has gathered: at most chunk_size octets; call while chunk_ready(), and at the end while has_pending().
  [[nodiscard]] std::string take_chunk();

  /// Why it must be refused, as far as is known; final after finish().
  [[nodiscard]] const std::optional<smtp::Reply>& refusal() const { return refusal_; }

  /// Refused for a reason of ours; from here on its octets are forgotten.
  void give_up(smtp::Reply reply) { refuse(std::move(reply)); }
  /// Octets in memory.
  [[nodiscard]] std::size_t held() const { return header_.capacity() + pending_.capacity(); }

  // From the end of the header on, unless it was refused:
  /// Its signatures; null before, and for a submission.
  [[nodiscard]] const auth::MessageCheck* check() const { return check_ ? &*check_ : nullptr; }
  [[nodiscard]] const auth::Authors& authors() const { return authors_; }
  [[nodiscard]] bool from_a_list() const { return from_a_list_; }
  /// As its header has it, unfolded; at most 200 octets.
  [[nodiscard]] const std::string& subject() const { return subject_; }

  /// The end of the message. A reply when it must be refused whatever the policy: header malformed or too long,
  /// message too long, too many hops.
  [[nodiscard]] std::optional<smtp::Reply> finish();

  // After finish():
  [[nodiscard]] const confirm::MessageFacts& facts() const { return facts_; }
  /// Octets that are kept (header edited).
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool eight_bit() const { return eight_bit_; }
  /// The header's part of what is kept, with the empty line behind it.
  [[nodiscard]] std::size_t header_size() const { return header_size_; }
  /// While nothing was taken: all that is kept, and another in its place. A permanent error for a header that is none.
  [[nodiscard]] const std::string& kept() const { return pending_; }
  [[nodiscard]] Result<void> replace(const std::string& header, std::string_view body);

 private:
  void end_header();
  void add_body(std::string_view octets);
  void refuse(smtp::Reply reply);
  void keep(std::string_view octets);

  policy::BoundaryFacts boundary_;
  smtp::Limits limits_;
  std::string header_;  // until it is complete
  bool in_header_ = true;
  std::string pending_;  // to be stored, but for the first taken_ octets
  std::size_t taken_ = 0;
  std::size_t header_size_ = 0;
  auth::BodyHashes submitted_body_;          // of a submission
  std::optional<auth::MessageCheck> check_;  // of anything else, with the hashes of its body
  auth::BodyHashes::Handle body_hash_ = 0;   // relaxed: the digest's (CAS §4.4), and what DKIM signs
  auth::Authors authors_;
  bool from_a_list_ = false;
  std::string subject_;
  confirm::MessageFacts facts_;
  std::optional<smtp::Reply> refusal_;
  std::uint64_t received_ = 0;
  std::uint64_t size_ = 0;
  bool eight_bit_ = false;
};

}  // namespace cas::inbound
