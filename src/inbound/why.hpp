// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// Gathers for policy/why.hpp what a session would: mailbox, entries, relationship.
#pragma once

#include "inbound/services.hpp"
#include "net/task.hpp"
#include "policy/why.hpp"

namespace cas::inbound {

/// Nothing is counted, kept or changed by asking.
[[nodiscard]] net::Task<policy::Why> explain(const Services& services, policy::WhyQuestion question);

}  // namespace cas::inbound
