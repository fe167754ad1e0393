// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Recipients that must come alone (judge.hpp, one_at_a_time) and are deferred at the end of the message. A sender's
// server names the same recipients in the same order each time: the first would be deferred and the others told to come
// later for as long as it tries. So the one that stood in the way is answered at RCPT for a while, and the others get
// their turn. Bounded; in memory: a restart forgets it, and the next try teaches it again.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/guarded.hpp"
#include "base/time.hpp"
#include "message/address.hpp"
#include "policy/judge.hpp"

namespace cas::policy {

/// Thread-safe.
class Turns {
 public:
  static constexpr std::size_t most = 4096;
  static constexpr std::chrono::hours remembered{4};  // longer than senders wait between tries (RFC 5321 §4.5.4.1)

  /// `client`: its address, of which the network counts, so that who borrows a sender's name keeps nobody of that name
  /// out. `sender`: the path of MAIL.
  struct Attempt {
    const Mailbox& recipient;
    std::string_view client;
    std::string sender;
  };
  /// This deferral kept others of the transaction waiting.
  void stood_in_the_way(const Attempt& attempt, const Verdict& deferred, TimePoint now);
  /// What the recipient is to be answered at RCPT, if it lately stood in the way of such a message.
  [[nodiscard]] std::optional<Verdict> passed_over(const Attempt& attempt, TimePoint now) const;
  /// Somebody decided on senders: everybody is looked at again.
  void forget();

 private:
  struct Entry {
    Verdict verdict;
    TimePoint until;
  };
  using Key = std::array<std::string, 3>;
  static Key key_of(const Attempt& attempt);
  Guarded<std::map<Key, Entry>> entries_;
};

}  // namespace cas::policy
