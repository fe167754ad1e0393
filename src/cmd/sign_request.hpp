// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// From the words of `cas sign` to what is signed, and the fields that come of it. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/arc_validate.hpp"
#include "auth/dkim_sign.hpp"
#include "cmd/intent_request.hpp"

namespace cas::cmd {

/// What `cas sign` is to do, but for the keys themselves.
struct SignRequest {
  struct Key {
    std::string selector, file;
  };
  Domain domain;
  std::vector<Key> keys;
  Canonicalization header_form = Canonicalization::Relaxed;
  Canonicalization body_form = Canonicalization::Relaxed;
  auth::HeaderChoice headers{};
  bool with_body_length = false;
  std::optional<std::uint64_t> body_length{};  // of a body that may be longer; none: the whole
  std::optional<UnixTime> signed_at{}, expires{};
  UnixTime now;
  std::string arc_results{};                      // not empty: seal
  auth::ArcResult chain = auth::ArcResult::None;  // with it
};

/// Refuses (64) what makes no signature, and says what would.
[[nodiscard]] Or<SignRequest> sign_request_of(const SignOptions& options, UnixTime now);

/// The fields to be put before the message (`wire`: with CRLF line ends), one below the other, with CRLF. `keys` are
/// those of `request.keys`, in order. Refuses (65) a message that has no valid header section or no From, and a body
/// shorter than l=.
[[nodiscard]] Or<std::string> signature_fields(std::string_view wire, const SignRequest& request,
                                               const std::vector<crypto::PrivateKey>& keys);

}  // namespace cas::cmd
