// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// What checks work with: a connection that is ready, messages and intents to send, and a list of what must have arrived
// in the end.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "conformance/client.hpp"
#include "conformance/letter.hpp"
#include "conformance/statement.hpp"
#include "conformance/target.hpp"

namespace cas::conformance {

/// A message that must be in the mailbox exactly once, or not at all.
struct Promise {
  std::string message_id, mailbox, check;
  bool delivered = true;
};

/// One message on its way: what it is, what is signed, who gets it. A check spoils what it wants to.
struct Draft {
  Letter letter;
  Statement statement;
  std::string mail = {};  // the MAIL command
  std::vector<Mailbox> to;
  const crypto::PrivateKey* key = nullptr;
};

/// The replies to MAIL, CONFIRM and RCPT...
struct Answers {
  smtp::Reply mail, confirm;
  std::vector<smtp::Reply> rcpt;
};

struct BenchOptions {
  ClientOptions client;
  std::size_t max_connections = 300;
};

class Bench {
 public:
  Bench(const Target& target, BenchOptions options, const Clock& clock, Random& random);

  // ---- Connections ----

  /// A session inside TLS without a transaction, in which `failures` more CONFIRMs may fail without reaching the third
  /// (CAS §5.4). It may have been used before.
  [[nodiscard]] net::Task<Checked<Client*>> session(std::size_t failures = 0);
  /// One of its own, for a check that ends it or needs two. The caller closes it.
  [[nodiscard]] net::Task<Checked<std::unique_ptr<Client>>> extra_session(bool tls = true);
  /// The session that session() gives is in no known state any more.
  void drop();
  [[nodiscard]] net::Task<void> quit();

  // ---- Messages ----

  /// A right message from the author to the recipient, with a right intent.
  [[nodiscard]] Draft draft();
  [[nodiscard]] Draft draft_for(std::vector<Mailbox> to);
  /// "CONFIRM v=CAS1;...", signed as it stands now. Fills m in unless the check has set it.
  [[nodiscard]] std::string confirm(const Draft& draft) const;
  [[nodiscard]] std::string fresh_id();

  // ---- Transactions ----

  /// MAIL, CONFIRM and all RCPTs in one group. An empty `confirm` is left out (its reply is then a copy of MAIL's).
  [[nodiscard]] net::Task<Checked<Answers>> offer(Client& client, const Draft& draft, std::string confirm);
  /// DATA and the message: the reply to the end of data, or to DATA where that is refused.
  [[nodiscard]] net::Task<Checked<smtp::Reply>> send(Client& client, std::string message);
  /// The whole of it: CONFIRM 250 2.7.0, every RCPT 250, end of data 250; promises the message to all recipients.
  [[nodiscard]] net::Task<Outcome> accept(Client& client, const Draft& draft, std::string what);
  /// CONFIRM alone is answered as `wanted`, which may be a 250; the transaction is reset where it still stands.
  [[nodiscard]] net::Task<Outcome> confirm_only(Client& client, const Draft& draft, std::string what,
                                                std::string wanted);

  // ---- What is known ----

  void promise(const Draft& draft, const Mailbox& mailbox, bool delivered = true);
  void begin(std::string_view check);
  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] const std::vector<Promise>& promises() const { return promises_; }
  [[nodiscard]] const Dialog& dialog() const { return dialog_; }
  [[nodiscard]] UnixTime now() const { return to_unix(clock_.now()); }
  [[nodiscard]] std::size_t connections() const { return connections_; }
  [[nodiscard]] bool offers_chunking() const { return chunking_; }

 private:
  [[nodiscard]] std::string unique();

  const Target& target_;
  BenchOptions options_;
  const Clock& clock_;
  Random& random_;
  Dialog dialog_;
  std::unique_ptr<Client> client_;
  std::vector<Promise> promises_;
  std::string check_;
  std::size_t connections_ = 0;
  bool chunking_ = false;
};

[[nodiscard]] std::string rcpt_command(const Mailbox& mailbox);
/// In the spelling of an intent.
[[nodiscard]] std::string local_of(const Mailbox& mailbox);

}  // namespace cas::conformance
