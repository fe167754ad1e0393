#pragma once
#include "policy/exceptions.hpp"
namespace cas::registry {
class Exceptions {
 public:
  [[nodiscard]] policy::ExceptionFindings find(const policy::SenderIdentity&, const Mailbox&, UnixTime) const {
    return {};
  }
};
}  // namespace cas::registry
