// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: lets an io_context's end wait for other threads that are just handing something to it. What they
// hand over may run, and let its owner destroy the Runtime, before their call has returned.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <memory>

namespace cas::net {

/// Counts the threads inside.
class Gate {
 public:
  void enter() { inside_.fetch_add(1); }
  void leave() {
    if (inside_.fetch_sub(1) == 1) inside_.notify_all();
  }
  void wait_until_empty() const {
    for (int n = inside_.load(); n != 0; n = inside_.load()) inside_.wait(n);
  }

 private:
  std::atomic<int> inside_ = 0;
};

/// An io_context's gate; its destructor waits there before anything else.
class GateService : public boost::asio::execution_context::service {
 public:
  using key_type = GateService;
  static inline boost::asio::execution_context::id id;

  explicit GateService(boost::asio::execution_context& owner) : service(owner) {}
  void shutdown() noexcept override { gate_->wait_until_empty(); }
  [[nodiscard]] const std::shared_ptr<Gate>& gate() const { return gate_; }

 private:
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

[[nodiscard]] inline std::shared_ptr<Gate> gate_of(const boost::asio::any_io_executor& executor) {
  auto& context = boost::asio::query(executor, boost::asio::execution::context);
  return boost::asio::use_service<GateService>(context).gate();
}

/// Inside the gate for the length of a scope.
class Passage {
 public:
  explicit Passage(std::shared_ptr<Gate> gate) : gate_(std::move(gate)) { gate_->enter(); }
  ~Passage() { gate_->leave(); }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

 private:
  std::shared_ptr<Gate> gate_;
};

}  // namespace cas::net
