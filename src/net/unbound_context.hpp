// SPDX-FileCopyrightText: The CAS authors
// SPDX-License-Identifier: Apache-2.0
//
// For net/ alone: a libunbound context, configured; and its results as dns:: values.
#pragma once

#include <unbound.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "dns/record.hpp"
#include "net/resolver.hpp"

namespace cas::net {

struct DeleteContext {
  void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};
using UnboundContext = std::unique_ptr<ub_ctx, DeleteContext>;

/// In thread mode, finalised. Permanent error that names what libunbound refused.
[[nodiscard]] Result<UnboundContext> make_context(const ResolverOptions& options);

/// What libunbound found out; `failure` is its error code, 0 when `result` holds something. `validated`: as
/// validates() says of the context.
[[nodiscard]] dns::Answer to_answer(dns::Type type, int failure, const ub_result* result, bool validated);

/// The name as libunbound reads names: presentation form (RFC 1035 §5.1) with a final dot, every unusual octet
/// escaped. Nothing when no such name can exist (RFC 1035 §2.3.4: labels of 1 to 63 octets, 255 in all).
[[nodiscard]] std::optional<std::string> to_presentation(std::string_view name);

}  // namespace cas::net
