// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// The header is gathered, edited and judged once; the body streams through the hash.
#include "inbound/incoming.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "policy/authentication.hpp"

namespace cas::inbound {

using smtp::EnhancedCode;
using smtp::Reply;

namespace {

// Assigning an empty string keeps the memory.
void free_memory(std::string& text) {
  std::string().swap(text);
}

std::string subject_of(const std::vector<HeaderField>& fields) {
  constexpr std::size_t longest = 200;
  const auto subjects = fields_named(fields, "subject");
  return subjects.empty() ? std::string() : std::string(trim_wsp(unfold(subjects.front().value))).substr(0, longest);
}

}  // namespace

IncomingMessage::IncomingMessage(policy::BoundaryFacts boundary, smtp::Limits limits)
    : boundary_(std::move(boundary)), limits_(limits) {}

void IncomingMessage::refuse(Reply reply) {
  if (!refusal_) refusal_ = std::move(reply);
  free_memory(header_);
  free_memory(pending_);
  taken_ = 0;
}

void IncomingMessage::keep(std::string_view octets) {
  pending_ += octets;
  size_ += octets.size();
}

void IncomingMessage::add(std::string_view octets) {
  received_ += octets.size();
  if (refusal_) return;
  if (received_ > limits_.message) {
    // RFC 1870 §6.3
    refuse(Reply(552, EnhancedCode{5, 3, 4},
                 "message is larger than the " + std::to_string(limits_.message) + " octets this server accepts"));
    return;
  }
  if (!eight_bit_ && !is_ascii(octets)) eight_bit_ = true;
  if (!in_header_) {
    add_body(octets);
    return;
  }
  const std::size_t from = header_.size() < 3 ? 0 : header_.size() - 3;
  header_ += octets;
  // A message that begins with an empty line has no header at all.
  const std::size_t end = header_.starts_with("\r\n") ? 0 : header_.find("\r\n\r\n", from);
  if (end == std::string::npos) {
    if (header_.size() > limits_.header) refuse(Reply(552, EnhancedCode{5, 3, 4}, "header section is too long"));
    return;
  }
  const std::string rest = header_.substr(end + (end == 0 ? 2 : 4));
  header_.resize(end == 0 ? 0 : end + 2);
  end_header();
  if (refusal_) return;
  add_body(rest);
}

void IncomingMessage::add_body(std::string_view octets) {
  if (check_) {
    check_->update(octets);
  } else {
    submitted_body_.update(octets);
  }
  keep(octets);
}

void IncomingMessage::end_header() {
  in_header_ = false;
  if (header_.size() > limits_.header) return refuse(Reply(552, EnhancedCode{5, 3, 4}, "header section is too long"));
  const auto fields = parse_header(header_);
  if (!fields) return refuse(Reply(554, EnhancedCode{5, 6, 0}, fields.error().public_text));
  if (policy::count_hops(*fields) >= policy::max_hops) {
    return refuse(Reply(554, EnhancedCode{5, 4, 6}, "too many hops: the message is in a loop"));  // RFC 5321 §6.3
  }
  // As it came: what we take out may have been signed.
  if (boundary_.origin == policy::Origin::Outside) {
    check_.emplace(*fields, boundary_.now);
    authors_ = auth::read_authors(*fields);
    from_a_list_ = policy::is_from_a_list(*fields);
    subject_ = subject_of(*fields);
  }
  body_hash_ = (check_ ? check_->body() : submitted_body_).want(Canonicalization::Relaxed);
  const std::string edited = policy::edit_header(*fields, boundary_);
  const auto kept = parse_header(edited);
  if (!kept) return refuse(Reply(554, EnhancedCode{5, 6, 0}, kept.error().public_text));
  facts_ = policy::message_facts(*kept);
  facts_.hashes.header = confirm::header_hash(*kept);
  keep(edited);
  header_size_ = edited.size();
  free_memory(header_);
}

std::string IncomingMessage::take_chunk() {
  std::string chunk;
  if (taken_ == 0 && pending_.size() <= chunk_size) {
    chunk.swap(pending_);
    return chunk;
  }
  chunk = pending_.substr(taken_, chunk_size);
  taken_ += chunk.size();
  // Where much is pending, what is left moves once, not with each chunk.
  if (pending_.size() - taken_ < chunk_size) pending_.erase(0, std::exchange(taken_, 0));
  return chunk;
}

Result<void> IncomingMessage::replace(const std::string& header, std::string_view body) {
  CAS_TRY(const auto fields, parse_header(header));
  facts_.hashes.header = confirm::header_hash(fields);
  auth::BodyHashes hashes;
  const auto relaxed = hashes.want(Canonicalization::Relaxed);
  hashes.update(body);
  hashes.finish();
  facts_.hashes.body = hashes.digest(relaxed);
  pending_ = header + "\r\n";
  header_size_ = pending_.size();
  pending_ += body;
  size_ = pending_.size();
  eight_bit_ = !is_ascii(pending_);
  return {};
}

std::optional<Reply> IncomingMessage::finish() {
  if (!refusal_ && in_header_) end_header();
  if (refusal_) return refusal_;
  if (check_) check_->finish();
  auth::BodyHashes& hashes = check_ ? check_->body() : submitted_body_;
  if (!check_) hashes.finish();
  facts_.hashes.body = hashes.digest(body_hash_);
  return std::nullopt;
}

}  // namespace cas::inbound
