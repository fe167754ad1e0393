// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// DKIM signatures at the edge: on what leaves, after everything that changes it, before the intent. The hash of the
// body was made when the message came, so only its header is read again.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "crypto/keys.hpp"
#include "message/address.hpp"
#include "net/task.hpp"
#include "queue/queue.hpp"

namespace cas::outbound {

/// One active key of a domain.
struct Signing {
  std::string selector;
  crypto::PrivateKey key;
};

/// By signing domain, which speaks for itself and what is below it; never an empty list.
using SigningKeys = std::map<Domain, std::vector<Signing>>;

/// The keys that may speak for the author of a message: of its domain, or of the nearest one above; of what is sent on
/// for somebody outside, those of the domain that sends it on. None: nobody here.
[[nodiscard]] const SigningKeys::value_type* keys_for(const SigningKeys& keys, const store::Message& message);

/// The keys of this domain, or of the nearest one above that has some.
[[nodiscard]] const SigningKeys::value_type* keys_for(const SigningKeys& keys, const Domain& domain);

/// A DKIM-Signature for each of the keys, one below the other, relaxed/relaxed, to be put before the message. `header`:
/// its header section; `body`: the hash of its relaxed form.
[[nodiscard]] Result<std::string> sign_header(const std::string& header, const crypto::Sha256Digest& body,
                                              const SigningKeys::value_type& keys, UnixTime now);

/// The header section of a stored message, without the empty line. A transient error when the store does not give it.
[[nodiscard]] net::Task<Result<std::string>> read_header(queue::Queue& queue, const store::Message& message);

/// sign_header() of a stored message. `queue` and the rest outlive the task. A transient error when the store does not
/// give the header.
[[nodiscard]] net::Task<Result<std::string>> make_signatures(queue::Queue& queue, const store::Message& message,
                                                             const SigningKeys::value_type& keys, UnixTime now);

}  // namespace cas::outbound
