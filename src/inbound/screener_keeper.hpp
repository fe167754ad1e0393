// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Carries out what owners decide about mail that waits in the Screener: lets it go into the inbox, in the order in
// which it came, or throws it away; and tells owners once a day who waits. Whatever is cut off half-way is done again,
// and nothing is delivered twice: a file is moved by one rename, a queue entry changed in one transaction, and each has
// an end that is seen by looking (docs/decisions/0011-screener.md).
#pragma once

#include <functional>
#include <memory>

#include "base/random.hpp"
#include "base/time.hpp"
#include "base/trace.hpp"
#include "inbound/directory.hpp"
#include "net/task.hpp"
#include "net/workers.hpp"
#include "queue/queue.hpp"
#include "registry/relationships.hpp"

namespace cas::inbound {

struct KeeperServices {
  Domain host;
  queue::Queue& queue;
  registry::Relationships& relationships;
  net::Workers& workers;
  const Clock& clock;
  Random& random;
  EventSink& events;
  std::function<std::shared_ptr<const Directory>()> directory;  // what is in force
  net::Executor executor;
};

struct KeeperOptions {
  milliseconds pause{2000};                      // between two looks, when nobody wakes it
  std::chrono::seconds digest_every{24 * 3600};  // to one mailbox; 0: none is sent
  std::chrono::seconds digest_after{15 * 60};    // since the first stranger that it names came
};

/// All of it runs on the executor's thread; the services outlive it.
class ScreenerKeeper {
 public:
  ScreenerKeeper(KeeperServices services, KeeperOptions options);
  ~ScreenerKeeper();
  ScreenerKeeper(const ScreenerKeeper&) = delete;
  ScreenerKeeper& operator=(const ScreenerKeeper&) = delete;

  void start();
  /// Something was decided. Any thread.
  void wake();
  /// Waits for what is being done. The executor's thread still runs.
  void stop();

 private:
  enum class Step { Done, Later };
  using Release = registry::Relationships::Release;
  using Held = registry::HeldRow;

  net::Task<void> look_now_and_then();
  net::Task<bool> look();
  net::Task<Step> carry_out(Release release);
  net::Task<Step> let_go(Held held);
  net::Task<Step> throw_away(Held held);
  net::Task<Step> move_file(Held held);
  net::Task<Step> steer(queue::Action action, Held held);
  net::Task<std::optional<store::Recipient>> in_queue(Held held, bool& known);
  net::Task<void> tidy();
  net::Task<bool> is_gone(Held held);
  net::Task<void> send_digests();
  net::Task<void> send_digest(registry::Relationships::Digest digest);
  void tell(Level level, std::string_view name, const Held& held, std::string reason = {});

  KeeperServices services_;
  KeeperOptions options_;
  net::Bell bell_;
  std::unique_ptr<net::TaskGroup> group_;
  std::string tidied_;  // up to this row
};

}  // namespace cas::inbound
